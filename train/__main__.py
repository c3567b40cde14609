"""Train and evaluate.

    python -m train fit --recipe default --data DIR --out models/NAME
    python -m train export --recipe default --data DIR --out models/NAME
    python -m train calibrate --out models/NAME [--sensitivity T=.95]
    python -m train external --out models/NAME
    python -m train sites --recipe default --data DIR --leave-out sakha,nih
    python -m train folds --recipe default --data DIR --k 5
    python -m train audit --data DIR --out models/NAME
    python -m train robustness --data DIR --out models/NAME
    python -m train card --out models/NAME
    python -m train lungs-report --data DIR --out models/lungs

`fit` ends with `export` in a process of its own; run `export` by itself where training had no
TensorFlow (KERAS_BACKEND=torch or jax). `calibrate` fits temperature, operating points and sets
anew. `external` scores the sites that no training may touch. `sites` and `folds` say what a recipe
is worth on films that it was kept from. `audit` asks whether the disease or the hospital is told.
The last four print a page of docs/.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cxr.errors import CxrError

NEEDS = {
    "fit": ("recipe", "data", "out"),
    "export": ("recipe", "data", "out"),
    "calibrate": ("out",),
    "external": ("out",),
    "sites": ("recipe", "data", "leave_out"),
    "folds": ("recipe", "data"),
    "audit": ("data", "out"),
    "robustness": ("data", "out"),
    "card": ("out",),
    "lungs-report": ("data", "out"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 after a refusal."""
    options = _parse(arguments)
    from . import commands

    try:
        run = getattr(commands, options.command.replace("-", "_"))
        return int(run(options) or 0)
    except CxrError as error:
        print(error, file=sys.stderr)
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=list(NEEDS))
    parser.add_argument("--recipe", help="name in train/recipes or path to a .toml; NAME:VARIANT")
    parser.add_argument("--data", type=Path, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, help="the bundle's folder")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="caches and checkpoints")
    parser.add_argument("--leave-out", type=lambda text: text.split(","), help="sites, by commas")
    parser.add_argument("--k", type=int, default=5, help="folds, 3 or more")
    parser.add_argument(
        "--sensitivity",
        action="append",
        type=_share_of,
        help="LABEL=SHARE, least sensitivity of a label's operating point; may be repeated",
    )
    options = parser.parse_args(arguments)
    missing = [name for name in NEEDS[options.command] if not getattr(options, name)]
    if missing:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        parser.error(f"{options.command} needs {names}")
    if options.k < 3:
        parser.error("--k must be 3 or more")
    return options


def _share_of(text: str) -> tuple[str, float]:
    label, _, share = text.partition("=")
    if not label or not 0 < float(share) <= 1:
        raise ValueError(text)
    return label, float(share)


if __name__ == "__main__":
    sys.exit(main())
