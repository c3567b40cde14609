"""``python -m cxr report …`` and ``python -m cxr verify …``."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CxrError, ReportError
from ..files import below
from ..site_profiles.options import add_model

# What makes reports is loaded when one is asked for: every command passes through here.
if TYPE_CHECKING:
    from ..model.classifier import Classifier
    from .record import Report, Verdict

ENDINGS = (".pdf", ".html", ".json", ".zip")


def add(commands: _SubParsersAction[Any], methods: Sequence[str]) -> None:
    """Both commands' options.

    Parameters
    ----------
    commands : of argparse
    methods : sequence of str
    """
    report = commands.add_parser("report", help="a page to print of each film")
    report.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG, DICOM, a folder")
    report.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="by its ending: .pdf or .html, a page for each film; .json, of one film, which "
        "verify takes; .zip of all three",
    )
    report.add_argument("--class", dest="label", help="whose map is shown, by default the film’s")
    report.add_argument("--method", choices=methods, default="gradcam", help="of the map")
    report.add_argument("--untested", action="store_true", help="do not ask if it is faithful")
    report.add_argument("--with-film", action="store_true", help="the .json holds the film")
    report.add_argument("--reader", default="", metavar="NAME", help="whose verdict it is")
    report.add_argument("--verdict", metavar="TEXT", help="in a word or two")
    report.add_argument("--note", metavar="TEXT", help="what else the reader says")
    report.add_argument(
        "--verdicts",
        action="store_true",
        help="of a folder: what --reader said of each film on the page Review",
    )
    report.add_argument("--patient", default="", metavar="NAME", help="if it is to stand on it")
    add_model(report, known=True)
    check = commands.add_parser("verify", help="work a report out again, and name what differs")
    check.add_argument("report", type=Path, metavar="REPORT.json")
    check.add_argument("--film", type=Path, metavar="FILE", help="else the one in the report")
    check.add_argument("--model", type=Path, metavar="DIR", help="else the one that it names")


def write(model: Classifier, asked: Namespace) -> int:
    """Write what was asked for; returns the exit status: 1 where a film has no report.

    Raises
    ------
    CxrError
    """
    from .record import make

    films = below(asked.files)
    ending = asked.out.suffix.lower()
    if ending not in ENDINGS:
        raise ReportError("bad_request", f"--out must end in {', '.join(ENDINGS)}.")
    if ending == ".json" and len(films) > 1:
        raise ReportError(
            "bad_request", "A .json file is of one film. Take .zip for several films."
        )
    said = _said(model, asked)
    reports, refused = [], 0
    for path, name in films.items():
        try:
            reports.append(
                make(
                    path,
                    model,
                    label=asked.label,
                    method=asked.method,
                    tested=not asked.untested,
                    known_hospital=asked.known_hospital,
                    verdict=said.get(name, said.get("")),
                    patient=asked.patient,
                    with_film=asked.with_film,
                )
            )
        except (OSError, CxrError) as refusal:
            refused += 1
            print(f"{path}: {refusal}", file=sys.stderr)
    if not reports:
        return 1
    data = _as(ending, reports)
    try:
        asked.out.write_bytes(data)
    except OSError as error:
        raise ReportError(
            "not_written", f"The report cannot be written: {error.strerror}."
        ) from error
    print(f"{asked.out}: {len(reports)} of {len(reports) + refused} films")
    return 1 if refused else 0


def _said(model: Classifier, asked: Namespace) -> dict[str, Verdict]:
    """What the reader said, by the film's path below its folder; by "" of every film."""
    from .record import Verdict

    own = asked.verdict is not None or asked.note is not None
    if asked.verdicts and own:
        raise ReportError(
            "bad_request", "A verdict or a note is of this report; --verdicts are those of Review."
        )
    nobody, nothing = not asked.reader, not (asked.verdicts or own)
    if (asked.verdicts and nobody) or (nothing and not nobody):
        raise ReportError(
            "bad_request", "Say --reader with what he said: --verdict, --note, or --verdicts."
        )
    if not asked.verdicts:
        from ..review.entries import utc

        if not (asked.verdict or asked.note):
            return {}
        return {"": Verdict(asked.reader, asked.verdict or "", asked.note or "", utc())}
    from ..review.entries import standing
    from ..review.store import ReviewStore, setting

    profile = model.site.identity if model.site else ""
    rows = ReviewStore(setting()).entries(bundle=model.bundle.digest, profile=profile)
    return {
        row.image: Verdict(row.reader, row.verdict.replace("_", " "), row.note, row.time)
        for row in standing(rows).values()
        if row.reader == asked.reader
    }


def _as(ending: str, reports: Sequence[Report]) -> bytes:
    from .html import to_html
    from .pdf import to_pdf
    from .record import to_json
    from .together import to_zip

    if ending == ".json":
        return to_json(reports[0])
    return {".pdf": to_pdf, ".html": to_html, ".zip": to_zip}[ending](reports)


def check(asked: Namespace) -> int:
    """Verify a report; returns the exit status: 1 where anything differs.

    Raises
    ------
    CxrError
    """
    from ..site_profiles import store
    from .record import MOST_BYTES, from_json
    from .verification import verify

    try:
        with asked.report.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ReportError("bad_report", f"The report cannot be read: {error.strerror}.") from error
    report = from_json(data)
    found = verify(report, asked.film, _networks(report, asked.model), store.kept().profiles)
    if found.confirmed:
        print(f"Confirmed: largest difference of a score {found.worst:.2g}.")
        return 0
    print("Not confirmed.", *found.differences, sep="\n")
    return 1


def _networks(report: Report, named: Path | None) -> list[Classifier]:
    """The named one, else the one that the report names, looked for among those that are here."""
    from ..model.bundle import MANIFEST, classifies, open_bundle
    from ..model.classifier import load
    from ..shipped import folder

    if named is not None:
        return [load(named)]
    for manifest in sorted(folder().glob(f"*/{MANIFEST}")):
        try:
            same = open_bundle(manifest.parent).digest == report.content["network"]["sha256"]
        except CxrError:
            continue
        if same and classifies(manifest.parent):
            return [load(manifest.parent)]
    return [load()]
