"""What screening costs, by stage, beside its ceilings, plain Keras and torchxrayvision.

    python -m benchmarks.screen [stages] [keras] [--films N] [--rounds N]
    python -m benchmarks.screen torchxrayvision --peer PYTHON

PYTHON is that of an environment of its own: ``pip install -r benchmarks/requirements-xrv.txt``.

Drawn films of three kinds: JPEG of 256 pixels, and DICOM of 2,500 × 3,000 pixels with 16 bits, raw
and as JPEG 2000. Stages are processor seconds of one process, by turns film by film, so that a slow
minute hits them all. Nothing is printed but ratios and shares. More workers, a cluster and memory:
`benchmarks.scaling`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

import cxr
from benchmarks.app import load
from benchmarks.harness import run
from cxr.batch import table_rows
from cxr.batch.state import State
from cxr.imaging.preprocessing import preprocess
from cxr.input_checks import inspect, limits_of
from cxr.screening.assess import Assessment, shipped_lungs
from cxr.teaching import phantom

HEIGHT, WIDTH = 3000, 2500
KINDS = ("JPEG, 256", "DICOM, raw", "DICOM, JPEG 2000")
ALIKE = ("read", "decode", "preprocess", "infer")
"""What of ours the peers do too."""
_GRAIN = 300
"""Of 65,535: the noise of a detector, which no packing takes away."""


@cache
def chest(width: int, height: int) -> NDArray[np.uint8]:
    """The drawing that all films are of, which takes longer than the rest of one."""
    return cv2.resize(phantom.draw("lower"), (width, height))


def jpeg(seed: int) -> bytes:
    grain = np.random.default_rng(seed).normal(0, 2, (256, 256))
    film = np.clip(chest(256, 256) + grain, 0, 255)
    return cv2.imencode(".jpg", film.astype(np.uint8))[1].tobytes()


def dicom(seed: int, packed: bool) -> bytes:
    from io import BytesIO

    drawn = chest(WIDTH, HEIGHT).astype(np.float32) * 200
    noise = np.random.default_rng(seed).standard_normal(drawn.shape, np.float32)
    film = np.clip(drawn + _GRAIN * noise, 0, 65535).astype(np.uint16)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    syntax = uid.JPEG2000Lossless if packed else uid.ExplicitVRLittleEndian
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = (
        uid.DigitalXRayImageStorageForPresentation
    )
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid.generate_uid()
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "DX", "CHEST", "PA"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = HEIGHT, WIDTH, 1
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    if packed:
        out = BytesIO()
        Image.fromarray(film).save(out, "JPEG2000", no_jp2=True)
        ds.PixelData = encapsulate([out.getvalue()])
        ds["PixelData"].is_undefined_length = True
    else:
        ds.PixelData = film.tobytes()
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


MAKE: dict[str, Callable[[int], bytes]] = {
    KINDS[0]: jpeg,
    KINDS[1]: lambda seed: dicom(seed, packed=False),
    KINDS[2]: lambda seed: dicom(seed, packed=True),
}


def draw(folder: Path, kind: str, count: int) -> Path:
    folder.mkdir()
    for seed in range(count):
        (folder / f"{seed:05}").write_bytes(MAKE[kind](seed))
    return folder


@contextmanager
def timed(spent: dict[str, list[float]], stage: str) -> Any:
    began = time.process_time()
    yield
    spent[stage].append(time.process_time() - began)


def stages(paths: list[Path], model: cxr.Classifier, keep: State) -> dict[str, float]:
    """Median processor seconds of a film, by stage; the stages are those of a worker, in one
    process."""
    fitted, lungs = limits_of(model), shipped_lungs()
    spent: dict[str, list[float]] = defaultdict(list)
    for number, path in enumerate(paths):
        with timed(spent, "read"):
            data = path.read_bytes()
            mark = sha256(data).hexdigest()
        with timed(spent, "decode"):
            film = cxr.read(data)
        with timed(spent, "preprocess"):
            square = preprocess(film.eight_bit, model.preprocessing)
        with timed(spent, "infer"):
            scores = model._predict(square)
        with timed(spent, "check"):
            checks = inspect(film, scores.features, fitted, lungs)
        with timed(spent, "write"):
            keep.keep(
                mark, table_rows.answer(Assessment(None, film, checks, scores), model), [number]
            )
    return {stage: median(values) for stage, values in spent.items()}


def loop(python: str, module: str, folder: Path, kind: str) -> float:
    """Processor seconds a film of a loop as its users write it: it reads, decodes, resizes and
    scores. No checks, no rows."""
    return float(
        run([python, "-m", f"benchmarks.peers.{module}", str(folder), kind]).answer["seconds"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; or the first two")
    parser.add_argument("--peer", metavar="PYTHON", help="that has torchxrayvision")
    parser.add_argument("--films", type=int, default=20, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if "torchxrayvision" in options.parts and not options.peer:
        parser.error("torchxrayvision needs --peer PYTHON")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folders = {kind: draw(home / str(n), kind, options.films) for n, kind in enumerate(KINDS)}
        for part in options.parts or ("stages", "keras"):
            PARTS[part](home, folders, options)
    print(load())


def show_stages(home: Path, folders: dict[str, Path], options: argparse.Namespace) -> None:
    model = cxr.load()
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for turn in range(options.rounds):
        for kind, folder in folders.items():
            state = State(home / f"state{turn}{kind}", {})
            found[kind].append(stages(sorted(folder.iterdir()), model, state))
            state.close()
    names = list(found[KINDS[0]][0])
    print("| films | " + " | ".join(names) + " | slower ceiling | beside 256 px |")
    print("| --- |" + " ---: |" * (len(names) + 2))
    first = 0.0
    for kind, turns in found.items():
        each = {stage: median(turn[stage] for turn in turns) for stage in names}
        whole = sum(each.values())
        first = first or whole
        ceiling = max(each["read"] + each["decode"], each["infer"]) / whole
        shares = " | ".join(f"{each[stage] / whole:.0%}" for stage in names)
        print(f"| {kind} | {shares} | {ceiling:.0%} | {whole / first:.1f}× |", flush=True)


def show_keras(home: Path, folders: dict[str, Path], options: argparse.Namespace) -> None:
    _show_loop("plain Keras", sys.executable, "screen", home, folders, options.rounds)


def show_xrv(home: Path, folders: dict[str, Path], options: argparse.Namespace) -> None:
    _show_loop("torchxrayvision", options.peer, "screen_xrv", home, folders, options.rounds)


def _show_loop(
    name: str, python: str, module: str, home: Path, folders: dict[str, Path], rounds: int
) -> None:
    """Beside all of ours, and beside what of ours the loop does too."""
    model = cxr.load()
    for kind, folder in folders.items():
        whole, alike = [], []
        for turn in range(rounds):
            state = State(home / f"{module}{turn}{kind}", {})
            ours = stages(sorted(folder.iterdir()), model, state)
            state.close()
            peer = loop(python, module, folder, kind)
            whole.append(peer / sum(ours.values()))
            alike.append(peer / sum(ours[stage] for stage in ALIKE))
        said = (f"{median(x):.2f}× ({min(x):.2f}–{max(x):.2f})" for x in (whole, alike))
        print(f"{kind}: {name} beside ours {', beside the same work '.join(said)}", flush=True)


PARTS = {
    "stages": show_stages,
    "keras": show_keras,
    "torchxrayvision": show_xrv,
}


if __name__ == "__main__":
    main()
