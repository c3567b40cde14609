"""The command line of ``python -m train``: what each command takes, and what that may be.

An option that a command does not take is refused, so that none is passed over in silence.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .prepare.readers import RULES


@dataclass(frozen=True)
class Command:
    """What a command takes.

    Attributes
    ----------
    help : str
    needs, takes : str
        Names of :func:`_options`, by spaces: those that it cannot do without, and the others.
    files : (name, least, most)
        What stands without a name.
    earlier : str
        What the command was called before; still taken.
    """

    help: str
    needs: str
    takes: str = ""
    files: tuple[str, int, int] = ("", 0, 0)
    earlier: str = ""


COMMANDS = {
    "fit": Command("train, then export", "recipe data out", "runs devices"),
    "export": Command("make a bundle of a run", "recipe data out", "leave-out runs"),
    "refit": Command("fit a bundle's last layer anew", "recipe data out", "runs"),
    "calibrate": Command("fit a bundle's temperature and limits", "out", "sensitivity"),
    "external": Command("score the sites that no training may touch", "out"),
    "sites": Command(
        "train without sites, score their films", "recipe data leave-out", "seed runs"
    ),
    "compare": Command("hold runs of sites against each other", "", "", ("RUN", 2, 99), "rivals"),
    "ledger": Command("print the table of the runs of sites", "", "runs"),
    "folds": Command("train k times, score each film once", "recipe data", "k runs"),
    "search": Command("try values of a recipe", "recipe data trials", "leave-out runs"),
    "audit": Command("ask whether the disease or the hospital is told", "data out", "runs"),
    "robustness": Command("score corrupted films", "data out"),
    "row": Command("print a bundle's row of docs/recipes.md", "data out"),
    "card": Command("print a bundle's model card", "out", "recipe"),
    "lungs-report": Command("print docs/lungs.md", "data out"),
    "passport": Command("fit a bundle's input checks, print docs/passport.md", "data out"),
    "reference": Command(
        "measure what a bundle brings along of hospitals", "data out", "at left-out"
    ),
    "hospitals": Command(
        "measure what profiles are worth, print docs/hospitals.md", "data out at", "left-out"
    ),
    "calls": Command("count what a bundle's calls have meant, print docs/calls.md", "data out"),
    "learnt": Command("score the films of train, for Review", "data out", "runs"),
    "draw": Command("draw the films of the recipe marker", "out"),
    "adopt": Command(
        "make a bundle of a Keras classifier",
        "labels data out",
        "scaling keep-order size longer-side sensitivity",
        ("MODEL.keras", 1, 1),
    ),
    "prepare": Command(
        "make a data folder of what sources publish",
        "out",
        "labels longer-side like columns patient several display shares external",
        ("[NAME=]SOURCE", 1, 99),
    ),
}


def parsed(program: str, about: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    """One command and its options; ``run`` is the name of its function. Ends the process with a
    sentence where they are no such thing."""
    parser = argparse.ArgumentParser(
        prog=program, description=about, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    options = _options()
    for name, command in COMMANDS.items():
        its = commands.add_parser(
            name, aliases=command.earlier.split(), help=command.help, description=command.help
        )
        its.set_defaults(command=name, run=name.replace("-", "_"))
        if command.files[0]:
            its.add_argument("files", nargs="+", metavar=command.files[0])
        for option in (*command.needs.split(), *command.takes.split()):
            needed = option in command.needs.split()
            its.add_argument(f"--{option}", **options[option], required=needed)
    found = parser.parse_args(arguments)
    what, least, most = COMMANDS[found.command].files
    if what and not least <= len(found.files) <= most:
        parser.error(f"{found.command} takes {'one' if most == 1 else f'{least} or more'} {what}")
    return found


def _options() -> dict[str, dict[str, Any]]:
    by_commas = {"type": lambda text: tuple(text.split(","))}
    return {
        "recipe": {"help": "name in train/recipes or path to a .toml; NAME:VARIANT"},
        "data": {"type": Path, "help": "folder with manifest.csv"},
        "out": {"type": Path, "help": "the folder to make, or the bundle's"},
        "runs": {"type": Path, "default": Path("runs"), "help": "caches and checkpoints"},
        "leave-out": {**by_commas, "help": "sites, by commas; export: of the run of sites"},
        "seed": {
            "type": int,
            "help": "of all that is drawn, not the recipe's; a run of its own",
        },
        "trials": {"type": int, "help": "in all, earlier ones counted"},
        "devices": {
            "type": int,
            "default": 1,
            "help": "share each batch among so many; KERAS_BACKEND=jax",
        },
        "k": {"type": _folds, "default": 5, "help": "folds, 3 or more"},
        "sensitivity": {
            "action": "append",
            "type": _share_of,
            "help": "LABEL=SHARE, least sensitivity of a label's operating point; may be repeated",
        },
        "at": {**by_commas, "help": "hospitals with both labels that were not learnt from"},
        "left-out": {
            "action": "append",
            "default": [],
            "type": _elsewhere,
            "metavar": "HOSPITAL=DIR",
            "help": "a hospital that was learnt from, by a network that never did. reference "
            "scores it: another bundle, or a run of sites. hospitals takes what it measured for "
            "another bundle. May be repeated",
        },
        "labels": {
            "type": _named,
            "help": "adopt: the network's labels in the order of its outputs, by commas; N=NORMAL "
            "where the manifest calls it N. prepare: NORMAL=N where a source calls it NORMAL",
        },
        "scaling": {
            "default": "auto",
            "help": "how films of 0 to 255 were scaled: none, unit (0 to 1), symmetric (-1 to 1), "
            "caffe, torch; auto asks val",
        },
        "keep-order": {
            "action": "store_true",
            "help": "take --labels as they are said even if another order fits val better",
        },
        "size": {"type": _pixels, "help": "pixels, if the network doesn't say"},
        "longer-side": {
            "type": _pixels,
            "default": 256,
            "help": "films first shrink to it, pixels",
        },
        "like": {"type": Path, "help": "a manifest.csv whose films are to be found"},
        "columns": {
            "type": _pairs,
            "default": {},
            "help": "what a table's columns are called: image=…,label=…,patient_id=…",
        },
        "patient": {"type": _pattern, "help": "regular expression with one group, on paths"},
        "several": {
            "type": _rule,
            "help": "how rows of a table end that contradict each other on a film: majority, "
            "any:LABEL or drop; by default they are refused",
        },
        "display": {
            "choices": ("yes", "no"),
            "help": "whether the app may show films of which no table says so; asked if left out",
        },
        "shares": {
            "type": _shares,
            "help": "of the patients; by default train=.7,val=.1,test=.2",
        },
        "external": {
            **by_commas,
            "default": (),
            "help": "sources that no training may touch, by commas",
        },
    }


def _pairs(text: str) -> dict[str, str]:
    pairs = dict(each.split("=", 1) for each in text.split(","))
    return {key.strip(): value.strip() for key, value in pairs.items()}


def _pattern(text: str) -> str:
    try:
        if re.compile(text).groups == 1:
            return text
    except re.error:
        pass  # as it is with none or two groups
    raise argparse.ArgumentTypeError(
        f"{text!r} is no regular expression with one group, such as '(person[0-9]+)_'"
    )


def _rule(text: str) -> str:
    labels = text.removeprefix("any:").split(",") if text.startswith("any:") else []
    if text in ("majority", "drop") or (labels and all(labels)):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of {RULES}")


def _pixels(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pixels, 1 or more")
    return int(text)


def _folds(text: str) -> int:
    if int(text) < 3:
        raise argparse.ArgumentTypeError("folds must be 3 or more")
    return int(text)


def _shares(text: str) -> dict[str, float]:
    shares = {split: float(share) for split, share in _pairs(text).items()}
    if set(shares) - {"train", "val", "test"} or min(shares.values()) < 0:
        raise ValueError(text)
    if not abs(sum(shares.values()) - 1) <= 1e-6:  # so that nan is none
        raise ValueError(text)
    return shares


def _named(text: str) -> dict[str, str]:
    """Label of the manifest → label of the network, in the order of its outputs."""
    pairs = [each.partition("=") for each in text.split(",")]
    found = {theirs.strip(): (ours if equals else theirs).strip() for theirs, equals, ours in pairs}
    if (
        len(found) < len(pairs)
        or len(set(found.values())) < 2
        or not all((*found, *found.values()))
    ):
        raise ValueError(text)
    return found


def _elsewhere(text: str) -> tuple[str, Path]:
    hospital, _, folder = text.partition("=")
    if not hospital or not folder:
        raise ValueError(text)
    return hospital, Path(folder)


def _share_of(text: str) -> tuple[str, float]:
    label, _, share = text.partition("=")
    if not label or not 0 < float(share) <= 1:
        raise ValueError(text)
    return label, float(share)
