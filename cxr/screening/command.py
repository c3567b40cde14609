"""``python -m cxr selftest``: whether this installation works."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from ..model.classifier import Classifier
from ..shipped import models


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    selftest = commands.add_parser("selftest", help="whether this installation works")
    selftest.add_argument("--learn", action="store_true", help="keep its scores as the known ones")
    default = models() / "default"
    selftest.add_argument("--model", type=Path, default=default, metavar="DIR", help="a bundle")


def run(model: Classifier, asked: Namespace) -> int:
    """Look at everything; returns the exit status: 1 where something is not well."""
    from .selftest import learn, selftest

    if asked.learn:
        learn(model)
    checks = list(selftest(model))
    for check in checks:
        print(f"{'ok' if check.well else 'FAILED'}  {check.name}: {check.said}")
    return 0 if all(check.well for check in checks) else 1
