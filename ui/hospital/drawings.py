"""The strip: where a hospital's films lie between two labels."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cxr.site_profiles.profile import Profile
from ui.base.charts import GREY, colour
from ui.hospital.words import log_odds

_SYMBOLS = ("circle", "diamond")


def strip(profile: Profile, threshold: float) -> go.Figure:
    """Every film's log-odds out of fold, a row a label, with the threshold."""
    sides = ((profile.negative, profile.negatives), (profile.positive, profile.positives))
    shown = [(label, films) for label, films in sides if len(films)]
    figure = go.Figure()
    for place, (label, films) in enumerate(shown):
        figure.add_scatter(
            x=films,
            y=place + _spread(len(films)),
            mode="markers",
            name=f"{label}, {len(films)} films",
            marker={
                "symbol": _SYMBOLS[place],
                "size": 9,
                "opacity": 0.75,
                "color": colour(place),
                "line": {"width": 0.8, "color": GREY},
            },
            customdata=[log_odds(float(x)) for x in films],
            hovertemplate="%{customdata}<extra>" + label + "</extra>",
        )
    figure.add_vline(x=threshold, line={"color": GREY, "width": 2})
    figure.add_annotation(
        x=threshold,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"called {profile.positive} from {log_odds(threshold)} on →",
        showarrow=False,
        xanchor="center",
    )
    figure.update_layout(
        height=90 + 90 * len(shown),
        margin={"l": 36, "r": 12, "t": 28, "b": 44},
        showlegend=False,
        hovermode="closest",
    )
    figure.update_xaxes(
        title_text=f"Log-odds of {profile.positive} against {profile.negative}", zeroline=False
    )
    figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[label for label, _ in shown],
        range=[-0.5, len(shown) - 0.5],
        zeroline=False,
        showgrid=False,
    )
    return figure


def _spread(films: int) -> NDArray[np.floating]:
    """Heights that keep films apart, the same each time: the golden section's multiples."""
    return 0.6 * ((np.arange(films) * 0.618034) % 1 - 0.5)
