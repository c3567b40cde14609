"""Where profiles are kept: a file each in the user's data folder, or a database.

A profile that is saved under a name that there is keeps the earlier ones: they are versions, told
apart by their identity. Nothing is ever written over.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SiteError
from ..user_folders import data_home
from .profile import MOST_BYTES, Profile, from_bytes, to_bytes

if TYPE_CHECKING:
    from .database import Tables

SETTING, VERDICTS = "CXR_SITES", "CXR_REVIEW"
_ENDING, _WATCH = ".cxrsite.json", ".watch.jsonl"
_SHOWN = 12
"""Digits of an identity that file names have."""


@dataclass(frozen=True)
class StoredProfiles:
    """What is kept.

    Attributes
    ----------
    profiles : tuple of Profile
        The newest first.
    unusable : dict of str to SiteError
        File → why it cannot be used. Nothing is lost: it stays where it is.
    """

    profiles: tuple[Profile, ...] = ()
    unusable: dict[str, SiteError] = field(default_factory=dict)


def setting() -> str:
    """A folder, or a database's URL: `CXR_SITES`, else the URL of the verdicts' database where
    `CXR_REVIEW` is one, else in the user's data folder."""
    verdicts = os.environ.get(VERDICTS, "")
    shared = verdicts if "://" in verdicts else ""
    return os.environ.get(SETTING) or shared or str(data_home() / "sites")


def _shelf(where: Path | None) -> ProfileFolder | Tables:
    place = setting() if where is None else str(where)
    if "://" not in place:
        return ProfileFolder(Path(place))
    from .database import tables

    return tables(place)


def listing(where: Path | None = None) -> Hashable:
    """What changes with every profile that comes or goes.

    Raises
    ------
    SiteError
        ``unreadable_profile``: the database cannot be read; so from all that follow.
    """
    return _shelf(where).listing()


def kept(where: Path | None = None) -> StoredProfiles:
    """Every profile there is."""
    profiles, unusable = [], {}
    for name, data in _shelf(where).files():
        try:
            if isinstance(data, SiteError):
                raise data
            profiles.append(from_bytes(data))
        except SiteError as refusal:
            unusable[name] = refusal
    # One that was moved by hand came after the fit that it is of, whose time it may still have.
    profiles.sort(key=lambda each: (each.created, "threshold" in each.wanted), reverse=True)
    return StoredProfiles(tuple(profiles), unusable)


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


def save(profile: Profile, where: Path | None = None) -> str:
    """Keep a profile; one that is kept already stays as it is. Returns what it is kept as.

    Raises
    ------
    SiteError
        ``profile_not_kept``: the place cannot be written to.
    """
    return _shelf(where).put(profile.identity, to_bytes(profile))


def delete(profile: Profile, where: Path | None = None) -> None:
    """Remove one version of a profile and what its films left behind; what is gone stays gone.

    Raises
    ------
    SiteError
        ``profile_not_kept``.
    """
    _shelf(where).remove(profile.identity)


def lines(identity: str, where: Path | None = None) -> tuple[str, ...]:
    """What the films that were read under a profile left behind, see :mod:`.watch`."""
    return _shelf(where).lines(identity)


def add_line(identity: str, film: str, line: str, where: Path | None = None) -> None:
    """Add such a line, unless the film, 12 hexadecimal digits that `line` holds, has left one.

    Raises
    ------
    SiteError
        ``profile_not_kept``.
    """
    _shelf(where).add(identity, film, line)


@dataclass(frozen=True)
class ProfileFolder:
    """A folder of profiles.

    Attributes
    ----------
    root : Path
    """

    root: Path

    def listing(self) -> tuple[tuple[str, int], ...]:
        try:
            there = [(path.name, path.stat().st_mtime_ns) for path in self._paths()]
        except OSError:
            return ()
        return tuple(there)

    def files(self) -> list[tuple[str, bytes | SiteError]]:
        found: list[tuple[str, bytes | SiteError]] = []
        for path in self._paths():
            try:
                with path.open("rb") as file:
                    found.append((path.name, file.read(MOST_BYTES + 1)))
            except OSError as error:
                why = f"The file of a profile cannot be read: {error.strerror}."
                found.append((path.name, SiteError("unreadable_profile", why)))
        return found

    def put(self, identity: str, data: bytes) -> str:
        path = self._path(identity)
        part = ""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with tempfile.NamedTemporaryFile(dir=self.root, delete=False) as file:
                    part = file.name
                    file.write(data)
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
        return path.name

    def remove(self, identity: str) -> None:
        try:
            self._path(identity).unlink(missing_ok=True)
            self.watched(identity).unlink(missing_ok=True)
        except OSError as error:
            raise SiteError(
                "profile_not_kept", f"The profile could not be removed: {error.strerror}."
            ) from error

    def lines(self, identity: str) -> tuple[str, ...]:
        try:
            text = self.watched(identity).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        return tuple(text.splitlines())

    def add(self, identity: str, film: str, line: str) -> None:
        if any(film in there for there in self.lines(identity)):
            return
        try:
            with self.watched(identity).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise SiteError(
                "profile_not_kept", f"Nothing could be kept: {error.strerror}."
            ) from error

    def watched(self, identity: str) -> Path:
        """Where the lines are."""
        return self.root / f"{identity[:_SHOWN]}{_WATCH}"

    def _path(self, identity: str) -> Path:
        return self.root / f"{identity[:_SHOWN]}{_ENDING}"

    def _paths(self) -> list[Path]:
        return sorted(self.root.glob(f"*{_ENDING}"))
