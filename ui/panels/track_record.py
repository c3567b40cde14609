"""What a network's answers have been worth: beside a label, in a line, and in full."""

from __future__ import annotations

from html import escape

from cxr.metrics.calls import Calls
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier
from cxr.screening import words
from ui.base.formatting import figure, score, site


def others(label: str, calls: Calls | None) -> str:
    """How often films of what it was never taught, and of its other labels, are called so."""
    if calls is None or label not in calls.test:
        return ""
    said = [
        f"{called[label]:,} of {sum(called.values()):,} films with a {escape(finding)}"
        for finding, called in calls.other.items()
        if called[label]
    ]
    share = "{:.0f}\N{NO-BREAK SPACE}% of "
    known = [
        share.format(100 * called[label] / max(sum(called.values()), 1)) + escape(truth)
        for truth, called in calls.test.items()
        if truth != label
    ]
    said += [f"in hospitals that it knows {' and '.join(known)}"] * bool(known)
    return f"; called so: {', '.join(said)}"


def line(calls: Calls | None, bundle: Bundle, home: bool) -> str:
    """What such an answer has been worth where the film is from."""
    said = ""
    if home and (test := bundle.metrics.get("test") or {}).get("macro_f1"):
        said = f"In hospitals that it knows: macro-F1 {figure(test['macro_f1'])}."
    elif not home and calls is not None and calls.unseen:
        said = "Where it never learnt, AUROC of " + "; ".join(
            f"{escape(each.positive)} against {escape(each.negative)} "
            f"{score(each.against.value)}, by abnormal {score(each.abnormal.value)} "
            f"({escape(site(each.source))})"
            for each in calls.unseen
        )
    return f'<div class="cxr-quiet">{said}</div>' if said else ""


def of_profile(model: Classifier) -> str:
    """What the profile's threshold does with the films that it was fitted on, or that none of them
    had a label."""
    assert model.site is not None
    return f'<div class="cxr-quiet">{escape(words.own_films(model.site))}</div>'


def figures(bundle: Bundle) -> str:
    """Figures from the bundle: where the model is at home, and where it isn't."""
    rows = [
        f"<div>{escape(what)}</div><div>{value}</div>"
        + (f'<div class="cxr-quiet">{escape(of)}</div>' if of else "")
        for what, value, of in words.worth(bundle)
    ]
    return (
        '<div class="cxr-heading">What the scores of the model as shipped are worth</div>'
        f'<div class="cxr-worth">{"".join(rows)}</div><p>In brackets: 95 % intervals.</p>'
    )
