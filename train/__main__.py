"""Train and evaluate.

    python -m train fit --recipe default --data DIR --out models/NAME
    python -m train export --recipe default --data DIR --out models/NAME
    python -m train calibrate --out models/NAME [--sensitivity T=.95] [--unseen RUN]
    python -m train external --out models/NAME
    python -m train sites --recipe default --data DIR --leave-out sakha,nih
    python -m train rivals RUN RUN [RUN...]
    python -m train folds --recipe default --data DIR --k 5
    python -m train audit --data DIR --out models/NAME
    python -m train robustness --data DIR --out models/NAME
    python -m train row --data DIR --out models/NAME
    python -m train card --out models/NAME [--recipe default]
    python -m train lungs-report --data DIR --out models/lungs
    python -m train passport --data DIR --out models/NAME
    python -m train draw --out DIR
    python -m train adopt MODEL.keras --labels NORMAL,PNEUMONIA --data DIR --out models/NAME
    python -m train search --recipe NAME --data DIR --trials 30 [--leave-out sakha]
    python -m train prepare [NAME=]SOURCE... --out DIR [--like manifest.csv]

`fit` ends with `export` in a process of its own; run `export` by itself where training had no
TensorFlow (KERAS_BACKEND=torch or jax). `calibrate` fits temperature, operating points and sets
anew; given the folder of a run of `sites`, it also finds operating points for hospitals that the
network doesn't know. `external` scores the sites that no training may touch. `sites` and `folds`
say what a recipe is worth on films that it was kept from; `rivals` holds runs of `sites` against
each other, film by film. `audit` asks whether the disease or the hospital is told. `audit`,
`robustness`, `card`, `lungs-report` and `passport` print a page of docs/, `row` a row of
docs/recipes.md; `passport` first fits a bundle's input checks, which a new network lacks. `adopt`
makes a bundle of a Keras classifier from elsewhere: docs/adopting.md. `prepare` makes a data folder
of what sources publish (folders, tables, archives): docs/data.md. `search` tries values within a
recipe's [search].
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from cxr.errors import CxrError

from .prepare.readers import RULES

NEEDS = {
    "fit": ("recipe", "data", "out"),
    "export": ("recipe", "data", "out"),
    "calibrate": ("out",),
    "external": ("out",),
    "sites": ("recipe", "data", "leave_out"),
    "rivals": (),
    "folds": ("recipe", "data"),
    "search": ("recipe", "data", "trials"),
    "audit": ("data", "out"),
    "robustness": ("data", "out"),
    "row": ("data", "out"),
    "card": ("out",),
    "lungs-report": ("data", "out"),
    "passport": ("data", "out"),
    "draw": ("out",),
    "adopt": ("labels", "data", "out"),
    "prepare": ("out",),
}
FILES = {
    "adopt": ("MODEL.keras", 1, 1),
    "prepare": ("[NAME=]SOURCE...", 1, 99),
    "rivals": ("RUN RUN...", 2, 99),
}
"""What a command takes beside options, at least and at most how many."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 after a refusal."""
    options = _parse(arguments)
    from . import cli

    try:
        run = getattr(cli, options.command.replace("-", "_"))
        return int(run(options) or 0)
    except CxrError as error:
        print(error, file=sys.stderr)
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=list(NEEDS))
    parser.add_argument(
        "files", nargs="*", help="; ".join(f"{k}: {v[0]}" for k, v in FILES.items())
    )
    parser.add_argument("--recipe", help="name in train/recipes or path to a .toml; NAME:VARIANT")
    parser.add_argument("--data", type=Path, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, help="the bundle's folder")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="caches and checkpoints")
    parser.add_argument("--leave-out", type=lambda text: text.split(","), help="sites, by commas")
    parser.add_argument("--trials", type=int, help="search: in all, earlier ones counted")
    parser.add_argument(
        "--devices", type=int, default=1, help="share each batch among so many; KERAS_BACKEND=jax"
    )
    parser.add_argument("--k", type=int, default=5, help="folds, 3 or more")
    parser.add_argument(
        "--sensitivity",
        action="append",
        type=_share_of,
        help="LABEL=SHARE, least sensitivity of a label's operating point; may be repeated",
    )
    parser.add_argument("--unseen", type=Path, help="calibrate: runs/RECIPE-without-SITES")
    parser.add_argument(
        "--labels",
        type=_named,
        help="adopt: the network's labels in the order of its outputs, by commas; N=NORMAL where "
        "the manifest calls it N. prepare: NORMAL=N where a source calls it NORMAL",
    )
    parser.add_argument(
        "--scaling",
        default="auto",
        help="adopt: how films of 0 to 255 were scaled: none, unit (0 to 1), symmetric (-1 to 1), "
        "caffe, torch; auto asks val",
    )
    parser.add_argument(
        "--keep-order",
        action="store_true",
        help="adopt: take --labels as they are said even if another order fits val better",
    )
    parser.add_argument("--size", type=_pixels, help="adopt: pixels, if the network doesn't say")
    parser.add_argument(
        "--longer-side",
        type=_pixels,
        default=256,
        help="adopt, prepare: films first shrink to it, pixels",
    )
    _add_preparing(parser)
    options = parser.parse_args(arguments)
    what, least, most = FILES.get(options.command, ("", 0, 0))
    if len(options.files) > most:
        parser.error(f"{options.command} takes {'one file' if least else 'no file'}")
    missing = [what] if len(options.files) < least else []
    missing += [
        f"--{name.replace('_', '-')}"
        for name in NEEDS[options.command]
        if not getattr(options, name)
    ]
    if missing:
        parser.error(f"{options.command} needs {' and '.join(missing)}")
    if options.k < 3:
        parser.error("--k must be 3 or more")
    return options


def _add_preparing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("prepare")
    group.add_argument("--like", type=Path, help="a manifest.csv whose films are to be found")
    group.add_argument(
        "--columns",
        type=_pairs,
        default={},
        help="what a table's columns are called: image=…,label=…,patient_id=…",
    )
    group.add_argument(
        "--patient", type=_pattern, help="regular expression with one group, on paths"
    )
    group.add_argument(
        "--several",
        type=_rule,
        help="how rows of a table end that contradict each other on a film: majority, any:LABEL "
        "or drop; by default they are refused",
    )
    group.add_argument(
        "--display",
        choices=("yes", "no"),
        help="whether the app may show films of which no table says so; asked if left out",
    )
    group.add_argument(
        "--shares", type=_shares, help="of the patients; by default train=.7,val=.1,test=.2"
    )
    group.add_argument(
        "--external",
        type=lambda text: tuple(text.split(",")),
        default=(),
        help="sources that no training may touch, by commas",
    )


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


def _share_of(text: str) -> tuple[str, float]:
    label, _, share = text.partition("=")
    if not label or not 0 < float(share) <= 1:
        raise ValueError(text)
    return label, float(share)


if __name__ == "__main__":
    sys.exit(main())
