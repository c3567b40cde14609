"""What would refuse a film, held back where it is to be read all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import NotARadiograph


class Doubts:
    """Refusals that were met while one film was read.

    Parameters
    ----------
    all_the_same : bool
        Hold them back; else the first is raised.
    """

    def __init__(self, all_the_same: bool = False) -> None:
        self._all_the_same = all_the_same
        self._found: list[NotARadiograph] = []

    @property
    def found(self) -> tuple[NotARadiograph, ...]:
        """In the order that they were met."""
        return tuple(self._found)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Round a check that refuses."""
        try:
            yield
        except NotARadiograph as refusal:
            if not self._all_the_same:
                raise
            self._found.append(refusal)
