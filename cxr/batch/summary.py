"""What a run came to, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..notice import NOTICE
from .scores import LEAST, Comparison

if TYPE_CHECKING:
    from .engine import Crew
    from .parquet import ScreeningCounts

_WIDE = 30
"""Signs of the longest bar."""


def lines(counts: ScreeningCounts, out: str) -> Iterator[str]:
    """What is in the table."""
    yield f"{out}: {counts.films:,} films"
    for title, found in (
        ("decisions", counts.decisions),
        ("flagged", counts.flags),
        ("refused", counts.refusals),
    ):
        if found:
            told = ", ".join(f"{name} {n:,}" for name, n in sorted(found.items()))
            yield f"{title}: {told}"
    if counts.without_frontal:
        yield f"studies with lateral films and no frontal one: {counts.without_frontal:,}"
    if counts.scores:
        yield from compared(counts.scores, counts.pair)
    yield NOTICE


def compared(scores: Comparison, pair: tuple[str, str]) -> Iterator[str]:
    """The histogram of the scores beside that of known films, and whether they have drifted."""
    mix = ", ".join(f"{label} {share:.2f}" for label, share in scores.shares.items())
    yield (
        f"log-odds {pair[0]} against {pair[1]} of {scores.films:,} films (#), and of {scores.of} "
        f"(|) in the mix that is most like them ({mix}; no prevalence)"
    )
    most = max(*scores.run, *scores.known)
    for n, (run, known) in enumerate(zip(scores.run, scores.known, strict=True)):
        name = f"up to {scores.edges[n]:+.1f}" if n < len(scores.edges) else "above"
        bar = list(f"{'#' * round(_WIDE * run / most):{_WIDE + 1}}")
        bar[round(_WIDE * known / most)] = "|"
        yield f"  {name:>12} {run:6.3f} {known:6.3f}  {''.join(bar).rstrip()}"
    yield verdict(scores)


def verdict(scores: Comparison) -> str:
    """Whether they have drifted, in a sentence."""
    if scores.films < LEAST:
        return f"drift: not asked of fewer than {LEAST} scored films"
    told = f"furthest apart {scores.distance:.3f}, limit {scores.limit:.3f}"
    if not scores.alarm:
        return f"drift: none found ({told})"
    return (
        f"DRIFT: these scores are no mix of {scores.of} ({told}). Another hospital, device or "
        "preprocessing, or other people: read some of the films before you use the table."
    )


def speed(crew: Crew, elapsed: float) -> str:
    """What this command did, how fast, and its slowest stage."""
    if not crew.answered:
        return "now: nothing, all was done before"
    stages = sorted(crew.seconds, key=lambda stage: -crew.seconds[stage])
    told = ", ".join(f"{stage} {crew.seconds[stage]:.1f} s" for stage in stages)
    return (
        f"now: {crew.answered:,} films, {crew.scored:,} of them worked out, in {lasting(elapsed)}, "
        f"{rate(crew.answered, elapsed)}; slowest stage: {stages[0]} ({told}, all processes "
        "together)"
    )


def progress(answered: int, before: int, total: int, elapsed: float) -> str:
    """How far it is, how fast, and how long it will take.

    Parameters
    ----------
    answered, before : int
        Films done since this command began, and before.
    total : int
    elapsed : float
        Seconds since it began.
    """
    line = f"{before + answered:,} of {total:,} films"
    if not answered:
        return line
    left = (total - before - answered) * elapsed / answered
    return f"{line}, {rate(answered, elapsed)}, {lasting(left)} left"


def rate(films: int, seconds: float) -> str:
    return f"{films / max(seconds, 1e-9):.3g} films a second"


def lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
