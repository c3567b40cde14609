"""Figures by class, the films behind a cell, curves and sets: no figure is typed in."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import appwalk
import cv2
import pandas as pd
import pytest
import tables
from films import film
from metricspage import go, links, opened, ran, rewrite, text
from streamlit.testing.v1 import AppTest

from cxr.metrics import evidence
from cxr.metrics.predictions import select
from cxr.model.bundle import open_bundle
from ui.metrics.blocks import films, ranged, share


def test_class_figures_are_the_library_s(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    for split in ("test", "external", "val"):
        ran(at.segmented_control(key="set").set_value(split).run())
        found = evidence.figures(select(rows, split=split), tables.LABELS)
        for figure in found.values():
            assert ranged(figure) in text(at)
    assert "another test set" in text(at)
    assert ".914" in text(at)


def test_one_source_can_be_chosen(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    ran(at.selectbox(key="ev-source-test").set_value("near").run())
    part = select(rows, split="test", source="near")
    assert f"Test, near: {len(part)} films" in text(at)
    assert ranged(evidence.figures(part, tables.LABELS)["accuracy", ""]) in text(at)


def test_a_cell_lists_its_films(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    matrix, listed = at.dataframe
    test = select(rows, split="test")
    counts = pd.crosstab(test.label.astype(str), test.called.astype(str))
    assert matrix.value.to_numpy().tolist() == counts.to_numpy().tolist()
    ran(at.selectbox(key="ev-truth").set_value("N").run())
    ran(at.selectbox(key="ev-called").set_value("P").run())
    wanted = select(test, label="N", called="P").sort_values("loss", ascending=False)
    listed = at.dataframe[1]
    assert listed.value.case.tolist() == wanted.case.tolist()
    assert f"{films(len(wanted))} labelled N called P" in text(at)
    assert not any("images/" in str(cell) for cell in listed.value.to_numpy().ravel())
    ran(at.segmented_control(key="ev-cells").set_value("Row percent").run())
    shares = at.dataframe[0].value.to_numpy()
    assert shares.sum(1).tolist() == pytest.approx([100, 100, 100])


def test_thumbnails_are_shown_only_where_they_may(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "images").mkdir(parents=True)
    frame = tables.raw(300)
    frame.to_csv(data / "manifest.csv", index=False)
    cell = select(rows, split="test", label="T", called="T")
    for image in cell.image:
        cv2.imwrite(str(data / image), film(60, 50))
    monkeypatch.setenv("CXR_DATA", str(data))
    from ui.metrics import cases

    shown: list[str] = []
    real = cases._thumbnail
    monkeypatch.setattr(cases, "_thumbnail", lambda f, p, i: shown.append(i) or real(f, p, i))
    at = go(opened(), "Classes")
    ran(at.selectbox(key="ev-called").set_value("T").run())
    first = cell.sort_values("loss", ascending=False).head(cases.PAGE)
    assert 0 < first.display.sum() < len(first)
    assert shown[-first.display.sum() :] == first.image[first.display].tolist()
    assert all(image in set(rows.image[rows.display]) for image in shown)
    assert "not marked as free to be shown" in text(at)
    for (_, row), link in zip(first.iterrows(), links(at, "Open case"), strict=True):
        assert link.label == f"Open case {row.case[:4]}…"
        assert f"case={row.case}" in link.query_string
        assert link.disabled == (not row.display)
        assert bool(link.help) == (not row.display), "the reason stands on what is disabled"


def test_a_case_opens_in_the_review_room(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    (link,) = links(at, "Open all")
    wanted = {"model": "default", "split": "test", "truth": "T", "called": "N"}
    back = {"at": "Classes", "labelled": "T"}
    assert (wanted | back).items() <= dict(parse_qsl(link.query_string)).items()


def test_the_curves_stand_with_their_areas(rows: pd.DataFrame) -> None:
    at = go(opened(), "Curves")
    assert len(at.get("plotly_chart")) == 2 * len(tables.LABELS)
    for split in ("test", "external"):
        found = evidence.figures(select(rows, split=split), tables.LABELS)
        for label in tables.LABELS:
            assert ranged(found["auroc", label]) in text(at)
            assert ranged(found["average_precision", label]) in text(at)


def test_no_chart_shows_home_without_away(rows: pd.DataFrame) -> None:
    at = opened()
    for part in ("Curves", "Calibration", "Threshold"):
        go(at, part)
        charts = at.get("plotly_chart")
        assert charts
        for chart in charts:
            names = [trace.get("name", "") for trace in json.loads(chart.proto.spec)["data"]]
            assert any("Test" in name for name in names), part
            assert any("External" in name for name in names), part
    go(at, "Classes")
    assert "Confusion, External" in text(at)
    ran(at.segmented_control(key="set").set_value("external").run())
    assert "Confusion, Test" in text(at)


def test_the_address_leads_back_to_the_cell(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    ran(at.selectbox(key="ev-called").set_value("P").run())
    address = {name: value[0] for name, value in at.query_params.items()}
    assert {"labelled": "T", "called": "P"}.items() <= address.items()
    again = go(opened(labelled="T", called="P"), "Classes")
    cell = select(rows, split="test", label="T", called="P")
    assert f"{films(len(cell))} labelled T called P" in text(again)
    (link,) = links(again, "Open all")
    back = ran(opened(**dict(parse_qsl(link.query_string))))
    assert back.segmented_control(key="part").value == "Classes"
    assert f"{films(len(cell))} labelled T called P" in text(back)


def test_next_in_the_review_room_goes_on_through_the_pressed_cell(rows: pd.DataFrame) -> None:
    test = select(rows, split="test")
    wrong = test[test.display & (test.label.astype(str) != test.called.astype(str))]
    label, called = wrong.groupby(["label", "called"], observed=True).size().idxmax()
    cell = select(wrong, label=label, called=called)
    worst = cell.sort_values("loss", ascending=False, kind="stable").case.tolist()
    assert len(worst) > 2
    (link,) = links(go(opened(labelled=label, called=called), "Classes"), "Open all")
    at = appwalk.opened("review", dict(parse_qsl(link.query_string)), reader="A. Reader")
    seen = [shown(at)]
    for _ in worst[1:]:
        ran(next(b for b in at.button if b.label == "Next").click().run())
        seen.append(shown(at))
    assert seen == worst
    assert next(b for b in at.button if b.label == "Next").disabled


def shown(at: AppTest) -> str:
    """The case that the address holds."""
    return str(at.query_params["case"])


def test_the_way_back_from_review_leads_to_the_split_and_the_source(rows: pd.DataFrame) -> None:
    at = opened(at="Subgroups", split="external", source="far", subgroup="external|sex|F")
    assert at.segmented_control(key="set").value == "external"
    assert at.selectbox(key="ev-source-external").value == "far"
    assert at.selectbox(key="ev-subgroup").value == ("external", "sex", "F")


def test_a_cell_of_another_model_s_labels_is_forgotten(rows: pd.DataFrame) -> None:
    at = go(opened(called="NORMAL", labelled="PNEUMONIA"), "Classes")
    assert at.selectbox(key="ev-called").value == tables.LABELS[0]


def test_sets_stand_with_what_they_promise_and_keep(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    at = go(opened(), "Calibration")
    assert len(at.get("plotly_chart")) == 2
    for split in ("test", "external"):
        ran(at.segmented_control(key="set").set_value(split).run())
        part = select(rows, split=split)
        for promised, limits in bundle.conformal.items():
            for label in tables.LABELS:
                films = part[part.label == label]
                covered = (films[f"p_{label}"] >= limits[label]).mean()
                assert f"{share(covered)} <small>" in text(at)
            assert f"of {100 * float(promised):g} %" in text(at)
    assert "The promise is broken here" in text(at), "external films are harder"
    assert "does not rule" in text(at)


def test_a_bundle_without_limits_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tables.bundle(tmp_path / "plain", tables.raw(60))
    rewrite(folder, conformal={})
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "train calibrate --out models/plain" in text(go(opened(), "Calibration"))


@pytest.mark.parametrize(
    ("part", "table", "fewer"),
    [
        ("Models", "ev-differ-other", ("ev-source-test", "home")),
        ("Classes", "ev-cases", ("ev-called", "N")),
    ],
)
def test_a_film_picked_in_a_table_that_is_shorter_now_is_none(
    room: Path, part: str, table: str, fewer: tuple[str, str]
) -> None:
    at = go(opened(), part)
    if part == "Classes":
        at.selectbox(key="ev-truth").set_value("T")
        ran(at.selectbox(key="ev-called").set_value("T").run())
    (found,) = (len(each.value) for each in at.dataframe if each.key == table)
    at.session_state[table] = {"selection": {"rows": [found - 1]}}
    ran(at.run())
    assert links(at, "Open in review room")
    ran(at.selectbox(key=fewer[0]).set_value(fewer[1]).run())
    assert not links(at, "Open in review room")
