"""What leaves the metrics page: its table of figures, and the page as one file."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import tables
from metricspage import rewrite

import cxr
from cxr.metrics import evidence, subgroups
from cxr.metrics.predictions import select
from cxr.model.bundle import open_bundle
from ui.metrics import export, overview, worst_subgroups
from ui.metrics import scope as scopes
from ui.metrics.blocks import ranged
from ui.session import models


class Links(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link":
            self.found.append(str(attrs))
        self.found += [str(v) for k, v in attrs if k in ("src", "href", "srcset") and v]


def test_the_table_of_figures_is_whole(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    found = pd.read_csv(io.BytesIO(export.figures_csv(scopes.scope(bundle, "test"))))
    assert set(found.model_sha256) == {bundle.digest}
    assert set(found.notice) == {cxr.NOTICE}
    for split in ("test", "external"):
        whole = found[found.by.isna() & (found.figure == "recall") & (found.label == "T")]
        whole = whole[whole.split == split]
        expected = evidence.figures(select(rows, split=split), tables.LABELS)["recall", "T"]
        assert whole.value.item() == pytest.approx(expected.value, abs=1e-6)
        assert whole.low.item() == pytest.approx(expected.low, abs=1e-6)
    assert set(found.by.dropna()) == set(subgroups.DIMENSIONS)


def test_the_exported_page_is_whole_and_needs_no_network(rows: pd.DataFrame, room: Path) -> None:
    bundle = open_bundle(room / "default")
    page = export.page(scopes.scope(bundle, "test"), (0.4, 0.1)).decode()
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
        "Subgroups",
        "Hospitals",
        "Models",
    ):
        assert f"<h2>{part}</h2>" in body
    for split in ("test", "external"):
        figures = evidence.figures(select(rows, split=split), tables.LABELS)
        assert all(ranged(each) in body for each in figures.values())
    assert page.count('class="plotly-graph-div"') == 11


def test_names_in_a_table_are_not_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = tables.raw(60).assign(source="<b>x</b>", view="=1+1")
    folder = tables.bundle(tmp_path / "odd", frame)
    page = export.page(scopes.scope(open_bundle(folder), "test"), (0.4, 0.1)).decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page
    found = pd.read_csv(io.BytesIO(export.figures_csv(scopes.scope(open_bundle(folder), "test"))))
    assert "'=1+1" in set(found.subgroup)


def test_no_name_of_a_model_or_label_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    odd = dict(zip(tables.LABELS, ("=N", "+P", "@T"), strict=True))
    logits = {f"logit_{label}": f"logit_{name}" for label, name in odd.items()}
    frame = tables.raw(60).replace({"label": odd}).rename(columns=logits)
    folder = tables.bundle(tmp_path / "odd", frame)
    fitted = {"operating_points": {}, "conformal": {}, "metrics": {}}
    rewrite(folder, name="=1+1", labels=list(odd.values()), **fitted)
    found = export.figures_csv(scopes.scope(open_bundle(folder), "test")).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(found, newline="")) for cell in line]
    assert {"'=1+1", "'=N", "'+P", "'@T"} <= set(cells)
    texts = [cell for cell in cells if not re.fullmatch(r"-?[0-9.]+", cell)]
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@"))]


def test_a_demonstration_is_no_rival_in_an_export_and_marked_in_its_own(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "demonstrates", lambda path: path.name == "other")
    page = export.page(scopes.scope(open_bundle(room / "default"), "test"), (0.4, 0.1)).decode()
    assert "<h2>Models</h2>" not in page
    scope = scopes.scope(open_bundle(room / "other"), "test")
    page = export.page(scope, (0.4, 0.1)).decode()
    assert "<h1>Evidence: other (demonstration)</h1>" in page
    assert "<h2>Models</h2>" in page
    found = pd.read_csv(io.BytesIO(export.figures_csv(scope)))
    assert found.model.str.endswith(" (demonstration)").all()


def test_patients_are_counted_nowhere_where_none_is_known(tmp_path: Path) -> None:
    folder = tables.bundle(tmp_path / "nobody", tables.raw(120).assign(patient=""))
    scope = scopes.scope(open_bundle(folder), "test")
    csv = export.figures_csv(scope)
    found = pd.read_csv(io.BytesIO(csv))
    assert found[["subgroup_patients", "patients"]].isna().all(axis=None)
    assert found.subgroup_films.notna().all()
    by_source = "".join(map(str, overview.blocks(scope.key)))
    assert re.search(r"<td[^>]*>home</td><td>[0-9]+</td><td>–</td>", by_source)
    subgroups = "".join(map(str, worst_subgroups.blocks(scope)))
    assert re.search(r"<td[^>]*>home</td><td>[0-9]+</td><td>–</td>", subgroups)


def test_counts_leave_as_whole_numbers(rows: pd.DataFrame, room: Path) -> None:
    csv = export.figures_csv(scopes.scope(open_bundle(room / "default"), "test"))
    found = pd.read_csv(io.BytesIO(csv), dtype=str)
    for name in ("subgroup_films", "subgroup_patients", "films", "patients"):
        assert found[name].str.fullmatch("[0-9]+").all(), name
