"""From a manifest to batches: the checked table, its splits, the cache, augmentation and mixing,
and films that are drawn by code.

What a source publishes becomes a manifest in ``prepare``. What is learnt from a batch, and what a
film's score is worth, do not belong here.
"""
