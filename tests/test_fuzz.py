"""Three thousand altered files, and whether the hunt for bad ones would find one. More files:
``python -m tests.fuzz``."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import zlib

import pytest

from tests.fuzz.files import altered_file
from tests.fuzz.hunt import ROOT, hunt
from tests.fuzz.promises import codes
from tests.fuzz.seeds import APART, SEEDS, SIDE, seed_file
from tests.fuzz.worker import outcome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the worker needs setitimer")

FAULTY = """
import os, sys, time
from tests.fuzz import worker
from cxr.errors import UnreadableFile

def read(data, numbers=iter(range(int(sys.argv[2]), 99))):
    number = next(numbers)
    if number == 1: raise KeyError("escapes")
    if number == 2: os.abort()
    while number == 3: pass
    if number == 4: time.sleep(999)
    if number == 5: raise UnreadableFile("no_such_code", "A sentence that is long enough.")
    if number == 6: print("a patient's name", file=sys.stderr)
    raise UnreadableFile("damaged", "A sentence that is long enough.") from None

worker.read, worker.CPU_SECONDS = read, 0.2
worker.main(*map(int, sys.argv[1:]))
"""


def test_altered_files_are_read_or_refused() -> None:
    report = hunt(0, 0, 3_000)
    assert not report.findings, "\n".join(map(str, report.findings))
    assert report.printed == ""
    assert report.outcomes.total() == 3_000
    # Alterations that all fail at the first check would prove nothing.
    assert report.outcomes["read"] > 750
    assert len(set(report.outcomes) & codes()) > 10


def test_the_hunt_finds_what_escapes_crashes_hangs_and_breaks_promises() -> None:
    report = hunt(0, 0, 8, worker=("-c", FAULTY), patience=5)
    faults = [(finding.index, finding.fault) for finding in report.findings]
    assert faults == [
        (1, "escaped: KeyError at <string>:8"),
        (2, "crashes the process (-6)"),
        (3, "hangs"),
        (4, "hangs"),
        (5, "no_such_code: code"),
    ]
    assert report.printed == "a patient's name\n"
    assert report.outcomes == {"damaged": 3, "escaped": 1, "no_such_code": 1}


def test_a_finding_holds_the_bytes_that_did_it() -> None:
    (finding,) = hunt(0, 1, 2, worker=("-c", FAULTY)).findings
    packed = str(finding).rpartition(" ")[2]
    assert zlib.decompress(base64.b85decode(packed)) == altered_file(0, 1)
    assert altered_file(0, 1) != altered_file(1, 1)


def test_the_process_that_reports_makes_the_files_that_were_read() -> None:
    code = (
        "from hashlib import sha256; from tests.fuzz.files import altered_file;"
        "print(sha256(b''.join(altered_file(5, i) for i in range(600))).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", [*SEEDS, *APART])
def test_what_files_are_made_from_is_read(name: str) -> None:
    assert SIDE <= 64
    assert outcome(seed_file(name)) == ("read", None)
