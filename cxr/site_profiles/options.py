"""The options of every command that scores: by which bundle, and by which hospital's profile."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..shipped import models

if TYPE_CHECKING:
    from ..model.classifier import Classifier


def add_model(parser: ArgumentParser, profile: bool = True, known: bool = False) -> None:
    """Who scores: a bundle and, with `profile`, a hospital's profile or, with `known`, the word
    that the model knows the hospital."""
    where = parser.add_mutually_exclusive_group()
    if known:
        where.add_argument(
            "--known-hospital",
            action="store_true",
            help="the films are of hospitals that the model knows: its sets and thresholds hold",
        )
    if profile:
        where.add_argument("--site", metavar="NAME", help="go by a hospital profile")
    default = models() / "default"
    parser.add_argument("--model", type=Path, default=default, metavar="DIR", help="a bundle")


def model_of(asked: Namespace) -> Classifier:
    """The bundle that was asked for, at the hospital that was.

    Raises
    ------
    BundleError, SiteError
    """
    from ..model.classifier import load

    model = load(asked.model)
    if not getattr(asked, "site", None):
        return model
    from . import store

    return model.at(store.find(asked.site))
