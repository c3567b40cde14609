"""Films in an object store, such as ``s3://bucket/vans``, by fsspec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import CxrError, ScreenError, UnreadableFile
from ..imaging.decode_limits import check_bytes
from .dicomdir import NAME

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def is_url(given: str) -> bool:
    """Whether SOURCE is in a store and not on a disk."""
    return bool(_URL.match(given))


class ObjectStore:
    """What a URL stands for. Keys and addresses are the store's own settings, such as
    ``AWS_ENDPOINT_URL`` and those of ``~/.aws``.

    Parameters
    ----------
    given : str

    Raises
    ------
    ScreenError
        ``no_fsspec``.
    """

    def __init__(self, given: str) -> None:
        try:
            from fsspec.core import url_to_fs

            # Lists and settings are as they are now: a run may be weeks long.
            self._files, self._path = url_to_fs(
                given, use_listings_cache=False, skip_instance_cache=True
            )
        except (ImportError, ValueError) as error:
            raise ScreenError(
                "no_fsspec",
                "This kind of store needs fsspec and its part for the store. For s3:// install "
                "them with: pip install 'cxr-lens[s3]'",
            ) from error

    def films(self) -> Iterator[tuple[str, str]]:
        """URL and stamp of each object, folder by folder, by name; none whose name, or whose
        folder's, begins with a dot.

        Raises
        ------
        ScreenError
            ``no_source``, ``store_away``.
        """
        with _there():
            try:
                there = self._files.ls(self._path, detail=True)
            except FileNotFoundError:
                raise ScreenError(
                    "no_source", "There is no such bucket, or nothing in it at this place."
                ) from None
            alone = [each for each in there if (each["name"], each["type"]) == (self._path, "file")]
            for each in alone:  # SOURCE is one film
                yield self._files.unstrip_protocol(each["name"]), _stamp(each)
            yield from self._below(self._path, there)

    def _below(self, folder: str, there: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        # A store may have an object of a folder's own name, which is no film.
        named = [(each["name"].rstrip("/"), each) for each in there]
        named.sort(key=lambda pair: pair[0])  # an object and a folder may have one name
        shown = [(name, each) for name, each in named if _shown(name, folder)]
        for name, each in shown:
            if each["type"] == "file" and name.rpartition("/")[2] != NAME:
                yield self._files.unstrip_protocol(name), _stamp(each)
        for name, each in shown:
            if each["type"] == "directory":
                yield from self._below(name, self._files.ls(name, detail=True))

    def fetch(self, place: bytes) -> bytes:
        """The bytes of a film.

        Raises
        ------
        UnreadableFile
            ``not_found``, ``file_too_large``.
        ScreenError
            ``store_away``.
        """
        name = self._files._strip_protocol(place.decode())
        with _there():
            try:
                check_bytes(int(self._files.info(name)["size"]))
                try:
                    found: bytes = self._files.cat_file(name)
                except PermissionError:
                    self._files.info(name)  # raises where it is the keys that hold no longer
                    raise FileNotFoundError from None
            except FileNotFoundError:
                raise UnreadableFile(
                    "not_found", "There is no file that can be read at this place."
                ) from None
        return found


def _shown(name: str, folder: str) -> bool:
    last = name.rpartition("/")[2]
    return bool(last) and not last.startswith(".") and name != folder.rstrip("/")


def _stamp(about: dict[str, Any]) -> str:
    """Another one where the object is another: by its hash where the store states one."""
    mark = about.get("ETag") or about.get("etag") or about.get("LastModified") or about.get("mtime")
    return f"{about.get('size')} {mark or about.get('created')}"


@contextmanager
def _there() -> Iterator[None]:
    """What a store's part of fsspec raises: errors of the system, and classes of its own, which it
    has in common with no other. Any other of Python's own errors is a mistake, and stays one."""
    try:
        yield
    except CxrError:
        raise
    except Exception as error:
        if type(error).__module__ == "builtins" and not isinstance(error, OSError):
            raise
        raise ScreenError(
            "store_away",
            "The store does not answer, or does not let you in "
            f"({type(error).__name__}). Look at its address and your keys; the same command goes "
            "on where it was.",
        ) from error
