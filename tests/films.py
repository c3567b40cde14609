"""Drawn films and the files that hold them, for every test: no real film is in the repository."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from cxr.imaging.radiograph import Radiograph


def radiograph(pixels: NDArray[Any]) -> Radiograph:
    """A grey film of 8 bits as the readers give it."""
    return Radiograph(pixels, 8, "5" * 64, "PNG")


def film(height: int = 96, width: int = 80, bits: int = 8) -> NDArray[Any]:
    """A drawn chest: light trunk, two dark lungs, spine, heart and ribs on black.

    Returns
    -------
    uint8 or uint16 (height, width), from 0 to exactly 2**bits − 1.
    """
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.where((np.abs(x) < 0.95) & (y > -0.95), 0.62, 0.0)
    for centre in (-0.42, 0.42):
        light[((x - centre) / 0.33) ** 2 + ((y + 0.05) / 0.72) ** 2 < 1] = 0.2
    light += 0.06 * (np.abs(np.sin(9 * y + 2 * x**2)) > 0.86) * (light > 0)
    light[((x - 0.12) / 0.34) ** 2 + ((y - 0.3) / 0.32) ** 2 < 1] = 0.7
    light[np.abs(x) < 0.08] = 0.85
    light += 0.1 * y * (light > 0)
    light[2:6, 2:6] = 1.0
    steps = np.round(np.clip(light, 0, 1) * (2**bits - 1))
    return steps.astype(np.uint8 if bits <= 8 else np.uint16)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(pixels: NDArray[Any], **options: Any) -> bytes:
    """uint8 (H, W) or (H, W, 3 or 4), or uint16 (H, W), as PNG."""
    return encoded(Image.fromarray(pixels), "PNG", **options)


def jpeg(pixels: NDArray[Any], **options: Any) -> bytes:
    """uint8 (H, W) or (H, W, 3), as JPEG."""
    return encoded(Image.fromarray(pixels), "JPEG", **{"quality": 95, **options})


def deep_png(pixels: NDArray[np.uint16], colour: int) -> bytes:
    """uint16 (H, W) or (H, W, channels) as a 16-bit PNG of any colour type, each row filtered in
    another way."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1).astype(">u2").view(np.uint8).astype(int)
    step = rows.shape[1] // width
    above, written = np.zeros(rows.shape[1], int), []
    for number, row in enumerate(rows):
        left = np.concatenate([np.zeros(step, int), row[:-step]])
        guess = (0 * row, left, above, (left + above) // 2)[number % 4]
        written.append(bytes([number % 4]) + ((row - guess) % 256).astype(np.uint8).tobytes())
        above = row
    return raw_png(width, height, 16, colour, b"".join(written))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def raw_png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG from its header and its unfiltered rows (each with its filter byte)."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def dataset(pixels: NDArray[Any], bits: int | None = None, **tags: Any) -> Dataset:
    """A frontal chest CR of `pixels`, uncompressed; `tags` are set last, None removes one."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    ds.SOPClassUID = uid.ComputedRadiographyImageStorage
    ds.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    ds.PatientName = "Doe^Jane"
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "CR", "CHEST", "PA"
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    ds.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored = bits or ds.BitsAllocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 else "OW"
    for keyword, value in tags.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def saved(ds: Dataset, syntax: str | None = None) -> bytes:
    """The data set as the bytes of a file."""
    if syntax:
        ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def dicom(pixels: NDArray[Any], bits: int | None = None, **tags: Any) -> bytes:
    """`dataset`, saved."""
    return saved(dataset(pixels, bits, **tags))


def packed(ds: Dataset, frame: bytes, syntax: str) -> bytes:
    """The data set with a compressed frame, saved."""
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return saved(ds, syntax)


def by_gdcm(data: bytes, syntax: str) -> bytes:
    """The DICOM file `data` in another transfer syntax, encoded by GDCM."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        before.write_bytes(data)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(before))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(after))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return after.read_bytes()


def lut(entries: NDArray[Any], first: int, depth: int) -> Sequence:
    """A LUT sequence of one item, entries as US."""
    item = Dataset()
    item.add_new(
        "LUTDescriptor", "US" if first >= 0 else "SS", [len(entries) % 2**16, first, depth]
    )
    item.add_new("LUTData", "US", [int(entry) for entry in entries])
    return Sequence([item])
