"""The process that takes gradients, the only one outside training that loads TensorFlow.

:class:`cxr.gradients.worker.Worker` starts it as ``python -m cxr.gradients.process`` and
talks to it in frames over standard input and output. It ends as soon as its input does, so it never
outlives whoever started it, however that ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import CxrError
from . import frames

NICE = 10
"""Once started it gives way: the pages of everybody else come before one reader's map."""

Frame = tuple[dict[str, Any], list[NDArray[np.float32]]]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the whole group; the pipe ends
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the frames
    asked: SimpleQueue[Frame] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    with suppress(Exception):  # told with the first answer
        import_module("cxr.gradients.tape")
    if hasattr(os, "nice"):
        os.nice(NICE)
    frames.send(answers, {"ready": True})
    while True:
        frames.send(answers, *_answer(*asked.get()))


def _listen(pipe: BinaryIO, asked: SimpleQueue[Frame]) -> None:
    while True:
        try:
            asked.put(frames.receive(pipe))
        except (EOFError, OSError):
            os._exit(0)  # in the middle of whatever it is at: nobody waits for it any more


def _answer(header: dict[str, Any], arrays: list[NDArray[np.float32]]) -> Frame:
    try:
        from . import tape

        folder, digest, column = Path(header["folder"]), header["digest"], header["column"]
        squares, *added = arrays
        if header["layer"] is None:
            site = (header["maps"], added[0]) if added else None
            found = tape.at_input(folder, digest, squares, column, header["crop"], site)
        else:
            found = tape.at_layer(folder, digest, header["layer"], squares, column)
    except CxrError as refusal:
        told = {"kind": type(refusal).__name__, "code": refusal.code, "message": refusal.message}
        return {"refusal": told}, []
    except Exception as error:
        traceback.print_exc()
        return {"failed": type(error).__name__}, []
    return {}, list(found)


if __name__ == "__main__":
    main()
