"""``python -m cxr site …``: hospital profiles from the command line."""

from __future__ import annotations

import json
import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SiteError
from ..site_profiles.options import add_model

if TYPE_CHECKING:
    from ..model.classifier import Classifier
    from ..site_profiles.profile import Profile

UNLABELLED = "unlabelled"
"""Folder of films without a label."""


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    site = commands.add_parser("site", help="hospital profiles")
    parts = site.add_subparsers(dest="part", required=True)
    fit = parts.add_parser("fit", help="fit a profile on a hospital's films, and keep it")
    fit.add_argument(
        "films",
        type=Path,
        metavar="FOLDER|CSV",
        help=f"a folder for each label ({UNLABELLED!r} for films without), or a table with the "
        "columns file, label and, where known, patient; with --verdicts, the data folder of Review",
    )
    fit.add_argument(
        "--verdicts", action="store_true", help="label films by the verdicts of Review"
    )
    fit.add_argument("--source", metavar="NAME", help="of the verdicts, those of one hospital")
    fit.add_argument("--name", required=True, help="of the hospital")
    goal = fit.add_mutually_exclusive_group()
    goal.add_argument("--specificity", type=float, metavar="S", help="wanted, .7 by default")
    goal.add_argument("--sensitivity", type=float, metavar="S", help="wanted instead")
    fit.add_argument("--share", type=float, metavar="P", help="stated of films without labels")
    fit.add_argument("--positive", default="T", metavar="LABEL")
    fit.add_argument("--negative", default="N", metavar="LABEL")
    fit.add_argument(
        "--without-outside", action="store_true", help="leave out films that it does not know"
    )
    add_model(fit, profile=False)
    parts.add_parser("list", help="the profiles that are kept")
    for part, what in (("show", "what a profile rests on"), ("delete", "remove one version")):
        parts.add_parser(part, help=what).add_argument("name", help="its name or identity")
    out = parts.add_parser("export", help="write a profile's file")
    out.add_argument("name", help="its name or identity")
    out.add_argument("--out", type=Path, required=True, metavar="FILE")
    taken = parts.add_parser("import", help="keep a profile's file")
    taken.add_argument("file", type=Path)
    add_model(taken, profile=False)


def run(asked: Namespace) -> int:
    """Do what was asked; returns the exit status.

    Raises
    ------
    CxrError
    """
    from ..model.classifier import load
    from ..site_profiles import store
    from ..site_profiles.profile import from_bytes, to_bytes

    if asked.part == "fit":
        return _fit(asked)
    if asked.part == "list":
        kept = store.kept()
        for profile in kept.profiles:
            print(line(profile))
        for name, refusal in kept.unusable.items():
            print(f"{name}: {refusal}", file=sys.stderr)
        return 1 if kept.unusable else 0
    if asked.part == "import":
        try:
            data = asked.file.read_bytes()
        except OSError as error:
            raise SiteError(
                "unreadable_profile", f"The file of a profile cannot be read: {error.strerror}."
            ) from error
        profile = from_bytes(data)
        load(asked.model).at(profile)
        store.save(profile)
        print(line(profile))
        return 0
    profile = store.find(asked.name)
    if asked.part == "delete":
        store.delete(profile)
        print(f"removed {line(profile)}")
    elif asked.part == "export":
        try:
            asked.out.write_bytes(to_bytes(profile))
        except OSError as error:
            raise SiteError(
                "profile_not_kept", f"The profile could not be written: {error.strerror}."
            ) from error
    else:
        show(profile)
    return 0


def line(profile: Profile) -> str:
    """A profile in one line: identity, name, kind, threshold, films, date."""
    films = " + ".join(f"{n} {label or 'films'}" for label, n in profile.films.items() if n)
    return (
        f"{profile.identity[:12]}  {profile.name}  {profile.kind}, {profile.positive} from "
        f"{profile.threshold:+.2f}  {films}  {profile.created}"
    )


def show(profile: Profile) -> None:
    """Print what it rests on, a figure a line with its interval."""
    from ..site_profiles import watch

    print(line(profile))
    report = profile.report
    if report.get("why"):
        print(report["why"])
    by_hand = "threshold" in profile.wanted
    how = "moved by hand, counted on its own films" if by_hand else "out of fold"
    for name, title in (
        ("shipped_area", "AUROC, as shipped"),
        ("head_area", "AUROC, its own head, out of fold"),
        ("gain", "gain of its own head"),
        ("sensitivity", f"sensitivity, {how}"),
        ("specificity", f"specificity, {how}"),
    ):
        if name in report:
            print(f"{title}: {_figure(report[name])}")
    for each in report.get("shortcuts", ()):
        said = "tells the piles apart about as well as the network" if each["trips"] else "less"
        print(f"{each['what']} alone: AUROC {_figure(each['area'])}, {said}")
    for each in report.get("more", ()):
        widths = (f"{name} {w:.2f}" for name, w in each.items() if name != "films")
        print(f"with {each['films']:.0f} more of each label, widths: {', '.join(widths)}")
    for name, title, code in (
        ("outside", "outside what the model knows", " [outside]"),
        ("left_out", "left out", ""),
        ("aside", "of another label, or without one, so set aside", ""),
    ):
        if many := report.get(name):
            print(f"{title}: {many} film{'s' * (many > 1)}{code}")
    for each in report.get("called_at", ()):
        said = "as stated" if each["share"] == profile.wanted["share"] else "were it so"
        print(
            f"called {profile.positive}, out of fold, at a share of {each['share']:g} ({said}): "
            f"{_figure(each)}"
        )
    if "called_at" in report:
        print(f"called {profile.positive}, as shipped: {_figure(report['called_shipped'])}")
    elif "called" in report:
        print(
            f"called {profile.positive} of its own films: {report['called']:.2f}, by an earlier "
            "version, not out of fold; fit it anew"
        )
    print(watch.in_words(watch.look(profile)))
    print(json.dumps({"network": profile.network, "identity": profile.identity}))


def _figure(found: dict[str, float]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _fit(asked: Namespace) -> int:
    from ..model.classifier import load
    from ..site_profiles import store
    from .films import gather
    from .fitting import fit

    model = load(asked.model)
    if asked.source and not asked.verdicts:
        raise SiteError("bad_request", "A source can be named of verdicts alone: add --verdicts.")
    if asked.verdicts:
        rows = _verdicts(asked.films, asked.source)
    else:
        rows = _table(asked.films) if asked.films.is_file() else _folders(asked.films, model)
    films, refused = gather(model, [path for path, _, _ in rows])
    for place, refusal in refused.items():
        print(f"{rows[place][0]}  refused: {refusal}", file=sys.stderr)
    there = [i for i, film in enumerate(films) if film is not None]
    wanted = None
    if asked.sensitivity is not None:
        wanted = {"sensitivity": asked.sensitivity}
    elif asked.specificity is not None:
        wanted = {"specificity": asked.specificity}
    profile = fit(
        model,
        [film for film in films if film is not None],
        [rows[i][1] for i in there],
        name=asked.name,
        positive=asked.positive,
        negative=asked.negative,
        patients=[rows[i][2] for i in there],
        wanted=wanted,
        share=asked.share,
        without_outside=asked.without_outside,
    )
    store.save(profile)
    show(profile)
    return 1 if refused else 0


def _verdicts(root: Path, source: str | None) -> list[tuple[Path, str, str]]:
    """The same of the films that were judged on Review."""
    from ..review.entries import Entry
    from ..review.folder import open_folder
    from ..review.store import ReviewStore, setting
    from .reviewed import verdicts

    store = ReviewStore(setting())
    try:
        entries: list[Entry] = store.entries()
    finally:
        store.close()
    found = verdicts(open_folder(root), entries)
    for image, refusal in found.refused:
        print(f"{image}  refused: {refusal}", file=sys.stderr)
    if found.undecided:
        print(f"{found.undecided} judged films have no agreed label: left out", file=sys.stderr)
    hospitals = found.hospitals
    if source is None and len(hospitals) == 1:
        source = hospitals[0]
    if source not in hospitals:
        there = ", ".join(map(repr, hospitals))
        raise SiteError(
            "no_films",
            f"The verdicts are of films of {there}. Say which hospital with --source."
            if hospitals
            else "No film of this folder has a verdict that says what it is. Judge some on Review.",
        )
    return [(film.path, film.label, film.patient) for film in found.of(source)]


def _folders(root: Path, model: Classifier) -> list[tuple[Path, str, str]]:
    """Path, label and no patient of each film in a folder for each label."""
    from .fitting import refuse_unknown

    known = {**{label.casefold(): label for label in model.labels}, UNLABELLED: ""}
    rows = [
        (path, known.get(folder.name.casefold(), folder.name), "")
        for folder in (sorted(root.iterdir()) if root.is_dir() else ())
        if folder.is_dir() and not folder.name.startswith((".", "__"))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    refuse_unknown(model, {label for _, label, _ in rows})
    if not rows:
        raise SiteError(
            "no_films",
            f"There is no film: the folder should hold one folder for each of "
            f"{', '.join(model.labels)} or one called {UNLABELLED}.",
        )
    return rows


def _table(path: Path) -> list[tuple[Path, str, str]]:
    """The same of a table; paths are relative to it. A film under two labels is there under each,
    and so refused by the fit."""
    from .table import read_table

    try:
        rows = read_table(path.read_bytes()).rows
    except OSError as error:
        raise SiteError(
            "bad_table", f"The table of films cannot be read: {error.strerror}."
        ) from error
    return [
        (path.parent / name, label, row.patient)
        for name, row in rows.items()
        for label in row.labels or ("",)
    ]
