"""What a network's answers have been worth: beside a label, in a line, and in full."""

from __future__ import annotations

from html import escape

from cxr.metrics.calls import Calls
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier
from cxr.screening import words
from ui.base.formatting import figure, score, site


def others(label: str, calls: Calls | None) -> str:
    """What it was never taught and mostly calls so: that stands beside the label, since it is
    missed there; all other shares are in :func:`called_so`."""
    found = calls.other.items() if calls is not None else ()
    said = [
        f"{called.get(label, 0):,} of {sum(called.values()):,} films with a {escape(finding)}"
        for finding, called in found
        if 2 * called.get(label, 0) > sum(called.values())
    ]
    return f"; {' and '.join(said)} are called so" if said else ""


def called_so(calls: Calls | None) -> str:
    """How often films of what it was never taught, and of its other labels, are called each label,
    and how well films of hospitals where it never learnt are ordered by abnormal."""
    if calls is None:
        return ""
    said = [_called_so(label, calls) for label in calls.test]
    said += [f"AUROC where it never learnt, by abnormal: {_ordered(calls, 'abnormal')}."] * bool(
        calls.unseen
    )
    return "".join(f"<p>{text}</p>" for text in said if text)


def _called_so(label: str, calls: Calls) -> str:
    said = [
        f"{called[label]:,} of {sum(called.values()):,} films with a {escape(finding)}"
        for finding, called in calls.other.items()
        if called.get(label)
    ]
    share = "{:.0f}\N{NO-BREAK SPACE}% of "
    known = [
        share.format(100 * called[label] / max(sum(called.values()), 1)) + escape(truth)
        for truth, called in calls.test.items()
        if truth != label
    ]
    said += [f"in hospitals that it knows {' and '.join(known)}"] * bool(known)
    return f"Called {escape(label)}: {', '.join(said)}." if said else ""


def _ordered(calls: Calls, by: str) -> str:
    return "; ".join(
        f"{escape(each.positive)} against {escape(each.negative)} "
        f"{score(getattr(each, by).value)} ({escape(site(each.source))})"
        for each in calls.unseen
    )


def line(calls: Calls | None, bundle: Bundle, home: bool) -> str:
    """What such an answer has been worth where the film is from."""
    said = ""
    if home and (test := bundle.metrics.get("test") or {}).get("macro_f1"):
        said = f"In hospitals that it knows: macro-F1 {figure(test['macro_f1'])}."
    elif not home and calls is not None and calls.unseen:
        said = f"AUROC where it never learnt: {_ordered(calls, 'against')}"
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
