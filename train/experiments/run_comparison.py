"""Runs that were scored on the same films: how far they are apart, and what their averaged outputs
would be worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.errors import DataError
from cxr.metrics import evidence
from cxr.metrics.bootstrap import Estimate
from cxr.metrics.predictions import clusters

from ..data.splits import LEFT_OUT
from ..evaluation import evaluate

_SAME = ["image", "split", "source", "patient", "label"]
_Pair = tuple[str, str, str]
"""A site and two labels that it holds."""


def report(runs: Sequence[Path]) -> Iterator[str]:
    """A table in Markdown: each run, each but the first less the first on the same films and in the
    same resamples of patients, and the first averaged with each other and with all. What is
    averaged are the logarithms of probabilities.

    Parameters
    ----------
    runs : sequence of Path
        Folders of ``python -m train sites`` that left out the same sites.

    Raises
    ------
    DataError
        ``no_run``; ``other_films`` for runs on other films, of other labels, or that left no site
        out.
    """
    tables = [_scored(run) for run in runs]
    logits = _logits(tables[0])
    for run, table in zip(runs, tables, strict=True):
        _check_same(run, table, runs[0], tables[0])
    labels = tuple(name.removeprefix("logit_") for name in logits)
    pairs = _pairs(tables[0], labels)
    yield "".join(["| | val: macro-F1 |", *(f" {site}: {b} against {a} |" for site, a, b in pairs)])
    yield f"| --- |{' --- |' * (1 + len(pairs))}"
    first, *others = tables
    name, *names = _names(runs)
    for each, table in zip([name, *names], tables, strict=True):
        yield _line(each, _figures(table, labels, pairs))
    for each, table in zip(names, others, strict=True):
        yield _line(f"{each} − {name}", _ahead(table, first, labels, pairs), signed=True)
    for each, table in zip(names, others, strict=True):
        averaged = _averaged([first, table], logits)
        yield _line(f"{name}, {each} averaged", _figures(averaged, labels, pairs))
    if len(runs) > 2:
        yield _line("all averaged", _figures(_averaged(tables, logits), labels, pairs))


def _names(runs: Sequence[Path]) -> list[str]:
    """The recipes' names; the folders as they were given where two are of one recipe."""
    short = [run.name.partition("-without-")[0] for run in runs]
    return [f"`{name}`" for name in (short if len(set(short)) == len(runs) else map(str, runs))]


def _scored(run: Path) -> pd.DataFrame:
    """The run's films by name, with the logarithms of probabilities for logits."""
    rows = evaluate.scores(run).sort_values("image", ignore_index=True)
    logits = _logits(rows)
    z = rows[logits].to_numpy(float)
    rows[logits] = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    return rows


def _logits(rows: pd.DataFrame) -> list[str]:
    return [str(name) for name in rows if str(name).startswith("logit_")]


def _check_same(run: Path, table: pd.DataFrame, first: Path, rows: pd.DataFrame) -> None:
    same = _logits(table) == _logits(rows) and set(_SAME) <= set(table) & set(rows)
    if not same or not table[_SAME].equals(rows[_SAME]) or not (table.split == LEFT_OUT).any():
        raise DataError(
            "other_films",
            f"{run.name!r} was not scored on the same left-out films, for the same labels, as "
            f"{first.name!r}. Name runs of python -m train sites that left out the same sites.",
        )


def _pairs(rows: pd.DataFrame, labels: tuple[str, ...]) -> list[_Pair]:
    held = rows[rows.split == LEFT_OUT].groupby("source").label.agg(set)
    return [
        (str(site), one, two)
        for site, there in held.items()
        for i, one in enumerate(labels)
        for two in labels[i + 1 :]
        if {one, two} <= there
    ]


def _averaged(tables: Sequence[pd.DataFrame], logits: list[str]) -> pd.DataFrame:
    mean = np.mean([table[logits].to_numpy() for table in tables], axis=0)
    return tables[0].assign(**dict(zip(logits, mean.T, strict=True)))


def _figures(rows: pd.DataFrame, labels: tuple[str, ...], pairs: list[_Pair]) -> list[Estimate]:
    val = rows[rows.split == "val"]
    truth, called = evaluate.truth_of(val, labels), evaluate.logits_of(val, labels).argmax(1)
    return [
        evidence.macro_f1(truth, called, len(labels), clusters(val)),
        *(evidence.pair_area(_at(rows, site), two, one) for site, one, two in pairs),
    ]


def _ahead(
    rows: pd.DataFrame, first: pd.DataFrame, labels: tuple[str, ...], pairs: list[_Pair]
) -> list[Estimate]:
    val = rows.split == "val"
    truth = evaluate.truth_of(rows[val], labels)
    calls, others = (evaluate.logits_of(each[val], labels).argmax(1) for each in (rows, first))
    return [
        evidence.macro_f1_ahead(truth, calls, others, len(labels), clusters(rows[val])),
        *(
            evidence.pair_area_ahead(_at(rows, site), _at(first, site), two, one)
            for site, one, two in pairs
        ),
    ]


def _at(rows: pd.DataFrame, site: str) -> pd.DataFrame:
    return rows[(rows.split == LEFT_OUT) & (rows.source == site)]


def _line(name: str, found: list[Estimate], signed: bool = False) -> str:
    form = "{:+.3f} ({:+.3f} to {:+.3f})" if signed else "{:.3f} ({:.3f} to {:.3f})"
    cells = [form.format(each.value, each.low, each.high).replace("-", "−") for each in found]
    cells = [cell.replace("+nan", "nan").replace(" (nan to nan)", "") for cell in cells]
    return f"| {name} | {' | '.join(cells)} |"
