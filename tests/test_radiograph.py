"""`read`: sources, recognition by content, what it imports, allocates, prints and logs."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from films import dicom, film, jpeg, png, png_chunk

from cxr.errors import UnreadableFile
from cxr.imaging.radiograph import Radiograph, window_table
from cxr.imaging.reader import read

ROOT = Path(__file__).parents[1]


def in_a_fresh_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind(kind) -> None:
    data = png(film())
    radiograph = read(kind(data))
    assert np.array_equal(radiograph.pixels, film())
    assert radiograph.sha256 == hashlib.sha256(data).hexdigest()


def test_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    for name, data, kind in [
        ("a.dcm", png(film()), "PNG"),
        ("b.png", dicom(film()), "DICOM"),
        ("c", jpeg(film()), "JPEG"),
    ]:
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name).format == kind
        assert read(str(tmp_path / name)).format == kind


@pytest.mark.parametrize("name", ["Doe^Jane.png", "", "Doe\0Jane.png", "x" * 5000])
def test_missing_file_is_refused_without_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(f"{tmp_path}/{name}")
    assert caught.value.code == "not_found"
    assert "Jane" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="folder") as caught:
        read(tmp_path)
    assert caught.value.code == "not_found"


def test_too_large_a_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(png(film()))
    monkeypatch.setattr("cxr.imaging.decode_limits.MAX_BYTES", path.stat().st_size)
    assert read(path).format == "PNG"
    monkeypatch.setattr("cxr.imaging.decode_limits.MAX_BYTES", path.stat().st_size - 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(UnreadableFile, match="file_too_large"):
        read(path)


@pytest.mark.parametrize("data", [png(film()), png(film(bits=16)), jpeg(film()), dicom(film())])
def test_films_cannot_be_written_to(data: bytes) -> None:
    radiograph = read(data)
    for pixels in (radiograph.pixels, radiograph.eight_bit):
        assert pixels.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 1
    assert radiograph.eight_bit is radiograph.eight_bit


def test_a_deep_film_without_a_table_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="table"):
        Radiograph(film(bits=12), 12, "", "DICOM")


def test_window_table() -> None:
    assert np.array_equal(window_table(8, 0, 255), np.arange(256))
    assert np.array_equal(window_table(16, 0, 65535)[::257], np.arange(256))
    assert window_table(8, 100, 102)[98:105].tolist() == [0, 0, 0, 128, 255, 255, 255]


def test_the_largest_films_take_few_copies() -> None:
    pixels = np.tile(film(500, 500, bits=12), (4, 4))
    for data in (
        dicom(4095 - pixels, 12, PhotometricInterpretation="MONOCHROME1"),
        dicom(
            (pixels.astype(np.int32) - 2048).astype(np.int16), 12, WindowCenter=9, WindowWidth=900
        ),
        png(pixels),
    ):
        read(data)  # imports and caches
        tracemalloc.start()
        assert np.array_equal(read(data).eight_bit.shape, pixels.shape)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # A float64 film, or an index widened to machine integers, is 8 bytes a pixel alone.
        assert peak < 7 * pixels.size + (2 << 20)


def test_pydicom_is_imported_only_for_dicom(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(png(film()))
    (tmp_path / "film.jpg").write_bytes(jpeg(film()))
    code = (
        "import sys, cxr.imaging.reader as r; [r.read(p) for p in sys.argv[1:]];"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'pydicom', 'gdcm', 'streamlit', 'tensorflow', 'keras', 'cv2'}))"
    )
    done = in_a_fresh_process(code, str(tmp_path / "film.png"), str(tmp_path / "film.jpg"))
    assert done.stdout.strip() == "[]"
    (tmp_path / "film.dcm").write_bytes(dicom(film()))
    # pydicom itself imports GDCM where it is installed; no film is decoded by it there.
    done = in_a_fresh_process(code, str(tmp_path / "film.dcm"))
    assert done.stdout.strip() == "['gdcm', 'pydicom']"


def test_nothing_is_printed_or_logged(tmp_path: Path) -> None:
    # A value that pydicom warns of, refusals by two decoders, and a file that is not there.
    odd = dicom(film(), NumberOfFrames=1).replace(b"IS\x02\x001 ", b"IS\x02\x001.")
    assert b"IS\x02\x001." in odd
    (tmp_path / "Doe^Jane.dcm").write_bytes(odd)
    (tmp_path / "Doe^Jane2.dcm").write_bytes(dicom(film(), PixelSpacing=[0.1, 0.1])[:-99])
    (tmp_path / "Doe^Jane3.png").write_bytes(png(film())[:-400])
    torn = png(film())[:33] + png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01") + png(film())[33:]
    (tmp_path / "Doe^Jane4.png").write_bytes(torn)
    code = (
        "import logging, sys; logging.basicConfig(level=logging.INFO)\n"
        "from cxr.imaging.reader import read\n"
        "from cxr.errors import CxrError\n"
        "for path in sys.argv[1:]:\n"
        "    try: read(path)\n"
        "    except CxrError as refusal: print(refusal.code)\n"
    )
    paths = [str(p) for p in sorted(tmp_path.iterdir())] + [str(tmp_path / "Jane4.png")]
    done = in_a_fresh_process(code, *paths)
    assert done.stdout.split() == ["damaged", "damaged", "not_found"]
    assert done.stderr == ""


def test_every_refusal_of_reading_is_documented() -> None:
    refusals, raised = {"UnreadableFile", "NotARadiograph"}, set()
    for module in (ROOT / "cxr" / "imaging").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in refusals:
                assert isinstance(node.args[0], ast.Constant)
                raised.add(node.args[0].value)
    text = (ROOT / "docs" / "reading.md").read_text().partition("## Refusals")[2]
    assert set(re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE)) == raised
