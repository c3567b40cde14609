"""What a network's answers have been worth: beside a label, in a line, and in full."""

from __future__ import annotations

from html import escape

from cxr.metrics.calls import Calls
from cxr.model.bundle import Bundle
from ui.base.words import figure, score, site


def others(label: str, calls: Calls | None) -> str:
    """How often films of what it was never taught, and of its other labels, are called so."""
    if calls is None or label not in calls.test:
        return ""
    said = [
        f"{called[label]:,} of {sum(called.values()):,} films with a {escape(finding)}"
        for finding, called in calls.other.items()
        if called[label]
    ]
    said += [
        f"{called[label] / max(sum(called.values()), 1):.0%}".replace("%", " % of ") + escape(truth)
        for truth, called in calls.test.items()
        if truth != label
    ]
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


def figures(bundle: Bundle) -> str:
    """Figures from the bundle: where the model is at home, and where it isn't."""
    rows = []
    home = bundle.metrics.get("test") or {}
    if "macro_f1" in home:
        rows.append(
            f"<div>Macro-F1, hospitals it knows</div><div>{figure(home['macro_f1'])}</div>"
            f'<div class="cxr-quiet">{home["n"]:,} films of other patients</div>'
        )
    away = bundle.metrics.get("external") or {}
    scored = {k: v for k, v in away.items() if isinstance(v, dict) and "t_vs_n_auroc" in v}
    for place, found in scored.items():
        rows.append(
            "<div>T-versus-N AUROC, a hospital it doesn’t know</div>"
            f"<div>{figure(found['t_vs_n_auroc'])}</div>"
            f'<div class="cxr-quiet">{escape(site(place))}, '
            f"{found['n']:,} films; .50 is a coin toss</div>"
        )
        if there := found.get("recall", {}).get("T"):
            rows.append(
                f"<div>T films called T, {escape(site(place))}</div>"
                f"<div>{there['value'] * there['n']:.0f} of {there['n']:,}</div>"
            )
    if not away:
        rows.append("<div>In a hospital it doesn’t know</div><div>not measured</div>")
    return (
        '<div class="cxr-heading">What the scores of the model as shipped are worth</div>'
        f'<div class="cxr-worth">{"".join(rows)}</div><p>In brackets: 95 % intervals.</p>'
    )
