"""What leaves the evidence page: all figures as a table, and the whole page as one file."""

from __future__ import annotations

import io
from datetime import date
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.io
import streamlit as st
from pandas.api.typing import NAType
from plotly.offline import get_plotlyjs

from cxr import spreadsheet
from cxr.metrics.subgroups import Subgroup, frame
from cxr.notice import NOTICE
from cxr.spreadsheet import Number
from ui.base.charts import CONFIG
from ui.metrics import (
    calibration,
    classes,
    curves,
    hospitals,
    model_comparison,
    operating_bench,
    overview,
    worst_subgroups,
)
from ui.metrics.blocks import Block, Chart
from ui.metrics.scope import Scope
from ui.session import models

STYLE = Path(__file__).parent / "style.css"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1d2226; background: #fff; margin: 0 auto;
  max-width: 70rem; padding: 1.5rem; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; }}
figure {{ margin: 0; flex: 1 1 28rem; min-width: 0; max-width: 36rem; }}
.ev-charts {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
{style}</style><script>{plotly}</script></head><body>
<h1>{title}</h1><p><b>{notice}</b></p>
<p class="ev-quiet">Model {model}, written {created}, network {digest}.<br>
{scope}.<br>Written {today}.</p>
{body}
<p><b>{notice}</b></p></body></html>
"""


def show(scope: Scope) -> None:
    st.html(f"<p>{escape(scope.title)}</p>")
    name = "-".join(
        ("cxr-lens", scope.bundle.folder.name, scope.split, *filter(None, [scope.source]))
    )
    used = operating_bench.in_use(scope)
    with st.container(horizontal=True):
        st.download_button(
            "Whole page (HTML)",
            lambda: page(scope, used),
            f"{name}.html",
            "text/html",
            key=f"download-page-{name}",
            on_click="ignore",
        )
        st.download_button(
            "All figures (CSV)",
            lambda: figures_csv(scope),
            f"{name}.csv",
            "text/csv",
            key=f"download-figures-{name}",
            on_click="ignore",
        )
    st.caption(
        "The page is one file that needs no network: every part, for films of test and of "
        "external, every other model but demonstrations beside this one, with the notice, the "
        "model’s hash and the date. The table holds every figure of every subgroup of both with "
        "its interval. Neither holds a film or a file’s name."
    )


def page(scope: Scope, used: tuple[float | None, float]) -> bytes:
    """The whole page as one HTML file, in UTF-8."""
    parts = {
        "Overview": overview.blocks(scope.key),
        "Classes": [
            *classes.blocks(scope),
            *(block for each in scope.both() for block in classes.matrix_blocks(each)),
        ],
        "Curves": curves.blocks(scope),
        "Calibration": calibration.blocks(scope),
        "Operating point": operating_bench.blocks(scope, used),
        "Subgroups": worst_subgroups.blocks(scope),
        "Hospitals": hospitals.blocks(scope.bundle),
        "Models": model_comparison.blocks(scope),
    }
    body = "".join(f"<h2>{name}</h2>{_body(blocks)}" for name, blocks in parts.items() if blocks)
    bundle = scope.bundle
    return _PAGE.format(
        title=f"Evidence: {escape(models.marked(bundle.folder))}",
        style=STYLE.read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
        notice=NOTICE,
        model=escape(f"{bundle.name}{models.mark(bundle.folder)}"),
        created=escape(bundle.created),
        digest=bundle.digest,
        scope=".<br>".join(escape(each.title) for each in scope.both()),
        today=date.today().isoformat(),
        body=body,
    ).encode()


def _body(blocks: list[Block]) -> str:
    """HTML of blocks; charts that follow each other stand side by side."""
    out = []
    for is_chart, run in groupby(blocks, lambda block: isinstance(block, Chart)):
        if is_chart:
            drawn = "".join(_drawn(block) for block in run if isinstance(block, Chart))
            out.append(f'<div class="ev-charts">{drawn}</div>')
        else:
            out += map(str, run)
    return "".join(out)


def _drawn(chart: Chart) -> str:
    chart.figure.update_layout(template="plotly_white", autosize=True)
    drawing = plotly.io.to_html(
        chart.figure,
        full_html=False,
        include_plotlyjs=False,
        config={**CONFIG, "responsive": True},
        default_height=f"{chart.figure.layout.height}px",
    )
    return f'<figure aria-label="{escape(chart.alt)}">{drawing}</figure>'


def figures_csv(scope: Scope) -> bytes:
    """Every figure of these films and of their subgroups, at home and away, UTF-8 with a mark that
    spreadsheets need."""
    found = pd.concat([_figures(each) for each in scope.both()], ignore_index=True)
    bundle = scope.bundle
    found = found.assign(
        model=f"{bundle.name}{models.mark(bundle.folder)}",
        model_created=bundle.created,
        model_sha256=bundle.digest,
    )
    lines = (map(_cell, line) for line in found.itertuples(index=False))
    out = io.StringIO()
    spreadsheet.write(out, found.columns.tolist(), lines, end="\n")
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if isinstance(value, float | NAType):
        return "" if pd.isna(value) else Number(value, ".6f")
    return value


def _figures(scope: Scope) -> pd.DataFrame:
    whole = scope.figures()
    total = whole["accuracy", ""]
    patients = total.patients if scope.patients_known else None
    found = frame([Subgroup("", "", total.films, patients, whole), *scope.subgroups()])
    found.insert(0, "split", scope.split)
    found.insert(1, "source", scope.source or "all")
    return found
