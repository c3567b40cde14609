"""How far readers agree beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .entries import CONSENSUS, Entry


@dataclass(frozen=True)
class ReaderPair:
    """Two readers on the cases that both have read.

    Attributes
    ----------
    kappa, observed : float
        Cohen's kappa; the share of cases on which they agree. NaN where undefined.
    """

    first: str
    second: str
    cases: int
    observed: float
    kappa: float


@dataclass(frozen=True)
class Agreement:
    """Of all readers.

    Attributes
    ----------
    pairs : tuple of ReaderPair
        Every two readers that share a case, the most cases first.
    cases, readers : int
        Cases read by two or more, and by how many in all.
    kappa : float
        Fleiss' kappa over those cases; NaN where undefined.
    """

    pairs: tuple[ReaderPair, ...]
    cases: int
    readers: int
    kappa: float


def agreement(answers: Mapping[tuple[str, str], str]) -> Agreement:
    """Compare readers.

    Parameters
    ----------
    answers : mapping of (case, reader) to the reader's answer
    """
    by_reader: dict[str, dict[str, str]] = {}
    by_case: dict[str, list[str]] = {}
    for (case, reader), answer in answers.items():
        by_reader.setdefault(reader, {})[case] = answer
        by_case.setdefault(case, []).append(answer)
    shared = [given for given in by_case.values() if len(given) > 1]
    kinds = sorted(set(answers.values()))
    counts = [[given.count(kind) for kind in kinds] for given in shared]
    return Agreement(
        tuple(sorted(_pairs(by_reader), key=lambda pair: -pair.cases)),
        len(shared),
        len({reader for case, reader in answers if len(by_case[case]) > 1}),
        fleiss_kappa(np.array(counts, int).reshape(len(shared), len(kinds))),
    )


def with_consensus(
    answers: Mapping[tuple[str, str], str], agreed: Mapping[str, str]
) -> tuple[ReaderPair, ...]:
    """Each reader beside the consensus, the most cases first.

    Parameters
    ----------
    answers : as of :func:`agreement`
    agreed : mapping of case to the answer that its readers came to
    """
    by_reader: dict[str, dict[str, str]] = {}
    for (case, reader), answer in answers.items():
        by_reader.setdefault(reader, {})[case] = answer
    pairs = [_pair(name, CONSENSUS, given, agreed) for name, given in sorted(by_reader.items())]
    return tuple(sorted((pair for pair in pairs if pair), key=lambda pair: -pair.cases))


def _pairs(by_reader: Mapping[str, Mapping[str, str]]) -> Iterable[ReaderPair]:
    for first, second in combinations(sorted(by_reader), 2):
        if pair := _pair(first, second, by_reader[first], by_reader[second]):
            yield pair


def _pair(
    first: str, second: str, one: Mapping[str, str], two: Mapping[str, str]
) -> ReaderPair | None:
    """None where they share no case."""
    both = [case for case in one if case in two]
    if not both:
        return None
    a, b = [one[case] for case in both], [two[case] for case in both]
    observed = float(np.mean([x == y for x, y in zip(a, b, strict=True)]))
    return ReaderPair(first, second, len(both), observed, cohen_kappa(a, b))


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Cohen 1960: (observed − expected) / (1 − expected) agreement of two readers.

    Parameters
    ----------
    first, second : sequence of str
        Their answers, case by case.

    Returns
    -------
    float, −1 to 1; NaN without a case, or where both give one and the same answer throughout, so
    that chance alone explains it all.
    """
    if len(first) != len(second):
        raise ValueError("each case needs both readers' answers")
    if not first:
        return float("nan")
    kinds = sorted({*first, *second})
    a = np.array([[x == kind for kind in kinds] for x in first], float)
    b = np.array([[x == kind for kind in kinds] for x in second], float)
    return _beyond_chance(float((a * b).sum(1).mean()), float(a.mean(0) @ b.mean(0)))


def fleiss_kappa(counts: NDArray[np.integer]) -> float:
    """Fleiss 1971, and where cases have different numbers of readers its generalisation (Gwet,
    Handbook of Inter-Rater Reliability, 2014, chapter 2), which is the same where they have one.

    Parameters
    ----------
    counts : int (cases, answers)
        How many readers gave each answer; two or more readers a case.

    Returns
    -------
    float, −1 to 1; NaN without a case, or where one answer was given throughout.
    """
    if not len(counts):
        return float("nan")
    readers = counts.sum(1)
    if readers.min() < 2:
        raise ValueError("each case needs two readers")
    agreeing = (counts * (counts - 1)).sum(1) / (readers * (readers - 1))
    shares = (counts / readers[:, None]).mean(0)
    return _beyond_chance(float(agreeing.mean()), float(shares @ shares))


def _beyond_chance(observed: float, expected: float) -> float:
    return float("nan") if expected > 1 - 1e-12 else (observed - expected) / (1 - expected)


def votes(standing: Mapping[tuple[str, str], Entry]) -> dict[str, Counter[tuple[str, str]]]:
    """Case → how many readers hold each verdict, with the right label where one was given."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for (case, _), entry in standing.items():
        found.setdefault(case, Counter())[entry.verdict, entry.correction] += 1
    return found


def verdicts(standing: Mapping[tuple[str, str], Entry]) -> dict[tuple[str, str], str]:
    """What :func:`agreement` compares: the verdicts."""
    return {who: entry.verdict for who, entry in standing.items()}


def reads(standing: Mapping[tuple[str, str], Entry]) -> dict[tuple[str, str], str]:
    """What :func:`agreement` compares: the labels that readers gave."""
    return {who: entry.read for who, entry in standing.items()}
