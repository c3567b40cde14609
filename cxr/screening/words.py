"""What is said of a film and of what its scores are worth, in plain text: on pages, in reports."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from ..formatting import exact, figure, odds, of_hundred, percent, score, site
from ..model.bundle import Bundle
from ..model.site_head import Site
from .standing import Standing

NOT_RULED_OUT = (
    "In hospitals that it knows, the film’s class is among these that often; elsewhere that is not "
    "promised."
)
"""What sets promise."""
NO_LABEL = "none: unlike the films of every class"
"""What stands in place of an empty set."""
UNLABELLED = "The profile rests on a stated share, on no labelled film."


UNPLACED = "Nothing says where this film stands"
"""In place of a headline, of a film that there are no others to hold against."""
UNPLACED_WHY = (
    "No film of a hospital that it had not seen was kept with this network, so nothing is called. "
    "A profile of your hospital says more."
)


def headline(standing: Standing) -> str:
    """``Above the T threshold of Kisumu``, or ``T: higher than 93 of 100 films of N``."""
    if standing.called is not None:
        side = "Above" if standing.called else "Below"
        return f"{side} the {standing.positive} threshold of {standing.hospital}"
    below = of_hundred(standing.below_negatives)
    return f"{standing.positive}: higher than {below} of 100 films of {standing.negative}"


def reading(standing: Standing) -> str:
    """What that means, in a sentence or two."""
    pair = f"{standing.positive} against {standing.negative}"
    at = f"Log-odds {pair}: {odds(standing.log_odds)}"
    if standing.threshold is None:
        return (
            f"{at}. Those films are of {elsewhere(standing.like)}; of their films of "
            f"{standing.positive}, {of_hundred(standing.below_positives)} of 100 lie lower. Your "
            "hospital may differ."
        )
    against = f"{at}, threshold {odds(standing.threshold)}"
    if isnan(standing.below_negatives):
        return f"{against}. {UNLABELLED}"
    told = f"of your films of {standing.negative}, {of_hundred(standing.below_negatives)} of 100"
    if not isnan(standing.below_positives):
        told += f", of {standing.positive} {of_hundred(standing.below_positives)} of 100"
    return f"{against}. Lower lie, {told}."


def elsewhere(like: bool) -> str:
    """The hospitals whose films a film is held against where it has no profile; `like`, see
    :class:`cxr.screening.standing.Ground`."""
    return f"hospitals that {'a network like it' if like else 'it'} had not seen"


def profile(site: Site) -> str:
    """What a hospital's profile does to the scores."""
    moved = (
        "The bars are its head’s, at even odds."
        if site.head is not None
        else "The bars are as shipped; only the threshold is the hospital’s."
    )
    return (
        f"The reading goes by the profile {site.name} ({site.identity[:12]}). {moved} Sets "
        "and operating points of the model as shipped make no promise here."
    )


def own_films(site: Site) -> str:
    """What a profile's threshold did with the films that it was fitted on."""
    told = [
        f"{label} {figure(site.report[name])}"
        for name, label in (
            ("sensitivity", f"{site.positive} called"),
            ("specificity", f"{site.negative} not called"),
        )
        if name in site.report
    ]
    if not told:
        return UNLABELLED if site.kind == "aligned" else ""
    how = "counted on those that chose it" if "threshold" in site.wanted else "out of fold"
    return f"Of your own films, {how}: {', '.join(told)}."


def doubt(site: Site) -> str:
    """That its two piles of films differ by something crude; "" where nothing says so."""
    tripped = [each["what"] for each in site.report.get("shortcuts", ()) if each["trips"]]
    if not tripped:
        return ""
    return (
        f"Its films of {site.positive} and {site.negative} are told apart by something crude too "
        f"({', '.join(tripped)}): the profile may have learnt that, see Hospital."
    )


def operating_point(bundle: Bundle, label: str, probability: float) -> str:
    """On which side of the bundle's own operating point a film lies."""
    point = bundle.operating_points[label]
    side = "above" if probability >= point["threshold"] else "below"
    return (
        f"{label} is {side} its operating point {exact(point['threshold'])}, chosen in hospitals "
        f"that it knows for a sensitivity of {score(point['wanted_sensitivity'])}."
    )


def worth(bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    """Figures of the model as shipped, where it is at home and where it isn't: what, value, and of
    which films, "" where that is said."""
    home = bundle.metrics.get("test") or {}
    if "macro_f1" in home:
        of = f"{home['n']:,} films of the test split"
        yield "Macro-F1, hospitals it knows", figure(home["macro_f1"]), of
    away = bundle.metrics.get("external") or {}
    for place, found in away.items():
        if not isinstance(found, dict) or "t_vs_n_auroc" not in found:
            continue
        yield (
            "T-versus-N AUROC, a hospital it doesn’t know",
            figure(found["t_vs_n_auroc"]),
            f"{site(place)}, {found['n']:,} films; .50 is a coin toss",
        )
        if there := found.get("recall", {}).get("T"):
            called = f"{there['value'] * there['n']:.0f} of {there['n']:,}"
            yield f"T films called T, {site(place)}", called, ""
    if not away:
        yield "In a hospital it doesn’t know", "not measured", ""


def caveat(bundle: Bundle) -> str:
    """What these figures and all scores are, and are not."""
    labels = f"{', '.join(bundle.labels[:-1])} and {bundle.labels[-1]}"
    cut = bundle.preprocessing.cut
    edge = f"It is not shown the outer {percent(round(cut, 3))} at each edge. " if cut else ""
    return (
        f"The network knows {labels} alone: whatever else a picture shows is scored as one of "
        f"them. {edge}Probabilities are calibrated for hospitals that it knows. "
        "A score, never a diagnosis."
    )
