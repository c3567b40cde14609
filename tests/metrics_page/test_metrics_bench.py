"""One threshold on one score, and all that follows from it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import tables
from metricspage import go, opened, ran, rewrite, text
from streamlit.testing.v1 import AppTest

from cxr.metrics import operating_points
from cxr.metrics.predictions import select, table
from cxr.model.bundle import open_bundle
from ui.base.formatting import exact
from ui.metrics import operating_bench as evidence_bench
from ui.metrics import scope as scopes
from ui.metrics.blocks import Chart, share


def bench(at: AppTest) -> str:
    return "\n".join(e.value for e in at.get("html"))


def test_the_bench_follows_the_slider(rows: pd.DataFrame, room: Path) -> None:
    at = go(opened(), "Threshold")
    digest = open_bundle(room / "default").digest[:12]
    test = select(rows, split="test")
    positive = (test.label == "T").to_numpy()
    for threshold in operating_points.GRID[[40, 90, 140]]:
        ran(at.select_slider(key=f"ev-threshold-{digest}").set_value(float(threshold)).run())
        point = operating_points.at_threshold(test.p_T.to_numpy(), positive, threshold)
        assert share(point.sensitivity) in bench(at)
        assert share(point.specificity) in bench(at)
        assert f"{point.found:,} of {positive.sum():,}" in bench(at)
    ran(at.number_input(key="ev-prevalence").set_value(20.0).run())
    expected = operating_points.per_thousand(point.sensitivity, point.specificity, 0.2)
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
            wanted = operating_points.reaching(
                score, positive, **{asked: 0.9 if "90" in name else 0.7}
            )
            ran(at.button(key=f"preset-{name} here").click().run())
            ran(at.button(key="ev-use").click().run())
            assert at.session_state["thresholds"] == {(bundle.digest, "T"): wanted}


def test_no_two_thresholds_are_written_alike() -> None:
    crowded = [
        1e-4,
        1.0000001e-4,
        0.98765432,
        0.98765433,
        1 - 1e-12,
        0.0,
        1.0,
        *operating_points.GRID,
    ]
    texts = evidence_bench._written(map(float, crowded))
    assert len(set(texts.values())) == len(set(crowded))
    assert texts[0.98765432] == ".9876543"


def test_beside_test_stands_what_the_threshold_does_abroad(rows: pd.DataFrame) -> None:
    at = go(opened(), "Threshold")
    away = select(rows, split="external")
    value = at.select_slider[0].value
    point = operating_points.at_threshold(
        away.p_T.to_numpy(), (away.label == "T").to_numpy(), value
    )
    said = f"sensitivity {share(point.sensitivity)}, specificity {share(point.specificity)}."
    assert "(External) the same threshold" in text(at)
    assert said in text(at)
    ran(at.segmented_control(key="set").set_value("external").run())
    assert "(External) the same threshold" not in text(at)


def test_a_threshold_is_used_on_the_other_pages(room: Path) -> None:
    at = go(opened(), "Threshold")
    bundle = open_bundle(room / "default")
    value = float(operating_points.GRID[100])
    ran(at.select_slider(key=f"ev-threshold-{bundle.digest[:12]}").set_value(value).run())
    ran(at.button(key="ev-use").click().run())
    assert at.session_state["thresholds"] == {(bundle.digest, "T"): value}
    assert "In use on all pages" in text(at)
    ran(at.switch_page("pages/read.py").run())
    ran(at.button(key="take-child-02").click().run())
    assert f"your threshold {exact(value)}" in text(at)
    assert f"left:{100 * value:.2f}%" in text(at)
    go(ran(at.switch_page("pages/metrics.py").run()), "Threshold")
    ran(at.button(key="ev-unuse").click().run())
    assert at.session_state["thresholds"] == {}


def test_the_profile_for_tuberculosis_judges_no_other_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"N": "NORMAL", "P": "OTHER", "T": "PNEUMONIA"}
    drawn = tables.raw(90)
    drawn = drawn.assign(label=drawn.label.map(names))
    drawn = drawn.rename(columns={f"logit_{x}": f"logit_{name}" for x, name in names.items()})
    folder = tables.bundle(tmp_path / "other", drawn)
    rewrite(folder, labels=list(names.values()), operating_points={}, conformal={})
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = go(opened(), "Threshold")
    assert "PNEUMONIA films found" in text(at)
    assert "WHO" not in text(at)
    assert "WHO" not in at.get("plotly_chart")[0].proto.spec
    rewrite(folder, provenance={"adopted": {"labels": names}})
    assert "WHO" in text(go(opened(), "Threshold")), "it goes by what the data calls the class"


def test_a_low_threshold_keeps_its_digits(rows: pd.DataFrame, room: Path) -> None:
    scope = scopes.scope(open_bundle(room / "default"), "test")
    heading, chart, *_ = evidence_bench.blocks(scope, (0.0018, 0.1))
    assert "Operating point of T: .0018" in str(heading)
    assert isinstance(chart, Chart)
    assert any("score .0018, Test" in str(line.name) for line in chart.figure.data)
