"""A study's plan, its answers and its figures."""

from __future__ import annotations

import csv
import io
import math
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxr.errors import ReviewError
from cxr.notice import NOTICE
from cxr.study import figures, plan
from cxr.study.answers import Answer, Answers
from cxr.study.export import to_csv
from cxr.study.plan import Candidate, StudyPlan

LABELS = ("N", "P", "T")
BUNDLE = "b" * 64


def candidates(n: int = 30) -> list[Candidate]:
    return [Candidate(f"{i:064x}", LABELS[i % 5 % 3], LABELS[i % 3]) for i in range(n)]


def planned(films: int = 20, share: float = 0.2, seed: int = 1) -> StudyPlan:
    return plan.make(candidates(), LABELS, BUNDLE, films, share, seed)


def answer(
    made: StudyPlan, place: int, stage: str, read: str, sure: int, reader: str = "R"
) -> Answer:
    case = made.cases[place]
    known = (case.film, case.truth, case.advice, case.seeded)
    return Answer(made.study, BUNDLE, reader, *known, stage, read, sure)


def test_a_plan_follows_from_its_seed_alone() -> None:
    shuffled = [candidates()[i] for i in np.random.default_rng(3).permutation(30)]
    assert plan.make(shuffled, LABELS, BUNDLE, 20, 0.2, 1) == planned()
    assert planned(seed=2).cases != planned().cases
    assert planned(seed=2).study != planned().study
    assert planned(share=0.3).study != planned().study


@pytest.mark.parametrize(("share", "wrong"), [(0.0, 0), (0.01, 1), (0.2, 4), (0.5, 10)])
def test_so_many_calls_are_wrong_on_purpose_and_the_rest_are_the_models(
    share: float, wrong: int
) -> None:
    made = planned(share=share)
    called = {c.film: c.called for c in candidates()}
    assert sum(case.seeded for case in made.cases) == wrong
    for case in made.cases:
        assert case.advice in LABELS
        assert (case.advice != case.truth) if case.seeded else case.advice == called[case.film]


def test_labels_take_turns_and_no_film_comes_twice() -> None:
    made = planned(films=9)
    assert sorted(case.truth for case in made.cases) == sorted(LABELS * 3)
    whole = planned(films=99)
    assert len({case.film for case in whole.cases}) == len(whole.cases) == 30


def test_too_few_films_are_refused() -> None:
    with pytest.raises(ReviewError) as caught:
        plan.make(candidates(3), LABELS, BUNDLE, 20, 0.2, 1)
    assert caught.value.code == "too_few_films"


@pytest.fixture
def store(tmp_path: Path) -> Answers:
    return Answers(tmp_path / "new" / "study.sqlite3")


def test_what_was_said_first_stays(store: Answers) -> None:
    made = planned()
    first = store.keep(answer(made, 0, "alone", "N", 4))
    assert store.keep(answer(made, 0, "alone", "T", 1)) == first
    other = store.keep(answer(made, 0, "alone", "T", 1, reader="Q"))
    aided = store.keep(answer(made, 0, "aided", "P", 2))
    assert store.of(made.study) == [first, other, aided]
    assert store.of("0" * 16) == []


def test_a_double_click_from_many_threads_is_one_row(store: Answers) -> None:
    one = answer(planned(), 0, "alone", "N", 4)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(store.keep, [one] * 24))
    assert len(set(kept)) == len(store.of(one.study)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cxr_study_answers SET read = 'T'",
        "DELETE FROM cxr_study_answers",
        "INSERT OR REPLACE INTO cxr_study_answers SELECT * FROM cxr_study_answers",
    ],
)
def test_the_database_itself_refuses_to_change_a_row(
    store: Answers, tmp_path: Path, statement: str
) -> None:
    kept = store.keep(answer(planned(), 0, "alone", "N", 4))
    connection = sqlite3.connect(tmp_path / "new" / "study.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        connection.execute(statement)
    connection.close()
    assert store.of(kept.study) == [kept]


@pytest.mark.parametrize(
    "wrong",
    [
        {"stage": "aided"},  # before the read alone
        {"stage": "later"},
        {"confidence": 6},
        {"read": ""},
        {"reader": " "},
        {"reader": "x" * 61},
        {"film": "../film.png"},
        {"seeded": True, "truth": "N", "advice": "N"},
    ],
)
def test_what_no_form_gives_is_refused(store: Answers, wrong: dict) -> None:
    with pytest.raises(ReviewError) as caught:
        store.keep(replace(answer(planned(), 0, "alone", "N", 4), **wrong))
    assert caught.value.code == "bad_entry"
    assert store.of(planned().study) == []


def test_a_file_of_an_earlier_version_is_read_and_gone_on_with(tmp_path: Path) -> None:
    first = replace(answer(planned(), 0, "alone", "N", 4), time="2026-01-01T00:00:00.000+00:00")
    names = list(asdict(first))
    with closing(sqlite3.connect(tmp_path / "old")) as connection, connection:
        connection.execute(
            "CREATE TABLE cxr_study_answers (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            f"{', '.join(f'{name} NOT NULL' for name in names)}, "
            "UNIQUE (study, reader, film, stage))"
        )
        connection.execute(
            f"INSERT INTO cxr_study_answers ({', '.join(names)}) VALUES ({', '.join('?' * 11)})",
            tuple(asdict(first).values()),
        )
    store = Answers(tmp_path / "old")
    assert store.of(first.study) == [first]
    assert store.keep(replace(first, read="T")) == first
    aided = store.keep(replace(first, stage="aided", confidence=2))
    assert store.of(first.study) == [first, aided]


def test_another_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(b"no database at all, but long enough to look at")
    with pytest.raises(ReviewError) as caught:
        Answers(tmp_path / "film.png")
    assert caught.value.code == "not_a_store"
    assert (tmp_path / "film.png").read_bytes().startswith(b"no database")
    with pytest.raises(ReviewError) as caught:
        Answers(tmp_path / "film.png" / "below.sqlite3")
    assert caught.value.code == "store_unavailable"


def cohort(made: StudyPlan, readers: int, seed: int = 0) -> list[Answer]:
    """Readers who see most, and who follow advice three times in four."""
    rng = np.random.default_rng(seed)
    said = []
    for reader in range(readers):
        for place, case in enumerate(made.cases):
            alone = case.truth if rng.random() < 0.7 else LABELS[rng.integers(3)]
            aided = case.advice if rng.random() < 0.75 else alone
            for stage, read in (("alone", alone), ("aided", aided)):
                sure = int(rng.integers(1, 6))
                said.append(answer(made, place, stage, read, sure, reader=f"R{reader}"))
    return said


def test_figures_are_those_of_the_definitions() -> None:
    made = plan.make(candidates(60), LABELS, BUNDLE, 60, 0.2, 1)
    said = cohort(made, 1)
    found = figures.compare(figures.pairs(said), LABELS)
    for stage in ("alone", "aided"):
        rows = [a for a in said if a.stage == stage]
        for label in LABELS:
            is_label = np.array([a.truth == label for a in rows])
            called = np.array([a.read == label for a in rows])
            sure = np.array([a.confidence if a.read == label else -a.confidence for a in rows])
            for figure, expected in (
                ("sensitivity", called[is_label].mean()),
                ("specificity", (~called[~is_label]).mean()),
                ("auc", roc_auc_score(is_label, sure)),
            ):
                estimate = getattr(found[figure, label], stage)
                assert estimate.value == pytest.approx(expected)
                assert estimate.low <= estimate.value <= estimate.high
    both = found["auc", "T"]
    assert both.gain.value == pytest.approx(both.aided.value - both.alone.value)


def test_several_readers_are_averaged_and_widen_the_intervals() -> None:
    made = planned()
    said = cohort(made, 4)
    each = [
        figures.compare(figures.pairs([a for a in said if a.reader == f"R{i}"]), LABELS)
        for i in range(4)
    ]
    together = figures.compare(figures.pairs(said), LABELS)
    for figure in ("sensitivity", "auc"):
        mean = np.mean([one[figure, "N"].alone.value for one in each])
        assert together[figure, "N"].alone.value == pytest.approx(mean)
    # Four readers who say exactly the same know no more than one does.
    same = [replace(a, reader=f"R{i}") for i in range(4) for a in said if a.reader == "R0"]
    copies = figures.compare(figures.pairs(same), LABELS)
    for key, one in each[0].items():
        np.testing.assert_allclose(copies[key].alone.low, one.alone.low)
        np.testing.assert_allclose(copies[key].alone.high, one.alone.high)


def test_a_label_without_films_has_no_sensitivity() -> None:
    two = [c for c in candidates() if c.truth != "T"]
    made = plan.make(two, LABELS, BUNDLE, 12, 0, 1)
    found = figures.compare(figures.pairs(cohort(made, 1)), LABELS)
    assert math.isnan(found["sensitivity", "T"].alone.value)
    assert math.isnan(found["auc", "T"].alone.value)
    assert not math.isnan(found["specificity", "T"].alone.value)


def test_over_reliance_counts_wrong_calls_that_were_followed() -> None:
    made = planned(films=20, share=0.5)
    seeded = [place for place, case in enumerate(made.cases) if case.seeded]
    said = []
    for place, case in enumerate(made.cases):
        follows = place in seeded[:6]
        knew = place not in seeded[:2]  # two had said the wrong label by themselves
        said.append(answer(made, place, "alone", case.truth if knew else case.advice, 3))
        said.append(answer(made, place, "aided", case.advice if follows else case.truth, 3))
    read = figures.pairs(said)
    found = figures.reliance(read, seeded=True)
    assert (found.films, found.followed, found.turned) == (10, 6, 4)
    assert found.share.value == pytest.approx(0.6)
    assert 0 < found.share.low < 0.6 < found.share.high < 1
    own = figures.reliance(read, seeded=False)
    mistakes = sum(c.advice != c.truth for c in made.cases if not c.seeded)
    assert (own.films, own.followed) == (mistakes, 0)


def test_films_read_only_once_do_not_count() -> None:
    made = planned()
    said = [answer(made, 0, "alone", "N", 3), answer(made, 1, "alone", "N", 3)]
    said.append(answer(made, 1, "aided", "N", 3))
    assert [pair.alone.film for pair in figures.pairs(said)] == [made.cases[1].film]


def test_the_table_holds_every_answer_and_the_notice() -> None:
    said = [replace(answer(planned(), 0, "alone", "N", 4), reader="=HYPERLINK(1)", time="now")]
    (row,) = csv.DictReader(io.StringIO(to_csv(said).decode("utf-8-sig")))
    assert row["notice"] == NOTICE
    assert (row["reader"], row["read"], row["confidence"]) == ("'=HYPERLINK(1)", "N", "4")
    assert row["seeded"] == str(int(said[0].seeded))
