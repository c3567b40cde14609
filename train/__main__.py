"""Train and evaluate.

    python -m train fit --recipe default --data DIR --out models/NAME
    python -m train export --recipe default --data DIR --out models/NAME
    python -m train external --out models/NAME

`fit` ends with `export` in a process of its own; run `export` by itself where training had no
TensorFlow (KERAS_BACKEND=torch or jax). `external` scores the sites that no training may touch.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from cxr.errors import CxrError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 after a refusal."""
    parser = argparse.ArgumentParser(
        prog="python -m train", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=["fit", "export", "external"])
    parser.add_argument("--recipe", help="name in train/recipes, or a path to a .toml")
    parser.add_argument("--data", type=Path, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="caches and checkpoints")
    options = parser.parse_args(arguments)
    if options.command != "external" and not (options.recipe and options.data):
        parser.error("--recipe and --data are needed")
    try:
        if options.command == "external":
            _external(options)
            return 0
        return _fit_or_export(options)
    except CxrError as error:
        print(error, file=sys.stderr)
        return 2


def _fit_or_export(options: argparse.Namespace) -> int:
    from . import cache, manifest, recipe

    plan = recipe.load(options.recipe)
    frame = manifest.load(options.data)
    films = cache.films(
        frame, options.data, plan.labels, plan.preprocessing, options.runs / "cache"
    )
    run = options.runs / options.out.name
    if options.command == "fit":
        from .fit import fit

        fit(plan, films, frame, run)
        return _export_afresh(options)
    from .export import export_run

    bundle = export_run(plan, run, films, frame, options.out)
    print(f"{options.out}: {bundle.digest[:12]}, test {bundle.metrics['test']['macro_f1']}")
    return 0


def _export_afresh(options: argparse.Namespace) -> int:
    """Export in a new process: a process that trained under torch cannot become TensorFlow's."""
    command = [
        *("-m", "train", "export", "--recipe", options.recipe, "--data", str(options.data)),
        *("--out", str(options.out), "--runs", str(options.runs)),
    ]
    if find_spec("tensorflow") is None:
        print(f"trained; export it where TensorFlow is: python {' '.join(command)}")
        return 0
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    return subprocess.run([sys.executable, *command], env=environment, check=False).returncode


def _external(options: argparse.Namespace) -> None:
    from . import evaluate

    bundle = evaluate.score_external(options.out)
    for source, figures in bundle.metrics["external"].items():
        print(source, figures)


if __name__ == "__main__":
    sys.exit(main())
