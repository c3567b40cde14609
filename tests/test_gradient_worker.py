"""The gradients' own process: that it is one, and what becomes of it and of those who ask."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import film, png
from networks import small_network

import cxr
from cxr.errors import Cancelled
from cxr.gradients import frames
from cxr.gradients.worker import WORKER, Worker
from cxr.imaging.preprocessing import Preprocessing
from cxr.model.bundle import manifest_values, write_manifest

CHILD = [sys.executable, str(Path(__file__).with_name("gradient_child.py"))]
ROOT = Path(__file__).parents[1]

Start = Callable[..., Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Workers whose process is the one of gradient_child.py."""
    workers = []

    def started(**options: float) -> Worker:
        workers.append(Worker(CHILD, **options))
        return workers[-1]

    yield started
    for worker in workers:
        if worker.pid is not None:
            os.kill(worker.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        # One that has ended and was not waited for counts as ended.
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def soon(true: Callable[[], object]) -> None:
    """Wait until something holds; a loaded machine is slow, not wrong."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """A thread that does something, and what came of it."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def test_what_is_sent_arrives(rng: np.random.Generator) -> None:
    arrays = [rng.random(shape, np.float32) for shape in ((2, 3, 4), (), (0, 5))]
    pipe = io.BytesIO()
    frames.send(pipe, {"a": [1, None], "ä": "é"}, arrays)
    pipe.seek(0)
    header, found = frames.receive(pipe)
    assert header == {"a": [1, None], "ä": "é"}
    for one, other in zip(arrays, found, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(EOFError):
        frames.receive(pipe)


def test_a_frame_that_is_cut_short_ends_the_talk() -> None:
    pipe = io.BytesIO()
    frames.send(pipe, {}, [np.ones(8, np.float32)])
    with pytest.raises(EOFError):
        frames.receive(io.BytesIO(pipe.getvalue()[:-1]))


def test_one_process_answers_all_and_is_started_only_when_asked(start: Start) -> None:
    worker = start()
    assert worker.pid is None
    first, second = (worker.ask({}, [np.full(3, i, np.float32)]) for i in (1, 2))
    assert first[0][0] == second[0][0] == worker.pid
    np.testing.assert_array_equal(second[1], [2, 2, 2])


def test_a_process_that_dies_in_the_middle_is_started_again_once(
    start: Start, tmp_path: Path
) -> None:
    worker = start()
    before = worker.ask({}, [])[0][0]
    after = worker.ask({"die": str(tmp_path / "once")}, [])[0][0]
    assert after != before
    with pytest.raises(cxr.ExplainError, match="twice") as refusal:
        worker.ask({"always": True}, [])
    assert refusal.value.code == "gradients_failed"
    assert worker.ask({}, [])[0][1] == 0, "the next question has a fresh process"


def test_a_process_that_died_between_questions_costs_nobody_an_answer(start: Start) -> None:
    worker = start()
    pid = int(worker.ask({}, [])[0][0])
    os.kill(pid, signal.SIGKILL)
    soon(lambda: not alive(pid))
    assert worker.ask({}, [])[0][0] != pid


def test_a_refusal_keeps_its_kind_and_code(start: Start) -> None:
    worker = start()
    with pytest.raises(cxr.BundleError, match="No") as refusal:
        worker.ask({"refuse": "altered_file"}, [])
    assert refusal.value.code == "altered_file"
    with pytest.raises(cxr.ExplainError, match="MemoryError") as failure:
        worker.ask({"fail": "MemoryError"}, [])
    assert failure.value.code == "gradients_failed"


def test_who_waits_no_more_frees_the_process(start: Start) -> None:
    """A question that would take an hour is left; the next one is answered by a fresh process."""
    worker = start(grace=0)
    pid = worker.ask({}, [])[0][0]
    asked = threading.Event()

    def stop() -> None:
        if asked.is_set():
            raise Cancelled
        asked.set()

    with pytest.raises(cxr.Cancelled):
        worker.ask({"until": "/nowhere"}, [], stop)
    assert worker.ask({}, [])[0][0] != pid


def test_who_waits_no_more_leaves_the_queue(start: Start, tmp_path: Path) -> None:
    worker, log, gate = start(), tmp_path / "log", tmp_path / "gate"
    busy, found = in_background(
        lambda: worker.ask({"until": str(gate), "log": str(log), "name": "a"}, [])
    )
    soon(log.exists)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(cxr.Cancelled):
        worker.ask({"log": str(log), "name": "b"}, [], stop)
    gate.touch()
    busy.join()
    assert found[0][0][0] == worker.ask({"log": str(log), "name": "c"}, [])[0][0], "not killed"
    assert log.read_text() == "ac"


def test_questions_are_answered_in_turn(start: Start, tmp_path: Path) -> None:
    """A map asks many small ones, so that two maps at once both go on."""
    worker, log, gate = start(), tmp_path / "log", tmp_path / "gate"
    threads = []
    for place, name in enumerate("abcd"):
        question = {"until": str(gate), "log": str(log), "name": name}
        threads.append(in_background(lambda question=question: worker.ask(question, []))[0])
        soon(lambda place=place: log.exists() and len(worker._waiting) == place)
    gate.touch()
    for thread in threads:
        thread.join()
    assert log.read_text() == "abcd"


def test_it_ends_when_nobody_asks_and_starts_again_when_asked(start: Start) -> None:
    worker = start(idle=0.2)
    pid = int(worker.ask({}, [])[0][0])
    soon(lambda: not alive(pid))
    soon(lambda: worker.pid is None)
    assert worker.ask({}, [])[0][0] != pid


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from cxr.gradients.worker import Worker\n"
        f"worker = Worker({CHILD!r})\n"
        "print(int(worker.ask({}, [])[0][0]), flush=True)\n"
        "worker.ask({'until': '/nowhere'}, [])\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    soon(lambda: not alive(pid))


@pytest.fixture(scope="module")
def not_linear(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    """A network whose head is not linear, so that even its Grad-CAM wants gradients."""
    import keras

    from train.export.network_files import write_network

    small = small_network(32)
    maps = keras.layers.GlobalAveragePooling2D()(small.get_layer("relu2").output)
    hidden = keras.layers.Dense(8, "relu")(maps)
    network = keras.Model(small.inputs, keras.layers.Dense(2, name="logits")(hidden))
    folder = tmp_path_factory.mktemp("models") / "not-linear"
    write_network(network, ("N", "T"), Preprocessing(size=32), folder, half=False)
    return cxr.load(folder)


def test_tensorflow_never_enters_the_process_that_asks(
    not_linear: cxr.Classifier, tmp_path: Path
) -> None:
    """Integrated gradients, and what else needs gradients, also under shuffled weights."""
    path = tmp_path / "film.png"
    path.write_bytes(png(film()))
    code = (
        "import sys, cxr\n"
        "from cxr.explain import make_map, sanity\n"
        f"model, film = cxr.load({str(not_linear.bundle.folder)!r}), cxr.read({str(path)!r})\n"
        "for method in ('gradcam', 'gradcam_pp', 'scorecam', 'integrated'):\n"
        "    values = make_map(model, film, 'T', method)\n"
        "sanity(model, film, 'T', 'integrated', values, shuffles=1)\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_nothing_else_outside_training_asks_for_tensorflow() -> None:
    """Neither when it is imported nor later; ``keras_file`` opens networks for that process."""
    rooms = [p for room in ("cxr", "ui", "pages") for p in (ROOT / room).rglob("*.py")]
    asks = re.compile(r"^\s*(?:import|from) (?:keras|tensorflow)\b", re.MULTILINE)
    opens = re.compile(r"\b(?:import .*\b(?:open_keras|tape)\b|gradients\.tape)")
    found = {p.relative_to(ROOT).as_posix(): p.read_text() for p in [ROOT / "app.py", *rooms]}
    assert {name for name, text in found.items() if asks.search(text)} == {
        "cxr/gradients/tape.py",
        "cxr/model/keras_archive.py",
    }
    assert {name for name, text in found.items() if opens.search(text)} == {
        "cxr/gradients/process.py",
        "cxr/gradients/tape.py",
    }


def test_a_bundle_that_was_altered_after_it_was_loaded_is_refused(
    not_linear: cxr.Classifier, tmp_path: Path
) -> None:
    drawn = cxr.read(png(film()))
    folder = tmp_path / "altered"
    shutil.copytree(not_linear.bundle.folder, folder)
    model = cxr.load(folder)
    with (folder / "model.keras").open("ab") as file:
        file.write(b"!")
    for method in ("gradcam", "integrated"):
        with pytest.raises(cxr.BundleError, match=r"model\.keras") as refusal:
            cxr.explain.make_map(model, drawn, "T", method)
        assert refusal.value.code == "altered_file"


def test_a_network_that_asks_to_run_code_is_refused_there_too(
    not_linear: cxr.Classifier, tmp_path: Path
) -> None:
    """Its hashes fit, so only the look through its archive can tell."""
    folder = tmp_path / "unsafe"
    shutil.copytree(not_linear.bundle.folder, folder)
    with zipfile.ZipFile(folder / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    layer = config["config"]["layers"][-1]
    layer["class_name"], layer["registered_name"] = "Lambda", None
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    write_manifest(folder, manifest_values(not_linear.bundle.folder))
    with pytest.raises(cxr.BundleError) as refusal:
        cxr.explain.make_map(cxr.load(folder), cxr.read(png(film())), "T", "integrated")
    assert refusal.value.code == "unsafe_keras_file"


def test_the_map_survives_a_process_that_is_killed_in_the_middle(
    not_linear: cxr.Classifier,
) -> None:
    drawn = cxr.read(png(film()))
    whole = cxr.explain.make_map(not_linear, drawn, "T", "integrated")
    killed = []

    def kill(share: float) -> None:
        if share >= 0.5 and not killed and WORKER.pid is not None:
            killed.append(WORKER.pid)
            os.kill(WORKER.pid, signal.SIGKILL)

    again = cxr.explain.make_map(not_linear, drawn, "T", "integrated", progress=kill)
    assert killed
    np.testing.assert_allclose(again, whole, atol=1e-6)


def test_a_map_is_stopped_at_once(not_linear: cxr.Classifier) -> None:
    told = []

    def stop(share: float) -> bool:
        told.append(share)
        return share < 0.25

    with pytest.raises(cxr.Cancelled):
        cxr.explain.make_map(not_linear, cxr.read(png(film())), "T", "integrated", progress=stop)
    assert told[-1] == 0.25
    with pytest.raises(cxr.Cancelled):
        cxr.explain.make_map(
            not_linear, cxr.read(png(film())), "T", "gradcam", progress=lambda _: False
        )
