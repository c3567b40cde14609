"""Reports as one HTML file that needs nothing else; printed, a page each."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from .page import Bar, Page, Picture, page_of
from .record import Report

_STYLE = Path(__file__).parent / "page.css"


def to_html(reports: Iterable[Report]) -> bytes:
    """One file of one report or several, in UTF-8."""
    sheets = "".join(_sheet(page_of(report)) for report in reports)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        # Text in it comes from files and readers; nothing in it may run or fetch.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>CXR Lens report</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body>{sheets}</body></html>\n"
    ).encode()


def _sheet(page: Page) -> str:
    patient = f"<p class='patient'>{escape(page.patient)}</p>" if page.patient else ""
    first = "".join(f"<p>{escape(text)}</p>" for text in page.first)
    verdict = ""
    if page.verdict or page.note:
        verdict = _part("Reader", [page.verdict, page.note])
    facts = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in page.facts)
    return (
        f"<article><header><h1>{escape(page.title)}</h1><p>CXR Lens · {escape(page.made)}</p>"
        f"</header>{patient}<p class='notice'>{escape(page.notice)}</p>"
        f"{f'<div class=first role=note>{first}</div>' if first else ''}"
        f"<div class='pictures'>{''.join(map(_picture, page.pictures))}</div>"
        f"<p class='quiet'>{escape(' '.join(page.map_said))}</p>"
        f"<div class='two'><div>{_scores(page)}{verdict}</div>"
        f"<div>{_part('Input checks', page.checks_said)}{_worth(page)}</div></div>"
        f"<footer><dl>{facts}</dl>"
        f"<p class='notice'>{escape(page.notice)}</p></footer></article>"
    )


def _part(title: str, lines: Iterable[str]) -> str:
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines if text)
    return f"<h2>{escape(title)}</h2>{paragraphs}" if paragraphs else ""


def _picture(picture: Picture) -> str:
    bar = ""
    if picture.bar:
        marks = "".join(f"<span>{escape(mark)}</span>" for mark in picture.marks)
        bar = (
            f"<img class='bar' alt='' src='{escape(picture.bar)}'><div class='marks'>{marks}</div>"
            f"<div class='unit'>{escape(picture.unit)}</div>"
        )
    title = escape(picture.title)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f"<img alt='{title}' src='{escape(picture.address)}'>{bar}</figure>"
    )


def _scores(page: Page) -> str:
    if not page.bars:
        return ""
    stands = ""
    if page.headline:
        stands = (
            f"<p class='headline'>{escape(page.headline)}</p>"
            f"<p class='quiet'>{escape(page.reading)}</p>"
        )
    bars = "".join(map(_bar, page.bars))
    muted = " class='muted'" if page.first else ""
    said = "".join(f"<p class='quiet'>{escape(text)}</p>" for text in page.scores_said)
    return f"<div{muted}><h2>Scores</h2>{stands}<div class='bars'>{bars}</div>{said}</div>"


def _bar(bar: Bar) -> str:
    mark = "" if bar.mark is None else f"<i style='left:{100 * bar.mark:.2f}%'></i>"
    called = " class='called'" if bar.called else ""
    return (
        f"<div{called}><b>{escape(bar.label)}</b> {escape(bar.meaning)}</div>"
        f"<div class='track'><u style='width:{100 * bar.share:.2f}%'></u>{mark}</div>"
        f"<div{called}>{escape(bar.said)}</div>"
    )


def _worth(page: Page) -> str:
    rows = "".join(
        f"<tr><td>{escape(what)}{f'<br><small>{escape(of)}</small>' if of else ''}</td>"
        f"<td>{escape(value)}</td></tr>"
        for what, value, of in page.worth
    )
    return (
        f"<h2>What the scores are worth</h2><table>{rows}</table>"
        f"<p class='quiet'>In brackets: 95 % intervals. {escape(page.caveat)}</p>"
    )
