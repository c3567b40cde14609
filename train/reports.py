"""What the commands of ``python -m train`` do that measure a bundle, or runs, and print what they
found. Imports wait for their command, as in ``cli``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from .console import lines, show


def external(options: Namespace) -> None:
    from .evaluation.evaluate import external_row, score_external

    bundle = score_external(options.out)
    show(lines("", bundle.metrics["external"]))
    print(external_row(bundle))


def compare(options: Namespace) -> None:
    from .experiments.run_comparison import report

    show(report([Path(each) for each in options.files]))


def ledger(options: Namespace) -> None:
    from .experiments.ledger import table

    show(table(options.runs))


def audit(options: Namespace) -> None:
    from cxr.model.classifier import Classifier

    from .data import cache, manifest
    from .evaluation.shortcut_audit import audit as ask
    from .evaluation.shortcut_audit import report, store

    model = Classifier(options.out)
    frame = manifest.of_bundle(manifest.load(options.data), model.bundle, ("train", "val", "test"))
    learnt = frame.label[(frame.split == "train") & (frame.recommended == "1")]
    manifest.refuse(["train has recommended films of one label at most"] * (learnt.nunique() < 2))
    whole = replace(model.preprocessing, crop=0)
    films = cache.films(frame, options.data, model.labels, whole, options.runs / "cache")
    show(report(store(options.out, ask(model, films, frame))))


def robustness(options: Namespace) -> None:
    from cxr.model.bundle import open_bundle

    from .data import manifest
    from .evaluation.robustness import report

    frame = manifest.of_bundle(manifest.load(options.data), open_bundle(options.out), ("test",))
    show(report(options.out, frame, options.data))


def row(options: Namespace) -> None:
    from .data import manifest
    from .experiments.recipe_row import row as row_of

    print(row_of(options.out, manifest.load(options.data)))


def card(options: Namespace) -> None:
    from cxr.metrics.model_card import card as card_of
    from cxr.model.bundle import manifest_values, open_bundle, write_manifest

    if options.recipe:
        from .recipes.recipe import load

        values = manifest_values(options.out)
        values["provenance"]["recipe"]["card"] = load(options.recipe).card
        write_manifest(options.out, values)
    print(card_of(open_bundle(options.out)), end="")


def passport(options: Namespace) -> None:
    from cxr.model.bundle import open_bundle

    from .data import manifest
    from .evaluation.input_checks.fitting import store
    from .evaluation.input_checks.report import report

    frame = manifest.of_bundle(
        manifest.load(options.data), open_bundle(options.out), ("train", "val", "test")
    )
    rows, scored = store(options.out, frame, options.data)
    show(report(options.out, frame, options.data, rows, scored))


def reference(options: Namespace) -> None:
    from cxr.model.reference import LEVELS

    from .evaluation.reference import add

    found = add(options.out, options.data, options.at or (), dict(options.left_out))
    print(f"{options.out}: {found.negative} and {found.positive} of", end=" ")
    print(", ".join(found.hospitals), "as unseen; told apart within", ", ".join(found.both))
    for name, by in found.left_out.items():
        print(
            f"{name}: by network {by.network[:12]}; log-odds of {by.films} adult {found.negative}"
        )
        print("of val at", ", ".join(f"{level:g}" for level in LEVELS))
        for whose, values in (("this network", by.own), ("that one", by.other)):
            print(f"  {whose}:", ", ".join(f"{value:.2f}" for value in values))


def hospitals(options: Namespace) -> None:
    from .evaluation.hospitals import measure
    from .evaluation.hospitals_table import lines as table

    show(table(measure(options.out, options.data, options.at, dict(options.left_out))))


def calls(options: Namespace) -> None:
    from .evaluation.calls import lines as table
    from .evaluation.calls import measure

    show(table(measure(options.out, options.data)))


def learnt(options: Namespace) -> None:
    from .evaluation.training_films import score

    films, wrong = score(options.out, options.data, options.runs / "cache")
    print(f"{options.out}: {films:,} films of train, {wrong:,} of them called wrong")


def lungs_report(options: Namespace) -> None:
    from .data import manifest
    from .evaluation.lungs_report import report

    show(report(options.out, manifest.load(options.data), options.data))
