"""Films that are turned and exchanged, and films that are read though they would be refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from films import dicom, film, png

import cxr
from cxr.errors import NotARadiograph
from cxr.imaging.altered import altered
from cxr.imaging.radiograph import Radiograph, window_table

SHOWN = png(film(90, 80))


def test_a_turned_film_is_turned_with_all_that_is_said_of_it() -> None:
    seen = np.arange(6, dtype=np.uint8).reshape(2, 3)
    one = Radiograph(seen, 8, "0" * 64, "PNG", spacing_mm=(1.0, 2.0), orientation=("L", "F"))
    right = altered(one, turns=1)
    assert right.pixels.tolist() == [[3, 0], [4, 1], [5, 2]]
    assert right.spacing_mm == (2.0, 1.0)
    assert right.orientation == ("H", "L")
    assert "Turned by 90°" in right.notes[0]
    assert right.sha256 != one.sha256
    whole = altered(altered(right, turns=2), turns=1)
    assert whole.orientation == one.orientation
    assert (whole.pixels == one.pixels).all()
    assert altered(one, turns=4) is one


def test_black_and_white_are_exchanged_at_full_depth() -> None:
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 4096, (40, 30)).astype(np.uint16)
    one = Radiograph(deep, 12, "0" * 64, "DICOM", window_table(12, 500, 3000), (1750, 2500))
    other = altered(one, exchanged=True)
    assert (other.eight_bit == 255 - one.eight_bit).all()
    assert other.window == (4095 - 1750, 2500)
    assert (altered(other, exchanged=True).pixels == deep).all()
    flat = altered(Radiograph(np.full((4, 4), 9, np.uint8), 8, "0" * 64, "PNG"), exchanged=True)
    assert (flat.eight_bit == 246).all()


def test_a_lateral_film_is_let_in_on_the_reader_s_word(phantom_model: cxr.Classifier) -> None:
    lateral = dicom(film(90, 80), ViewPosition="LL")
    with pytest.raises(NotARadiograph, match="lateral"):
        cxr.read(lateral)
    read = cxr.read(lateral, all_the_same=True)
    assert [each.code for each in read.doubts] == ["not_frontal"]
    refused = cxr.assess(read, phantom_model)
    assert refused.refusal is read.doubts[0]
    assert refused.film is read
    let_in = cxr.assess(read, phantom_model, let_in=True)
    assert let_in.prediction is not None
    again = cxr.assess(lateral, phantom_model, let_in=True).prediction
    assert again is not None
    assert again.probabilities == let_in.prediction.probabilities


def test_a_colour_photograph_is_read_by_its_brightness(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    data = cv2.imencode(".png", cv2.resize(colours, (128, 128)))[1].tobytes()
    with pytest.raises(NotARadiograph):
        cxr.read(data)
    read = cxr.read(data, all_the_same=True)
    assert [each.code for each in read.doubts] == ["colour_photograph"]
    assert read.pixels.shape == (128, 128)


def test_a_sound_film_has_no_doubts() -> None:
    assert cxr.read(SHOWN, all_the_same=True).doubts == ()
