"""Command line: score films, draw what moved the network, and set up a hospital.

    python -m cxr predict FILE|FOLDER... [--json] [--known-hospital | --site NAME] [--model DIR]
    python -m cxr explain FILE --class T --method METHOD --out map.png [--anyway] [--untested]
                  [--patch N --stride N --fill blur|mean|noise|black]
                  [--opacity X] [--scale X] [--contour] [--site NAME] [--model DIR]
    python -m cxr report FILE|FOLDER... --out FILE.pdf|.html|.json|.zip [--class T]
                  [--method METHOD] [--untested] [--with-film] [--patient NAME]
                  [--reader NAME --verdict TEXT --note TEXT | --reader NAME --verdicts]
                  [--known-hospital | --site NAME] [--model DIR]
    python -m cxr verify REPORT.json [--film FILE] [--model DIR]
    python -m cxr audit verify [--export FILE] | show [--film SHA256] [--log PLACE]
    python -m cxr screen FOLDER|CSV|DICOMDIR|ARCHIVE|PATTERN|s3://PLACE|pacs:DAY..DAY
                  --out FILE.parquet [--csv] [--workers N] [--engine local|ray] [--address ADDRESS]
                  [--overlays] [--reports] [--watch [SECONDS]]
                  [--known-hospital | --site NAME] [--model DIR]
    python -m cxr selftest [--learn] [--model DIR]
    python -m cxr site fit FOLDER|CSV --name NAME [--specificity S | --sensitivity S] [--share P]
                  [--positive T --negative N] [--without-outside] [--model DIR]
                  [--verdicts [--source HOSPITAL]]
    python -m cxr site list | show NAME | export NAME --out FILE | import FILE [--model DIR]
                  | delete NAME

    python -m cxr dicom FILE --out FOLDER [--class T --method METHOD] [--box X,Y,WIDTH,HEIGHT]
                  [--window CENTRE WIDTH [--inverted]]
    python -m cxr pacs query | fetch --out FOLDER [FILM...] | send [FILM...]
                  [--since DATE --until DATE --modality CR|DX --accession NUMBER --unread]
    python -m cxr receive FOLDER [--port N] [--title TITLE]

A folder stands for all files in it and below; files and folders whose names begin with a dot are
passed over.

METHOD is gradcam, gradcam_pp, scorecam, occlusion or integrated. A map is tested for being faithful
(some 380 forward passes) unless --untested is given, and what is found stands under the picture.

With --json, one object a line: {"file", "label", "probabilities", "raw" (before calibration),
"sets" (the classes not ruled out, by coverage; with --known-hospital alone, since elsewhere they
promise nothing), "standing" (without it), "model"}, or {"file", "error": {"code", "message"}}.
Where anything was checked, "passport" comes before the label: "flags", "checks" (each with "score",
"limit", "flagged" and what was "done") and "unchecked". A film outside what the model knows is
scored, and that is said before its label. "standing" says where the film lies: its log-odds, by a
hospital's profile its threshold and whether it was "called", and the share of films of the negative
label below it.
Exit status 1: a film was refused, a report or the log is not as it was written, or the selftest
failed; 2: the model or the request was refused; 130: screen was stopped by a key.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import NOTICE, CxrError
from .audit import command as audit
from .batch import command as screen
from .commands import explain, predict
from .dicom_out import command as dicom
from .pacs import command as pacs
from .report import command as report
from .screening import command as selftest
from .site import command as site
from .site_profiles.options import model_of

_ALONE = {
    "site": site.run,
    "audit": audit.run,
    "verify": report.check,
    "dicom": dicom.run,
    "pacs": pacs.run,
    "receive": pacs.run,
}
_SCORING = {
    "predict": predict.run,
    "explain": explain.run,
    "selftest": selftest.run,
    "screen": screen.run,
    "report": report.write,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    asked = _parser().parse_args(arguments)
    print(NOTICE, file=sys.stderr)
    try:
        if asked.command in _ALONE:
            return _ALONE[asked.command](asked)
        return _SCORING[asked.command](model_of(asked), asked)
    except CxrError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the lines has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cxr", description=NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    predict.add(commands)
    explain.add(commands)
    selftest.add(commands)
    site.add(commands)
    audit.add(commands)
    report.add(commands, explain.METHODS)
    dicom.add(commands)
    pacs.add(commands)
    screen.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
