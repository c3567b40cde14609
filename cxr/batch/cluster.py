"""Actors of a Ray cluster that score films, each with the network loaded once.

Plain actors and not Ray Data: docs/scale.md says why. No actor holds more than one film and none is
queued before one, so that is all the back-pressure there is to have. Actors that find no room wait,
and whoever scales the cluster sees them waiting.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..errors import CxrError, ScreenError
from ..model.bundle import MANIFEST
from ..model.classifier import load
from ..model.site_head import Site
from ..screening.assess import shipped_lungs
from ..user_folders import cache_home
from .engine import ENDED, Heard
from .parquet import FORMAT
from .scorer import Answer, Scorer, Stopped

_SECOND = 1.0
_PATIENCE = 10.0
_SHELF = 128 * 2**20
"""Bytes of the object store of a cluster of this machine alone: it holds the network."""


Said = TypeVar("Said")


class _Ready(NamedTuple):
    """What an actor says before its first film: process, node, and :func:`_version` there."""

    process: int
    node: str
    version: tuple[int, str]


class _Actor:
    """A network, on a machine of the cluster."""

    def __init__(
        self,
        files: dict[str, bytes],
        site: Site | None,
        known_hospital: bool,
        given: str,
        home: str,
    ) -> None:
        with suppress(OSError):  # paths are as seen from there, unless they need no such place
            os.chdir(home)
        self._scorer: Scorer | None = None
        self._stopped: Stopped | None = None
        try:
            model = load(_kept(files)).at(site)
            self._scorer = Scorer(model, known_hospital, given)
        except CxrError as error:
            self._stopped = Stopped(error.code, f"On a machine of the cluster: {error.message}")
        except OSError as error:
            self._stopped = Stopped(
                "machine_failed",
                "A machine of the cluster cannot keep the network or open the films "
                f"({error.strerror or type(error).__name__}). Look at its disk, and at CXR_CACHE "
                "there; the same command goes on.",
            )

    def begin(self) -> _Ready | Stopped:
        import ray

        node = ray.get_runtime_context().get_node_id()
        return self._stopped or _Ready(os.getpid(), node, _version())

    def take(self, place: bytes) -> str | Answer | Stopped:
        return self._said(lambda scorer: scorer.take(place))

    def score(self) -> Answer | Stopped:
        return self._said(lambda scorer: scorer.score())

    def _said(self, ask: Callable[[Scorer], Said]) -> Said | Stopped:
        assert self._scorer is not None
        try:
            return ask(self._scorer)
        except ScreenError as error:
            return Stopped(error.code, error.message)


def _kept(files: dict[str, bytes]) -> Path:
    """A bundle's folder in this machine's cache, written once. Its hashes are looked at whenever it
    is loaded."""
    place = cache_home() / "cluster" / sha256(files[MANIFEST]).hexdigest()
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=place.parent))
        for name, data in files.items():
            (part / name).write_bytes(data)
        with suppress(OSError):  # another actor was first
            part.rename(place)
        shutil.rmtree(part, ignore_errors=True)
    return place


class Actors:
    """As :class:`cxr.batch.engine.Workers`; a worker goes by its actor.

    Parameters
    ----------
    address : str or None
        Of a cluster; without one, a Ray that this process is connected to already, or else one of
        this machine alone, which ends with :meth:`close`.
    count : int
        Of workers, which a cluster of this machine has room for.
    folder : Path
        Of the bundle. It goes along to each machine, which keeps it in its cache.
    site : Site or None
    known_hospital : bool
    given : str
        SOURCE, which each machine must see at the same place.

    Raises
    ------
    ScreenError
        ``no_ray``; ``no_cluster``, when the first worker is begun.
    """

    def __init__(
        self,
        address: str | None,
        count: int,
        folder: Path,
        site: Site | None,
        known_hospital: bool,
        given: str,
    ) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing about a run goes elsewhere
        try:
            import ray
        except ModuleNotFoundError as error:
            raise ScreenError(
                "no_ray", "The engine ray needs Ray. Install it with: pip install 'cxr-lens[ray]'"
            ) from error
        self._ray, self._ours = ray, False
        self._address, self._count, self._folder = address, count, folder
        self._rest = site, known_hospital, given, str(Path.cwd())
        self._files: Any = None
        # What is at fault is tried again by the crew, which counts how often.
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Actor)
        self._pending: dict[Any, Any] = {}
        self._began: dict[Any, _Ready] = {}
        self._told: set[str] = set()

    def begin(self) -> Any:
        if self._files is None:
            self._connect()
        actor = self._actor.remote(self._files, *self._rest)
        self._pending[actor] = actor.begin.remote()
        return actor

    def _connect(self) -> None:
        ray, alone = self._ray, self._address is None
        room = {"num_cpus": self._count, "object_store_memory": _SHELF, "include_dashboard": False}
        if not ray.is_initialized():
            try:
                if self._address and (place := re.fullmatch(r"([^:/]+):(\d+)", self._address)):
                    # Ray itself asks for some minutes.
                    socket.create_connection((place[1], int(place[2])), _PATIENCE).close()
                ray.init(
                    address=self._address or "local",
                    configure_logging=False,
                    log_to_driver=False,
                    **(room if alone else {}),
                )
            except (OSError, RuntimeError, ValueError) as error:
                raise ScreenError(
                    "no_cluster",
                    "No Ray cluster answers at this address, or it has another version of Ray or "
                    "Python. Look at it with: ray status",
                ) from error
            self._ours = True
        files = {path.name: path.read_bytes() for path in self._folder.iterdir() if path.is_file()}
        self._files = ray.put(files)

    def take(self, actor: Any, place: bytes) -> None:
        self._pending[actor] = actor.take.remote(place)

    def decide(self, actor: Any, wanted: bool) -> None:
        if wanted:
            self._pending[actor] = actor.score.remote()

    def heard(self, actors: Collection[Any]) -> list[tuple[Any, Heard]]:
        waiting = {self._pending[actor]: actor for actor in actors}
        found, _ = self._ray.wait(list(waiting), num_returns=1, timeout=_SECOND)
        if found:
            found, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        return [(waiting[each], self._message(waiting[each], each)) for each in found]

    def _message(self, actor: Any, pending: Any) -> Heard:
        try:
            found = self._ray.get(pending)
        except self._ray.exceptions.RayError as error:
            self._tell(error)
            return ENDED
        if isinstance(found, _Ready):
            self._began[actor] = found
            if found.version != _version():
                return Stopped(
                    "other_version",
                    "A machine of the cluster has another version of this program, so its rows "
                    "would not be those of this machine. Install the same one on all.",
                )
            return None
        said: Heard = found
        return said

    def _tell(self, error: Exception) -> None:
        """Print what this program raised on another machine, each cause once, whose log is not
        seen here; an actor that was ended from outside has raised nothing."""
        raised = isinstance(error, self._ray.exceptions.RayTaskError)
        cause = str(error).rstrip().rpartition("\n")[2]
        if (raised or getattr(error, "actor_init_failed", False)) and cause not in self._told:
            self._told.add(cause)
            print(error, file=sys.stderr, flush=True)

    def process(self, actor: Any) -> int:
        """The number of an actor's process on its machine."""
        return self._began[actor].process

    def leave(self, actor: Any) -> None:
        # Not left to whoever counts what is still referred to: its place may be waited for.
        actor.__ray_terminate__.remote()
        del self._pending[actor]
        self._began.pop(actor, None)

    def lost(self, actor: Any) -> bool:
        """Also one that Ray can no longer reach: it is not to go on alone."""
        self._kill(actor)
        del self._pending[actor]
        began = self._began.pop(actor, None)
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        return began is None or began.node in alive

    def _kill(self, actor: Any) -> None:
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor, no_restart=True)

    def end(self) -> None:
        for actor in self._pending:
            self._kill(actor)
        self._pending.clear()
        self._began.clear()

    def close(self) -> None:
        if self._ours:
            self._ray.shutdown()


def _version() -> tuple[int, str]:
    """What rows go by besides the network that goes along."""
    lungs = shipped_lungs()
    return FORMAT, lungs.bundle.digest if lungs else ""
