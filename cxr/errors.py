"""Every refusal of the library: a code for programs and a sentence for the reader.

The sentence stands where it is raised: search for its code. ``docs/errors.md`` and
``docs/reading.md`` list the codes.
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
