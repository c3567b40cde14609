"""``python -m cxr screen …``: a folder of films becomes a table."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ScreenError
from ..site_profiles.options import add_model

# What screens is loaded when it is asked for: every command passes through here.
if TYPE_CHECKING:
    from ..model.classifier import Classifier

WORKERS = 2
ENGINES = ("local", "ray")
EVERY = 10.0
"""Seconds between two looks at a folder that is watched."""


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    screen = commands.add_parser("screen", help="score many films into one table")
    screen.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder, a CSV file with a column called image, a DICOMDIR, a zip or tar archive, "
        "a pattern in quotation marks, a store: s3://bucket/folder, or days of the PACS that "
        "CXR_PACS names: pacs:2026-01-01..2026-01-31",
    )
    screen.add_argument("--out", type=Path, required=True, metavar="FILE.parquet")
    screen.add_argument("--csv", action="store_true", help="the same table as CSV beside it")
    screen.add_argument(
        "--workers", type=int, default=WORKERS, metavar="N", help=f"processes, {WORKERS} by default"
    )
    screen.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="processes of this machine, or actors of a Ray cluster",
    )
    screen.add_argument(
        "--address",
        metavar="ADDRESS",
        help="of the Ray cluster; without one, Ray runs on this machine alone",
    )
    for kind, what in (("overlays", "the map over the film"), ("reports", "a report")):
        screen.add_argument(
            f"--{kind}", action="store_true", help=f"{what} of each film that is called positive"
        )
    screen.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=EVERY,
        metavar="SECONDS",
        help="go on with films that come, until a key ends it; how often to look, "
        f"{EVERY:.0f} by default",
    )
    add_model(screen, known=True)


def run(model: Classifier, asked: Namespace) -> int:
    """Screen; returns the exit status: 130 where a key stopped it.

    Raises
    ------
    CxrError
    """
    if asked.out.suffix != ".parquet" or asked.workers < 1:
        raise ScreenError("bad_request", "--out must end in .parquet, and --workers be 1 or more.")
    if asked.watch is not None and not asked.watch > 0:
        raise ScreenError("bad_request", "--watch takes seconds, more than 0.")
    if asked.address is not None and asked.engine != "ray":
        raise ScreenError("bad_request", "--address is of a Ray cluster: add --engine ray.")
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError as error:
        raise ScreenError(
            "no_pyarrow", "Tables need pyarrow. Install it with: pip install 'cxr-lens[app]'"
        ) from error
    from .run import Run

    screening = Run(model, asked)
    try:
        screening.once() if asked.watch is None else screening.watch(asked.watch)
    except KeyboardInterrupt:
        films, done = screening.state.count()
        print(
            f"\nStopped; {done:,} of {films:,} films are done and kept. The same command goes on.",
            file=sys.stderr,
        )
        return 130
    finally:
        screening.close()
    return 0
