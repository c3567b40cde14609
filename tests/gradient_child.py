"""Stands for the gradients' process in tests of whoever asks it: same frames, no TensorFlow.

A question says what becomes of it: it is noted in ``log``, waits ``until`` a file is there, kills
the process (``die``: unless that file is there; ``always``), is refused or fails; else its answer
is the process's number and how many questions it had answered.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from cxr.gradients import frames


def listen(asked: SimpleQueue[Any]) -> None:
    while True:
        try:
            asked.put(frames.receive(sys.stdin.buffer))
        except EOFError:
            os._exit(0)


def main() -> None:
    asked: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=listen, args=(asked,), daemon=True).start()
    frames.send(sys.stdout.buffer, {"ready": True})
    for answered in range(10**9):
        question, arrays = asked.get()
        if "die" in question and not (once := Path(question["die"])).exists():
            once.touch()
            os._exit(1)
        if question.get("always"):
            os._exit(1)
        if "log" in question:
            with Path(question["log"]).open("a") as log:
                log.write(question["name"])
        while "until" in question and not Path(question["until"]).exists():
            time.sleep(0.02)
        if "refuse" in question:
            told = {"kind": "BundleError", "code": question["refuse"], "message": "No."}
            frames.send(sys.stdout.buffer, {"refusal": told})
        elif "fail" in question:
            frames.send(sys.stdout.buffer, {"failed": question["fail"]})
        else:
            numbers = np.array([os.getpid(), answered], np.float32)
            frames.send(sys.stdout.buffer, {}, [numbers, *arrays])


main()
