"""A PostgreSQL server of the tests' own, from Debian's packages, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa


class NoServer(Exception):
    """Why there is none here."""


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).parent
    raise NoServer("no PostgreSQL on this machine: install Debian's package postgresql")


def _as_somebody(folder: Path) -> list[str]:
    """initdb refuses to run as root."""
    if os.geteuid() != 0:
        return []
    if not (change := shutil.which("setpriv")):
        raise NoServer("PostgreSQL does not run as root, and there is no setpriv to step down")
    os.chown(folder, 65534, 65534)
    return [change, "--reuid=65534", "--regid=65534", "--clear-groups"]


@contextmanager
def server() -> Iterator[str]:
    """A running server's URL.

    Raises
    ------
    NoServer
    """
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="pg") as name, socket.socket() as free:
        folder = Path(name)
        become = _as_somebody(folder)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data = folder / "data"
        environment = {**os.environ, "HOME": name, "TZ": "UTC"}

        def run(*command: str) -> None:
            done = subprocess.run(
                [*become, *command],
                cwd=name,
                env=environment,
                stdout=subprocess.DEVNULL,  # the server keeps it open, so it must be no pipe
                stderr=(folder / "err").open("ab"),
            )
            if done.returncode:
                raise NoServer("PostgreSQL did not start: " + (folder / "err").read_text()[-300:])

        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {name} -c fsync=off"
        run(str(programs / "initdb"), "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8")
        control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
        run(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            run(*control, "-m", "immediate", "stop")


def empty(url: str) -> str:
    """The URL of a database of its own on that server."""
    name = f"t{uuid4().hex}"
    driver = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(driver, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return driver.set(drivername="postgresql", database=name).render_as_string()
