"""A film's input passport on the page: the sentence that outranks any score, and all checks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from cxr.input_checks import CHECKS, Finding, Passport, written

_WHY = {
    "not_chest": "Scores of what is no chest film mean nothing",
    "outside": "Too little like the films that it learnt from for a score to be relied on",
}
"""What comes before any score."""


def before_scores(passport: Passport) -> None:
    """That there is no chest, or that the film is unlike what the model knows; else nothing."""
    first({found.code: found.measured for found in passport.flagged if found.code in _WHY})


def first(measured: Mapping[str, str]) -> None:
    """The same of codes, each with its score and limit; "" where nobody kept them."""
    if not measured:
        return
    title = " · ".join(CHECKS[code].means for code in measured)
    why = (
        f"{_WHY[code]}: {said}." if said else f"{_WHY[code]}." for code, said in measured.items()
    )
    st.html(
        f'<div class="cxr-outside" role="note"><b>{escape(title)}</b>'
        f"<p>{escape(' '.join(why))}</p></div>"
    )


def show(passport: Passport) -> None:
    """What was found in a line; if asked each finding, what could not be checked, every limit.

    That the film is outside what the model knows has been said before its scores.
    """
    flagged = [each for each in passport.flagged if each.code != "outside"]
    short = " · ".join(CHECKS[each.code].means for each in flagged)
    if not short:
        short = f"{len(passport.findings)} checks, none flagged" if not passport.flagged else ""
    if passport.unchecked:
        short = f"{short} · {len(passport.unchecked)} not checked".removeprefix(" · ")
    said = [_sentence(each) for each in flagged]
    if passport.findings and not passport.flagged:
        said = ["They do not tell whether the film’s hospital is one that the model knows."]
    said += [escape(text) for text in passport.unchecked]
    lines = "".join(f"<p>{text}</p>" for text in said)
    if short:
        st.html(
            f'<details class="cxr-quiet"><summary>Passport: {escape(short)}. Why?</summary>{lines}'
            f"{_table(passport.findings)}</details>"
        )


def _sentence(found: Finding) -> str:
    return f"{escape(found.said)} {escape(found.done.capitalize())}."


def _table(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(each.code)}</code></th>"
        f"<td>{written(each.score)}</td><td>{'under' if CHECKS[each.code].below else 'over'} "
        f"{written(each.limit)}</td><td>{escape(CHECKS[each.code].unit)}</td></tr>"
        for each in findings
    )
    head = "<tr><th>check</th><th>found</th><th>flagged</th><th>unit</th></tr>"
    return f"<table class='cxr-checks'>{head}{rows}</table><p>The film was scored as it is.</p>"
