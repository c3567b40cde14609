"""Charts of the evidence page: they hold in the dark and in the light, and without colour, since
every class also has a dash of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cxr.metrics.bootstrap import Estimate
from cxr.metrics.confidence_bands import GRID, Curve
from cxr.metrics.operating_points import WHO_SENSITIVITY, WHO_SPECIFICITY
from cxr.model.calibration import Reliability

# Blue, ochre, purple, green: apart under the three colour deficiencies, 3:1 or more on both themes.
COLOURS = ("#3f8fd2", "#b98000", "#b266ad", "#2c9c7c")
DASHES = ("solid", "dash", "dot", "dashdot")
GREY = "#828a91"
CONFIG = {"displayModeBar": False}


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def dash(place: int) -> str:
    return DASHES[place % len(DASHES)]


def _clear(shade: str, share: float) -> str:
    red, green, blue = (int(shade[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def _square(x: str, y: str, height: int = 400) -> go.Figure:
    """Axes from 0 to 1 and a legend below."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 48, "r": 12, "t": 12, "b": 44},
        legend={"orientation": "h", "y": -0.16, "x": 0, "title_text": ""},
        hovermode="closest",
    )
    figure.update_xaxes(title_text=x, range=[-0.01, 1.01], zeroline=False, tick0=0, dtick=0.2)
    figure.update_yaxes(title_text=y, range=[-0.01, 1.01], zeroline=False, tick0=0, dtick=0.2)
    return figure


def _add_curve(figure: go.Figure, curve: Curve, name: str, place: int, hover: str) -> None:
    if len(curve.low):
        figure.add_scatter(
            x=np.r_[GRID, GRID[::-1]],
            y=np.r_[curve.low, curve.high[::-1]],
            fill="toself",
            fillcolor=_clear(colour(place), 0.16),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
    figure.add_scatter(
        x=curve.x,
        y=curve.y,
        customdata=curve.threshold,
        name=name,
        legendgroup=name,
        mode="lines",
        line={"color": colour(place), "dash": dash(place), "width": 2},
        hovertemplate=f"{hover}<br>score %{{customdata:.3f}} or more<extra>{name}</extra>",
    )


def roc(curves: Mapping[str, Curve]) -> go.Figure:
    """ROC curves with their bands, by name."""
    figure = _square("1 − specificity", "Sensitivity")
    _coin(figure)
    for place, (name, curve) in enumerate(curves.items()):
        if np.isfinite(curve.area.value):
            hover = "sensitivity %{y:.3f}, 1 − specificity %{x:.3f}"
            _add_curve(figure, curve, name, place, hover)
    return figure


def precision_recall(curves: Mapping[str, Curve]) -> go.Figure:
    """Precision-recall curves with their bands, by name."""
    figure = _square("Recall (sensitivity)", "Precision (PPV)")
    for place, (name, curve) in enumerate(curves.items()):
        if np.isfinite(curve.area.value):
            hover = "precision %{y:.3f}, recall %{x:.3f}"
            _add_curve(figure, curve, name, place, hover)
    return figure


def _coin(figure: go.Figure) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def operating(
    curve: Curve,
    name: str,
    points: Sequence[tuple[str, str, float, float]],
    who: bool = True,
    beside: Mapping[str, Curve] | None = None,
) -> go.Figure:
    """The ROC curve of one class with the WHO's least values, and points on it.

    Parameters
    ----------
    curve : Curve
    name : str
    points : sequence of (name, marker symbol, 1 - specificity, sensitivity)
    who : bool
        Whether the WHO's values, which are for tuberculosis, are drawn.
    beside : mapping, optional
        The same class's curves on other films, by name.
    """
    figure = _square("1 − specificity", "Sensitivity", 430)
    if who:
        _least(figure)
    _coin(figure)
    for place, (of, each) in enumerate({name: curve, **(beside or {})}.items()):
        _add_curve(figure, each, of, place, "sensitivity %{y:.3f}, 1 − specificity %{x:.3f}")
    for label, symbol, x, y in points:
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": COLOURS[1], "line": {"width": 1.5}},
            name=label,
            hovertemplate="sensitivity %{y:.3f}, 1 − specificity %{x:.3f}"
            f"<extra>{label}</extra>",
        )
    return figure


def _least(figure: go.Figure) -> None:
    figure.add_scatter(
        x=[0, 1 - WHO_SPECIFICITY, 1 - WHO_SPECIFICITY, 0, 0],
        y=[WHO_SENSITIVITY, WHO_SENSITIVITY, 1, 1, WHO_SENSITIVITY],
        mode="lines",
        fill="toself",
        fillcolor=_clear(COLOURS[3], 0.12),
        line={"color": COLOURS[3], "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
        name="WHO 2014, least for triage",
    )


def reliability(found: Mapping[str, Reliability]) -> go.Figure:
    """What was said against what came true, and how many films each bin holds."""
    figure = make_subplots(rows=2, cols=1, row_heights=[0.76, 0.24], shared_xaxes=True)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    for place, (name, bins) in enumerate(found.items()):
        line = {"color": colour(place), "dash": dash(place), "width": 2}
        figure.add_scatter(
            x=bins.said,
            y=bins.came,
            customdata=bins.films,
            name=name,
            legendgroup=name,
            mode="lines+markers",
            line=line,
            hovertemplate="said %{x:.3f}, came true %{y:.3f}, %{customdata:,} films"
            f"<extra>{name}</extra>",
        )
        figure.add_bar(
            x=(bins.edges[1:] + bins.edges[:-1]) / 2,
            y=bins.films,
            width=np.diff(bins.edges) / (len(found) + 0.3),
            offsetgroup=name,
            legendgroup=name,
            showlegend=False,
            marker={"color": colour(place)},
            hovertemplate="%{y:,} films<extra>" + name + "</extra>",
            row=2,
            col=1,
        )
    figure.update_layout(
        height=430,
        barmode="group",
        margin={"l": 48, "r": 12, "t": 12, "b": 44},
        legend={"orientation": "h", "y": -0.16, "x": 0},
    )
    figure.update_xaxes(range=[-0.01, 1.01], zeroline=False)
    figure.update_xaxes(title_text="Probability said", row=2, col=1)
    figure.update_yaxes(
        title_text="Share that came true", range=[-0.02, 1.02], zeroline=False, row=1, col=1
    )
    figure.update_yaxes(title_text="Films", type="log", dtick=1, row=2, col=1)
    return figure


def risk_coverage(curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> go.Figure:
    """Share of wrong calls against the share of films that are called at all."""
    figure = _square("Coverage: share of films called", "Share of wrong calls")
    highest = 0.02
    for place, (name, (threshold, coverage, risk)) in enumerate(curves.items()):
        keep = np.unique(np.linspace(0, len(risk) - 1, min(len(risk), 1000)).astype(int))
        settled = risk[coverage >= 0.1]
        highest = max(highest, float(settled.max()) if len(settled) else 0.0)
        figure.add_scatter(
            x=coverage[keep],
            y=risk[keep],
            customdata=threshold[keep],
            name=name,
            mode="lines",
            line={"color": colour(place), "dash": dash(place), "width": 2},
            hovertemplate="%{y:.3f} wrong of the %{x:.0%} with a score of %{customdata:.3f} or more"
            f"<extra>{name}</extra>",
        )
    figure.update_yaxes(range=[0, 1.1 * highest], dtick=None)
    return figure


def profiles(
    name: str,
    films: Sequence[int],
    areas: Sequence[Estimate],
    shipped: float,
    span: tuple[float, float],
) -> go.Figure:
    """What heads of a hospital's own are worth by the films of each label that they were fitted on.

    Parameters
    ----------
    name : str
    films : sequence of int
    areas : sequence of Estimate
        AUROC for each of `films`: the median, and where nine draws of ten lie.
    shipped : float
        AUROC without a profile.
    span : (lowest, highest)
        Of the axis.
    """
    figure = _square("Films of each label", f"AUROC, {name}", 320)
    figure.add_scatter(
        x=[*films, *films[::-1]],
        y=[*(area.low for area in areas), *(area.high for area in areas[::-1])],
        mode="lines",
        fill="toself",
        fillcolor=_clear(colour(0), 0.16),
        line={"width": 0},
        hoverinfo="skip",
        name="nine draws of ten",
    )
    figure.add_scatter(
        x=[0, max(films)],
        y=[shipped, shipped],
        mode="lines",
        line={"color": GREY, "dash": dash(1), "width": 2},
        name="no profile",
        hovertemplate="AUROC %{y:.3f}<extra>no profile</extra>",
    )
    figure.add_scatter(
        x=films,
        y=[area.value for area in areas],
        customdata=[(area.low, area.high) for area in areas],
        mode="lines+markers",
        line={"color": colour(0), "dash": dash(0), "width": 2},
        name="its own head",
        hovertemplate="%{x} + %{x} films: AUROC %{y:.3f} (%{customdata[0]:.3f} to "
        "%{customdata[1]:.3f})<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.04 * max(films)], tickvals=list(films))
    figure.update_yaxes(range=span, dtick=None)
    figure.update_layout(legend={"y": -0.24})
    return figure


def learning(histories: Mapping[str, pd.DataFrame], column: str, title: str) -> go.Figure:
    """One figure of ``history.csv`` by epoch, a line a model."""
    figure = _square("Epoch", title, 280)
    for place, (name, history) in enumerate(histories.items()):
        figure.add_scatter(
            x=history["epoch"],
            y=history[column],
            name=name,
            mode="lines+markers",
            line={"color": colour(place), "dash": dash(place), "width": 2},
        )
    figure.update_xaxes(autorange=True, dtick=None)
    figure.update_yaxes(autorange=True, dtick=None)
    figure.update_layout(legend={"y": -0.3}, showlegend=True)
    return figure
