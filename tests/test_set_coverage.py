"""Promised and kept coverage, against the films counted one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tables

from cxr.metrics import set_coverage
from cxr.metrics.predictions import select
from cxr.model.decision import conformal_limits

LABELS = tables.LABELS


def limits_of(rows: pd.DataFrame, share: float) -> dict[str, float]:
    p = rows[[f"p_{label}" for label in LABELS]].to_numpy()
    found = conformal_limits(p, rows.label.cat.codes.to_numpy(), share)
    return dict(zip(LABELS, found.tolist(), strict=True))


def test_coverage_is_what_counting_gives(tmp_path: Path) -> None:
    rows = tables.table(tables.raw(600), tmp_path)
    limits = limits_of(select(rows, split="val"), 0.9)
    test = select(rows, split="test")
    found = set_coverage.kept(test, LABELS, limits, 0.9)
    assert [(x.source, x.label) for x in found] == [
        (source, label) for source in ("", "home", "near") for label in LABELS
    ]
    for each in found:
        part = select(test, source=each.source, label=each.label)
        held = np.stack([part[f"p_{x}"] >= limits[x] for x in LABELS], 1)
        assert each.films == len(part)
        assert each.value == pytest.approx((part[f"p_{each.label}"] >= limits[each.label]).mean())
        assert each.size == pytest.approx(held.sum(1).mean())
        assert each.empty == pytest.approx((held.sum(1) == 0).mean())
        assert each.low <= each.value <= each.high


def test_a_promise_is_broken_away_and_kept_at_home(tmp_path: Path) -> None:
    rows = tables.table(tables.raw(900), tmp_path)
    limits = limits_of(select(rows, split="val"), 0.9)
    broken = {
        split: [x.broken for x in set_coverage.kept(select(rows, split=split), LABELS, limits, 0.9)]
        for split in ("val", "external")
    }
    assert not any(broken["val"])
    assert all(broken["external"])


def test_without_resamples_or_with_one_patient_nothing_is_surely_broken(tmp_path: Path) -> None:
    frame = tables.raw(90)
    rows = select(tables.table(frame.assign(patient="1", source="one"), tmp_path), split="test")
    never = dict.fromkeys(LABELS, 1.0)
    for resamples in (0, 50):
        found = set_coverage.kept(rows, LABELS, never, 0.9, resamples)
        assert [x.value for x in found] == [0, 0, 0]
        assert not any(x.broken for x in found)
        assert all(np.isnan(x.low) for x in found)


def test_one_source_is_not_told_twice(tmp_path: Path) -> None:
    rows = select(tables.table(tables.raw(60).assign(source="one"), tmp_path), split="test")
    assert {x.source for x in set_coverage.kept(rows, LABELS, dict.fromkeys(LABELS, 0.2), 0.9)} == {
        ""
    }
