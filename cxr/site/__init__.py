"""Hospital profiles: what makes a network's scores right at the hospital where a film was taken.

What is fitted on a hospital's own films, checked against them, kept and read belongs here. How
films are read and scored does not (``cxr.screening``), nor what a classifier does with a profile
(``cxr.model``).

>>> site = cxr.site.fit(model, films, labels)
>>> model.at(site).predict(films)
"""

from .fitting import fit
from .profile import Profile, from_bytes, to_bytes

__all__ = ["Profile", "fit", "from_bytes", "to_bytes"]
