"""From a manifest to batches: the checked table, the cache, augmentation and mixing, splits, drawn
films."""
