"""The database of verdicts: what is confirmed stays, and nothing that stands is changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from reviews import blind, consensus, verdict, withdrawn

from cxr.errors import ReviewError
from cxr.manifest import case_of
from cxr.review import entries
from cxr.review import store as store_module
from cxr.review.entries import LATER, settled, standing
from cxr.review.store import ReviewStore, new_key, setting
from cxr.study.answers import Answer, Answers

ROOT = Path(__file__).parents[1]


@pytest.fixture
def place(empty_database: str) -> str:
    return empty_database


@pytest.fixture
def store(place: str) -> Iterator[ReviewStore]:
    opened = ReviewStore(place)
    yield opened
    opened.close()


def refused(code: str) -> pytest.RaisesExc[ReviewError]:
    return pytest.RaisesExc(ReviewError, check=lambda error: error.code == code)


def test_a_row_comes_back_as_it_was_given(store: ReviewStore) -> None:
    given = verdict(note="Ärger\r\nat the left apex; 100 %", severity="major", reader=" A  B ")
    kept = store.record(given)
    assert kept.note == "Ärger\nat the left apex; 100 %"
    assert kept.reader == "A B"
    assert store.entries() == [kept]
    assert store.entries(reader="A B", bundle=given.bundle) == [kept]
    assert store.entries(reader="nobody") == []


def test_a_form_sent_twice_is_one_row(store: ReviewStore) -> None:
    form = verdict()
    first = store.record(form)
    assert store.record(form) == first
    assert len(store.entries()) == 1
    with refused("key_taken"):
        store.record(replace(form, note="something else"))
    assert store.entries() == [first]


def test_a_form_sent_by_many_at_once_is_one_row(store: ReviewStore) -> None:
    form, kept = verdict(), []
    threads = [threading.Thread(target=lambda: kept.append(store.record(form))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 8
    assert len(set(kept)) == 1
    assert store.entries() == kept[:1]


def test_a_changed_mind_is_a_new_row_and_an_undo_is_another(store: ReviewStore) -> None:
    first = store.record(verdict(verdict="subtle"))
    second = store.record(verdict(verdict="unsure"))
    who = (first.case, "A")
    assert standing(store.entries()) == {who: second}
    undo = store.record(withdrawn(second))
    assert standing(store.entries()) == {who: first}
    store.record(withdrawn(first))
    assert standing(store.entries()) == {}
    assert store.entries()[:3] == [first, second, undo]


def test_only_one_s_own_verdict_can_be_taken_back(store: ReviewStore) -> None:
    kept = store.record(verdict())
    read = store.record(blind())
    elsewhere = replace(withdrawn(kept), hospital="Mbarara", profile="d" * 64)
    others = replace(withdrawn(kept), reader="B")
    for row in (others, elsewhere, withdrawn(read), withdrawn(verdict())):
        with refused("nothing_to_withdraw"):
            store.record(row)
    assert store.entries() == [kept, read]


def test_a_consensus_is_a_row_of_its_own_and_only_of_those_who_judged(store: ReviewStore) -> None:
    for reader in "AB":
        store.record(verdict(reader, verdict="subtle"))
    with refused("not_judged"):
        store.record(consensus("A", "C"))
    kept = store.record(consensus("A", "B", verdict="unsure"))
    assert entries.consensus(store.entries()) == {kept.case: kept}
    assert {who for _, who in standing(store.entries())} == {"A", "B"}, "it is nobody's verdict"
    assert settled(store.entries()) == {(kept.case, "consensus"): kept}
    later = store.record(consensus("B", "A"))
    assert entries.consensus(store.entries()) == {kept.case: later}
    with refused("nothing_to_withdraw"):
        store.record(replace(withdrawn(later), reader="A"))
    store.record(withdrawn(later))
    assert entries.consensus(store.entries()) == {kept.case: kept}
    store.record(withdrawn(kept))
    assert settled(store.entries()) == standing(store.entries())
    assert len(store.entries()) == 6


def test_a_consensus_comes_in_after_the_verdicts_that_it_rests_on(
    store: ReviewStore, tmp_path: Path
) -> None:
    other = ReviewStore(str(tmp_path / "other"))
    for reader in "AB":
        other.record(verdict(reader))
    other.record(consensus("A", "B"))
    rows = other.entries()
    with refused("not_judged"):
        store.take_in(rows[2:])
    assert store.take_in(rows[::-1]) == 3


@pytest.mark.parametrize("name", ["consensus", " Consensus "])
def test_no_reader_is_called_consensus(store: ReviewStore, name: str) -> None:
    for row in (verdict(name), blind(name), consensus("A", "consensus")):
        with refused("reserved_name"):
            store.record(row)


@pytest.mark.parametrize("took_part", ["", "A", "A\nA", "A\n", "A\n B", f"A\n{'x' * 61}"])
def test_a_consensus_is_that_of_two_readers_or_more(store: ReviewStore, took_part: str) -> None:
    store.record(verdict())
    with refused("bad_entry"):
        store.record(replace(consensus("A", "B"), took_part=took_part))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "wrong"},
        {"verdict": ""},
        {"kind": "other"},
        {"case": "0" * 12},
        {"key": "1"},
        {"bundle": "x"},
        {"reader": " "},
        {"reader": "x" * 61},
        {"note": "x" * 4001},
        {"correction": "N"},
        {"withdraws": "0" * 32},
        {"severity": "huge"},
        {"label": "T\0"},
        {"hospital": "Mbarara"},
        {"profile": "d" * 64},
        {"hospital": "two  words", "profile": "d" * 64},
        {"hospital": "Mbarara", "profile": "x"},
        {"took_part": "A\nB"},
    ],
)
def test_what_no_form_gives_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    store = ReviewStore(str(tmp_path / "r"))
    with refused("bad_entry"):
        store.record(replace(verdict(), **change))
    assert store.entries() == []


def test_the_database_itself_refuses_to_change_or_delete(store: ReviewStore, place: str) -> None:
    kept = store.record(verdict())
    name = store_module._entries.name
    statements = [f"UPDATE {name} SET note = 'x'", f"DELETE FROM {name}"]
    if place.startswith("postgresql"):
        url = sa.make_url(place).set(drivername="postgresql+psycopg")
        statements.append(f"TRUNCATE {name}")
    else:
        url = sa.URL.create("sqlite", database=place)
        statements.append(f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}")
    engine = sa.create_engine(url)
    for statement in statements:
        with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never chang"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert store.entries() == [kept]


def test_import_is_whole_or_not_at_all_and_twice_is_once(
    store: ReviewStore, tmp_path: Path
) -> None:
    other = ReviewStore(str(tmp_path / "other"))
    first = other.record(verdict())
    other.record(withdrawn(first))
    rows = other.entries()
    assert store.take_in(rows[::-1]) == 2
    assert store.take_in(rows) == 0
    new = replace(rows[0], key=new_key())
    with refused("key_taken"):
        store.take_in([new, replace(rows[0], note="altered")])
    with refused("bad_entry"):
        store.take_in([new, replace(new, key=new_key(), time="yesterday")])
    assert sorted(store.entries(), key=lambda row: row.time) == rows


def test_several_readers_write_at_once(place: str) -> None:
    def read(reader: str) -> None:
        own = ReviewStore(place)
        for i in range(10):
            own.record(verdict(reader, f"images/{i}.jpg"))
        own.close()

    threads = [threading.Thread(target=read, args=(name,)) for name in "ABC"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = ReviewStore(place)
    assert len(standing(store.entries())) == 30
    store.close()


def test_another_version_s_database_is_refused(store: ReviewStore, place: str) -> None:
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {store_module._schema.name} SET version = 99")
    with refused("other_schema"):
        ReviewStore(place)


@pytest.mark.parametrize(("version", "lacking"), [(1, LATER), (2, LATER[1:])])
def test_an_older_database_gets_the_columns_that_it_lacks(
    store: ReviewStore, place: str, version: int, lacking: tuple[str, ...]
) -> None:
    kept = store.record(verdict())
    with store._database.engine.begin() as connection:
        table = store_module._entries.name
        for name in lacking:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.exec_driver_sql(f"UPDATE {store_module._schema.name} SET version = {version}")
    newer = ReviewStore(place)
    assert newer.entries() == [kept]
    by_profile = {"hospital": "Mbarara", "profile": "d" * 64}
    marked = newer.record(verdict("B", mark=".1000,.2000,.3000,.4000", **by_profile))
    assert newer.entries() == [kept, marked]
    assert newer.entries(profile="d" * 64) == [marked]
    newer.record(verdict("B"))
    newer.record(consensus("A", "B"))
    newer.close()
    again = ReviewStore(place)
    assert len(again.entries()) == 4
    again.close()


def test_what_is_no_database_of_reviews_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"a text that is no database" * 100)
    other = tmp_path / "other"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE patients (name)")
    for path, code in (
        (text, "not_a_store"),
        (other, "not_a_store"),
        (tmp_path / "text" / "below", "store_unavailable"),
        ("mysql://user:secret@host/x", "bad_store_setting"),
        ("postgresql://user:secret@127.0.0.1:1/x", "store_unavailable"),
    ):
        with pytest.raises(ReviewError) as refusal:
            ReviewStore(str(path))
        assert refusal.value.code == code
        assert "secret" not in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)
    assert text.read_bytes() == b"a text that is no database" * 100
    with sqlite3.connect(other) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("patients",)]


def test_a_study_s_answers_are_kept_by_the_same_rules(place: str) -> None:
    said = Answer("a" * 16, "b" * 64, "R", "c" * 64, "N", "T", True, "alone", "N", 4)
    answers = Answers(place)
    kept = answers.keep(said)
    assert answers.keep(replace(said, read="T")) == kept
    assert Answers(place).of(said.study) == [kept]
    with (
        pytest.raises(sa.exc.DatabaseError, match="never changed"),
        answers._database.engine.begin() as connection,
    ):
        connection.exec_driver_sql("UPDATE cxr_study_answers SET read = 'T'")
    assert answers.of(said.study) == [kept]


def test_the_setting_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXR_REVIEW", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Path(setting()) == tmp_path / "cxr-lens" / "review.sqlite3"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert Path(setting()).is_absolute()
    monkeypatch.setenv("CXR_REVIEW", "postgresql://somewhere/x")
    assert setting() == "postgresql://somewhere/x"


def test_the_latest_of_several_models_stands() -> None:
    early = replace(verdict(), time="2026-01-01T00:00:00.000000Z")
    late = replace(verdict(verdict="subtle"), time="2026-01-02T00:00:00.000000Z", bundle="c" * 64)
    assert standing([late, early]) == {(case_of("images/1.jpg"), "A"): late}
    assert standing([late, early], "blind") == {}
