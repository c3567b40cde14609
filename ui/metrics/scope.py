"""Which films the page speaks of: a model's table, one split of it, and one source or all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cxr.metrics import evidence
from cxr.metrics.evidence import Figure, Name
from cxr.metrics.predictions import patients_known
from cxr.metrics.subgroups import Subgroup, all_subgroups
from cxr.model.bundle import Bundle
from ui.base.formatting import site
from ui.metrics.blocks import MEANT, SPLITS, films, patients
from ui.session.tables import Key, all_films, bundle, key_of, part

ALL = "All sources"


@dataclass(frozen=True)
class Scope:
    """The films at hand.

    Attributes
    ----------
    bundle : Bundle
    key : Key
    split : str
    source : str
        "" for all sources.
    films : DataFrame
        Rows of :func:`cxr.metrics.predictions.table`; shared by all sessions, never written to.
    """

    bundle: Bundle
    key: Key
    split: str
    source: str
    films: pd.DataFrame

    @property
    def title(self) -> str:
        """As in "Test, hospitals it knows, other patients: 2,421 films of 2,020 patients"."""
        whole = self.of_calls()["accuracy", ""]
        pooled = len(sources(self.key, self.split))
        where = site(self.source) if self.source else self.meant
        many = f", {pooled} sources pooled" if not self.source and pooled > 1 else ""
        return f"{SPLITS[self.split]}, {where}: {self.many(whole)}{many}"

    @property
    def meant(self) -> str:
        """Whose films the split holds; that of test's patients none was learnt from is said where
        any patient is known."""
        told = self.split == "test" and self.patients_known
        return f"{MEANT[self.split]}, other patients" if told else MEANT[self.split]

    @property
    def patients_known(self) -> bool:
        return patients_known(self.films)

    def many(self, whole: Figure) -> str:
        """As in "2,421 films of 2,020 patients"."""
        if not self.patients_known:
            return f"{films(whole.films)}, whose patients are not known"
        return f"{films(whole.films)} of {patients(whole.patients)}"

    @property
    def short(self) -> str:
        """As in "Test", or "Test, Kermany"."""
        return SPLITS[self.split] + (f", {site(self.source)}" if self.source else "")

    def both(self) -> list[Scope]:
        """These films beside all of the other of test and external, test first: what holds in
        hospitals that it knows is never shown without what holds elsewhere."""
        other = {"test": "external", "external": "test"}.get(self.split)
        if other not in splits(self.key):
            return [self]
        sides = [self, scope(self.bundle, other)]
        return sides if self.split == "test" else sides[::-1]

    def figures(self) -> dict[Name, Figure]:
        """:func:`cxr.metrics.evidence.figures` of these films."""
        return _figures(self.key, self.split, self.source)

    def of_calls(self) -> dict[Name, Figure]:
        """The same without the areas, and sooner."""
        return _figures(self.key, self.split, self.source, areas=False)

    def subgroups(self) -> list[Subgroup]:
        """:func:`cxr.metrics.subgroups.all_subgroups` of these films."""
        return subgroups_of(self.key, self.split, self.source)


def splits(key: Key) -> list[str]:
    """The splits that hold a film, `test` first."""
    there = set(all_films(key)["split"].unique())
    return [name for name in SPLITS if name in there]


def sources(key: Key, split: str) -> list[str]:
    """The sources of a split, by name."""
    return sorted(part(key, split)["source"].unique())


def scope(bundle: Bundle, split: str, source: str = "") -> Scope:
    """The films of a split, from one source or all."""
    key = key_of(bundle.folder)
    return Scope(bundle, key, split, source, part(key, split, source))


@st.cache_data(max_entries=64, show_spinner="Resampling patients")
def _figures(key: Key, split: str, source: str, areas: bool = True) -> dict[Name, Figure]:
    rows = part(key, split, source)
    return evidence.figures(rows, bundle(key).labels, evidence.affordable(rows), areas)


# The page works it out on a thread of its own, where no spinner can be shown.
@st.cache_data(max_entries=64, show_spinner=False)
def subgroups_of(
    key: Key, split: str, source: str, _progress: Callable[[float], bool] | None = None
) -> list[Subgroup]:
    """:func:`cxr.metrics.subgroups.all_subgroups` of some films, once for all sessions."""
    return all_subgroups(part(key, split, source), bundle(key).labels, progress=_progress)
