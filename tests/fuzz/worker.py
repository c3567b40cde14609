"""Reads altered files one after the other and says of each what came of it, one line each; an
empty line says that it begins.

A process of its own, since a decoder may hang or crash: a file that takes more than `CPU_SECONDS`
of the processor ends it, whatever runs then.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
from pathlib import Path

from cxr.errors import CxrError
from cxr.imaging.reader import read
from tests.fuzz.files import altered_file
from tests.fuzz.promises import broken_by_film, broken_by_refusal

CPU_SECONDS = 10.0


def outcome(data: bytes) -> tuple[str, str | None]:
    """What `read` makes of the bytes, and what is wrong with that.

    Returns
    -------
    what : str
        "read", the refusal's code, or "escaped".
    fault : str or None
        The promise that was broken; for an exception that is no refusal, where it came from.
    """
    try:
        film = read(data)
        fault = broken_by_film(film)
    except CxrError as refusal:
        return refusal.code, broken_by_refusal(refusal)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "escaped", f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    return "read", fault


def main(seed: int, first: int, stop: int) -> None:
    sys.stdout.write("\n")
    sys.stdout.flush()
    for index in range(first, stop):
        data = altered_file(seed, index)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        said = outcome(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps([index, *said]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
