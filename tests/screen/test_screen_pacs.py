"""Films of a PACS, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dicomweb_server import Server, serving
from pacsfilms import stored, uids
from screening import rows, screen

import cxr
from cxr.batch import engine
from cxr.dicomweb import session
from cxr.dicomweb.settings import VARIABLE
from cxr.worklist.results import Results

JANUARY = "pacs:2026-01-01..2026-01-31"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Three days' films, the last of them in February."""
    monkeypatch.setattr(session, "PAUSE", 0.0)
    with serving() as found:
        days = ("20260130", "20260102", "20260201")
        found.hold(*(stored(study=n, StudyDate=day) for n, day in enumerate(days, 1)))
        monkeypatch.setenv(VARIABLE, found.pacs().url)
        yield found


def path(study: int) -> str:
    return "pacs:" + "/".join(uids(study=study))


def test_the_films_of_some_days_day_by_day(
    server: Server, phantom_model: cxr.Classifier, scored: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    assert screen(JANUARY, out, phantom_model) == 0
    found = rows(out)
    assert [row["path"] for row in found] == [path(2), path(1)]
    assert [row["study"] for row in found] == [uids(study=2)[0], uids(study=1)[0]]
    assert {row["refusal"] for row in found} == {None}
    name, data = Results(out).film(0)
    assert (name, cxr.read(data).sha256) == (path(2), found[0]["sha256"])
    done = len(scored)
    server.hold(stored(number=2, study=2, StudyDate="20260102"))
    assert screen(JANUARY, out, phantom_model) == 0
    assert len(rows(out)) == 3
    assert len(scored) <= done + 1, "the new one, whose pixels are those of the others"


def test_a_film_that_went_is_a_row_and_a_pacs_that_is_down_ends_it(
    server: Server,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out.parquet"
    fetched = engine.Crew.run

    def goes(crew: engine.Crew, *given: object) -> None:
        monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/dicom-web")
        fetched(crew, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(engine.Crew, "run", goes)
        assert screen(JANUARY, out, phantom_model) == 2
    assert "[pacs_down]" in capsys.readouterr().err
    monkeypatch.setenv(VARIABLE, server.pacs().url)

    def removes(crew: engine.Crew, *given: object) -> None:
        del server.held[uids(study=1)[2]]
        fetched(crew, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(engine.Crew, "run", removes)
        assert screen(JANUARY, out, phantom_model) == 0
    assert [row["refusal"] for row in rows(out)] == [None, "not_in_pacs"]


@pytest.mark.parametrize("given", ["pacs:", "pacs:yesterday", "pacs:2026-02-01..2026-01-01"])
def test_days_are_written_as_days(
    given: str,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert screen(given, tmp_path / "out.parquet", phantom_model) == 2
    assert "named by days" in capsys.readouterr().err
