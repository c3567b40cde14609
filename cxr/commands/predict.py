"""``python -m cxr predict …``: what a network says of films, a line each."""

from __future__ import annotations

import json
from argparse import Namespace, _SubParsersAction
from math import isnan
from typing import TYPE_CHECKING, Any

from ..files import files_at
from ..model.classifier import Classifier
from ..screening import words
from ..screening.standing import said_of
from ..site_profiles.options import add_model

if TYPE_CHECKING:
    from ..input_checks import Passport
    from ..screening.standing import Standing

_LABEL = 14
"""Wide enough for a label behind "outside: "."""


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    predict = commands.add_parser("predict", help="score films")
    predict.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG, DICOM, a folder")
    predict.add_argument("--json", action="store_true", help="one JSON object a line")
    add_model(predict, known=True)


def run(model: Classifier, asked: Namespace) -> int:
    """Score; returns the exit status: 1 where a film was refused."""
    show = _json_line if asked.json else _table_line
    names = [name for place in asked.files for name in files_at(place)]
    wide = max(4, *map(len, names))
    if not asked.json:
        print(f"{'file':{wide}}  {'label':{_LABEL}}", *(f"{label:>6}" for label in model.labels))
    refused = 0
    for name in names:
        answer = {"file": name, **_answer(name, model, asked.known_hospital)}
        refused += "error" in answer
        print(show(answer, wide), flush=True)
    return 1 if refused else 0


def _answer(name: str, model: Classifier, known_hospital: bool) -> dict[str, Any]:
    from ..screening import assess as spine

    found = spine.by_origin(spine.assess(name, model), model, known_hospital)
    if found.refusal is not None:
        return {"error": {"code": found.refusal.code, "message": found.refusal.message}}
    if model.site is not None:
        from ..site_profiles import watch

        watch.record(model, found)
    scores, checks = found.scored
    stands = found.standing
    said = said_of(scores, stands, known_hospital)
    unplaced = not said and stands is None
    return {
        **({"passport": _checked(checks)} if checks.findings else {}),
        "label": scores.label,
        "called": said or None,
        **({"why": words.UNPLACED_WHY} if unplaced else {}),
        "probabilities": scores.probabilities,
        "raw": scores.raw,
        "sets": found.sets,
        **({"standing": _standing(stands)} if stands else {}),
        "model": {"name": model.bundle.name, "sha256": model.bundle.digest},
    }


def _standing(found: Standing) -> dict[str, Any]:
    told = {
        "log_odds": found.log_odds,
        "of": [found.positive, found.negative],
        "below_negatives": None if isnan(found.below_negatives) else found.below_negatives,
        "said": words.headline(found),
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
    said = answer["called"] or "–"
    label = f"outside: {said}" if "outside" in flags else said
    others = (flag for flag in flags if flag != "outside")
    place = [answer["standing"]["said"]] if "standing" in answer else []
    place += [words.UNPLACED] if "why" in answer else []
    return " ".join([f"{start}  {label:{_LABEL}}", *scores, *others, *place])
