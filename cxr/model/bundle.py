"""A model as a folder: the network, what it needs to be fed, and what it has been measured to be.

``model.tflite`` runs, ``model.keras`` is for gradients and further training (a segmentation does
without), ``head.npy`` holds the last layer's weights, ``predictions.csv`` and ``history.csv`` are
the evidence, and ``bundle.json`` ties them together by sha256. Temperature and operating points
belong to one network: a folder whose files do not match their hashes is refused before anything of
it runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BundleError
from ..imaging.preprocessing import Preprocessing

FORMAT = 1
MANIFEST = "bundle.json"
TASKS = ("classification", "segmentation")
_REQUIRED = ("model.tflite", "history.csv", "predictions.csv")

_NUMBER = (int, float)
_FIGURE = {"value": _NUMBER, "low": _NUMBER, "high": _NUMBER}
_RECALL = {"n": int, "value": _NUMBER}
_POINT = {"threshold", "split", "sensitivity", "specificity", "wanted_sensitivity"}
_SHAPE = {
    "name": str,
    "created": str,
    "labels": [str],
    "preprocessing": {"clahe_clip?": _NUMBER, "*": int},
    "gradcam_layer": (str, type(None)),
    "head": str,
    "temperature": _NUMBER,
    # Bundles until 2026-11 have "unseen", a threshold for other hospitals, which nothing reads.
    "operating_points": {"*": {"threshold": _NUMBER, "split?": str, "unseen?": dict, "*": _NUMBER}},
    "conformal?": {"*": {"*": _NUMBER}},
    "metrics": {
        "test?": {"n": int, "macro_f1?": _FIGURE},
        "external?": {
            "*": {"n": int, "recall?": {"*": _RECALL}, "t_vs_n_auroc?": {"n": int, **_FIGURE}}
        },
        "audit?": {"verdict": str, "sites?": {"*": {"*": _NUMBER}}, "*": _FIGURE},
        "*": {},
    },
    "agreement": {"*": _NUMBER},
    "provenance": {
        "recipe?": {"card?": {"*": str}, "sources?": [str], "relabel?": {"*": str}},
        "adopted?": {"labels?": {"*": str}},
    },
}
"""What ``bundle.json`` must look like for those who read it: keys that end in "?" may be missing,
"*" stands for all others; keys that are not named may hold anything where there is no "*"."""


_USUAL = {
    "N": ("normal", "no finding", "no findings", "healthy"),
    "P": ("pneumonia",),
    "T": ("tuberculosis", "tb"),
}
"""Names that other networks have for the three labels, where nobody has paired them."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """What ``bundle.json`` says, after the folder has been checked.

    Attributes
    ----------
    folder : Path
    name, created : str
        Name of the folder that it was written to; date, ISO 8601.
    digest : str
        The network's identity, 64 hexadecimal digits: sha256 of ``model.tflite``, or of that
        and the crop where there is one: of all preprocessing the crop alone may change without
        training anew, and the same file then gives other scores.
    labels : tuple of str
        In the order of the logits.
    preprocessing : Preprocessing
    gradcam_layer : str or None
        Layer of ``model.keras`` whose maps Grad-CAM reads; None for a network without convolution.
    head : {"gap_linear", "other"}
        "gap_linear": the logits are a linear function (``head.npy``) of the maps' averages.
    temperature : float
        Calibrated probabilities are ``softmax(logits / temperature)``; fitted on val.
    operating_points : mapping
        label → threshold on its calibrated probability, how it was chosen and what it gave on val.
    conformal : mapping
        Promised coverage, such as "0.9" → label → least calibrated probability with which the
        label is in a film's set; empty in a bundle that was never given any.
    metrics : mapping
        split → figures; ``external`` only once it has been scored.
    agreement : mapping
        How far the exports are from the Keras model, measured on val.
    provenance : mapping
        Recipe, data fingerprint and counts, versions.
    task : {"classification", "segmentation"}
        What gets logits: the film or each of its pixels. Bundles that don't say classify.
    """

    folder: Path
    name: str
    created: str
    digest: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    gradcam_layer: str | None
    head: str
    temperature: float
    operating_points: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Any]
    agreement: Mapping[str, float]
    provenance: Mapping[str, Any]
    task: str = TASKS[0]
    conformal: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any]:
        """Which network it is and how calibrated, for whatever carries its scores away."""
        return {
            "name": self.name,
            "created": self.created,
            "sha256": self.digest,
            "temperature": self.temperature,
            "labels": list(self.labels),
        }

    def called(self, label: str) -> str:
        """What the network calls a label of the data: an adopted one may have names of its own."""
        names: Mapping[str, str] = self.provenance.get("adopted", {}).get("labels", {})
        if label in names or label in self.labels:
            return names.get(label, label)
        usual = (own for own in self.labels if own.lower() in _USUAL.get(label, ()))
        return next(usual, label)


def sha256(path: Path) -> str:
    """sha256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_bundle(folder: str | Path) -> Bundle:
    """Check a folder and read its ``bundle.json``; no model file is parsed.

    Raises
    ------
    BundleError
        ``no_bundle``, ``bad_bundle``, ``wrong_format``, ``missing_file`` or ``altered_file``.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise BundleError(
            "no_bundle",
            f"There is no model bundle in the folder {folder.name!r}: it has no {MANIFEST}. "
            "Train one with: python -m train fit --recipe default --data DIR --out models/NAME",
        )
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise BundleError(
                "wrong_format",
                f"The bundle was written for another version; this one reads format {FORMAT}. "
                "Train or export it again.",
            )
        files = values.pop("files")
        values.pop("notice", None)
        gradients = () if values.get("task") == TASKS[1] else ("model.keras",)
        _check_files(folder, files, {*_REQUIRED, *gradients})
        _check_shape(values, _SHAPE, MANIFEST)
        values["labels"] = tuple(values["labels"])
        values["preprocessing"] = Preprocessing.stored(values["preprocessing"])
        digest = _identity(files["model.tflite"], values["preprocessing"])
        bundle = Bundle(folder=folder, digest=digest, **values)
        _check_values(bundle, files)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise BundleError(
            "bad_bundle",
            f"The bundle's {MANIFEST} cannot be used: {type(error).__name__}: {error}. "
            "Take a fresh copy or export it again.",
        ) from error
    return bundle


def _identity(network: str, how: Preprocessing) -> str:
    return (
        hashlib.sha256(f"{network} crop {how.crop}".encode()).hexdigest() if how.crop else network
    )


def _check_files(folder: Path, files: Mapping[str, str], required: set[str]) -> None:
    for name in sorted(required | set(files)):
        if Path(name).name != name:
            raise ValueError("a file's name leads out of the folder")
        if name not in files or not (folder / name).is_file():
            raise BundleError(
                "missing_file", f"The bundle lacks {name}. Take a fresh copy or export it again."
            )
        if sha256(folder / name) != files[name]:
            raise BundleError(
                "altered_file",
                f"{name} is not the file that the bundle was written with. Thresholds and "
                "calibration hold for that file only: take a fresh copy or export it again.",
            )


def _check_shape(value: Any, shape: Any, where: str) -> None:
    """Refuse a value that is not what a part of :data:`_SHAPE` asks for."""
    kind: Any = type(shape) if isinstance(shape, dict | list) else shape
    if not isinstance(value, kind):
        raise TypeError(f"{where} cannot be of the kind {type(value).__name__}")
    if isinstance(shape, list):
        for each in value:
            _check_shape(each, shape[0], f"what {where} lists")
    elif isinstance(shape, dict):
        if missing := {key for key in shape if key[-1] not in "?*"} - value.keys():
            raise ValueError(f"{where} lacks {min(missing)}")
        parts = {key.removesuffix("?"): part for key, part in shape.items()}
        for key, each in value.items():
            if (part := parts.get(key, shape.get("*"))) is not None:
                _check_shape(each, part, key)


def _check_values(bundle: Bundle, files: Mapping[str, str]) -> None:
    labels = bundle.labels
    if bundle.task not in TASKS:
        raise ValueError(f"unknown task {bundle.task!r}")
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(labels):
        raise ValueError("labels must be two or more different names")
    if bundle.head not in ("gap_linear", "other"):
        raise ValueError(f"unknown head {bundle.head!r}")
    if bundle.head == "gap_linear" and ("head.npy" not in files or not bundle.gradcam_layer):
        raise ValueError("a gap_linear head needs head.npy and a Grad-CAM layer")
    if not 0.01 <= bundle.temperature <= 100:
        raise ValueError("temperature must lie between 0.01 and 100")
    for label, point in bundle.operating_points.items():
        if label not in labels or not 0 <= point["threshold"] <= 1:
            raise ValueError("an operating point needs a known label and a threshold of 0 to 1")
        if bundle.task == TASKS[0] and not point.keys() >= _POINT:
            told = ", ".join(sorted(_POINT))
            raise ValueError(f"an operating point of scores says its {told}")
    for share, limits in bundle.conformal.items():
        if not 0 < float(share) < 1:
            raise ValueError("a conformal set promises a coverage between 0 and 1")
        if set(limits) != set(labels) or not all(0 <= x <= 1 for x in limits.values()):
            raise ValueError("a conformal set needs a limit of 0 to 1 for each label")


def write_manifest(folder: Path, values: Mapping[str, Any]) -> Bundle:
    """Write ``bundle.json`` with the hashes of every other file in `folder`, and check the whole.

    Parameters
    ----------
    folder : Path
        Holds the files already.
    values : mapping
        The attributes of :class:`Bundle` but ``folder`` and ``digest``; `preprocessing` as a
        dictionary.
    """
    from ..notice import NOTICE

    files = {p.name: sha256(p) for p in sorted(folder.iterdir()) if p.name != MANIFEST}
    text = json.dumps({"format": FORMAT, "notice": NOTICE, **values, "files": files}, indent=1)
    part = folder.with_name(f"{folder.name}.{MANIFEST}.part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)
    return open_bundle(folder)


def classifies(folder: Path) -> bool:
    """Whether a bundle is one to score films with. Nothing is checked: a ``bundle.json`` that
    cannot be read counts as one, so that whoever opens it is told why it cannot be used."""
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(values.get("task", TASKS[0]) == TASKS[0])
    except (ValueError, AttributeError, OSError, RecursionError):
        return True


def demonstrates(folder: Path) -> bool:
    """Whether a bundle only shows what is had without anatomy: the network of 16 × 16 pixels.
    Nothing is checked."""
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(values["provenance"]["recipe"]["network"]["architecture"] == "thumbnail")
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        return False


def bundles_in(folder: Path) -> list[Path]:
    """Folders that hold a bundle to score films with: `default` first, demonstrations last."""
    found = [path.parent for path in folder.glob(f"*/{MANIFEST}") if classifies(path.parent)]
    return sorted(found, key=lambda path: (path.name != "default", demonstrates(path), path.name))


def manifest_values(folder: Path) -> dict[str, Any]:
    """The values of a checked ``bundle.json``, ready to be changed and written again."""
    open_bundle(folder)
    values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return {k: v for k, v in values.items() if k not in ("format", "notice", "files")}
