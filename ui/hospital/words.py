"""What the hospital page says in words."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cxr.site import alignment, thresholds
from cxr.site_profiles.profile import Profile

_BEHIND = "A device, a marker or a date may be behind it"
_MEND = "Take both piles from the same months and the same device, and fit anew."
_ARTICLES = {name: f"the {name}" for name in ("thumbnail", "rim", "corners")}


def log_odds(value: float) -> str:
    """``+1.24``, ``−.30``, ``0``."""
    if abs(value) < 0.005:
        return "0"
    said = f"{abs(value):.2f}".removeprefix("0")
    return f"{'−' if value < 0 else '+'}{said}"


def ladder(numbers: Mapping[str, int], negative: str, positive: str) -> str:
    """What is offered at which number of films, and how far one is, as HTML."""
    least, many = thresholds.LEAST, alignment.LEAST
    n, t, none = numbers.get(negative, 0), numbers.get(positive, 0), numbers.get("", 0)
    steps = [
        (n, least, negative, f"{n}", "a threshold that leaves the wanted share of them alone"),
        (
            min(n, t),
            least,
            f"{negative} and of {positive}",
            f"{n} {negative} and {t} {positive}",
            "a threshold for a sensitivity too, and a last layer (“head”) of your own where it is "
            "ahead beyond doubt",
        ),
    ]
    if not n and not t:
        steps.append(
            (
                none,
                many,
                "",
                f"{none}",
                f"scores moved to known hospitals’, by the share of {positive} that you state: an "
                "assumption",
            )
        )
    lines = "".join(
        f'<li class="{"there" if there >= wanted else "ahead"}"><b>{wanted} films '
        f"{escape(f'of {what}' if what else 'without a label')}</b> <span>{escape(gives)}"
        f"{'' if there >= wanted else f' ({escape(so_far)} so far)'}</span></li>"
        for there, wanted, what, so_far, gives in steps
    )
    return f'<ul class="hospital-ladder">{lines}</ul>'


def rests_on(profile: Profile) -> str:
    """What a profile is made of: ``a head of its own, on 20 N and 20 T``."""
    kind = {
        "threshold": "a threshold",
        "head": "a head of its own and a threshold",
        "aligned": "scores moved to known hospitals’",
    }[profile.kind]
    films = " and ".join(
        f"{number} {label or 'without a label'}"
        for label, number in profile.films.items()
        if number
    )
    return f"{kind}, on {films}"


def chosen_for(profile: Profile) -> str:
    """What its threshold was chosen for."""
    for figure, value in profile.wanted.items():
        if figure == "share":
            return f"a stated {100 * value:g} % of {profile.positive}"
        if figure in ("sensitivity", "specificity"):
            return f"a {figure} of {100 * value:g} %"
    return "a threshold moved by hand"


def date(profile: Profile) -> str:
    """``2026-11-28 13:40``, as it is stored: universal time."""
    return profile.created[:16].replace("T", " ")


def shortcuts(profile: Profile) -> str:
    """What the shortcut check says; "" where there was none."""
    found = profile.report.get("shortcuts")
    if not found:
        return ""
    tripped = [_ARTICLES.get(each["what"], each["what"]) for each in found if each["trips"]]
    if not tripped:
        return (
            "Nothing crude tells the two piles apart as well as the network does: not the "
            "thumbnail, the rim, the corners, nor brightness and sharpness."
        )
    learnt = ", and the head may have learnt that" if profile.head is not None else ""
    if tripped == [_ARTICLES["thumbnail"]]:
        return (
            f"By a thumbnail of 16 × 16 pixels alone {profile.positive} can be told from "
            f"{profile.negative} about as well as by the network: the two piles differ by "
            f"something other than disease, or by disease so large that it shows there{learnt}. "
            f"{_MEND}"
        )
    return (
        "The two piles differ by something other than disease: "
        f"by {_joined(tripped)} alone {profile.positive} can be told from {profile.negative} about "
        f"as well as by the network. {_BEHIND}{learnt}. {_MEND}"
    )


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
