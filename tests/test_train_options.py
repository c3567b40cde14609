"""The command line of ``python -m train``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from train import __main__, cli, reports
from train.options import COMMANDS, parsed

ROOT = Path(__file__).parents[1]
DOCUMENTED = sorted(
    {
        line.rstrip("`. ")
        for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
        for line in re.findall(r"python -m train ([a-z-]+ [^`\n>|]+)", path.read_text())
        if "…" not in line and "--" in line
    }
)


def parse(line: str | list[str]) -> object:
    return parsed("train", "", line.split() if isinstance(line, str) else line)


def test_there_are_documented_commands() -> None:
    assert len(DOCUMENTED) > 20


@pytest.mark.parametrize("line", DOCUMENTED)
def test_documented_commands_are_taken(line: str) -> None:
    assert parse(re.sub("'[^']*'", "(a)", line))


@pytest.mark.parametrize(
    "line",
    [
        "robustness --data D --out O --trials 3",
        "robustness --data D --out O --like manifest.csv",
        "fit --recipe r --data D --out O --k 5",
        "card --out O --data D",
        "calibrate --out O x.keras",
        "folds --recipe r --data D --k 2",
        "prepare --out O",
        "sites --recipe r --data D",
        "",
    ],
)
def test_what_a_command_does_not_take_is_refused(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(line)
    assert stop.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_command_is_known_by_its_earlier_name() -> None:
    assert parse("rivals a b") == parse("compare a b")


def test_each_command_has_its_function_and_its_line_of_help() -> None:
    for name in COMMANDS:
        found = [getattr(room, name.replace("-", "_"), None) for room in (cli, reports)]
        assert sum(map(callable, found)) == 1
        assert f"python -m train {name} " in (__main__.__doc__ or "")


def test_a_folder_without_runs_has_no_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["ledger", "--runs", str(tmp_path)]) == 2
    assert "[no_run]" in capsys.readouterr().err
