"""A Streamlit script in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from waiting import WAIT_MS

ROOT = Path(__file__).parents[2]
WRONG = ("Uncaught app execution", "Traceback", "does not exist")
"""What no server's log may hold: the last is said of a part of a page that is gone."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    script: Path,
    home: Path,
    folder: Path = ROOT,
    port: int = 0,
    end: signal.Signals = signal.SIGTERM,
    data: Path | None = None,
) -> Iterator[str]:
    """Run `script` in `folder`, which has the settings; gives the address it listens at. Its folder
    of films is `data`.

    The page shows no traceback: what went wrong is told from the log at the end.
    """
    port = port or free_port()
    environment = {**os.environ, "HOME": str(home)}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    for name in ("CXR_DATA", "XDG_DATA_HOME"):
        environment.pop(name, None)
    if data:
        environment["CXR_DATA"] = str(data)
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.headless", "true", "--server.port", str(port)]
    with (home / "log").open("w+") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            yield address
        finally:
            server.send_signal(end)
            server.wait(WAIT_MS / 1000)
        log.seek(0)
        said = log.read()
        assert not [words for words in WRONG if words in said], said[-8000:]


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(WAIT_MS // 100):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except (URLError, OSError):
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
    raise AssertionError("the app did not start")
