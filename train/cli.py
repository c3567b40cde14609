"""What the commands of ``python -m train`` do that make something: load, run, print. Those that
measure are in ``reports``. Imports wait for their command, since some need TensorFlow and some must
not load it."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.errors import DataError

from .console import lines, show

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from cxr.model.bundle import Bundle

    from .recipes.recipe import Recipe


def fit(options: Namespace) -> int:
    """Train, then export in a new process."""
    if options.devices > 1:
        from .fit.devices import spread

        spread(options.devices)
    plan, frame = _plan(options)
    run = options.runs / options.out.name
    if _segments(plan):
        from .data import masks
        from .fit.segmentation import fit as fit_masks

        frame = masks.with_masks(frame)
        films, drawn = masks.load(frame, options.data, plan, options.runs / "cache")
        fit_masks(plan, films, drawn, frame, run)
    else:
        _make_sure(plan, frame, options.data)
        from .fit.training import fit as fit_classes

        frame, squares = _films(plan, frame, options)
        fit_classes(plan, squares, frame, run)
    return _export_afresh(options)


def draw(options: Namespace) -> None:
    """Draw the films that the recipe ``marker`` learns a shortcut from."""
    from .data.marker_films import write

    print(f"{options.out}: {write(options.out)} films")


def export(options: Namespace) -> None:
    from .data import splits
    from .fit.runs import without

    plan, frame = _plan(options)
    sites = options.leave_out or ()
    run = options.runs / options.out.name
    if sites:
        run = without(options.runs, _name(options), sites)
    if not (run / "best.weights.h5").is_file():
        how = ("--recipe, --leave-out", "sites") if sites else ("--out", "fit")
        raise DataError(
            "no_run",
            f"Nothing was trained under the name {run.name!r} where runs are kept. Say the "
            f"{how[0]} and --runs of its training, or train it: python -m train {how[1]}, with the "
            "same.",
        )
    if _segments(plan):
        from .data import masks
        from .export.segmenter import export_run as export_masks

        films, _ = masks.load(masks.with_masks(frame), options.data, plan, options.runs / "cache")
        bundle = export_masks(plan, run, films, frame, options.data, options.out)
        print(f"{options.out}: {bundle.digest[:12]}")
        show(lines("", bundle.metrics["test"]["sources"]))
        return
    frame, squares = _films(plan, frame, options)
    frame = splits.without_sites(frame, sites) if sites else frame
    from .export.classifier import export_run

    bundle = export_run(plan, run, squares, frame, options.out)
    print(f"{options.out}: {bundle.digest[:12]}, {_on_test(bundle)}")


def refit(options: Namespace) -> None:
    plan, frame = _plan(options)
    frame, squares = _films(plan, frame, options)
    from .export.classifier import refit as fit_anew

    bundle = fit_anew(options.out, plan, squares, frame)
    print(f"{options.out}: {bundle.digest[:12]}, {_on_test(bundle)}")


def calibrate(options: Namespace) -> None:
    from .export.fit_on_val import calibrate as fit_anew

    bundle = fit_anew(options.out, dict(options.sensitivity or ()))
    print(f"temperature {bundle.temperature:.3f}")
    show(lines("", bundle.operating_points))


def sites(options: Namespace) -> None:
    plan, frame = _plan(options)
    frame, squares = _films(plan, frame, options)
    from .experiments.site_holdout import at_seed, leave_out

    plan, name = at_seed(plan, _name(options), options.seed)
    found = leave_out(plan, name, squares, frame, options.leave_out, options.runs)
    show(lines("", found))


def folds(options: Namespace) -> None:
    plan, frame = _plan(options)
    frame, squares = _films(plan, frame, options)
    from .experiments.site_holdout import cross_validate

    found = cross_validate(plan, _name(options), squares, frame, options.k, options.runs)
    show(lines("", found))


def search(options: Namespace) -> None:
    plan, frame = _plan(options)
    frame, squares = _films(plan, frame, options)
    from .experiments.search import search as look

    sites = options.leave_out or ()
    without = f"-without-{'-'.join(sites)}" if sites else ""
    run = options.runs / f"{_name(options).replace(':', '-')}-search{without}"
    study = look(plan, squares, frame, run, options.trials, sites)
    print(f"best of {len(study.trials)} trials, {study.best_value:.4f} ({run}):")
    for path, value in study.best_params.items():
        print(f"{path} = {value!r}")


def adopt(options: Namespace) -> None:
    from .export.fit_on_val import SENSITIVITY, check_labels

    check_labels(dict(options.sensitivity or ()), options.labels.values())
    from .export.adopt import adopt as make_bundle

    bundle = make_bundle(
        Path(options.files[0]),
        options.labels,
        options.data,
        options.out,
        scaling=options.scaling,
        size=options.size,
        longer_side=options.longer_side,
        sensitivity=dict(options.sensitivity or SENSITIVITY),
        keep_order=options.keep_order,
    )
    came = bundle.provenance["adopted"]
    shape = " × ".join(map(str, came["input"]))
    print(f"{options.out}: {bundle.digest[:12]}, {came['end']} of {shape}")
    for scaling, loss in came["cross_entropy_on_val"].items():
        print(f"scaling {scaling}: {loss:.3f}" + " (taken)" * (scaling == came["scaling"]))
    none = "nothing: it has no convolution, or no maps that all of its answer goes through"
    print(f"Grad-CAM reads {bundle.gradcam_layer or none}")
    print(f"temperature {bundle.temperature:.3f}, {_on_test(bundle)}")
    for source, figures in bundle.metrics.get("external", {}).items():
        show(lines(f"{source}, recall", figures["recall"]))
    for warning in came["warnings"]:
        print(f"Warning: {warning}")
    print("With films of train, an input passport can be fitted:")
    print(f"python -m train passport --data {options.data} --out {options.out}")


def prepare(options: Namespace) -> None:
    from .prepare.prepare import SHARES, PreparePlan
    from .prepare.prepare import prepare as make_folder
    from .prepare.prepared import summary
    from .prepare.sources import Naming, Source

    named = [each.rpartition("=") for each in options.files]
    plan = PreparePlan(
        sources=tuple(
            Source(name or Path(path).name.partition(".")[0], Path(path)) for name, _, path in named
        ),
        naming=Naming(
            options.labels or {}, options.columns, options.patient or "", options.several or ""
        ),
        shares=options.shares or SHARES,
        external=options.external,
        longer_side=options.longer_side,
        like=options.like,
        display=options.display or ("" if options.like else _ask_display()),
    )
    show(summary(make_folder(plan, options.out)))


def _ask_display() -> str:
    """Ask whoever sits there whether films may be shown; a script is told afterwards."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    said = input(
        "May the app show these films to whoever opens it? Writing on a film may be a name. "
        "yes, no, or nothing for none yet: "
    )
    return {"y": "yes", "n": "no"}.get(said.strip().lower()[:1], "")


def _plan(options: Namespace) -> tuple[Recipe, pd.DataFrame]:
    from .data import manifest
    from .data.recipe_films import completed
    from .recipes import recipe

    plan, frame = recipe.load(options.recipe), manifest.load(options.data)
    return plan if _segments(plan) else completed(plan, frame), frame


def _name(options: Namespace) -> str:
    """The recipe's, without a folder."""
    return Path(options.recipe).name.removesuffix(".toml")


def _make_sure(plan: Recipe, frame: pd.DataFrame, data: Path) -> None:
    """Refuse what could not be trained, or not be measured afterwards, before Keras is loaded."""
    from .data import manifest

    frame = manifest.of_recipe(frame, plan)
    none = "test has no film of the recipe's: give that split to some patients of each label"
    untested = [none] * (not (frame.split == "test").any())
    manifest.refuse([*manifest.problems(frame, data, plan.labels), *untested])


def _on_test(bundle: Bundle) -> str:
    found = bundle.metrics.get("test", {}).get("macro_f1")
    return next(lines("macro-F1 on test", found)) if found else "test not measured"


def _segments(plan: Recipe) -> bool:
    from cxr.model.lungs import LABELS

    return plan.labels == LABELS


def _films(
    plan: Recipe, frame: pd.DataFrame, options: Namespace
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    from .data import cache, manifest

    listed, frame = len(frame), manifest.of_recipe(frame, plan)
    if len(frame) < listed:
        print(f"{len(frame)} of {listed} films are of this recipe's labels and sources")
    return frame, cache.films(
        frame, options.data, plan.labels, plan.learns_from, options.runs / "cache"
    )


def _export_afresh(options: Namespace) -> int:
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
