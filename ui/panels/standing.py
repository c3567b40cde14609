"""Where a film stands between two labels, said before any bar: by its hospital's profile, or among
films of hospitals that the network never learnt from."""

from __future__ import annotations

from html import escape

from cxr.model.classifier import Classifier
from cxr.screening import words
from cxr.screening.standing import Ground, Standing, Strip, ground_of, strip_of
from ui.base.formatting import odds, of_hundred


def line(standing: Standing, model: Classifier) -> str:
    """Which of the two, and the strip; as HTML."""
    ground = ground_of(model)
    assert ground is not None
    strip = strip_of(ground)
    drawn = "" if strip is None else _strip(strip, ground, standing)
    return f'<div class="cxr-stands"><b>{escape(words.headline(standing))}</b></div>{drawn}'


def unplaced() -> str:
    """What is said where nothing is known of a film's place; as HTML."""
    return (
        f'<div class="cxr-stands"><b>{escape(words.UNPLACED)}</b></div>'
        f'<div class="cxr-quiet">{escape(words.UNPLACED_WHY)}</div>'
    )


def brief(standing: Standing) -> str:
    """The same in a few words, for lists."""
    if standing.called is not None:
        side = "above" if standing.called else "below"
        return f"{side} the {standing.positive} threshold · {odds(standing.log_odds)}"
    below = of_hundred(standing.below_negatives)
    return f"{standing.positive} higher than {below} of 100 {standing.negative}"


def _strip(strip: Strip, ground: Ground, standing: Standing) -> str:
    """Films of the positive label above the line, of the negative below, this film across both."""
    bars = "".join(
        f'<i><u style="height:{50 * up:.1f}%"></u><s style="height:{50 * down:.1f}%"></s></i>'
        for down, up in zip(strip.negatives, strip.positives, strict=True)
    )
    marks = f'<b style="left:{100 * strip.position(standing.log_odds):.2f}%"></b>'
    threshold = ""
    if standing.threshold is not None:
        marks += f'<em style="left:{100 * strip.position(standing.threshold):.2f}%"></em>'
        threshold = ", dotted: the threshold"
    named = (
        f"{len(ground.positives):,} films of {ground.positive} above, "
        f"{len(ground.negatives):,} of {ground.negative} below"
    )
    said = escape(f"{words.headline(standing)}: {named}")
    whose = escape(ground.hospital or "unseen hospitals")  # seen by whom: words.reading
    return (
        f'<div class="cxr-strip" role="img" aria-label="{said}">{bars}{marks}</div>'
        f'<div class="cxr-ends"><span>{odds(strip.low)}</span>'
        f"<span>log-odds {escape(ground.positive)} : {escape(ground.negative)}</span>"
        f"<span>{odds(strip.high)}</span></div>"
        f'<div class="cxr-quiet">{escape(ground.positive)} above, {escape(ground.negative)} below: '
        f"films of {whose}{threshold}</div>"
    )
