"""Hospital profiles; "site" is the field's word for a hospital, not a web site. A profile is a
threshold, and sometimes a last layer, fitted on some films of one hospital, with which the scores
of the same network are right there.

What is fitted on a hospital's own films, checked against them, kept and read belongs here. How
films are read and scored does not (``cxr.screening``), nor what a classifier does with a profile
(``cxr.model``).

>>> site = cxr.site.fit(model, films, labels)
>>> model.at(site).predict(films)
>>> cxr.site.save(site)
>>> model.at(cxr.site.find("My hospital"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fitting import fit
    from .profile import Profile, from_bytes, to_bytes
    from .store import find, save

__all__ = ["Profile", "find", "fit", "from_bytes", "save", "to_bytes"]

_HOME = {
    "fit": "fitting",
    **dict.fromkeys(("Profile", "from_bytes", "to_bytes"), "profile"),
    **dict.fromkeys(("find", "save"), "store"),
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
