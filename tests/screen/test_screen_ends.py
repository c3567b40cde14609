"""Processes that end, and a run that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import screening
from screening import rows, screen, times

import cxr
from cxr.batch import engine, local, scorer
from cxr.batch.summary import progress

ROOT = Path(__file__).parents[2]


def test_a_film_that_ends_its_process_is_refused_and_the_others_are_not(
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The worker hangs up over one film, each time that it gets it."""
    fatal = cxr.read(folder / "1.png").sha256
    noted = scorer.assess

    def deadly(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        if film.sha256 == fatal:
            raise SystemExit
        return noted(film, model)

    monkeypatch.setattr(scorer, "assess", deadly)
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    found = {Path(row["path"]).name: row["refusal"] for row in rows(out)}
    assert found["1.png"] == found["again1.png"] == "crashed"
    assert [found[f"{n}.png"] for n in (0, 2, 3, 4)] == [None] * 4


def test_a_film_that_ends_one_process_is_tried_again_and_its_copies_with_it(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker hangs up once, after another has met the same bytes."""
    (tmp_path / "films").mkdir()
    for name in ("0.png", "1.png"):
        (tmp_path / "films" / name).write_bytes(screening.chest(0))
    noted, wanted, met = scorer.assess, engine.Crew._wanted, threading.Event()
    ends, met_first = iter([True]), list[bool]()

    def meeting(crew: engine.Crew, *given: Any) -> bool:
        found = wanted(crew, *given)
        if not found:
            met.set()
        return found

    def deadly(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        if next(ends, False):
            met_first.append(met.wait(60))
            raise SystemExit
        return noted(film, model)

    monkeypatch.setattr(engine.Crew, "_wanted", meeting)
    monkeypatch.setattr(scorer, "assess", deadly)
    out = tmp_path / "out.parquet"
    assert screen(tmp_path / "films", out, phantom_model) == 0
    assert met_first == [True]
    first, second = rows(out)
    assert first["refusal"] is None
    assert {**first, "path": ""} == {**second, "path": ""}


@pytest.mark.parametrize(
    ("workers", "ends", "status"),
    [(1, engine.STARTS - 1, 0), (1, engine.STARTS, 2), (engine.STARTS + 1, engine.STARTS + 1, 0)],
)
def test_workers_that_end_before_their_first_film_are_replaced_but_not_for_ever(
    workers: int,
    ends: int,
    status: int,
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first so many hang up at once, as where a machine goes on which all of them begin."""
    left = iter([True] * ends)

    def begin(*given: Any) -> Any:
        works = (lambda *_: None) if next(left, False) else local.work
        return screening.in_a_thread(*given, work=works)

    monkeypatch.setattr(local, "begin", begin)
    out = tmp_path / "out.parquet"
    assert screen(folder, out, phantom_model, "--workers", str(workers)) == status
    assert ("[worker_lost]" in capsys.readouterr().err) == bool(status)
    assert out.exists() == (not status)


def test_it_stops_at_a_key_and_goes_on(
    folder: Path,
    phantom_model: cxr.Classifier,
    scored: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep = engine.Crew._keep

    def pressed(crew: engine.Crew, *given: Any) -> None:
        keep(crew, *given)
        raise KeyboardInterrupt

    out = tmp_path / "results.parquet"
    with monkeypatch.context() as patched:
        patched.setattr(engine.Crew, "_keep", pressed)
        assert screen(folder, out, phantom_model, "--workers", "1") == 130
    assert "Stopped; 1 of 11 films" in capsys.readouterr().err
    assert not out.exists()
    assert screen(folder, out, phantom_model) == 0
    assert len(scored) <= screening.SCORED + 1
    assert len(rows(out)) == 11


def test_killed_at_any_point_it_ends_with_the_same_bytes(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    whole, out, log = (tmp_path / name for name in ("whole.parquet", "out.parquet", "log"))
    assert screen(folder, whole, phantom_model) == 0
    points = np.random.default_rng(19)
    at = ["--out", str(out), "--model", str(phantom_model.bundle.folder), "--workers", "1"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    kills, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL and kills < 20:
        point = int(points.integers(8, 24))
        asked = [str(ROOT / "tests" / "screening.py"), str(point), str(log), str(folder), *at]
        status = subprocess.run(
            [sys.executable, *asked],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=False,
        ).returncode
        kills += status == -signal.SIGKILL
    assert status == 0
    assert kills >= 2
    assert out.read_bytes() == whole.read_bytes()
    assert [line["path"] for line in times(out)] == [line["path"] for line in times(whole)]
    # Only what was in its hands at that moment is scored again.
    assert len(log.read_text().split()) <= screening.SCORED + kills


@pytest.mark.usefixtures("lungs_looked_for")
def test_its_processes_end_with_it_and_another_goes_on(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    """Real processes, killed where they happen to be."""
    out = tmp_path / "out.parquet"
    model = str(phantom_model.bundle.folder)
    command = [sys.executable, "-m", "cxr", "screen", str(folder), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--model", model], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    wal = Path(f"{out}.parts") / "state.sqlite3-wal"
    deadline = time.monotonic() + 300
    while process.poll() is None and not wal.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(np.random.default_rng().uniform(0, 2))
    process.kill()
    # A worker holds this pipe as long as it lives: it is read to its end when all have ended.
    process.communicate(timeout=300)
    done = subprocess.run([*command, "--model", model], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    whole = tmp_path / "whole.parquet"
    assert screen(folder, whole, phantom_model) == 0
    assert rows(out) == rows(whole)


def test_progress_says_how_fast_and_how_long() -> None:
    assert progress(0, 5, 10, 3.0) == "5 of 10 films"
    assert progress(100, 0, 1000, 10.0) == "100 of 1,000 films, 10 films a second, 90 s left"
    assert progress(1000, 500, 100_000, 100.0).endswith("10 films a second, 2 h 44 min left")
