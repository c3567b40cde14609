"""From what sources publish, or one's own films, to a data folder with its manifest."""
