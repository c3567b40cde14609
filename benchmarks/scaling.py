"""How screening grows: with a second worker, by both engines, with the nodes of a cluster, and what
memory it takes as the list of films gets longer.

    python -m benchmarks.scaling [workers] [nodes] [memory] [--films N] [--rounds N] [--many N ...]

Drawn films as for `benchmarks.screen`, by turns. Films a second are wall time, from the moment that
all workers are at work, and as good as the machine is idle. `workers` and `nodes` need Ray, whose
nodes all run on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median

import cxr
from benchmarks.app import load
from benchmarks.harness import ROOT
from benchmarks.screen import KINDS, draw
from cxr.batch.cluster import Actors
from cxr.batch.engine import Crew, Workers
from cxr.batch.local import Processes
from cxr.batch.state import State
from cxr.sources.films import films

ENGINES = ("local", "ray")
SMALL = 15
"""Times as many small films, which take no time else."""


def peak(folder: Path, out: Path) -> tuple[float, float]:
    """Largest resident set of the process that holds the list, and of the largest worker, MiB."""
    code = (
        "import json, resource, sys; from cxr.__main__ import main; main(sys.argv[1:]); "
        "import multiprocessing; [each.join() for each in multiprocessing.active_children()]; "
        "print(json.dumps([resource.getrusage(who).ru_maxrss / 1024 "
        "for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]))"
    )
    command = [sys.executable, "-c", code, "screen", str(folder), "--out", str(out)]
    ours, workers = json.loads(
        subprocess.run(
            command, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.splitlines()[-1]
    )
    return ours, workers


def rate(folder: Path, parts: Path, workers: Workers, count: int) -> float:
    """Films a second, from the moment that all workers are at work; wall time."""
    state = State(parts, {})
    state.set_films(films(str(folder)), lambda first: None)
    crew, seen = Crew(state, workers), list[tuple[float, int]]()

    def tick() -> None:
        if seen or all(member.ready for member in crew._members.values()):
            seen.append((time.perf_counter(), crew.answered))

    try:
        crew.run(count, tick)
    finally:
        workers.close()
        state.close()
    (began, before), (ended, after) = seen[0], seen[-1]
    return (after - before) / (ended - began)


def engine(name: str, folder: Path, address: str, count: int) -> Workers:
    what = cxr.load().bundle.folder, None, False, str(folder)
    return Processes(*what) if name == "local" else Actors(address, count, *what)


def show_workers(home: Path, options: argparse.Namespace) -> None:
    """Both engines with one worker and two, by turns; Ray's cluster is there before they begin."""
    with cluster(1, 2) as address:
        print("| films | " + " | ".join(f"{name}, 2 beside 1" for name in ENGINES), end="")
        print(" | ray beside local, 1 | ray beside local, 2 |\n| --- |" + " ---: |" * 4)
        for n, kind in enumerate(KINDS):
            folder = draw(home / str(n), kind, options.films * (SMALL if kind == KINDS[0] else 1))
            found: dict[tuple[str, int], list[float]] = defaultdict(list)
            for turn in range(options.rounds):
                for name, count in product(ENGINES, (1, 2)):
                    parts = home / f"{n}-{turn}-{name}-{count}"
                    workers = engine(name, folder, address, count)
                    found[name, count].append(rate(folder, parts, workers, count))
            pairs = [((name, 2), (name, 1)) for name in ENGINES]
            pairs += [(("ray", count), ("local", count)) for count in (1, 2)]
            cells = " | ".join(_ratio(found[one], found[other]) for one, other in pairs)
            print(f"| {kind} | {cells} |", flush=True)


def show_nodes(home: Path, options: argparse.Namespace) -> None:
    """A Ray cluster of one node of one CPU, of two and of four, on this machine."""
    folder = draw(home / "films", KINDS[0], options.films * SMALL)
    rates: dict[int, list[float]] = defaultdict(list)
    for turn, nodes in product(range(options.rounds), (1, 2, 4)):
        with cluster(nodes, 1) as address:
            workers = engine("ray", folder, address, nodes)
            rates[nodes].append(rate(folder, home / f"{turn}-{nodes}", workers, nodes))
    for nodes in (2, 4):
        print(f"{nodes} nodes beside one: {_ratio(rates[nodes], rates[1])}")


def _ratio(ours: list[float], theirs: list[float]) -> str:
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"{median(each):.2f} ({min(each):.2f}–{max(each):.2f})"


@contextmanager
def cluster(nodes: int, cpus: int) -> Iterator[str]:
    """Its address. Nodes of Ray, all on this machine."""
    from ray.cluster_utils import Cluster

    os.environ.update(RAY_AUTH_MODE="disabled", RAY_USAGE_STATS_ENABLED="0", PYTHONPATH=str(ROOT))
    node = {"num_cpus": cpus, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(nodes - 1):
            found.add_node(**node)
        yield found.address
    finally:
        found.shutdown()


def show_memory(home: Path, options: argparse.Namespace) -> None:
    """Drawn films that all differ, of 256 pixels."""
    for count in options.many:
        folder = draw(home / f"many{count}", KINDS[0], count)
        began = time.perf_counter()
        ours, workers = peak(folder, home / f"{count}.parquet")
        state = home / f"{count}.parquet.parts" / "state.sqlite3"
        print(
            f"{count:,} films: {ours:.0f} MiB in the process that holds the list, "
            f"{workers:.0f} MiB in a worker; {state.stat().st_size / count:.0f} bytes of state and "
            f"{(home / f'{count}.parquet').stat().st_size / count:.0f} of the table a film; "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )


PARTS = {"workers": show_workers, "nodes": show_nodes, "memory": show_memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; or all")
    parser.add_argument("--films", type=int, default=20, help="of the large kinds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, nargs="*", default=[1000, 10_000], help="for memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for part in options.parts or PARTS:
            home = Path(name) / part
            home.mkdir()
            PARTS[part](home, options)
    print(load())


if __name__ == "__main__":
    main()
