"""What feeding and training cost, with the network and the augmentation of the default recipe.

    python -m benchmarks.training [--size 96] [--films 768] [--rounds 3]

Three answers, each from processes of their own, by turns:

- films a second that the input pipeline gives (one thread, cache and augmentation) and that a
  training step takes (every core);
- films an hour by ``train.data.batches`` + ``fit`` and by
``keras.utils.image_dataset_from_directory``
  + ``fit``: the same network, optimizer, batches and JPEG files; the second of two epochs;
- memory of training on so many films of 224 pixels, on the thumbnail recipe's network since it is
  the films that count: what the system cannot take back, at its highest.

Films a second are told twice: by the clock, and by the seconds that all cores together worked,
which a neighbour on the machine spoils less. The films are drawn. A few minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from .harness import OURS, Contender, Round, by_turns, run

BATCH = 32
MEMORY_FILMS = (2_000, 8_000, 32_000)


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.training")
    parser.add_argument("--size", type=int, default=96, help="side of the network's square, pixels")
    parser.add_argument("--films", type=int, default=768, help="of an epoch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=list(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(MEASURES[asked.measure](asked.folder, asked.size, asked.films)))
        return
    print(
        f"{asked.size} px, {asked.films} films, batches of {BATCH}; load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _draw(folder, asked.films)
        contenders = [
            Contender(name, _command(name, folder, asked.size, asked.films))
            for name in ("pipeline", "step", "ours", "plain")
        ]
        _report(by_turns(contenders, asked.rounds))
        for films in MEMORY_FILMS:
            found = run(_command("memory", folder, 224, films))
            print(f"{films} films: {found.answer['held']:.0f} MiB")


def _command(name: str, folder: Path, size: int, films: int) -> list[str]:
    given = ["--measure", name, "--folder", str(folder), "--size", str(size)]
    return [OURS, "-m", "benchmarks.training", *given, "--films", str(films)]


def _report(found: dict[str, list[Round]]) -> None:
    for ours, other, what in (
        ("pipeline", "step", "given by the pipeline and taken by the step"),
        ("ours", "plain", "trained by ours and by image_dataset_from_directory"),
    ):
        for second in ("clock", "work"):
            one, two = ([each.answer[second] for each in found[name]] for name in (ours, other))
            turns = [a / b for a, b in zip(one, two, strict=True)]
            print(
                f"films a second of {second}, {what}: {median(one):.1f}, {median(two):.1f}; "
                f"{median(turns):.2f}× ({min(turns):.2f}–{max(turns):.2f})"
            )


def _draw(folder: Path, films: int) -> None:
    """A folder per class, and the manifest of the same files."""
    import cv2
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for i in range(films + BATCH):
        label = "NPT"[i % 3]
        split = "train" if i < films else "val"
        image = f"{split}/{label}/{i}.jpg"
        coarse = rng.integers(0, 256, (24, 24)).astype(np.uint8)
        film = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC)
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / image), film, [cv2.IMWRITE_JPEG_QUALITY, 80])
        rows.append((image, label, split, f"site{i % 5}", "", "1"))
    columns = ["image", "label", "split", "source", "patient_id", "recommended"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "manifest.csv", index=False)


def _recipe(size: int, network: str = "default") -> Any:
    from train.recipes import recipe

    default = recipe.load("default")
    default = replace(default, network=recipe.load(network).network)
    return replace(
        default,
        preprocessing=replace(default.preprocessing, size=size),
        training=replace(default.training, batch=BATCH, films_per_epoch=0, draw="all"),
    )


def _batches(folder: Path, size: int) -> Any:
    """The input pipeline of a recipe over the drawn films."""
    import numpy as np

    from train.data import cache, manifest
    from train.data.batches import FilmBatches

    plan, frame = _recipe(size), manifest.load(folder)
    films = cache.films(frame, folder, plan.labels, plan.learns_from, folder / "cache")
    return FilmBatches(films, frame, plan, rows=np.flatnonzero(frame.split == "train"))


def _network(size: int, steps: int, network: str = "default") -> Any:
    from train.fit import losses
    from train.fit.training import build, optimizer_of

    plan = _recipe(size, network)
    model = build(plan)
    model.compile(
        optimizer_of(plan.training, plan.training.learning_rate, steps),
        losses.named(plan.training.loss, plan.training.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def pipeline(folder: Path, size: int, films: int) -> dict[str, float]:
    batches = _batches(folder, size)
    _ = batches[0]
    began = _now()
    count = sum(len(batches[i][0]) for i in range(len(batches)))
    return _rates(count, began, _now())


def step(folder: Path, size: int, films: int) -> dict[str, float]:
    batch = _batches(folder, size)[0]
    model = _network(size, 100)
    for _ in range(2):
        model.train_on_batch(*batch)
    steps = max(3, films // BATCH // 2)
    began = _now()
    for _ in range(steps):
        model.train_on_batch(*batch)
    return _rates(steps * BATCH, began, _now())


def ours(folder: Path, size: int, films: int) -> dict[str, float]:
    return _second_epoch(_batches(folder, size), size, films)


def plain(folder: Path, size: int, films: int) -> dict[str, float]:
    import keras

    files = keras.utils.image_dataset_from_directory(
        folder / "train",
        label_mode="categorical",
        color_mode="grayscale",
        image_size=(size, size),
        batch_size=BATCH,
        seed=0,
    )
    return _second_epoch(files, size, films)


def _second_epoch(data: Any, size: int, films: int) -> dict[str, float]:
    import keras

    marks: list[tuple[float, float]] = []

    def mark(*_: object) -> None:
        marks.append(_now())

    clock = keras.callbacks.LambdaCallback(on_epoch_begin=mark, on_epoch_end=mark)
    _network(size, 2 * films // BATCH).fit(data, epochs=2, verbose=0, callbacks=[clock])
    return _rates(films, marks[2], marks[3])


def _now() -> tuple[float, float]:
    """Seconds of the clock and of this process's work on all cores."""
    return time.perf_counter(), time.process_time()


def _rates(films: int, began: tuple[float, float], ended: tuple[float, float]) -> dict[str, float]:
    return {"clock": films / (ended[0] - began[0]), "work": films / (ended[1] - began[1])}


def memory(folder: Path, size: int, films: int) -> dict[str, float]:
    """An epoch of 256 films drawn from so many: a cache of nothing but zeros takes no disk."""
    import numpy as np
    import pandas as pd

    from train.data.batches import FilmBatches

    plan = _recipe(size)
    path = folder / f"{films}.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(films, size, size))
    frame = pd.DataFrame({"image": "x", "label": ["N", "P", "T", "N"] * (films // 4)})
    frame["source"] = "one"
    plan = replace(plan, training=replace(plan.training, films_per_epoch=256))
    data = FilmBatches(np.load(path, mmap_mode="r"), frame, plan)
    with _Highest() as highest:
        _network(size, 8, "thumbnail").fit(data, epochs=1, verbose=0)
    return {"held": highest.mib}


class _Highest:
    """The most memory of this process's own that is seen meanwhile, MiB: without the pages of
    files, such as the films' map, which the system takes back when it needs them."""

    def __enter__(self) -> _Highest:
        self.mib, self._over = 0.0, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.02):
            status = Path("/proc/self/status").read_text()
            held = next(line for line in status.splitlines() if line.startswith("RssAnon"))
            self.mib = max(self.mib, int(held.split()[1]) / 1024)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()


MEASURES = {"pipeline": pipeline, "step": step, "ours": ours, "plain": plain, "memory": memory}


if __name__ == "__main__":
    sys.exit(main())
