"""A folder that films are written to while it is watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import screening
from films import dicom, film, jpeg, png
from screening import rows, screen

import cxr
from cxr.batch import run
from cxr.sources import films as source
from cxr.sources.watch import Looks

ROOT = Path(__file__).parents[2]


def names(looks: Looks) -> list[str]:
    return [os.path.basename(os.fsdecode(each.place)) for each in looks.whole()]  # noqa: PTH119


def test_a_file_is_whole_when_two_looks_find_it_the_same(tmp_path: Path) -> None:
    looks = Looks(str(tmp_path), frozenset())
    (tmp_path / "grows").write_bytes(b"half")
    assert not looks.another()
    with (tmp_path / "grows").open("ab") as file:
        file.write(b" and whole")
    (tmp_path.parent / "moved").write_bytes(b"whole")
    (tmp_path.parent / "moved").rename(tmp_path / "moved")
    assert not looks.another()
    assert names(looks) == []
    assert looks.another()
    assert names(looks) == ["grows", "moved"]
    assert not looks.another()
    (tmp_path / "moved").write_bytes(b"anew!")
    os.utime(tmp_path / "moved", ns=(1, 1))
    assert names(looks) == ["grows"], "changed since the look"
    assert looks.another()
    assert names(looks) == ["grows"]


@pytest.mark.parametrize("kind", ["png", "jpeg", "dicom"])
def test_a_half_written_film_has_no_score(kind: str) -> None:
    pixels = film(256, 256)
    data = {"png": png, "jpeg": jpeg, "dicom": dicom}[kind](pixels)
    with pytest.raises(cxr.UnreadableFile):
        cxr.read(data[: len(data) // 2])


def during(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """Let these happen between the looks; then a key is pressed."""
    left = iter(acts)

    def sleep(seconds: float) -> None:
        act = next(left, None)
        if act is None:
            raise KeyboardInterrupt
        act()

    monkeypatch.setattr(run, "sleep", sleep)


def nothing() -> None:
    pass


def test_films_that_come_are_scored_once_and_the_table_is_that_of_one_run(
    phantom_model: cxr.Classifier,
    scored: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "out.parquet"
    inbox.mkdir()

    def comes(name: str, seed: int) -> Callable[[], object]:
        return lambda: (inbox / name).write_bytes(screening.chest(seed))

    def seen(count: int) -> Callable[[], None]:
        def look() -> None:
            assert len(rows(out)) == count

        return look

    def half() -> None:
        whole = screening.chest(5)
        (inbox / "h.png").write_bytes(whole[: len(whole) // 2])

    def refused() -> None:
        assert [row["refusal"] for row in rows(out)] == [None, None, None, "damaged"]
        (inbox / "h.png").write_bytes(screening.chest(5))

    steps = [comes("d.png", 1), comes("e.png", 2), nothing, seen(2)]
    steps += [comes("a.png", 3), nothing, seen(3), half, nothing, refused, nothing, nothing]
    during(monkeypatch, *steps)
    assert screen(inbox, out, phantom_model, "--watch") == 130
    assert "4 of 4 films are done" in capsys.readouterr().err
    assert [row["refusal"] for row in rows(out)] == [None] * 4
    assert len(scored) == len(set(scored)) == 4
    assert screen(inbox, tmp_path / "whole.parquet", phantom_model) == 0
    assert (tmp_path / "whole.parquet").read_bytes() == out.read_bytes()


def test_an_empty_folder_leaves_the_table_and_only_folders_are_watched(
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, away = tmp_path / "out.parquet", tmp_path / "away"

    def goes() -> None:
        folder.rename(away)
        folder.mkdir()

    during(monkeypatch, nothing, goes, nothing, nothing)
    assert screen(folder, out, phantom_model, "--watch", "1") == 130
    assert len(rows(out)) == 11
    (tmp_path / "list.csv").write_text("image\n")
    for given, seconds in ((tmp_path / "list.csv", "1"), (away, "0"), (away, "nan")):
        assert screen(given, tmp_path / "other.parquet", phantom_model, "--watch", seconds) == 2
        assert "[bad_request]" in capsys.readouterr().err


def test_killed_while_it_watches_it_goes_on_and_scores_nothing_twice(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    inbox, out, log = tmp_path / "inbox", tmp_path / "out.parquet", tmp_path / "log"
    inbox.mkdir()
    films = [Path(os.fsdecode(each.place)) for each in source.films(str(folder))]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    at = ["--out", str(out), "--model", str(phantom_model.bundle.folder), "--watch", "0.2"]
    command = [sys.executable, str(ROOT / "tests" / "screening.py"), "0", str(log), str(inbox), *at]
    done = 0
    for ending, count in ((signal.SIGKILL, 5), (signal.SIGKILL, 9), (signal.SIGINT, len(films))):
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number, film_path in enumerate(films[done:count], done):
            (inbox / f"{number:02}").write_bytes(film_path.read_bytes())
        done = count
        deadline = time.monotonic() + 300
        while not out.exists() or len(rows(out)) < count:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(ending)
        assert process.wait(300) == (130 if ending == signal.SIGINT else -ending)
    assert len(log.read_text().split()) == screening.SCORED
    assert screen(inbox, tmp_path / "whole.parquet", phantom_model) == 0
    assert (tmp_path / "whole.parquet").read_bytes() == out.read_bytes()
