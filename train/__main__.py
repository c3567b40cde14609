"""Train and evaluate.

    python -m train fit --recipe default --data DIR --out models/NAME
    python -m train export --recipe default --data DIR --out models/NAME [--leave-out sakha]
    python -m train refit --recipe default --data DIR --out models/NAME
    python -m train calibrate --out models/NAME [--sensitivity T=.95]
    python -m train external --out models/NAME
    python -m train sites --recipe default --data DIR --leave-out sakha,nih
    python -m train compare RUN RUN [RUN...]
    python -m train ledger [--runs DIR]
    python -m train folds --recipe default --data DIR --k 5
    python -m train audit --data DIR --out models/NAME
    python -m train robustness --data DIR --out models/NAME
    python -m train row --data DIR --out models/NAME
    python -m train card --out models/NAME [--recipe default]
    python -m train lungs-report --data DIR --out models/lungs
    python -m train passport --data DIR --out models/NAME
    python -m train reference --data DIR --out models/NAME [--at shenzhen] [--left-out sakha=RUN]
    python -m train hospitals --data DIR --out models/NAME --at montgomery [--left-out sakha=BUNDLE]
    python -m train calls --data DIR --out models/NAME
    python -m train learnt --data DIR --out models/NAME
    python -m train draw --out DIR
    python -m train adopt MODEL.keras --labels NORMAL,PNEUMONIA --data DIR --out models/NAME
    python -m train search --recipe NAME --data DIR --trials 30 [--leave-out sakha]
    python -m train prepare [NAME=]SOURCE... --out DIR [--like manifest.csv]

`fit` ends with `export` in a process of its own; run `export` by itself where training had no
TensorFlow (KERAS_BACKEND=torch or jax); `--leave-out` makes the bundle of a run of `sites`, to
which those sites are external. `refit` fits the last layer of a bundle anew, as the recipe's
`refit` says, and writes the bundle again. `calibrate` fits temperature, operating points and sets
anew. `external` scores the sites that no training may touch. `sites` and `folds` say what a recipe
is worth on films that it was kept from; `compare` holds runs of `sites` against each other, film by
film. `audit` asks whether the disease or the hospital is told. `audit`, `robustness`, `card`,
`lungs-report` and `passport` print a page of docs/, `row` a row of docs/recipes.md, `external` one
of docs/experiments.md, `ledger` the table of docs/ledger.md; none writes there. `passport` first
fits a bundle's input checks, which a new network lacks. `reference` measures what it brings along
of known and of unseen hospitals; `--left-out` takes the scores of a hospital that was learnt from
by a network that was kept from it. `hospitals` measures what profiles fitted on a hospital's own
films are worth (docs/hospitals.md); `--left-out` takes over what it measured of a hospital that was
learnt from for the bundle of a network that was not. `calls` counts what its calls have meant
(docs/calls.md). `learnt` scores the films that it learnt from, whose labels Review then corrects
(docs/reviewing.md). `adopt` makes a bundle of a Keras classifier from elsewhere: docs/adopting.md.
`prepare` makes a data folder of what sources publish (folders, tables, archives): docs/data.md.
`search` tries values within a recipe's [search].
"""

from __future__ import annotations

import sys

from cxr.errors import CxrError

from .options import parsed


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 after a refusal."""
    options = parsed("python -m train", __doc__, arguments)
    from . import cli, reports

    try:
        run = getattr(cli, options.run, None) or getattr(reports, options.run)
        return int(run(options) or 0)
    except CxrError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
