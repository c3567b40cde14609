"""How soon the page Worklist shows a table of many films, and what it holds in memory.

    python -m benchmarks.worklist [--rows N] [--rounds N]

A table of N rows is drawn with the columns, parts and summary of ``python -m cxr screen``. Each
round is a process of its own, as the server is one: it shows the page with a table of a hundred
rows, then with the large one, then its next page, then a filter. Streamlit's own test harness runs
the page, so what a browser takes is not counted. Told are the median and span of wall time, what
the process holds beside the small table, and its peak. Linux alone: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

import cxr
from benchmarks.app import ROOT, load, resident
from cxr.batch import parquet, table_rows
from cxr.input_checks import CODES

FEW = 100
REFUSED = 50
"""One film of so many."""


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.worklist")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--show", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.show:
        print(json.dumps(shown(*asked.show)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        small, large = Path(scratch) / "small.parquet", Path(scratch) / "large.parquet"
        draw(small, FEW)
        draw(large, asked.rows)
        found = [round_of(small, large) for _ in range(asked.rounds)]
        print(f"{asked.rows:,} rows, {large.stat().st_size / 1e6:.0f} MB")
    for name in found[0]:
        values = [each[name] for each in found]
        print(f"{name}: {median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
    print(load())


def draw(path: Path, count: int) -> None:
    """A table as a run of the default network writes it."""
    model = cxr.load()
    schema = parquet.schema_of(model, False, "drawn")
    counts = parquet.ScreeningCounts(films=count)
    with pq.ParquetWriter(path, schema) as writer:
        for begin in range(0, count, parquet.SHARD):
            rows = part(model, begin, min(parquet.SHARD, count - begin))
            counts.refusals.update(filter(None, rows["refusal"]))
            counts.flags.update(filter(None, rows["flags"]))
            writer.write_table(pa.table({**empty(schema, len(rows["path"])), **rows}, schema))
        writer.add_key_value_metadata({parquet.SUMMARY: json.dumps(counts.told())})


def empty(schema: pa.Schema, count: int) -> dict[str, list[None]]:
    return {name: [None] * count for name in schema.names}


def part(model: cxr.Classifier, begin: int, count: int) -> dict[str, list[Any]]:
    """So many films from this number on."""
    rng = np.random.default_rng(begin)
    numbers = range(begin, begin + count)
    scored = np.arange(begin, begin + count) % REFUSED != 0

    def where(values: Any) -> list[Any]:
        return [value if s else None for value, s in zip(values, scored, strict=True)]

    logits = rng.normal(0, 1.5, (count, len(model.labels)))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    pair = table_rows.pair_of(model) or (model.labels[0], model.labels[-1])
    first, second = (model.labels.index(label) for label in pair)
    return {
        "path": [f"vans/2026-{n % 12 + 1:02}/film-{n:09}.dcm" for n in numbers],
        "sha256": [sha256(str(n).encode()).hexdigest() for n in numbers],
        "study": [f"2.25.{n}" for n in numbers],
        "view": np.array(["PA", "AP"])[rng.integers(0, 2, count)].tolist(),
        "format": ["DICOM"] * count,
        "refusal": [None if s else "not_chest" for s in scored],
        "flags": where(np.array(["", "outside", "child"])[rng.integers(0, 3, count)].tolist()),
        **{f"check_{code}": where(rng.random(count).tolist()) for code in CODES},
        "label": where(np.array(model.labels)[logits.argmax(1)].tolist()),
        **{f"logit_{x}": where(logits[:, k].tolist()) for k, x in enumerate(model.labels)},
        **{f"p_{x}": where(p[:, k].tolist()) for k, x in enumerate(model.labels)},
        "log_odds": where((logits[:, first] - logits[:, second]).tolist()),
        "network": [model.bundle.digest] * count,
    }


def round_of(small: Path, large: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.worklist", "--show", str(small), str(large)]
    own = {**os.environ, "HOME": str(small.parent)}  # its audit log is not the user's
    done = subprocess.run(command, cwd=ROOT, env=own, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def shown(small: str, large: str) -> dict[str, float]:
    """Seconds and MB of one process."""
    from streamlit.testing.v1 import AppTest

    os.environ["CXR_SCREEN"] = small
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()
    at.session_state["accepted"] = True
    at.switch_page("pages/worklist.py").run()
    before = resident(os.getpid())

    def taken(step: Callable[[], Any]) -> float:
        began = perf_counter()
        step()
        spent = perf_counter() - began
        assert not at.exception
        return spent

    def press() -> None:
        next(each for each in at.button if each.label == "Next").click().run()

    def narrow() -> None:
        next(each for each in at.number_input if each.label == "Log-odds from").set_value(1.0).run()

    def stands(which: str) -> None:
        assert any(which in str(each.value) for each in at.get("html")), which

    again = taken(at.run)
    os.environ["CXR_SCREEN"] = large
    rows = f"{pq.read_metadata(large).num_rows:,}"
    first = taken(at.run)
    stands(f"of {rows} films")
    following = taken(press)
    stands("51–")
    narrowed = taken(narrow)
    assert not any(f"of {rows} films" in str(each.value) for each in at.get("html"))
    return {
        "page with a hundred rows, drawn again, s": again,
        "page with the table, first time, s": first,
        "its next page, s": following,
        "log-odds from 1, s": narrowed,
        "held beside the small table, MB": resident(os.getpid()) - before,
        "peak of the process, MB": peak(),
    }


def peak() -> float:
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()
