"""What the metrics page says first, and what each of its parts is about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import tables
from metricspage import APP, go, opened, ran, rewrite, text
from streamlit.testing.v1 import AppTest

import cxr
from cxr.metrics import evidence, predictions
from cxr.metrics.model_card import AUDITED
from cxr.metrics.predictions import select, table
from cxr.model.bundle import manifest_values, open_bundle
from ui.metrics import export
from ui.metrics import scope as scopes
from ui.metrics.blocks import ranged, share
from ui.session import models
from ui.session.tables import all_films, key_of


def test_the_page_says_nothing_without_its_frame(room: Path) -> None:
    page = AppTest.from_file(str(APP.parent / "pages" / "metrics.py"), default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_the_overview_sets_home_beside_away(rows: pd.DataFrame) -> None:
    said = text(opened())
    assert cxr.NOTICE in said
    home, away = select(rows, split="test"), select(rows, split="external")
    lost = evidence.drop(home, away, tables.LABELS)["balanced_accuracy", ""]
    assert share(lost.home) in said
    assert share(lost.away) in said
    assert ranged(lost) in said
    assert "not to be relied on" in said
    assert "100 films, 2 sources pooled" not in said
    for source in ("home", "near", "far"):
        assert f"<td class=ev-text>{source}</td>" in said


@pytest.mark.parametrize(
    ("patients", "said"),
    [(["a", ""], "hospitals it knows, other patients"), (["", ""], "hospitals it knows")],
)
def test_other_patients_are_told_of_where_any_is_known(
    room: Path, patients: list[str], said: str
) -> None:
    films = pd.DataFrame({"patient": patients})
    bundle = open_bundle(room / "default")
    assert scopes.Scope(bundle, key_of(room / "default"), "test", "", films).meant == said


def test_the_words_follow_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = tables.raw(300)
    test = frame[frame.split == "test"]
    away = test.assign(split="external", image=test.image + "x")
    tables.bundle(tmp_path / "same", pd.concat([test, away]))
    tables.bundle(tmp_path / "home", frame[frame.split != "external"])
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = opened()
    assert "is not known" in text(at)
    at.selectbox(key="model").set_value("same").run()
    assert "cannot be told from chance" in text(ran(at))


def test_ages_that_cannot_be_read_are_said_and_keep_no_page_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.bundle(tmp_path / "old", tables.raw(60).assign(age=["old", "058Y"] * 30))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "an age that cannot be read for 30 films" in text(opened())


def test_no_figure_of_t_stands_where_a_model_has_no_t(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = text(opened())
    assert "AUROC, T against N" in said
    assert "how it tells T from N" not in said
    frame = tables.raw(60).rename(columns={"logit_T": "logit_X"})
    folder = tables.bundle(tmp_path / "without", frame.replace({"label": {"T": "X"}}))
    rewrite(folder, labels=["N", "P", "X"], operating_points={}, conformal={}, metrics={})
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    said = text(opened())
    assert "T against N" not in said
    assert "X called X" in said
    assert "This model has no label T: nothing here says how it tells T from N." in said


AUDIT = {
    "verdict": "With the lungs erased it keeps 30% of its lead.",
    **{
        name: {"value": 0.5 + k / 100, "low": 0.4 + k / 100, "high": 0.6 + k / 100}
        for k, name in enumerate(AUDITED)
    },
    "sites": {"N": {"sites": 5, "accuracy": 0.943, "chance": 0.2}},
}


def test_the_audit_stands_on_the_overview_and_in_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tables.bundle(tmp_path / "asked", tables.raw(120))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "train audit --data DIR --out models/asked" in text(opened())
    rewrite(folder, metrics={**manifest_values(folder)["metrics"], "audit": AUDIT})
    page = export.page(scopes.scope(open_bundle(folder), "test"), (0.4, 0.1)).decode()
    for place in (text(opened()), page):
        assert str(AUDIT["verdict"]) in place
        assert all(name[0].upper() + name[1:] in place for name in AUDITED.values())
        assert ".520 <small>(.420–.620)</small>" in place
        assert "<td>.943</td><td>.200</td>" in place


def test_hospitals_carry_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.bundle(tmp_path / "named", tables.raw(120).assign(source="tbportals"))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "TB Portals" in text(opened())
    assert "tbportals" not in text(opened())


def test_models_stand_side_by_side(rows: pd.DataFrame, room: Path) -> None:
    at = go(opened(), "Models")
    other = table(open_bundle(room / "other"))
    mine, theirs = select(rows, split="test"), select(other, split="test")
    for part in (mine, theirs):
        figures = evidence.figures(part, tables.LABELS, 0)
        assert share(figures["recall", "T"].value) in text(at)
    differ = (mine.called.astype(str) != theirs.called.astype(str)).sum()
    assert f"{differ:,} films that they call differently" in text(at)
    assert len(at.dataframe[0].value) == differ
    assert "McNemar" in text(at)
    assert len(at.get("plotly_chart")) == 2


def test_a_demonstration_is_no_rival_until_it_is_chosen(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "demonstrates", lambda path: path.name == "other")
    at = go(opened(), "Models")
    assert at.multiselect(key="ev-rivals").value == []
    assert "McNemar" not in text(at)
    at.multiselect(key="ev-rivals").set_value(["other"]).run()
    assert "other (demonstration)" in text(at)
    assert "McNemar" in text(at)


def test_a_bundle_without_predictions_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.bundle(tmp_path / "empty", tables.raw(30).head(0))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "no\\_predictions" in text(opened())


def test_a_replaced_bundle_is_read_anew(tmp_path: Path) -> None:
    folder = tables.bundle(tmp_path / "one", tables.raw(60))
    first = all_films(key_of(folder))
    shutil.rmtree(folder)
    tables.bundle(folder, tables.raw(90))
    assert (len(first), len(all_films(key_of(folder)))) == (60, 90)
    assert predictions.FILE in {p.name for p in folder.iterdir()}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "–"),
        (0.0, "0"),
        (1.0, "1"),
        (0.0002, "<.001"),
        (0.99996, ">.999"),
        (0.5, ".500"),
        (-0.12, "−.120"),
        (0.9994, ".999"),
    ],
)
def test_figures_are_written_with_three_decimals(value: float, written: str) -> None:
    assert share(value) == written


def test_the_model_card_is_a_part_of_its_own(room: Path) -> None:
    at = go(opened(), "Card")
    assert "# Model card" in text(at)
    assert open_bundle(room / "default").digest in text(at)
    assert "Each class against the others" not in text(at)
