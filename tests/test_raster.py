"""Films stored as PNG and JPEG."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from films import deep_png, encoded, film, jpeg, png, png_chunk, raw_png
from PIL import Image, ImageDraw

from cxr.errors import NotARadiograph, UnreadableFile
from cxr.imaging.reader import read


def tinted(dark: tuple[int, int, int], light: tuple[int, int, int]) -> np.ndarray:
    share = film(192, 160)[..., None] / 255
    return (np.array(dark) * (1 - share) + np.array(light) * share).astype(np.uint8)


def photograph() -> np.ndarray:
    """Hues that brightness does not explain."""
    y, x = np.mgrid[0:1:120j, 0:1:160j]
    scene = np.stack([x, 1 - 0.7 * y, 0.5 + 0.5 * np.sin(9 * x * y)], axis=2)
    return (scene * 200 + 20).astype(np.uint8)


def test_grey_png_is_read_exactly() -> None:
    radiograph = read(png(film()))
    assert np.array_equal(radiograph.pixels, film())
    assert np.array_equal(radiograph.eight_bit, film())
    assert (radiograph.bits, radiograph.format, radiograph.notes) == (8, "PNG", ())
    assert radiograph.window is radiograph.spacing_mm is radiograph.voi is None


def test_sixteen_bit_png_keeps_its_depth() -> None:
    deep = film(bits=16)
    radiograph = read(png(deep))
    assert radiograph.pixels.dtype == np.uint16
    assert np.array_equal(radiograph.pixels, deep)
    assert radiograph.bits == 16
    assert np.array_equal(radiograph.eight_bit, np.floor(deep / 257 + 0.5))


def test_eight_bit_film_widened_to_sixteen_shows_the_same() -> None:
    assert np.array_equal(read(png(film().astype(np.uint16) * 257)).eight_bit, film())


def test_twelve_bit_film_in_sixteen_bits_is_not_dark() -> None:
    deep = film(bits=12)
    radiograph = read(png(deep))
    assert radiograph.bits == 12
    assert np.array_equal(radiograph.pixels, deep)
    assert np.array_equal(radiograph.eight_bit, np.floor(deep * (255 / 4095) + 0.5))
    assert any("12 bits" in note for note in radiograph.notes)


def test_eight_bit_film_in_sixteen_bits_becomes_eight() -> None:
    radiograph = read(png(film().astype(np.uint16)))
    assert radiograph.pixels.dtype == np.uint8
    assert np.array_equal(radiograph.pixels, film())


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_grey_levels_are_stretched_to_255(depth: int) -> None:
    levels = 2**depth
    row = np.arange(64) % levels
    bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
    line = b"\0" + np.packbits(bits.ravel()).tobytes()
    radiograph = read(raw_png(64, 40, depth, 0, line * 40))
    assert np.array_equal(radiograph.pixels, np.tile(row * 255 // (levels - 1), (40, 1)))


def test_palette_png_shows_the_palettes_greys() -> None:
    image = Image.fromarray(255 - film(), "P")
    image.putpalette([value for grey in range(255, -1, -1) for value in (grey, grey, grey)])
    assert np.array_equal(read(encoded(image, "PNG")).pixels, film())


def test_grey_film_stored_as_rgb_is_read_exactly() -> None:
    radiograph = read(png(np.repeat(film()[..., None], 3, axis=2)))
    assert np.array_equal(radiograph.pixels, film())
    assert radiograph.notes == ()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_opaque_alpha_is_dropped_silently(mode: str) -> None:
    radiograph = read(encoded(Image.fromarray(film()).convert(mode), "PNG"))
    assert np.array_equal(radiograph.pixels, film())
    assert radiograph.notes == ()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_are_black(mode: str) -> None:
    image = Image.fromarray(film()).convert(mode)
    alpha = np.full(film().shape, 255, np.uint8)
    alpha[:, :40] = 0
    image.putalpha(Image.fromarray(alpha))
    radiograph = read(encoded(image, "PNG"))
    assert not radiograph.pixels[:, :40].any()
    assert np.array_equal(radiograph.pixels[:, 40:], film()[:, 40:])
    assert radiograph.notes == ("Transparent parts are shown black.",)


def test_transparent_colour_of_a_palette_is_black() -> None:
    image = Image.fromarray(film(), "P")
    image.putpalette([value for grey in range(256) for value in (grey, grey, grey)])
    radiograph = read(encoded(image, "PNG", transparency=255))
    assert np.array_equal(radiograph.pixels, np.where(film() == 255, 0, film()))


COLOUR_TYPES = {"RGB": 2, "grey + alpha": 4, "RGBA": 6}


def in_colour(deep: np.ndarray, kind: str, alpha: int | np.ndarray = 65535) -> np.ndarray:
    channels = [deep] if kind == "grey + alpha" else [deep] * 3
    channels += [np.broadcast_to(np.uint16(alpha), deep.shape)] if "A" in kind.upper() else []
    return np.stack(channels, axis=-1)


@pytest.mark.parametrize("kind", COLOUR_TYPES)
@pytest.mark.parametrize("bits", range(8, 17))
def test_a_deep_film_in_colour_is_the_same_film_in_grey(kind: str, bits: int) -> None:
    deep = film(bits=bits).astype(np.uint16)
    shown = read(deep_png(in_colour(deep, kind), COLOUR_TYPES[kind]))
    in_grey = read(png(deep))
    assert np.array_equal(shown.pixels, deep)
    assert np.array_equal(shown.eight_bit, in_grey.eight_bit)
    assert (shown.bits, shown.notes) == (in_grey.bits, in_grey.notes)
    assert shown.eight_bit.max() == 255


@pytest.mark.parametrize("kind", ["grey + alpha", "RGBA"])
def test_deep_transparency(kind: str) -> None:
    deep, alpha = film(bits=12), np.full((96, 80), 4095, np.uint16)
    # The same everywhere, it says nothing, however much it is of the 16 bits.
    assert np.array_equal(
        read(deep_png(in_colour(deep, kind, 4095), COLOUR_TYPES[kind])).pixels, deep
    )
    alpha[:, :40] = 0
    shown = read(deep_png(in_colour(deep, kind, alpha), COLOUR_TYPES[kind]))
    assert not shown.pixels[:, :40].any()
    assert np.array_equal(shown.pixels[:, 40:], deep[:, 40:])
    assert "Transparent parts are shown black." in shown.notes


@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3)])
def test_a_deep_transparent_colour_is_black(kind: int, channels: int) -> None:
    deep = film(bits=12)
    deep[:, :9] = 3000
    data = deep_png(deep if channels == 1 else in_colour(deep, "RGB"), kind)
    clear = png_chunk(b"tRNS", (3000).to_bytes(2, "big") * channels)
    shown = read(data[:33] + clear + data[33:])
    assert np.array_equal(shown.pixels, np.where(deep == 3000, 0, deep))


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_a_deep_tinted_film_is_read_by_brightness(bits: int) -> None:
    deep = film(bits=bits)
    tinted = np.stack([deep * 0.8, deep * 0.9, deep], axis=-1).astype(np.uint16)
    shown = read(deep_png(tinted, 2))
    assert shown.notes == (
        "A 16-bit colour file, read at 8 bits.",
        "The film is tinted or has colour marks; only its brightness is used.",
    )
    luma = tinted @ np.array([0.299, 0.587, 0.114]) * 255 / (2**bits - 1)
    assert np.abs(shown.pixels - luma).max() <= 1.5


def test_a_deep_colour_photograph_is_refused() -> None:
    with pytest.raises(NotARadiograph) as refusal:
        read(deep_png(photograph().astype(np.uint16) * 16, 2))
    assert refusal.value.code == "colour_photograph"


def test_animated_png_is_refused() -> None:
    frames = [Image.fromarray(film()), Image.fromarray(255 - film())]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(UnreadableFile) as refusal:
        read(data)
    assert refusal.value.code == "multi_frame"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 60}])
def test_grey_jpeg_is_what_pillow_decodes(options: dict) -> None:
    data = jpeg(film(), **options)
    radiograph = read(data)
    assert np.array_equal(radiograph.pixels, np.asarray(Image.open(io.BytesIO(data))))
    assert (radiograph.bits, radiograph.format) == (8, "JPEG")


def test_grey_film_in_an_rgb_jpeg_keeps_its_grey() -> None:
    data = jpeg(np.repeat(film()[..., None], 3, axis=2))
    radiograph = read(data)
    assert np.array_equal(radiograph.pixels, np.asarray(Image.open(io.BytesIO(data)))[..., 0])
    assert radiograph.notes == ()


def test_cmyk_jpeg_is_not_inverted() -> None:
    image = Image.fromarray(np.repeat(film()[..., None], 3, axis=2)).convert("CMYK")
    radiograph = read(encoded(image, "JPEG", quality=100))
    assert np.abs(radiograph.pixels.astype(int) - film()).mean() < 2


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_undone_once(orientation: int) -> None:
    flip = {
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a.T, 2),
        8: np.rot90,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = read(jpeg(film())), read(jpeg(film(), exif=exif))
    assert np.array_equal(turned.pixels, flip(plain.pixels))
    assert any("orientation tag" in note for note in turned.notes)


def test_sixteen_bit_png_is_turned_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = film(bits=16)
    assert np.array_equal(read(png(deep, exif=exif)).pixels, np.rot90(deep, -1))


def test_picture_after_the_first_is_noted() -> None:
    first, second = Image.fromarray(film()), Image.fromarray(255 - film())
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second], quality=100)
    radiograph = read(out.getvalue())
    assert np.abs(radiograph.pixels.astype(int) - film()).max() <= 4
    assert radiograph.notes == ("The file holds 2 pictures; the first is shown.",)


@pytest.mark.parametrize("encode", [png, jpeg])
def test_colour_photograph_is_refused(encode) -> None:
    with pytest.raises(NotARadiograph) as refusal:
        read(encode(photograph()))
    assert refusal.value.code == "colour_photograph"


@pytest.mark.parametrize("quality", [60, 95])
@pytest.mark.parametrize(
    "tint", [((10, 15, 40), (200, 220, 255)), ((30, 15, 5), (255, 235, 200))], ids=["blue", "sepia"]
)
def test_tinted_film_is_accepted_with_a_note(tint, quality: int) -> None:
    radiograph = read(jpeg(tinted(*tint), quality=quality))
    assert radiograph.pixels.shape == (192, 160)
    assert any("tinted" in note for note in radiograph.notes)


def test_coloured_marks_on_a_film_are_accepted() -> None:
    image = Image.fromarray(np.repeat(film(192, 160)[..., None], 3, axis=2))
    ImageDraw.Draw(image).rectangle((40, 40, 90, 100), outline=(255, 230, 0), width=2)
    assert read(encoded(image, "PNG")).pixels.shape == (192, 160)


def test_slight_tint_below_notice_leaves_no_note() -> None:
    near = np.repeat(film()[..., None], 3, axis=2)
    near[..., 2] = np.clip(near[..., 2].astype(int) + 2, 0, 255)
    assert read(png(near)).notes == ()


def test_twelve_bit_and_lossless_jpeg_are_refused_by_their_header() -> None:
    data = bytearray(jpeg(film()))
    frame = data.index(b"\xff\xc0")
    deep, lossless = bytearray(data), bytearray(data)
    deep[frame + 4] = 12
    lossless[frame + 1] = 0xC3
    for damaged in (deep, lossless):
        with pytest.raises(UnreadableFile) as refusal:
            read(bytes(damaged))
        assert refusal.value.code == "unsupported_pixels"


def test_text_in_a_png_is_ignored() -> None:
    data = png(film())
    with_text = data[:33] + png_chunk(b"tEXt", b"Title\0Doe^Jane") + data[33:]
    assert np.array_equal(read(with_text).pixels, film())


@pytest.mark.skipif("CXR_DATA" not in os.environ, reason="CXR_DATA is not set")
def test_colour_photographs_of_the_data_are_refused() -> None:
    refused, grey = [], []
    for path in sorted(Path(os.environ["CXR_DATA"], "not_chest").glob("*.jp*g")):
        rgb = np.asarray(Image.open(path).convert("RGB")).astype(int)
        (refused if np.ptp(rgb, axis=2).mean() > 3 else grey).append(path)
    assert len(refused) >= 20
    for path in refused:
        with pytest.raises(NotARadiograph, match="colour_photograph"):
            read(path)
    for path in grey:
        read(path)
