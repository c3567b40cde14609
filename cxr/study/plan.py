"""Which films a study shows, in which order, and what call with each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import ReviewError

FEWEST = 4
MOST_WRONG = 0.5


@dataclass(frozen=True)
class Candidate:
    """A film that may be taken.

    Attributes
    ----------
    film : str
        Stands for it in the answers, 64 hexadecimal digits.
    truth, called : str
        The data's label and the model's.
    """

    film: str
    truth: str
    called: str


@dataclass(frozen=True)
class StudyFilm:
    """A film of a study.

    Attributes
    ----------
    film, truth : str
        See :class:`Candidate`.
    advice : str
        The call that the reader is shown.
    seeded : bool
        Whether `advice` was made wrong on purpose; else it is the model's own, right or wrong.
    """

    film: str
    truth: str
    advice: str
    seeded: bool


@dataclass(frozen=True)
class StudyPlan:
    """A study before anybody has read.

    Attributes
    ----------
    study : str
        16 hexadecimal digits, of all that follows: the same films, model, share and seed are the
        same study, so that readers of one class add to one another.
    bundle : str
        The network's sha256.
    labels : tuple of str
        What a reader may say.
    seed : int
    share : float, 0 to .5
        Of the films, with wrong advice.
    cases : tuple of StudyFilm
        In the order that they are read.
    """

    study: str
    bundle: str
    labels: tuple[str, ...]
    seed: int
    share: float
    cases: tuple[StudyFilm, ...]


def make(
    candidates: Sequence[Candidate],
    labels: Sequence[str],
    bundle: str,
    films: int,
    share: float,
    seed: int,
) -> StudyPlan:
    """Plan a study; the same for the same candidates in any order.

    Labels take turns until `films` are chosen, so that a rare one is not left out; the films are
    then shuffled. `share` of them, rounded and at least one unless it is 0, get another label than
    the true one as advice, drawn evenly.

    Parameters
    ----------
    candidates : sequence of Candidate
        Each film once.
    labels : sequence of str
    bundle : str
    films : int
        At most so many.
    share : float, 0 to .5
    seed : int

    Raises
    ------
    ReviewError
        ``too_few_films``.
    """
    if not 0 <= share <= MOST_WRONG:
        raise ValueError(f"at most {MOST_WRONG} of the advice may be wrong on purpose")
    rng = np.random.default_rng(seed)
    chosen = _in_turns(candidates, labels, films, rng)
    if len(chosen) < FEWEST:
        raise ReviewError(
            "too_few_films",
            f"A study needs {FEWEST} films or more whose label is known. Add samples, or name the "
            "data folder.",
        )
    many = max(1, round(share * len(chosen))) if share else 0
    wrong = set(rng.permutation(len(chosen))[:many].tolist())
    cases = tuple(
        StudyFilm(
            c.film, c.truth, _another(c.truth, labels, rng) if i in wrong else c.called, i in wrong
        )
        for i, c in enumerate(chosen)
    )
    parts = [bundle, list(labels), seed, share, [asdict(case) for case in cases]]
    study = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    return StudyPlan(study, bundle, tuple(labels), seed, share, cases)


def _in_turns(
    candidates: Sequence[Candidate], labels: Sequence[str], films: int, rng: np.random.Generator
) -> list[Candidate]:
    waiting = []
    for label in labels:
        here = sorted((c for c in candidates if c.truth == label), key=lambda c: c.film)
        waiting.append([here[i] for i in rng.permutation(len(here))])
    chosen: list[Candidate] = []
    while any(waiting) and len(chosen) < films:
        chosen += [here.pop() for here in waiting if here][: films - len(chosen)]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def _another(truth: str, labels: Sequence[str], rng: np.random.Generator) -> str:
    others = [label for label in labels if label != truth]
    return others[int(rng.integers(len(others)))]
