"""A folder that scanners write to: which of its files are whole."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ScreenError
from .films import SourceFilm, films, kind_of
from .store import is_url


class Looks:
    """Looks at a folder, one after another. A file is whole when two looks in a row have found it
    the same in size and time of change, however it came.

    Parameters
    ----------
    given : str
        SOURCE.
    apart : frozenset of str
        As for :func:`cxr.sources.films.films`.

    Raises
    ------
    ScreenError
        ``bad_request``, ``no_source``; from its looks too, as :func:`cxr.sources.films.films`
        raises, but for a store with nothing at this place: films may come.
    """

    def __init__(self, given: str, apart: frozenset[str]) -> None:
        if kind_of(given) not in ("folder", "pattern", "store"):
            raise ScreenError("bad_request", "--watch is for a folder, a pattern or a store.")
        self._given, self._apart = given, apart
        # Hashes, since there may be a million files.
        self._seen: set[int] = set()
        self._whole: set[int] = set()

    def another(self) -> bool:
        """Look once; whether other files are whole than at the look before."""
        now = {_mark(film) for film in self._films()}
        before, self._whole = self._whole, now & self._seen
        self._seen = now
        return self._whole != before

    def whole(self) -> Iterator[SourceFilm]:
        """The files that were whole at the last look and have not changed since, in their order."""
        return (film for film in self._films() if _mark(film) in self._whole)

    def _films(self) -> Iterator[SourceFilm]:
        try:
            yield from films(self._given, self._apart)
        except ScreenError as error:
            if error.code != "no_source" or not is_url(self._given):
                raise


def _mark(film: SourceFilm) -> int:
    return hash((film.place, film.stamp))
