"""Decode one JPEG Lossless or JPEG-LS frame; run as a process of its own by
`cxr.imaging.dicom.pixels`.

GDCM 3.2.6 aborts or segfaults on some damaged streams (7 of 300 altered at random): a crash here
ends this process and not the server. Argument: JSON with `syntax`, `rows`, `columns` and
`precision`. Standard input: the frame. Standard output: its samples, 8 or 16 bits little-endian.
"""

from __future__ import annotations

import json
import sys

MEMORY = 2 << 30
_PIECE = 1 << 20


def main() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ImportError:  # Windows has no such limits
        pass
    import gdcm

    asked = json.loads(sys.argv[1])
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(sys.stdin.buffer.read())
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((asked["columns"], asked["rows"], 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2)
    image.SetPhotometricInterpretation(grey)
    syntax = gdcm.TransferSyntax.GetTSType(asked["syntax"])
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    bits = asked["precision"]
    image.SetPixelFormat(gdcm.PixelFormat(1, 8 if bits <= 8 else 16, bits, bits - 1, 0))
    # GDCM hands its bytes over as text; a frame that it cannot decode is None.
    samples = image.GetBuffer()
    if samples is None:
        sys.exit(1)
    for at in range(0, len(samples), _PIECE):
        sys.stdout.buffer.write(samples[at : at + _PIECE].encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    main()
