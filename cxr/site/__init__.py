"""Hospital profiles; "site" is the field's word for a hospital, not a web site. A profile is a
threshold, and sometimes a last layer, fitted on some films of one hospital, with which the scores
of the same network are right there.

How a profile is fitted on a hospital's own films and held against them belongs here. What one is
once it is there, its file and the watch over later films are in ``cxr.site_profiles``, how films
are read and scored in ``cxr.screening``, what a classifier does with a profile in ``cxr.model``.

>>> site = cxr.site.fit(model, films, labels)
>>> cxr.assess("film.dcm", model.at(site))
>>> cxr.site.save(site)
>>> model.at(cxr.site.find("My hospital"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..site_profiles.profile import Profile, from_bytes, to_bytes
    from ..site_profiles.store import find, save
    from .fitting import fit

__all__ = ["Profile", "find", "fit", "from_bytes", "save", "to_bytes"]

_HOME = {
    "fit": ".fitting",
    **dict.fromkeys(("Profile", "from_bytes", "to_bytes"), "..site_profiles.profile"),
    **dict.fromkeys(("find", "save"), "..site_profiles.store"),
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
