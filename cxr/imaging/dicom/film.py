"""Films stored as DICOM.

Only the tags listed here are parsed: a patient's name never leaves the bytes.
"""

from __future__ import annotations

import logging
import re
import warnings
import zlib
from collections.abc import Sequence
from typing import Any

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import _read_file_meta_info, read_dataset, read_partial, read_preamble

from ...errors import UnreadableFile
from ..decode_limits import MAX_BYTES, BoundedReader, check_bytes, decoding
from ..radiograph import Radiograph
from ..read_anyway import Doubts
from . import tag_checks
from .lut import rendering
from .pixels import packed_syntax, stored_values
from .values import text

# pydicom's warnings quote values that it could not parse, and values carry names.
logging.getLogger("pydicom").propagate = False
warnings.filterwarnings("ignore", module="pydicom")

_KEYWORDS = """
    Modality BodyPartExamined AnatomicRegionSequence ViewPosition ViewCodeSequence
    SeriesDescription PatientOrientation PresentationIntentType BurnedInAnnotation
    PixelSpacing ImagerPixelSpacing PixelAspectRatio PatientAge
    Rows Columns NumberOfFrames SamplesPerPixel PhotometricInterpretation PlanarConfiguration
    BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit
    RescaleSlope RescaleIntercept ModalityLUTSequence VOILUTSequence WindowCenter WindowWidth
    VOILUTFunction PresentationLUTShape PresentationLUTSequence
    PixelData FloatPixelData DoubleFloatPixelData SpecificCharacterSet
""".split()  # noqa: SIM905 (a list literal takes forty lines)
_WITHOUT_LENGTH = 0xFFFFFFFF  # of packed pixels
_TAGS: list[Any] = [tag_for_keyword(keyword) for keyword in _KEYWORDS]


def read_dicom(
    data: bytes, sha256: str, bare: bool = False, all_the_same: bool = False
) -> Radiograph:
    """Read a single-frame CR or DX film.

    Parameters
    ----------
    bare : bool
        The data set begins with the bytes, without preamble and mark.
    all_the_same : bool
        See :func:`cxr.imaging.reader.read`.

    Raises
    ------
    UnreadableFile, NotARadiograph
    """
    notes: list[str] = []
    doubts = Doubts(all_the_same)
    ds, syntax = data_set(data, bare)
    view = None
    with doubts.held():
        tag_checks.check_modality(ds, notes)
    with doubts.held():
        tag_checks.check_body_part(ds, notes)
    with doubts.held():
        view = tag_checks.check_view(ds, notes)
    if not text(ds, "PhotometricInterpretation"):
        notes.append("The file does not state which end is white; taken for the usual one.")
    stored, bits, signed = stored_values(ds, syntax, notes, doubts)
    shown = rendering(ds, stored, bits, signed, notes)
    tag_checks.other_notes(ds, notes)
    spacing = tag_checks.spacing_mm(ds, notes)
    tag_checks.check_square(ds, spacing, notes)
    return Radiograph(
        pixels=stored if shown.to_pixel is None else shown.to_pixel[stored],
        bits=shown.bits,
        sha256=sha256,
        format="DICOM",
        voi=shown.voi,
        window=shown.window,
        spacing_mm=spacing,
        view=view,
        orientation=tag_checks.orientation(ds, notes),
        age_years=tag_checks.age_years(ds),
        notes=tuple(notes),
        doubts=doubts.found,
    )


def study_and_view(data: bytes, bare: bool = False) -> tuple[str | None, str | None]:
    """StudyInstanceUID and ViewPosition; None where there is none, or where it is not built as it
    should be: a name may stand anywhere."""
    wanted = [
        tag_for_keyword(k) for k in ("SpecificCharacterSet", "StudyInstanceUID", "ViewPosition")
    ]
    try:
        ds, _ = data_set(data, bare, wanted)
        study, view = text(ds, "StudyInstanceUID"), text(ds, "ViewPosition")
    except UnreadableFile:
        return None, None
    return (
        study if re.fullmatch(r"[0-9.]{1,64}", study) else None,
        view if re.fullmatch(r"[A-Z0-9 _]{1,16}", view) else None,
    )


def data_set(data: bytes, bare: bool = False, wanted: Sequence[Any] = _TAGS) -> tuple[Dataset, str]:
    """Parse the wanted tags; the transfer syntax as stated, or as the bytes look.

    Parameters
    ----------
    bare : bool
        See :func:`read_dicom`.
    wanted : sequence of tags
    """
    with decoding():
        file = BoundedReader(data)
        read_preamble(file, bare)
        meta = _read_file_meta_info(file)
        syntax = str(meta.get("TransferSyntaxUID") or "")
        if syntax == uid.DeflatedExplicitVRLittleEndian:
            file = BoundedReader(_inflated(memoryview(data)[file.tell() :]))
            ds = read_dataset(file, False, True, specific_tags=list(wanted))
            ds.file_meta = meta
            return ds, syntax
        file.seek(0)
        ds = read_partial(file, specific_tags=list(wanted), force=bare)
        if not syntax:
            implicit, little = ds.original_encoding
            syntax = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
            syntax = syntax if little else uid.ExplicitVRBigEndian
            pixels = ds.get_item("PixelData") if "PixelData" in ds else None
            if isinstance(pixels, RawDataElement) and pixels.length == _WITHOUT_LENGTH:
                syntax = packed_syntax(pixels.value or b"")
        return ds, str(syntax)


def _inflated(packed: memoryview) -> bytes:
    """Unfold a deflated data set, which a few kilobytes can blow up to gigabytes."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    unfolded = inflate.decompress(packed, MAX_BYTES + 1)
    check_bytes(len(unfolded))
    return unfolded
