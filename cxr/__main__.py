"""Command line: score films, and draw what moved the network.

    python -m cxr predict FILE... [--model DIR] [--json]
    python -m cxr explain FILE --class T --method occlusion|gradcam --out map.png
                  [--patch N --stride N --fill blur|mean|noise|black] [--opacity X] [--scale X]
                  [--model DIR]

With --json, one object a line: {"file", "label", "probabilities", "model"}, or {"file", "error":
{"code", "message"}}. Exit status 1: a film was refused; 2: the model or the request was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import NOTICE, BundleError, Classifier, CxrError, ExplainError, load, read

DEFAULT = Path(__file__).parents[1] / "models" / "default"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    asked = _parser().parse_args(arguments)
    print(NOTICE, file=sys.stderr)
    try:
        model = load(asked.model)
        return _predict(model, asked) if asked.command == "predict" else _explain(model, asked)
    except (BundleError, ExplainError) as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the lines has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cxr", description=NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", help="score films")
    predict.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG or DICOM")
    predict.add_argument("--json", action="store_true", help="one JSON object a line")
    explain = commands.add_parser("explain", help="draw what moved the network")
    explain.add_argument("file", metavar="FILE", help="PNG, JPEG or DICOM")
    explain.add_argument("--class", dest="label", required=True, help="the class to explain")
    explain.add_argument("--method", required=True, choices=("occlusion", "gradcam"))
    explain.add_argument("--out", type=Path, required=True, metavar="PNG", help="where to write")
    explain.add_argument("--patch", type=int, help="side of a patch, network pixels")
    explain.add_argument("--stride", type=int, help="distance between patches, network pixels")
    explain.add_argument("--fill", help="blur (as by default), mean, noise or black")
    explain.add_argument("--opacity", type=_share, default=0.6, help="0 to 1")
    explain.add_argument("--scale", type=_positive, help="value of the last colour")
    for command in (predict, explain):
        command.add_argument("--model", type=Path, default=DEFAULT, metavar="DIR", help="a bundle")
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _predict(model: Classifier, asked: argparse.Namespace) -> int:
    show = _json_line if asked.json else _table_line
    wide = max(4, *map(len, asked.files))
    if not asked.json:
        print(f"{'file':{wide}}  label", *(f"{label:>6}" for label in model.labels))
    refused = 0
    for name in asked.files:
        answer: dict[str, Any] = {"file": name}
        try:
            found = model.predict([read(name)])[0]
            answer |= {
                "label": found.label,
                "probabilities": found.probabilities,
                "model": {"name": model.bundle.name, "sha256": model.bundle.digest},
            }
        except CxrError as refusal:
            refused += 1
            answer["error"] = {"code": refusal.code, "message": refusal.message}
        print(show(answer, wide), flush=True)
    return 1 if refused else 0


def _json_line(answer: dict[str, Any], wide: int) -> str:
    return json.dumps(answer)


def _table_line(answer: dict[str, Any], wide: int) -> str:
    start = f"{answer['file']:{wide}}"
    if "error" in answer:
        return f"{start}  refused: {answer['error']['message']} [{answer['error']['code']}]"
    scores = (f"{p:6.3f}" for p in answer["probabilities"].values())
    return " ".join([f"{start}  {answer['label']:5}", *scores])


def _explain(model: Classifier, asked: argparse.Namespace) -> int:
    from . import explain, overlay

    options: dict[str, Any] = {}
    if asked.method == "occlusion":
        patch, stride = explain.patch_and_stride(model.size, asked.patch, asked.stride)
        options = {"patch": patch, "stride": stride, "fill": asked.fill or "blur"}
    elif asked.patch or asked.stride or asked.fill:
        raise ExplainError("bad_request", "Patch, stride and fill are options of occlusion only.")
    try:
        film = read(asked.file)
    except CxrError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    method = explain.occlusion if asked.method == "occlusion" else explain.grad_cam
    values = method(model, film, asked.label, **options)
    score = model.predict([film])[0].probabilities[asked.label]
    details = ", ".join([f"p = {score:.3f}", *(f"{k} {v}" for k, v in options.items())])
    lines = overlay.caption(
        asked.method, asked.label, model.bundle.name, model.bundle.digest, details
    )
    picture = overlay.export_png(
        film.eight_bit, values, asked.method, lines, asked.opacity, asked.scale
    )
    try:
        asked.out.write_bytes(picture)
    except OSError as error:
        raise ExplainError(
            "not_written", f"The map cannot be written: {error.strerror}."
        ) from error
    unit = overlay.KINDS[asked.method].unit
    print(f"{asked.label}: {values.min():+.3f} to {values.max():+.3f} {unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
