"""From a manifest of films to a model bundle; see ``python -m train --help``."""
