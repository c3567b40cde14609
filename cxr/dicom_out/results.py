"""All that is sent about a film: a structured report, a picture of the film under its map, and
where one was set its window."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from ..dicomweb.reference import PICTURE, PRESENTATION, REPORT
from ..model.classifier import Classifier
from ..screening.assess import Assessment
from .marks import Map, MarkedRegion, Window


@dataclass(frozen=True)
class Result:
    """A DICOM file about a film.

    Attributes
    ----------
    kind : {"report", "picture", "presentation"}
    study, series, instance : str
        Its UIDs. The last is made of what the file says: who says the same again makes the same.
    data : bytes
    """

    kind: str
    study: str
    series: str
    instance: str
    data: bytes = field(repr=False)


def results(
    data: bytes,
    found: Assessment,
    model: Classifier,
    drawn: Map | None = None,
    region: MarkedRegion | None = None,
    window: Window | None = None,
    chosen: Mapping[str, float] | None = None,
    known_hospital: bool = False,
) -> list[Result]:
    """A structured report of the scores, and a picture as a secondary capture; of a window a
    presentation state besides.

    Parameters
    ----------
    data : bytes
        The film's DICOM file.
    found : Assessment
        What :func:`cxr.assess` said of it; of a refused film its refusal is raised.
    model : Classifier
        That said it.
    drawn, region, window : optional
    chosen : mapping, optional
        Label → threshold of its probability that the reader has chosen; not under a profile.
    known_hospital : bool
        Whether the film is said to be of a hospital that the model knows. Of others no class is
        called without a profile, and the files say so.

    Raises
    ------
    DicomOutError
        ``not_dicom``, ``no_study``, ``no_window``; ``no_highdicom`` without the extra ``pacs``.
    """
    from .source import source_of

    source = source_of(data)
    found.scored  # noqa: B018 (raises)
    try:
        from .picture import picture
        from .presentation import presentation
        from .report import report
    except ModuleNotFoundError:
        from ..errors import DicomOutError

        raise DicomOutError(
            "no_highdicom", "DICOM files are made by the extra pacs: pip install cxr-lens[pacs]."
        ) from None

    made = [
        _file(REPORT, report(source, found, model, region, chosen or {}, known_hospital)),
        _file(PICTURE, picture(source, found, model, drawn, chosen or {}, known_hospital)),
    ]
    if window is not None:
        assert found.film is not None
        made.append(_file(PRESENTATION, presentation(source, data, found.film, window)))
    return made


def _file(kind: str, ds: Dataset) -> Result:
    out = io.BytesIO()
    ds.save_as(out)
    return Result(
        kind,
        str(ds.StudyInstanceUID),
        str(ds.SeriesInstanceUID),
        str(ds.SOPInstanceUID),
        out.getvalue(),
    )
