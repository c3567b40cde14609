"""Every refusal of the library: a code for programs and a sentence for the reader.

The sentences do not stand here. Each stands once, behind its code, where it is raised; most are
worded with what was found there. To change one, search for its code, which the reader sees behind
the sentence; ``docs/errors.md`` and ``docs/reading.md`` list the codes. They stand in:

- UnreadableFile: ``imaging/reader.py``, ``imaging/raster.py``, ``imaging/decode_limits.py``,
  ``imaging/dicom/pixels.py``; of a file in a list or store ``sources/``, ``batch/engine.py``; of a
  picture in a report ``report/pictures.py``
- NotARadiograph: ``imaging/dicom/tag_checks.py`` (by what a DICOM file says), ``imaging/raster.py``
  and ``imaging/decode_limits.py`` (by colours and size), ``input_checks/__init__.py`` (no lungs)
- BundleError: ``model/``, of its tables ``metrics/``, of its Keras file ``gradients/tape.py``
- DataError: ``manifest.py``, ``review/folder.py``, ``metrics/comparison.py``
- ExplainError: ``explain/``, ``features/``, ``gradients/``, ``commands/explain.py``,
  ``dicom_out/command.py``
- AlignmentError: ``model/side_by_side.py``
- ReviewError: ``review/``, ``study/``, ``audit/``
- SiteError: ``site/``, ``site_profiles/``; of a profile that is another network's
  ``model/classifier.py``
- ReportError: ``report/``
- DicomOutError: ``dicom_out/``
- PacsError: ``dicomweb/``, ``pacs/``
- ScreenError: ``batch/``, ``sources/``, ``worklist/``

Training raises BundleError, DataError and UnreadableFile too, in ``train/``.
"""

from __future__ import annotations


class CxrError(Exception):
    """A refusal.

    Parameters
    ----------
    code : str
        Stable, lower case, words joined by ``_``; listed in ``docs/errors.md``.
    message : str
        One or two sentences: what was wrong and what to do. Never a file name, since names
        carry patients' names.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class UnreadableFile(CxrError):
    """The bytes are not an image that this project reads."""


class NotARadiograph(CxrError):
    """The image can be read but is not a frontal chest radiograph."""


class BundleError(CxrError):
    """A model folder is incomplete, altered or does not fit this version."""


class DataError(CxrError):
    """A training folder has problems; the message lists them all."""


class ExplainError(CxrError):
    """A map cannot be made: an unknown class, a patch that does not fit, no convolution."""


class AlignmentError(CxrError):
    """Two films cannot be laid over each other by their lungs."""


class ReviewError(CxrError):
    """A verdict cannot be kept or read: its database, its file or the row itself is wrong."""


class SiteError(CxrError):
    """A hospital profile cannot be fitted, kept or used: too few films, another network's."""


class ReportError(CxrError):
    """A report cannot be made, read or verified."""


class DicomOutError(CxrError):
    """DICOM objects about a film cannot be made: it is no DICOM, or does not say whose it is."""


class PacsError(CxrError):
    """A PACS did not answer, or not with what was asked for."""


class ScreenError(CxrError):
    """Films cannot be screened: none are there, the table belongs to another run, a full disk."""


class Cancelled(CxrError):
    """Long work was stopped by the person who had asked for it."""

    def __init__(self) -> None:
        super().__init__("cancelled", "Stopped on request.")
