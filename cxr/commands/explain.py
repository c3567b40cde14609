"""``python -m cxr explain …``: a map of what moved a network, with the evidence for and against."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ExplainError
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from ..site_profiles.options import add_model

if TYPE_CHECKING:
    from ..model.lungs import LungFinder
    from ..screening.assess import Assessment

METHODS = ("gradcam", "gradcam_pp", "scorecam", "occlusion", "integrated")
"""Those of ``cxr.explain``, which scoring does not import."""


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
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
    add_model(explain)


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


def run(model: Classifier, asked: Namespace) -> int:
    """Draw; returns the exit status: 1 where the film was refused.

    Raises
    ------
    ExplainError
    """
    from .. import explain
    from ..explain import overlay
    from ..screening import assess as spine

    options = _options(model, asked)
    found = spine.assess(asked.file, model)
    if found.film is None or found.prediction is None:
        print(found.refusal, file=sys.stderr)
        return 1
    film, outside = found.film, found.before_scores
    score = _score(model, found, asked)
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


def _options(model: Classifier, asked: Namespace) -> dict[str, Any]:
    """Those of occlusion, with its defaults; none of another method."""
    from .. import explain

    if asked.method == "occlusion":
        patch, stride = explain.patch_and_stride(model.size, asked.patch, asked.stride)
        return {"patch": patch, "stride": stride, "fill": asked.fill or "blur"}
    if asked.patch or asked.stride or asked.fill:
        raise ExplainError("bad_request", "Patch, stride and fill are options of occlusion only.")
    return {}


def _score(model: Classifier, found: Assessment, asked: Namespace) -> float:
    """The class's probability; refused below the cut-off unless the film is called so, or the map
    was insisted on."""
    from ..explain.target import CUT_OFF, column_of, worth_a_map
    from ..screening.standing import calls

    column_of(model, asked.label)
    score = found.scored[0].probabilities[asked.label]
    if not (worth_a_map(score) or calls(found.standing, asked.label) or asked.anyway):
        raise ExplainError(
            "unlikely_class",
            f"{asked.label} scores {score:.3f} on this film, and a map of a class below {CUT_OFF} "
            "is mostly false alarm. Add --anyway to draw it all the same.",
        )
    return score


def _evidence(
    model: Classifier,
    film: Radiograph,
    asked: Namespace,
    values: Any,
    finder: LungFinder | None,
) -> list[str]:
    """What speaks for and against the map, a line each."""
    from .. import explain
    from ..explain import overlay

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
