"""A film's input passport on the page: the sentence that outranks any score, and all checks."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.passport import CHECKS, Finding, Passport, written
from ui.words import flag


def outside(passport: Passport) -> None:
    """That the film is unlike what the model knows, before any score of it."""
    (found,) = (each for each in passport.flagged if each.code == "outside")
    st.html(
        '<div class="cxr-outside" role="note"><b>Outside what this model knows</b>'
        "<p>Too little like the films that it learnt from for a score to be relied on: "
        f"{escape(found.measured)}.</p></div>"
    )


def show(passport: Passport) -> None:
    """What was found, what could not be checked, and each check with its limit if asked for.

    That the film is outside what the model knows has been said before its scores.
    """
    said = [_sentence(each) for each in passport.flagged if each.code != "outside"]
    if passport.findings and not passport.flagged:
        said = [
            f"{len(passport.findings)} checks, none flagged. They do not tell whether the film’s "
            "hospital is one that the model knows."
        ]
    said += [escape(text) for text in passport.unchecked]
    lines = "".join(f"<p>{text}</p>" for text in said)
    st.html(
        '<div class="cxr-heading">Input passport</div>'
        f'<div class="cxr-quiet">{lines}{_table(passport.findings)}</div>'
    )


def _sentence(found: Finding) -> str:
    check = CHECKS[found.code]
    return f"{escape(check.means)}: {escape(found.measured)}."


def _table(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    rows = "".join(
        f"<tr><th scope='row'>{escape(flag(each.code))}</th>"
        f"<td>{written(each.score)}</td><td>{'under' if CHECKS[each.code].below else 'over'} "
        f"{written(each.limit)}</td><td>{escape(CHECKS[each.code].unit)}</td></tr>"
        for each in findings
    )
    head = "<tr><th>check</th><th>found</th><th>flagged</th><th>unit</th></tr>"
    return (
        f"<details><summary>All checks</summary><table class='cxr-checks'>{head}{rows}</table>"
        "<p>Nothing was changed in the film.</p></details>"
    )
