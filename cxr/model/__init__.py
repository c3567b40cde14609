"""A network at work: the bundle and its hashes, LiteRT, the classifier and the lung finder,
calibration, operating points and sets of classes, and the inspection of a Keras archive. It reads
films through `imaging` alone and knows nothing of maps, figures or pages."""
