"""What was measured of a profile when it was fitted, in words and tables."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.metrics.bootstrap import Estimate
from cxr.site_profiles.profile import Profile
from ui.base.formatting import percent
from ui.hospital import words
from ui.metrics.blocks import heading, numbers, quiet, ranged, said, share, table

FIGURES = {"sensitivity": "Sensitivity", "specificity": "Specificity"}


def labelled(profile: Profile) -> None:
    """What was measured of a profile that rests on labelled films."""
    st.html(heading(f"Fitted: {words.rests_on(profile)}"))
    st.html(_areas(profile) + _why(profile))
    _check(profile)


def _figure(found: dict[str, float]) -> Estimate:
    return Estimate(**found)


def _areas(profile: Profile) -> str:
    named = {
        "shipped_area": f"AUROC of {profile.positive} against {profile.negative}, as shipped",
        "head_area": "with a head of your own",
        "gain": "gained by it",
    }
    there = {
        said: ranged(_figure(profile.report[name]))
        for name, said in named.items()
        if name in profile.report
    }
    return numbers(there) if there else ""


def _why(profile: Profile) -> str:
    report = profile.report
    told = [escape(report["why"])] if report.get("why") else []
    if report.get("outside"):
        left = report["left_out"]
        told.append(
            f"{report['outside']} of the films lie outside what the model knows; "
            f"{'they were' if left else 'none was'} left out. [outside]"
        )
    if report.get("aside"):
        told.append(f"{report['aside']} films of another label, or without one, stand aside.")
    return quiet(" ".join(told)) if told else ""


def _check(profile: Profile) -> None:
    """The shortcut check in words, its figures behind them."""
    if not (told := words.shortcuts(profile)):
        return
    found = profile.report["shortcuts"]
    if any(each["trips"] for each in found):
        st.html(f'<div class="cxr-outside"><p>{escape(told)}</p></div>')
    else:
        st.html(quiet(escape(told)))
    with st.expander("Shortcut check"):
        lines = [
            (
                escape(each["what"].capitalize())
                + (" <small>as good as the network</small>" if each["trips"] else ""),
                ranged(_figure(each["area"])),
                ranged(_figure(each["behind"])),
            )
            for each in found
        ]
        head = ("Looked at alone", "AUROC out of fold", "Network ahead by")
        st.html(table(head, lines))


def more(profile: Profile) -> str:
    """How wide intervals would be of more films, as HTML."""
    area = "head_area" if profile.head else "shipped_area"
    names = {"sensitivity": "sensitivity", "specificity": "specificity", "area": area}
    now = {
        name: figure["high"] - figure["low"]
        for name, of in names.items()
        if (figure := profile.report.get(of))
    }
    lines = [("as now", *(share(width, 2) for width in now.values()))]
    lines += [
        (f"{each['films']:g} more", *(share(each[name], 2) for name in now))
        for each in profile.report["more"]
    ]
    return (
        heading("How many more films?")
        + table(("Of each label", *({**FIGURES, "area": "AUROC"}[name] for name in now)), lines)
        + quiet("Width of the 95 % interval, were the figure the same.")
    )


def aligned(profile: Profile) -> None:
    """A profile that rests on films without labels: an assumption, beside what it hangs on."""
    positive = escape(profile.positive)
    stated = profile.wanted["share"]
    report = profile.report
    st.html(heading(f"Fitted: {words.rests_on(profile)}"))
    lines = [("as shipped", ranged(_figure(report["called_shipped"])))]
    for each in report["called_at"]:
        at = percent(round(each["share"], 4))
        called = Estimate(each["value"], each["low"], each["high"])
        lines.append((f"<b>{at}</b>" if each["share"] == stated else at, ranged(called)))
    st.html(
        said(
            f"An assumption, not a measurement: nothing here can check that {percent(stated)} of "
            f"these films are {positive}. Label ten films of {escape(profile.negative)} and a "
            "threshold is measured instead."
        )
        + table((f"Were this share {positive}", f"Called {positive}, out of fold"), lines)
        + _why(profile)
    )
