"""Command line: score films, draw what moved the network, and set up a hospital.

    python -m cxr predict FILE|FOLDER... [--site NAME] [--model DIR] [--json]
    python -m cxr explain FILE --class T --method METHOD --out map.png [--anyway] [--untested]
                  [--patch N --stride N --fill blur|mean|noise|black]
                  [--opacity X] [--scale X] [--contour] [--site NAME] [--model DIR]
    python -m cxr report FILE|FOLDER... --out FILE.pdf|.html|.json|.zip [--class T]
                  [--method METHOD] [--untested] [--with-film] [--patient NAME]
                  [--reader NAME --verdict TEXT --note TEXT | --reader NAME --verdicts]
                  [--known-hospital | --site NAME] [--model DIR]
    python -m cxr verify REPORT.json [--film FILE] [--model DIR]
    python -m cxr audit verify [--export FILE] | show [--film SHA256] [--log PLACE]
    python -m cxr screen FOLDER|CSV|ARCHIVE|PATTERN --out FILE.parquet [--csv] [--workers N]
                  [--known-hospital | --site NAME] [--model DIR]
    python -m cxr selftest [--learn] [--model DIR]
    python -m cxr site fit FOLDER|CSV --name NAME [--specificity S | --sensitivity S] [--share P]
                  [--positive T --negative N] [--without-outside] [--model DIR]
                  [--verdicts [--source HOSPITAL]]
    python -m cxr site list | show NAME | export NAME --out FILE | import FILE | delete NAME

    python -m cxr dicom FILE --out FOLDER [--class T --method METHOD] [--box X,Y,WIDTH,HEIGHT]
    python -m cxr pacs query | fetch --out FOLDER [FILM...] | send [FILM...]
                  [--since DATE --until DATE --modality CR|DX --accession NUMBER --unread]
    python -m cxr receive FOLDER [--port N] [--title TITLE]

A folder stands for all files in it and below; files and folders whose names begin with a dot are
passed over.

METHOD is gradcam, gradcam_pp, scorecam, occlusion or integrated. A map is tested for being faithful
(some 380 forward passes) unless --untested is given, and what is found stands under the picture.

With --json, one object a line: {"file", "label", "probabilities", "raw" (before calibration),
"sets" (the classes not ruled out, by coverage), "standing", "model"}, or {"file", "error": {"code",
"message"}}. Where anything was checked, "passport" comes before the label: "flags", "checks" (each
with "score", "limit", "flagged" and what was "done") and "unchecked". A film outside what the model
knows is scored, and that is said before its label. "standing" says where the film lies: its
log-odds, by a hospital's profile its threshold and whether it was "called", and the share of films
of the negative label below it.
Exit status 1: a film was refused, a report or the log is not as it was written, or the selftest
failed; 2: the model or the request was refused; 130: screen was stopped by a key.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import NOTICE, Classifier, CxrError, ExplainError, Radiograph, load
from .audit import command as audit_command
from .batch import command as screen_command
from .dicom_out import command as dicom_command
from .pacs import command as pacs_command
from .report import command as report_command
from .shipped import models
from .site import command as site_command

if TYPE_CHECKING:
    from .input_checks import Passport
    from .model.lungs import LungFinder
    from .screening.standing import Standing

DEFAULT = models() / "default"
_LABEL = 14
"""Wide enough for a label behind "outside: "."""
METHODS = ("gradcam", "gradcam_pp", "scorecam", "occlusion", "integrated")
"""Those of ``cxr.explain``, which scoring does not import."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    asked = _parser().parse_args(arguments)
    print(NOTICE, file=sys.stderr)
    try:
        if asked.command == "site":
            return site_command.run(asked)
        if asked.command == "audit":
            return audit_command.run(asked)
        if asked.command == "verify":
            return report_command.check(asked)
        if asked.command == "dicom":
            return dicom_command.run(asked)
        if asked.command in ("pacs", "receive"):
            return pacs_command.run(asked)
        model = load(asked.model)
        if getattr(asked, "site", None):
            from .site import store

            model = model.at(store.find(asked.site))
        if asked.command == "selftest":
            return _selftest(model, asked.learn)
        if asked.command == "screen":
            return screen_command.run(model, asked)
        if asked.command == "report":
            return report_command.write(model, asked, _below(asked.files))
        return _predict(model, asked) if asked.command == "predict" else _explain(model, asked)
    except CxrError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the lines has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cxr", description=NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", help="score films")
    predict.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG, DICOM, a folder")
    predict.add_argument("--json", action="store_true", help="one JSON object a line")
    explain = commands.add_parser("explain", help="draw what moved the network")
    explain.add_argument("file", metavar="FILE", help="PNG, JPEG or DICOM")
    explain.add_argument("--class", dest="label", required=True, help="the class to explain")
    explain.add_argument("--method", required=True, choices=METHODS)
    explain.add_argument("--out", type=Path, required=True, metavar="PNG", help="where to write")
    explain.add_argument("--anyway", action="store_true", help="however unlikely the class")
    explain.add_argument("--untested", action="store_true", help="do not ask if it is faithful")
    explain.add_argument("--patch", type=int, help="side of a patch, network pixels")
    explain.add_argument("--stride", type=int, help="distance between patches, network pixels")
    explain.add_argument("--fill", help="blur (as by default), mean, noise or black")
    explain.add_argument("--opacity", type=_share, default=0.6, help="0 to 1")
    explain.add_argument("--scale", type=_positive, help="value of the last colour")
    explain.add_argument("--contour", action="store_true", help="lines at half of that value")
    selftest = commands.add_parser("selftest", help="whether this installation works")
    selftest.add_argument("--learn", action="store_true", help="keep its scores as the known ones")
    selftest.add_argument("--model", type=Path, default=DEFAULT, metavar="DIR", help="a bundle")
    for command in (predict, explain):
        command.add_argument("--site", metavar="NAME", help="go by a hospital profile")
        command.add_argument("--model", type=Path, default=DEFAULT, metavar="DIR", help="a bundle")
    site_command.add(commands, DEFAULT)
    audit_command.add(commands)
    report_command.add(commands, DEFAULT, METHODS)
    dicom_command.add(commands, DEFAULT)
    pacs_command.add(commands, DEFAULT)
    screen_command.add(commands, DEFAULT)
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _predict(model: Classifier, asked: argparse.Namespace) -> int:
    show = _json_line if asked.json else _table_line
    names = [name for place in asked.files for name in _files_at(place)]
    wide = max(4, *map(len, names))
    if not asked.json:
        print(f"{'file':{wide}}  {'label':{_LABEL}}", *(f"{label:>6}" for label in model.labels))
    refused = 0
    for name in names:
        answer = {"file": name, **_answer(name, model)}
        refused += "error" in answer
        print(show(answer, wide), flush=True)
    return 1 if refused else 0


def _files_at(place: str) -> list[str]:
    """The files in a folder and below; anything else, and a folder without any, as it is."""
    found: list[str] = []
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = (name for name in names if not name.startswith("."))
        found += (os.path.join(folder, name) for name in shown)  # noqa: PTH118 (need not be text)
    return sorted(found) or [place]


def _below(places: Sequence[str]) -> dict[str, str]:
    """Every file's path, and its path below the place that was named."""
    return {name: os.path.relpath(name, place) for place in places for name in _files_at(place)}


def _answer(name: str, model: Classifier) -> dict[str, Any]:
    from .screening import assess as spine

    found = spine.assess(name, model)
    if found.refusal is not None:
        return {"error": {"code": found.refusal.code, "message": found.refusal.message}}
    if model.site is not None:
        from .site import watch

        watch.record(model, found)
    scores, checks = found.scored
    return {
        **({"passport": _checked(checks)} if checks.findings else {}),
        "label": scores.label,
        "probabilities": scores.probabilities,
        "raw": scores.raw,
        "sets": found.sets,
        **({"standing": _standing(found.standing)} if found.standing else {}),
        "model": {"name": model.bundle.name, "sha256": model.bundle.digest},
    }


def _standing(found: Standing) -> dict[str, Any]:
    told = {
        "log_odds": found.log_odds,
        "of": [found.positive, found.negative],
        "below_negatives": None if isnan(found.below_negatives) else found.below_negatives,
    }
    if found.threshold is None:
        return told
    return {
        **told,
        "hospital": found.hospital,
        "threshold": found.threshold,
        "called": found.called,
    }


def _checked(passport: Passport) -> dict[str, Any]:
    checks = {
        each.code: {
            "score": each.score,
            "limit": each.limit,
            "flagged": each.flagged,
            "done": each.done,
        }
        for each in passport.findings
    }
    return {"flags": passport.flags, "checks": checks, "unchecked": passport.unchecked}


def _json_line(answer: dict[str, Any], wide: int) -> str:
    return json.dumps(answer)


def _table_line(answer: dict[str, Any], wide: int) -> str:
    start = f"{answer['file']:{wide}}"
    if "error" in answer:
        return f"{start}  refused: {answer['error']['message']} [{answer['error']['code']}]"
    scores = (f"{p:6.3f}" for p in answer["probabilities"].values())
    flags = answer.get("passport", {}).get("flags", ())
    said = answer["label"]
    if "called" in (stands := answer.get("standing", {})):
        said = stands["of"][0] if stands["called"] else f"not {stands['of'][0]}"
    label = f"outside: {said}" if "outside" in flags else said
    others = (flag for flag in flags if flag != "outside")
    return " ".join([f"{start}  {label:{_LABEL}}", *scores, *others])


def _selftest(model: Classifier, learn: bool) -> int:
    from .screening import selftest

    if learn:
        selftest.learn(model)
    checks = list(selftest.selftest(model))
    for check in checks:
        print(f"{'ok' if check.well else 'FAILED'}  {check.name}: {check.said}")
    return 0 if all(check.well for check in checks) else 1


def _explain(model: Classifier, asked: argparse.Namespace) -> int:
    from . import explain
    from .explain import overlay
    from .screening import assess as spine

    options = _options(model, asked)
    found = spine.assess(asked.file, model)
    if found.refusal is not None or found.film is None:
        print(found.refusal, file=sys.stderr)
        return 1
    film, outside = found.film, found.before_scores
    score = _score(model, film, asked)
    if asked.method == "occlusion":
        values = explain.occlusion(model, film, asked.label, **options)
    else:
        values = explain.make_map(model, film, asked.label, asked.method)
    said = _evidence(model, film, asked, values, spine.shipped_lungs())
    by = [f"by the hospital profile {asked.site}"] if asked.site else []
    details = ", ".join([f"p = {score:.3f}", *by, *(f"{k} {v}" for k, v in options.items())])
    lines = overlay.caption(
        asked.method, asked.label, model.bundle.name, model.bundle.digest, details
    )
    picture = overlay.export_png(
        film.eight_bit,
        values,
        asked.method,
        [*outside, *lines, *said, explain.words.CAVEAT],
        asked.opacity,
        asked.scale,
        asked.contour,
    )
    try:
        asked.out.write_bytes(picture)
    except OSError as error:
        raise ExplainError(
            "not_written", f"The map cannot be written: {error.strerror}."
        ) from error
    unit = overlay.KINDS[asked.method].unit
    span = f"{asked.label}: {values.min():+.3f} to {values.max():+.3f} {unit}"
    print(*outside, span, *said, sep="\n")
    return 0


def _options(model: Classifier, asked: argparse.Namespace) -> dict[str, Any]:
    """Those of occlusion, with its defaults; none of another method."""
    from . import explain

    if asked.method == "occlusion":
        patch, stride = explain.patch_and_stride(model.size, asked.patch, asked.stride)
        return {"patch": patch, "stride": stride, "fill": asked.fill or "blur"}
    if asked.patch or asked.stride or asked.fill:
        raise ExplainError("bad_request", "Patch, stride and fill are options of occlusion only.")
    return {}


def _score(model: Classifier, film: Radiograph, asked: argparse.Namespace) -> float:
    """The class's probability; refused below the cut-off unless the map was insisted on."""
    from .explain.target import CUT_OFF, column_of, worth_a_map

    column_of(model, asked.label)
    score = model.predict([film])[0].probabilities[asked.label]
    if not worth_a_map(score) and not asked.anyway:
        raise ExplainError(
            "unlikely_class",
            f"{asked.label} scores {score:.3f} on this film, and a map of a class below {CUT_OFF} "
            "is mostly false alarm. Add --anyway to draw it all the same.",
        )
    return score


def _evidence(
    model: Classifier,
    film: Radiograph,
    asked: argparse.Namespace,
    values: Any,
    finder: LungFinder | None,
) -> list[str]:
    """What speaks for and against the map, a line each."""
    from . import explain
    from .explain import overlay

    said = []
    if overlay.shows_nothing(values, asked.method, asked.scale):
        sides = "for or against" if overlay.KINDS[asked.method].signed else "for"
        said.append(f"Nothing on this film speaks {sides} {asked.label} at this scale.")
    if finder is not None and finder.has_lungs(found := finder.find(film)):
        said.append(explain.words.lung_share(values, found))
    if not asked.untested:
        tested = explain.faithfulness(model, film, asked.label, values, fill=asked.fill or "blur")
        said.append(explain.words.faithful(tested, asked.label))
    return [text for text in said if text]


if __name__ == "__main__":
    sys.exit(main())
