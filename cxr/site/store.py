"""Where profiles are kept: a file each in the user's data folder, or in `CXR_SITES`.

A profile that is saved under a name that there is keeps the earlier ones: they are versions, told
apart by their identity. Nothing is ever written over.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SiteError
from ..user_folders import data_home
from .profile import MOST_BYTES, Profile, from_bytes, to_bytes

SETTING = "CXR_SITES"
_ENDING, _WATCH = ".cxrsite.json", ".watch.jsonl"
_SHOWN = 12
"""Digits of an identity that file names have."""


@dataclass(frozen=True)
class Kept:
    """What the folder holds.

    Attributes
    ----------
    profiles : tuple of Profile
        The newest first.
    unusable : dict of str to SiteError
        File → why it cannot be used. Nothing is lost: it stays where it is.
    """

    profiles: tuple[Profile, ...] = ()
    unusable: dict[str, SiteError] = field(default_factory=dict)


def folder() -> Path:
    """`CXR_SITES`, else in the user's data folder."""
    return Path(os.environ.get(SETTING) or data_home() / "sites")


def kept(where: Path | None = None) -> Kept:
    """Every profile there is."""
    profiles, unusable = [], {}
    for path in sorted((where or folder()).glob(f"*{_ENDING}")):
        try:
            profiles.append(_read(path))
        except SiteError as refusal:
            unusable[path.name] = refusal
    profiles.sort(key=lambda profile: profile.created, reverse=True)
    return Kept(tuple(profiles), unusable)


def _read(path: Path) -> Profile:
    try:
        with path.open("rb") as file:
            return from_bytes(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise SiteError(
            "unreadable_profile", f"The file of a profile cannot be read: {error.strerror}."
        ) from error


def find(asked: str, where: Path | None = None) -> Profile:
    """The newest profile of that name, or the one whose identity begins with it (at least six
    digits).

    Raises
    ------
    SiteError
        ``no_profile``.
    """
    profiles = kept(where).profiles
    for profile in profiles:
        if profile.name == asked:
            return profile
    alike = [p for p in profiles if len(asked) >= 6 and p.identity.startswith(asked.lower())]
    if len(alike) == 1:
        return alike[0]
    names = ", ".join(sorted({profile.name for profile in profiles})) or "none"
    raise SiteError("no_profile", f"There is no hospital profile of that name. There are: {names}.")


def save(profile: Profile, where: Path | None = None) -> Path:
    """Keep a profile; one that is kept already stays as it is.

    Raises
    ------
    SiteError
        ``profile_not_kept``: the folder cannot be written to.
    """
    place = where or folder()
    path = place / f"{profile.identity[:_SHOWN]}{_ENDING}"
    part = ""
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
                part = file.name
                file.write(to_bytes(profile))
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(path)
    except OSError as error:
        if part:
            Path(part).unlink(missing_ok=True)
        raise SiteError(
            "profile_not_kept",
            f"The profile could not be kept: {error.strerror}. Export it as a file, or set "
            f"{SETTING} to a folder that can be written to.",
        ) from error
    return path


def watched(identity: str, where: Path | None = None) -> Path:
    """What the films that are read under a profile leave behind, see :mod:`cxr.site.watch`."""
    return (where or folder()) / f"{identity[:_SHOWN]}{_WATCH}"


def delete(profile: Profile, where: Path | None = None) -> None:
    """Remove one version of a profile and what its films left behind; what is gone stays gone.

    Raises
    ------
    SiteError
        ``profile_not_kept``.
    """
    try:
        ((where or folder()) / f"{profile.identity[:_SHOWN]}{_ENDING}").unlink(missing_ok=True)
        watched(profile.identity, where).unlink(missing_ok=True)
    except OSError as error:
        raise SiteError(
            "profile_not_kept", f"The profile could not be removed: {error.strerror}."
        ) from error
