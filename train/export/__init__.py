"""From a run, or a foreign Keras network, to a calibrated bundle."""
