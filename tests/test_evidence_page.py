"""The metrics page without a browser: what each control does, and that no figure is typed in."""

from __future__ import annotations

import io
import re
import shutil
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from math import isnan
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import pytest
import streamlit as st
import tables
from films import film
from streamlit.testing.v1 import AppTest

import cxr
from cxr import evidence, operating, predictions, slices
from cxr.bundle import MANIFEST, manifest_values, open_bundle, write_manifest
from cxr.card import AUDITED
from cxr.predictions import select, table
from ui.evidence import bench as evidence_bench
from ui.evidence import export, weak
from ui.evidence import scope as scopes
from ui.evidence.blocks import films, ranged, share

APP = Path(__file__).parents[1] / "app.py"
LABELS = tables.LABELS


@pytest.fixture(autouse=True)
def _own_caches() -> Iterator[None]:
    """Streamlit's tests all run as one session, which would share its cache."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on the same films."""
    shelf = tmp_path_factory.mktemp("models")
    frame = tables.raw(300)
    tables.bundle(shelf / "default", frame)
    tables.bundle(shelf / "other", frame.assign(logit_T=frame.logit_T - 0.8))
    return shelf


@pytest.fixture
def room(shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CXR_MODELS", str(shelf))
    monkeypatch.setattr(weak, "PATIENCE", 60)
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return shelf


@pytest.fixture
def rows(room: Path) -> pd.DataFrame:
    return table(open_bundle(room / "default"))


def opened(**address: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    at.session_state["accepted"] = True
    at.run()
    for name, value in address.items():
        at.query_params[name] = value
    return ran(at.switch_page("pages/metrics.py").run())


def ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def go(at: AppTest, part: str) -> AppTest:
    return ran(at.segmented_control(key="part").set_value(part).run())


def text(at: AppTest) -> str:
    return "\n".join(e.value for e in [*at.get("html"), *at.info, *at.caption, *at.markdown])


def test_the_page_says_nothing_without_its_frame(room: Path) -> None:
    page = AppTest.from_file(str(APP.parent / "pages" / "metrics.py"), default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_the_overview_sets_home_beside_away(rows: pd.DataFrame) -> None:
    said = text(opened())
    assert cxr.NOTICE in said
    home, away = select(rows, split="test"), select(rows, split="external")
    lost = evidence.drop(home, away, LABELS)["balanced_accuracy", ""]
    assert share(lost.home) in said
    assert share(lost.away) in said
    assert ranged(lost) in said
    assert "not to be relied on" in said
    assert "100 films, 2 sources pooled" not in said
    for source in ("home", "near", "far"):
        assert f"<td class=ev-text>{source}</td>" in said


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


def test_class_figures_are_the_library_s(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    for split in ("test", "external", "val"):
        ran(at.segmented_control(key="set").set_value(split).run())
        found = evidence.figures(select(rows, split=split), LABELS)
        for figure in found.values():
            assert ranged(figure) in text(at)
    assert "another test set" in text(at)
    assert ".914" in text(at)


def test_one_source_can_be_chosen(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    ran(at.selectbox(key="ev-source-test").set_value("near").run())
    part = select(rows, split="test", source="near")
    assert f"Test, near: {len(part)} films" in text(at)
    assert ranged(evidence.figures(part, LABELS)["accuracy", ""]) in text(at)


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
    from ui.evidence import cases

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
    for _, row in first.iterrows():
        button = at.button(key=f"ev-open-{row.case}")
        assert button.label == f"Open case {row.case[:4]}…"
        assert button.disabled == (not row.display)
        assert bool(button.help) == (not row.display), "the reason stands on what is disabled"


def test_a_case_opens_in_the_review_room(rows: pd.DataFrame) -> None:
    at = go(opened(), "Classes")
    at.button(key="ev-review-all").click().run()
    wanted = {"model": "default", "split": "test", "truth": "T", "called": "N"}
    assert wanted.items() <= dict(at.query_params).items()


def test_the_curves_stand_with_their_areas(rows: pd.DataFrame) -> None:
    at = go(opened(), "Curves")
    assert len(at.get("plotly_chart")) == 2
    found = evidence.figures(select(rows, split="test"), LABELS)
    for label in LABELS:
        assert ranged(found["auroc", label]) in text(at)
        assert ranged(found["average_precision", label]) in text(at)


def test_sets_stand_with_what_they_promise_and_keep(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    at = go(opened(), "Calibration")
    assert len(at.get("plotly_chart")) == 2
    for split in ("test", "external"):
        ran(at.segmented_control(key="set").set_value(split).run())
        part = select(rows, split=split)
        for promised, limits in bundle.conformal.items():
            for label in LABELS:
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


AUDIT = {
    "verdict": "With the lungs erased it keeps 30% of its lead.",
    **{
        name: {"value": 0.5 + k / 100, "low": 0.4 + k / 100, "high": 0.6 + k / 100}
        for k, name in enumerate(AUDITED)
    },
    "sites": {"N": {"sites": 5, "accuracy": 0.943, "chance": 0.2}},
}


def rewrite(folder: Path, **changed: object) -> None:
    values = {**manifest_values(folder), **changed}
    (folder / MANIFEST).unlink()
    write_manifest(folder, values)


def test_the_audit_stands_on_the_overview_and_in_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tables.bundle(tmp_path / "asked", tables.raw(120))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "train audit --data DIR --out models/asked" in text(opened())
    rewrite(folder, metrics={**manifest_values(folder)["metrics"], "audit": AUDIT})
    page = export.page(scopes.scope(open_bundle(folder), "test")).decode()
    for place in (text(opened()), page):
        assert str(AUDIT["verdict"]) in place
        assert all(name[0].upper() + name[1:] in place for name in AUDITED.values())
        assert ".520 <small>(.420–.620)</small>" in place
        assert "<td>.943</td><td>.200</td>" in place


def test_slices_that_take_long_can_be_stopped_and_asked_for_again(
    rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    real = scopes.all_slices

    def slow(*asked: Any, **also: Any) -> Any:
        going.wait(60)
        return real(*asked, **also)

    monkeypatch.setattr(scopes, "all_slices", slow)
    monkeypatch.setattr(weak, "PATIENCE", 0)
    at = go(opened(), "Slices")
    assert "Slices whose figure rests on fewer than 30 films" not in text(at)
    ran(at.button(key="ev-cancel").click().run())
    assert "Stopped." in text(at)
    going.set()
    monkeypatch.setattr(weak, "PATIENCE", 60)
    ran(at.button(key="ev-again").click().run())
    assert "Slices whose figure rests on fewer than 30 films" in text(at)


def test_hospitals_carry_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.bundle(tmp_path / "named", tables.raw(120).assign(source="tbportals"))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "TB Portals" in text(opened())
    assert "tbportals" not in text(opened())


def bench(at: AppTest) -> str:
    return "\n".join(e.value for e in at.get("html"))


def test_the_bench_follows_the_slider(rows: pd.DataFrame, room: Path) -> None:
    at = go(opened(), "Threshold")
    digest = open_bundle(room / "default").digest[:12]
    test = select(rows, split="test")
    positive = (test.label == "T").to_numpy()
    for threshold in operating.GRID[[40, 90, 140]]:
        ran(at.select_slider(key=f"ev-threshold-{digest}").set_value(float(threshold)).run())
        point = operating.at_threshold(test.p_T.to_numpy(), positive, threshold)
        assert share(point.sensitivity) in bench(at)
        assert share(point.specificity) in bench(at)
        assert f"{point.found:,} of {positive.sum():,}" in bench(at)
    ran(at.number_input(key="ev-prevalence").set_value(20.0).run())
    expected = operating.per_thousand(point.sensitivity, point.specificity, 0.2)
    assert f"<b>{expected.missed:.1f}</b>" in bench(at)
    assert "prevalence of 20 %" in bench(at)


def test_presets_reach_what_they_say(rows: pd.DataFrame) -> None:
    at = go(opened(), "Threshold")
    ran(at.button(key="preset-Sensitivity 90 % here").click().run())
    test = select(rows, split="test")
    value = at.select_slider[0].value
    assert (test.p_T[test.label == "T"] >= value).mean() >= 0.9
    ran(at.button(key="preset-Specificity 70 % here").click().run())
    assert (test.p_T[test.label != "T"] < at.select_slider[0].value).mean() >= 0.7


def test_a_preset_is_stored_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that crowd at 0, so that four decimals are the same for many thresholds."""
    drawn = tables.raw(300)
    tables.bundle(tmp_path / "crowded", drawn.assign(logit_T=drawn.logit_T - 9))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    bundle = open_bundle(tmp_path / "crowded")
    at = go(opened(), "Threshold")
    for split in ("external", "test"):
        ran(at.segmented_control(key="set").set_value(split).run())
        part = select(table(bundle), split=split)
        score, positive = part.p_T.to_numpy(), (part.label == "T").to_numpy()
        for name, asked in (
            ("Sensitivity 90 %", "sensitivity"),
            ("Specificity 70 %", "specificity"),
        ):
            wanted = operating.reaching(score, positive, **{asked: 0.9 if "90" in name else 0.7})
            ran(at.button(key=f"preset-{name} here").click().run())
            ran(at.button(key="ev-use").click().run())
            assert at.session_state["thresholds"] == {(bundle.digest, "T"): wanted}


def test_no_two_thresholds_are_written_alike() -> None:
    crowded = [1e-4, 1.0000001e-4, 0.98765432, 0.98765433, 1 - 1e-12, 0.0, 1.0, *operating.GRID]
    texts = evidence_bench._written(map(float, crowded))
    assert len(set(texts.values())) == len(set(crowded))
    assert texts[0.98765432] == ".9876543"


def test_beside_test_stands_what_the_threshold_does_abroad(rows: pd.DataFrame) -> None:
    at = go(opened(), "Threshold")
    away = select(rows, split="external")
    value = at.select_slider[0].value
    point = operating.at_threshold(away.p_T.to_numpy(), (away.label == "T").to_numpy(), value)
    said = f"sensitivity {share(point.sensitivity)}, specificity {share(point.specificity)}."
    assert "(External) the same threshold" in text(at)
    assert said in text(at)
    ran(at.segmented_control(key="set").set_value("external").run())
    assert "(External) the same threshold" not in text(at)


def test_a_threshold_is_used_on_the_other_pages(room: Path) -> None:
    at = go(opened(), "Threshold")
    bundle = open_bundle(room / "default")
    value = float(operating.GRID[100])
    ran(at.select_slider(key=f"ev-threshold-{bundle.digest[:12]}").set_value(value).run())
    ran(at.button(key="ev-use").click().run())
    assert at.session_state["thresholds"] == {(bundle.digest, "T"): value}
    assert "In use on all pages" in text(at)
    ran(at.switch_page("pages/read.py").run())
    ran(at.button(key="take-child-02").click().run())
    assert f"the threshold {share(value, 2)} of this session" in text(at)
    assert f"left:{100 * value:.2f}%" in text(at)
    go(ran(at.switch_page("pages/metrics.py").run()), "Threshold")
    ran(at.button(key="ev-unuse").click().run())
    assert at.session_state["thresholds"] == {}


def test_the_worst_slice_is_on_top(rows: pd.DataFrame) -> None:
    at = go(opened(), "Slices")
    found = slices.all_slices(select(rows, split="test"), LABELS)
    for name in (("balanced_accuracy", ""), ("recall", "T")):
        ran(at.selectbox(key="ev-figure").set_value(name).run())
        there = [each for each in found if not isnan(each.figures[name].value)]
        large = [each for each in there if weak.rests_on(each, name, LABELS) >= slices.SMALL]
        worst = sorted(large or there, key=lambda each: each.figures[name].value)
        values = [ranged(each.figures[name]) for each in worst]
        places = [text(at).find(value) for value in values]
        assert -1 not in places
        assert places[0] == min(places)
    ran(at.selectbox(key="ev-by").set_value("sex").run())
    assert "<td class=ev-text>View</td>" not in text(at)
    assert "<td class=ev-text>unknown</td>" in text(at)


def test_a_slice_is_as_small_as_the_class_that_its_figure_rests_on() -> None:
    def figure(films: int) -> evidence.Figure:
        return evidence.Figure(0.5, 0.4, 0.6, films, films)

    recalls = {("recall", "N"): figure(1), ("recall", "P"): figure(0), ("recall", "T"): figure(200)}
    part = slices.Slice("source", "one normal", 201, 201, recalls)
    rests = {
        ("balanced_accuracy", ""): 1,
        ("recall", evidence.MACRO): 1,
        ("recall", "T"): 200,
        ("recall", "N"): 1,
        ("specificity", "T"): 1,
        ("auroc", "T"): 1,
        ("accuracy", ""): 201,
    }
    for name, films_of_it in rests.items():
        assert weak.rests_on(part, name, LABELS) == films_of_it, name


def test_figures_of_one_film_of_a_class_are_grey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = tables.raw(900)
    few = drawn[(drawn.split == "test") & (drawn.label == "N")].index[1:]
    tables.bundle(tmp_path / "one", drawn.drop(few))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = go(opened(), "Slices")
    assert re.search(r"<tr class=ev-grey><td class=ev-text>Recommended.*?<td>1</td>", text(at))
    ran(at.selectbox(key="ev-figure").set_value(("recall", "T")).run())
    yes = re.search(
        r"<tr[^>]*><td class=ev-text>Recommended[^/]*</td><td class=ev-text>yes", text(at)
    )
    assert yes is not None
    assert "ev-grey" not in yes[0]
    go(at, "Classes")
    assert "smallest class: 1 film" in text(at)
    assert "<tr class=ev-grey><td class=ev-text>Macro</td>" in text(at)


def test_models_stand_side_by_side(rows: pd.DataFrame, room: Path) -> None:
    at = go(opened(), "Models")
    other = table(open_bundle(room / "other"))
    mine, theirs = select(rows, split="test"), select(other, split="test")
    for part in (mine, theirs):
        figures = evidence.figures(part, LABELS, 0)
        assert share(figures["recall", "T"].value) in text(at)
    differ = (mine.called.astype(str) != theirs.called.astype(str)).sum()
    assert f"{differ:,} films that they call differently" in text(at)
    assert len(at.dataframe[0].value) == differ
    assert "McNemar" in text(at)
    assert len(at.get("plotly_chart")) == 2


def test_a_bundle_without_predictions_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.bundle(tmp_path / "empty", tables.raw(30).head(0))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert "no\\_predictions" in text(opened())


def test_the_table_of_figures_is_whole(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    found = pd.read_csv(io.BytesIO(export.figures_csv(scopes.scope(bundle, "test"))))
    assert set(found.model_sha256) == {bundle.digest}
    assert set(found.notice) == {cxr.NOTICE}
    whole = found[found.by.isna() & (found.figure == "recall") & (found.label == "T")]
    expected = evidence.figures(select(rows, split="test"), LABELS)["recall", "T"]
    assert whole.value.item() == pytest.approx(expected.value, abs=1e-6)
    assert whole.low.item() == pytest.approx(expected.low, abs=1e-6)
    assert set(found.by.dropna()) == set(slices.DIMENSIONS)


class Links(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link":
            self.found.append(str(attrs))
        self.found += [str(v) for k, v in attrs if k in ("src", "href", "srcset") and v]


def test_the_exported_page_is_whole_and_needs_no_network(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    page = export.page(scopes.scope(bundle, "test")).decode()
    links = Links()
    body = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    links.feed(body)
    assert links.found == []
    assert page.count("plotly.js v") == 1
    assert cxr.NOTICE in body
    assert bundle.digest in body
    assert "images/" not in body
    for part in (
        "Overview",
        "Classes",
        "Curves",
        "Calibration",
        "Operating point",
        "Slices",
        "Models",
    ):
        assert f"<h2>{part}</h2>" in body
    figures = evidence.figures(select(rows, split="test"), LABELS)
    assert all(ranged(each) in body for each in figures.values())
    assert page.count('class="plotly-graph-div"') == 7


def test_names_in_a_table_are_not_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = tables.raw(60).assign(source="<b>x</b>", view="=1+1")
    folder = tables.bundle(tmp_path / "odd", frame)
    page = export.page(scopes.scope(open_bundle(folder), "test")).decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page
    found = pd.read_csv(io.BytesIO(export.figures_csv(scopes.scope(open_bundle(folder), "test"))))
    assert "'=1+1" in set(found.slice)


def test_a_replaced_bundle_is_read_anew(tmp_path: Path) -> None:
    folder = tables.bundle(tmp_path / "one", tables.raw(60))
    first = scopes.all_films(scopes.key_of(folder))
    shutil.rmtree(folder)
    tables.bundle(folder, tables.raw(90))
    assert (len(first), len(scopes.all_films(scopes.key_of(folder)))) == (60, 90)
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
