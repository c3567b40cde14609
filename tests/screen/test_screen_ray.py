"""The engine that scores on a Ray cluster: two nodes on this machine, started once."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from screening import rows, screen, times

import cxr
from cxr.batch import cluster as cluster_module
from cxr.batch import engine
from cxr.batch.cluster import Actors
from cxr.sources import films as source

ROOT = Path(__file__).parents[2]
wants_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: make ray")
pytestmark = pytest.mark.usefixtures("lungs_looked_for")  # an actor looks for them


def free_port() -> int:
    """One that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: int = server.getsockname()[1]
    return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One CPU on each of two nodes; this process is connected to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else a token is written to the user's home
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("CXR_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")  # no actor ends for what others hold
        import ray
        from ray.cluster_utils import Cluster

        shelf = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
        found = Cluster(
            initialize_head=True,
            head_node_args={**shelf, "dashboard_agent_listen_port": free_port()},
        )
        found.add_node(**shelf)
        ray.init(address=found.address, log_to_driver=False, configure_logging=False)
        yield found
        ray.shutdown()
        found.shutdown()


@pytest.fixture
def local_table(folder: Path, phantom_model: cxr.Classifier, tmp_path: Path) -> bytes:
    """By the other engine."""
    assert screen(folder, tmp_path / "local.parquet", phantom_model) == 0
    return (tmp_path / "local.parquet").read_bytes()


@wants_ray
def test_an_actor_that_is_killed_and_a_node_that_goes_cost_nothing(
    folder: Path,
    phantom_model: cxr.Classifier,
    local_table: bytes,
    cluster: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    wanted, heard, kept = engine.Crew._wanted, Actors.heard, list[str]()
    left = {"actor", "node"}
    second = {node.node_id for node in cluster.worker_nodes}

    def fatal(crew: engine.Crew, member: Any, mark: str) -> bool:
        """On each node the first that is told to score is gone."""
        found = wanted(crew, member, mark)
        assert isinstance(crew._workers, Actors)
        began = crew._workers._began[member.worker]
        what = "node" if began.node in second else "actor"
        if found and what in left:
            left.remove(what)
            if what == "node":
                cluster.remove_node(*cluster.worker_nodes)
            else:
                os.kill(began.process, signal.SIGKILL)
        return found

    def together(actors: Actors, asked: Collection[Any]) -> Any:
        """Nobody is given a film before both are there."""
        found = heard(actors, asked)
        while left == {"actor", "node"} and len(actors._began) < 2:
            found += heard(actors, [each for each in asked if each not in dict(found)])
        return found

    monkeypatch.setattr(Actors, "heard", together)
    monkeypatch.setattr(engine.Crew, "_wanted", fatal)
    keep = engine.Crew._keep

    def noted(crew: engine.Crew, member: Any, *given: Any) -> None:
        kept.append(member.sha256)
        keep(crew, member, *given)

    monkeypatch.setattr(engine.Crew, "_keep", noted)
    out = tmp_path / "ray.parquet"
    assert screen(folder, out, phantom_model, "--engine", "ray") == 0
    assert not left, "both have ended"
    assert out.read_bytes() == local_table
    marks = [mark for mark in kept if mark]
    assert len(marks) == len(set(marks))
    lines = {line["sha256"]: line for line in times(out)}
    assert lines.keys() == {row["sha256"] for row in rows(out)}
    assert all(line["ms_read"] and line["ms_decode"] for line in lines.values())


@wants_ray
def test_a_run_that_is_killed_on_a_cluster_is_ended_by_either_engine(
    folder: Path, phantom_model: cxr.Classifier, local_table: bytes, cluster: Any, tmp_path: Path
) -> None:
    out, log = tmp_path / "out.parquet", tmp_path / "log"
    at = ["--out", str(out), "--model", str(phantom_model.bundle.folder)]
    asked = [str(folder), *at, "--engine", "ray", "--address", cluster.address]
    code = "import sys, screening; sys.exit(screening.main())"
    ended = subprocess.run(
        [sys.executable, "-c", code, "12", str(log), *asked],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not out.exists()
    assert screen(folder, out, phantom_model) == 0
    assert out.read_bytes() == local_table
    assert screen(folder, out, phantom_model, "--engine", "ray") == 0
    assert out.read_bytes() == local_table


@wants_ray
def test_a_machine_that_does_not_see_the_films_says_so(
    folder: Path,
    phantom_model: cxr.Classifier,
    cluster: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("cxr.batch.run.kind_of", lambda given: "folder")
    monkeypatch.setattr("cxr.batch.run.films", lambda *_: source.films(str(folder)))
    out = tmp_path / "out.parquet"
    assert screen(tmp_path / "elsewhere", out, phantom_model, "--engine", "ray") == 2
    assert "On a machine of the cluster: There is nothing" in capsys.readouterr().err


@wants_ray
def test_where_no_cluster_answers_that_is_said(
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    at = "--engine", "ray", "--address", f"127.0.0.1:{free_port()}"
    assert screen(folder, tmp_path / "out.parquet", phantom_model, *at) == 2
    assert "[no_cluster]" in capsys.readouterr().err


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Actors:
    """Actors of a Ray that is none: what is heard of each is what is raised."""

    class RayError(Exception):
        actor_init_failed = False

    class RayTaskError(RayError):
        pass

    def get(error: Exception) -> None:
        raise error

    found = ModuleType("ray")
    found.remote = lambda **_: lambda actor: actor  # type: ignore[attr-defined]
    found.get = get  # type: ignore[attr-defined]
    found.exceptions = SimpleNamespace(  # type: ignore[attr-defined]
        RayError=RayError, RayTaskError=RayTaskError
    )
    monkeypatch.setitem(sys.modules, "ray", found)
    return Actors(None, 1, tmp_path, None, False, "films")


def test_a_mistake_on_another_machine_is_told_once_and_the_end_of_an_actor_is_not(
    drawn: Actors, capsys: pytest.CaptureFixture[str]
) -> None:
    said = drawn._ray.exceptions
    first, again, other = (
        said.RayTaskError(f"ray::_Actor.take() (pid={pid})\n  File …\n{cause}")
        for pid, cause in ((1, "TypeError: a"), (2, "TypeError: a"), (3, "KeyError: 'b'"))
    )
    began = said.RayError("The actor died.\nray::_Actor.__init__()\nValueError: c")
    began.actor_init_failed = True
    for error in (first, again, other, said.RayError("The actor died."), began):
        assert drawn._message("actor", error) is engine.ENDED
    told = capsys.readouterr().err
    assert told == f"{first}\n{other}\n{began}\n"


def test_a_machine_that_cannot_keep_the_network_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(files: dict[str, bytes]) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    monkeypatch.setattr(cluster_module, "_kept", full)
    monkeypatch.chdir(tmp_path)
    found = cluster_module._Actor({}, None, False, "films", str(tmp_path))._stopped
    assert found is not None
    assert found.code == "machine_failed"
    assert "(No space left on device)" in found.message


def test_without_ray_a_sentence_says_what_to_install(
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert screen(folder, tmp_path / "out.parquet", phantom_model, "--engine", "ray") == 2
    assert "pip install 'cxr-lens[ray]' [no_ray]" in capsys.readouterr().err
    assert screen(folder, tmp_path / "out.parquet", phantom_model, "--address", "auto") == 2
    assert "[bad_request]" in capsys.readouterr().err
    assert screen(folder, tmp_path / "out.parquet", phantom_model) == 0
    assert len(rows(tmp_path / "out.parquet")) == 11
