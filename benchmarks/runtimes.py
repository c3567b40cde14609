"""The network on LiteRT, beside ONNX Runtime and OpenVINO in floats and bfloat16.

    python -m benchmarks.runtimes [--films N] [--turns N]

All answer the same squares, in one process, by turns, on one thread. Told is the processor time of
a film beside LiteRT's in the same turn, and what becomes of the answers: the largest difference of
a logit and of a calibrated probability, and how many films change sides of the operating point.
Films are those of `CXR_DATA` that the bundle has as test; without it, drawn ones. It needs
onnxruntime, openvino, onnx and tf2onnx, which are in no list of this project.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import cxr
from benchmarks.app import load
from cxr.imaging.preprocessing import cropped, preprocess
from cxr.metrics.predictions import select, table
from cxr.teaching import phantom

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From a square, float32 (1, size, size, 1), to logits (labels,)."""


def litert(content: bytes, size: int) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    (film,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(film["index"], (1, size, size, 1), strict=True)
    runner = interpreter.get_signature_runner()
    return lambda square: np.array(runner(film=square)["logits"][0])


def onnx(path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (film,) = session.get_inputs()
    logits = next(each.name for each in session.get_outputs() if len(each.shape) == 2)
    return lambda square: np.array(session.run([logits], {film.name: square})[0][0])


def openvino(path: Path, size: int, precision: str) -> Run:
    import openvino as ov

    network = ov.Core().read_model(path)
    network.reshape([1, size, size, 1])
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
    compiled = ov.Core().compile_model(network, "CPU", {**settings, "PERFORMANCE_HINT": "LATENCY"})
    logits = next(each for each in compiled.outputs if len(each.shape) == 2)
    request = compiled.create_infer_request()
    return lambda square: np.array(request.infer([square])[logits][0])


def squares(model: cxr.Classifier, count: int) -> list[NDArray[np.uint8]]:
    """As the network takes them."""
    as_trained, data = model.preprocessing, os.environ.get("CXR_DATA")
    if data:
        films = select(table(model.bundle), split="test")
        chosen = films.sample(min(count, len(films)), random_state=0).image
        found = [cxr.read(Path(data) / image).eight_bit for image in chosen]
    else:
        chest = phantom.draw("lower").astype(float)
        draws = (np.random.default_rng(seed).normal(0, 4, chest.shape) for seed in range(count))
        found = [np.clip(chest + grain, 0, 255).astype(np.uint8) for grain in draws]
    return [cropped(preprocess(film, as_trained), as_trained.crop) for film in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    model = cxr.load()
    tflite, size = model.bundle.folder / "model.tflite", model.preprocessing.size
    given = [film[None, ..., None].astype(np.float32) for film in squares(model, options.films)]
    with tempfile.TemporaryDirectory() as name:
        exported = Path(name) / "model.onnx"
        convert = [
            sys.executable,
            "-m",
            "tf2onnx.convert",
            "--opset",
            "17",
            "--tflite",
            str(tflite),
        ]
        subprocess.run([*convert, "--output", str(exported)], check=True, capture_output=True)
        ways: dict[str, Run] = {
            "LiteRT": litert(tflite.read_bytes(), size),
            "ONNX Runtime": onnx(exported),
            "OpenVINO, floats": openvino(tflite, size, "f32"),
            "OpenVINO, bfloat16": openvino(tflite, size, "bf16"),
        }
        print(f"{len(given)} films, {options.turns} turns, {load()}\n")
        print("| | processor time of LiteRT's | logit, at most | p, at most | change sides |")
        print("| --- |" + " ---: |" * 4)
        show(model, ways, given, options.turns)


def show(model: cxr.Classifier, ways: dict[str, Run], given: list[Any], turns: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, NDArray[np.float32]] = {}
    for _ in range(turns):
        for name, run in ways.items():
            run(given[0])
            began = process_time()
            answers[name] = np.stack([run(film) for film in given])
            times[name].append(process_time() - began)
    ours = answers["LiteRT"]
    for name, found in answers.items():
        ratios = [one / own for one, own in zip(times[name], times["LiteRT"], strict=True)]
        p, own = (model.calibrate(each) for each in (found, ours))
        moved = sides(model, p) != sides(model, own)
        print(
            f"| {name} "
            f"| {median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) "
            f"| {np.abs(found - ours).max():.2g} | {np.abs(p - own).max():.2g} "
            f"| {int(moved.sum())} |",
            flush=True,
        )


def sides(model: cxr.Classifier, p: NDArray[Any]) -> NDArray[np.bool_]:
    """Of the operating point of each label that has one, (films, labels)."""
    points = model.bundle.operating_points
    limits = [float(points[each]["threshold"]) if each in points else 2.0 for each in model.labels]
    return p >= np.array(limits)


if __name__ == "__main__":
    main()
