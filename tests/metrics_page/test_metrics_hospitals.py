"""What the metrics page says of hospital profiles, and which files it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tables
from metricspage import go, opened, rewrite, text

from cxr.errors import BundleError
from cxr.formatting import percent
from cxr.metrics import hospital_profiles
from cxr.metrics.hospital_profiles import FILE
from cxr.model.bundle import manifest_values, open_bundle
from ui.metrics import export, hospitals
from ui.metrics import scope as scopes
from ui.metrics.blocks import Chart


def band(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def drawn(films: int, **more: Any) -> dict[str, Any]:
    shares = {"sensitivity": band(0.6), "specificity": band(0.7)}
    return {"films": films, "draws": 100, **shares, "met": 0.5 + films / 1000, "held": 0.93, **more}


def step(films: int, area: float) -> dict[str, Any]:
    gain = {"worst_gain": -0.034, "offered": 0.81}
    return drawn(films, shipped=band(0.8), head=band(area), **gain)


def hospital(area: float, trips: bool) -> dict[str, Any]:
    return {
        "films": {"N": 1247, "T": 272},
        "shipped": {"area": area, "sensitivity": 0.251, "specificity": 0.988},
        "shortcuts": {
            "rim": {"area": 0.857, "trips": trips},
            "corners": {"area": 0.6, "trips": False},
        },
        "threshold_alone": [drawn(10)],
        "steps": [step(10, 0.846), step(30, 0.871)],
        "unlabelled": [
            {
                **{"films": 50, "draws": 100, "share": 0.42, "stated": stated},
                **{"area": band(0.83), "sensitivity": band(0.61), "specificity": band(0.93)},
            }
            for stated in (0.21, 0.42, 0.84)
        ],
    }


FOUND = {
    "wanted": {"specificity": 0.7},
    "hospitals": {"shenzhen": hospital(0.801, True), "<b>far</b>": hospital(0.823, False)},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return tables.bundle(tmp_path / "asked", tables.raw(60))


def keep(folder: Path, **changed: object) -> None:
    found = {"network": open_bundle(folder).digest, **FOUND, **changed}
    values = manifest_values(folder)
    (folder / FILE).write_text(json.dumps(found))
    rewrite(folder, **values)


def test_profiles_stand_beside_none_with_a_curve_for_each_hospital(folder: Path) -> None:
    keep(folder)
    at = go(opened(), "Hospitals")
    page = export.page(scopes.scope(open_bundle(folder), "test"), (0.4, 0.1)).decode()
    for place in (text(at), page):
        assert "<td class=ev-text>No profile</td><td>.801</td><td>.251</td><td>.988</td>" in place
        assert "10 N alone" in place
        assert ".846 <small>(.826–.866)</small>" in place
        assert ".871 <small>(.851–.891)</small>" in place
        assert "Shenzhen: 1,247 N, 272 T" in place
        assert "<b>far</b>" not in place
        assert place.count("about as well as the network (AUROC: rim .857)") == 1
        assert place.count("No crude look tells its piles apart") == 1
        assert "<td>.81</td><td>−.034</td><td>.53</td>" in place
        assert "100 draws for each number" in place
        moved = f"50 unlabelled, T stated {percent(0.21)}</td><td>.830 <small>(.810–.850)"
        assert moved in place
        assert f"there it is {percent(0.42)}" in place
    assert len(at.get("plotly_chart")) == 2


def test_hospitals_that_lack_a_label_say_what_can_be_said(folder: Path) -> None:
    alone = [{key: value for key, value in drawn(10).items() if key != "sensitivity"}]
    lacking = {
        "<i>jsrt": {"films": {"N": 93}, "called": {"N": 0.01}, "threshold_alone": alone},
        "ward": {"films": {"P": 7, "T": 80}, "called": {"P": 0.5, "T": 0.4}, "threshold_alone": []},
    }
    keep(folder, one_label=lacking)
    said = text(go(opened(), "Hospitals"))
    assert "<i>" not in said
    assert "10 N: .700 <small>(.680–.720)</small>, met .51" in said
    assert "7 P, 80 T</td><td class=ev-text>.50 of P, .40 of T</td>" in said
    assert "none: too few N" in said


def test_a_hospital_that_was_learnt_from_is_told_by_a_network_that_was_kept_from_it(
    folder: Path,
) -> None:
    more = hospital(0.7, False)
    more["steps"].append(step(50, 0.899))
    keep(folder, left_out={"<u>ward": {"network": "abc" + "0" * 61, **more}})
    at = go(opened(), "Hospitals")
    said = text(at)
    assert "<u>" not in said
    assert "ward: 1,247 N, 272 T, by network abc000000000" in said
    assert "<td class=ev-text>50 + 50</td><td>.899" in said
    assert "This network learnt from" in said
    assert len(at.get("plotly_chart")) == 3
    axes = [c.figure.layout for c in hospitals.blocks(open_bundle(folder)) if isinstance(c, Chart)]
    assert len({axis.yaxis.range for axis in axes}) == 1


def test_a_curve_says_what_it_shows_and_fits_its_axis(folder: Path) -> None:
    keep(folder)
    charts = [part for part in hospitals.blocks(open_bundle(folder)) if isinstance(part, Chart)]
    assert charts[0].alt == (
        "Shenzhen: AUROC by films of each label, median and where nine draws of ten lie. "
        "No profile .801; 10 + 10: .846 (.826 to .866); 30 + 30: .871 (.851 to .891)"
    )
    for chart in charts:
        band, shipped, head = chart.figure.data
        assert list(head.y) == [0.846, 0.871]
        assert set(shipped.y) < {0.801, 0.823}
        low, high = chart.figure.layout.yaxis.range
        assert low < min(*band.y, *shipped.y) < max(*band.y, *shipped.y) < high
        assert chart.figure.layout.yaxis.range == charts[0].figure.layout.yaxis.range


def test_a_bundle_without_them_names_the_command(folder: Path) -> None:
    at = go(opened(), "Hospitals")
    assert "train hospitals --data DIR --out models/asked --at" in text(at)
    assert not at.get("plotly_chart")
    assert hospital_profiles.load(open_bundle(folder)) is None


def first(found: dict[str, Any]) -> Any:
    return found["hospitals"]["shenzhen"]


SPOILT: dict[str, Callable[[dict[str, Any]], object]] = {
    "another network": lambda found: found.update(network="0" * 64),
    "no network": lambda found: found.pop("network"),
    "no hospital": lambda found: found.update(hospitals={}),
    "a strange label": lambda found: first(found).update(films={"N": 5, "X": 5}),
    "two pairs": lambda found: first(found).update(films={"N": 5, "P": 5}),
    "three labels": lambda found: first(found).update(films={"N": 5, "P": 5, "T": 5}),
    "no step": lambda found: first(found).update(steps=[]),
    "steps that fall": lambda found: first(found)["steps"].reverse(),
    "NaN": lambda found: first(found)["shipped"].update(area=float("nan")),
    "no number": lambda found: first(found)["shipped"].update(area="1"),
    "true for a number": lambda found: first(found)["shipped"].update(area=True),
    "beyond 1": lambda found: first(found)["steps"][0].update(offered=1.2),
    "half a film": lambda found: first(found)["steps"][0].update(films=9.5),
    "a median outside": lambda found: first(found)["steps"][0]["head"].update(low=0.9),
    "a list": lambda found: found.update(hospitals=[1]),
    "called beyond 1": lambda found: found.update(
        one_label={"far": {"films": {"T": 5}, "called": {"T": 2.0}, "threshold_alone": []}}
    ),
    "left out by no network": lambda found: found.update(
        left_out={"far": {"network": "x", **hospital(0.7, False)}}
    ),
    "left out without figures": lambda found: found.update(left_out={"far": {"network": "0" * 64}}),
    "stated beyond 1": lambda found: first(found)["unlabelled"][0].update(stated=1.5),
    "no specificity": lambda found: found.update(wanted={"sensitivity": 0.9}),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_not_what_it_should_be_is_refused(how: str, folder: Path) -> None:
    found = copy.deepcopy({"network": open_bundle(folder).digest, **FOUND})
    SPOILT[how](found)
    keep(folder, **{"network": None, **found})
    with pytest.raises(BundleError) as refused:
        hospital_profiles.load(open_bundle(folder))
    assert refused.value.code == "bad_hospitals"


def test_the_page_says_why_and_the_export_goes_on(folder: Path) -> None:
    keep(folder, network="0" * 64)
    at = go(opened(), "Hospitals")
    page = export.page(scopes.scope(open_bundle(folder), "test"), (0.4, 0.1)).decode()
    for place in (text(at), page):
        assert "it was made for another network or version" in place
    assert "<h2>Subgroups</h2>" in page
