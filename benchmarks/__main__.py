"""Measure the claims against peers, by turns in one run, and print ratios as a table.

    python -m benchmarks [process gradcam occlusion forward] [--model DIR] [--film FILE]
                         [--rounds N] [--repeats N] [--write]

The first run installs the peers into benchmarks/.venv (about 2 GB). With --write the table also
goes to benchmarks/results.md; raw numbers are in benchmarks/out/. About ten minutes on two quiet
cores. Exit status 1: a peer's answer was not ours, so that its ratio compares unequal work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import venv
from datetime import date
from importlib.metadata import version
from pathlib import Path

from . import forward, gradcam, harness, occlusion, process
from .case import BenchmarkCase
from .harness import HERE, OUT, ROOT, THREADS, Findings, PeerAgreement, Plan, Row

CLAIMS = {
    "process": process.measure,
    "gradcam": gradcam.measure,
    "occlusion": occlusion.measure,
    "forward": forward.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Ratios against peers.")
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"{', '.join(CLAIMS)}; or all")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default", metavar="DIR")
    parser.add_argument("--film", type=Path, default=ROOT / "samples" / "child-01.jpg")
    parser.add_argument("--rounds", type=int, default=5, help="turns, each a fresh process")
    parser.add_argument("--repeats", type=int, default=10, help="of one Grad-CAM in a process")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results.md")
    asked = parser.parse_args()
    if unknown := set(asked.claims) - set(CLAIMS):
        parser.error(f"no claim {', '.join(sorted(unknown))}; there are {', '.join(CLAIMS)}")
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The machine is busy (load {load:.1f}): ratios will be uncertain.", file=sys.stderr)
    _install_peers()
    case, about = _case(asked.model, asked.film)
    plan = Plan(max(1, asked.rounds), max(1, asked.repeats))
    found = []
    for name in asked.claims or CLAIMS:
        print(f"{name}:", file=sys.stderr, flush=True)
        found.append(CLAIMS[name](case, plan))
    lengths = f"{plan.rounds} turns, {plan.repeats} repeats; load before the run {load:.1f}."
    text = _report(found, [*about, lengths])
    print(text)
    if asked.write:
        (HERE / "results.md").write_text(text, encoding="utf-8")
    return 0 if all(each.holds for one in found for each in one.agreements) else 1


def _install_peers() -> None:
    """Make the peers' environment, again only when their list has changed."""
    wanted = HERE / "requirements.txt"
    installed = HERE / ".venv" / "requirements.installed"
    if installed.is_file() and installed.read_bytes() == wanted.read_bytes():
        return
    print("installing the peers into benchmarks/.venv", file=sys.stderr, flush=True)
    venv.create(HERE / ".venv", clear=True, with_pip=True)
    pip = [harness.PEERS, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--no-deps", "-r", str(wanted)], check=True)
    installed.write_bytes(wanted.read_bytes())


def _case(model: Path, film: Path) -> tuple[BenchmarkCase, list[str]]:
    """Write the case for the measured processes, and say what it is."""
    OUT.mkdir(exist_ok=True)
    model, film = model.resolve(), film.resolve()
    command = [harness.OURS, "-m", "benchmarks.ours.prepare", str(model), str(film)]
    answer = harness.run([*command, str(OUT / "square.npy")]).answer
    harness.CASE.write_text(json.dumps(answer["case"]))
    case = BenchmarkCase(**answer["case"])
    height, width = answer["shape"]
    network = f"Network {model.name}, {answer['sha256'][:12]}"
    return case, [f"{network}; film {film.name}, {height}×{width}; class {case.label}."]


def _report(found: list[Findings], about: list[str]) -> str:
    rows = [row for each in found for row in each.rows]
    agreements = [a for each in found for a in each.agreements]
    notes = [note for each in found for note in each.notes]
    arguments = " ".join(Path(a).name if a.startswith("/") else a for a in sys.argv[1:])
    lines = [
        "# Benchmarks",
        "",
        f"{date.today().isoformat()}, `python -m benchmarks {arguments}`".rstrip("` ") + "`.",
        f"{_cpu()}, {os.cpu_count()} cores, {platform.system()}; threads: {THREADS} for LiteRT, "
        "every core for TensorFlow.",
        _versions(),
        *about,
        "",
    ]
    if rows:
        lines += ["| claim | ours | peer | ratio (single turns) | goal | |", "|" + " --- |" * 6]
        lines += [*map(_table_line, rows), ""]
    if notes:
        lines += [*(f"- {note}" for note in notes), ""]
    if agreements:
        lines += ["Same work:", "", *map(_agreement_line, agreements), ""]
    return "\n".join(lines)


def _table_line(row: Row) -> str:
    goal = f"{row.goal:g}×" if row.goal else ""
    met = ("met" if row.ratio >= row.goal else "**missed**") if row.goal else ""
    ratio = f"{row.ratio:.1f}× ({row.low:.1f}–{row.high:.1f})"
    return f"| {row.claim} | {row.ours} | {row.peer} | {ratio} | {goal} | {met} |"


def _agreement_line(each: PeerAgreement) -> str:
    return f"- {each.what}: {each.value}{'' if each.holds else ' — **NOT THE SAME WORK**'}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.is_file() else ():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def _versions() -> str:
    ours = ", ".join(f"{name} {version(name)}" for name in ("ai-edge-litert", "numpy"))
    pins = dict(
        line.split("==")
        for line in (HERE / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    theirs = ", ".join(f"{n} {pins[n]}" for n in ("tensorflow_cpu", "keras", "xplique", "numpy"))
    return f"Python {platform.python_version()}. Ours: {ours}. Peers: {theirs}."


if __name__ == "__main__":
    sys.exit(main())
