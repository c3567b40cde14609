"""Regions of a film: where they lie on the network's square, and what hiding them does."""

from __future__ import annotations

import numpy as np
import pytest
from films import film, png

import cxr
from cxr.explain import FILLS, box_effects, filler, patch_boxes
from cxr.explain.region import box_mask, hide, stroke_mask, unstretched, what_if
from cxr.imaging.preprocessing import Preprocessing, preprocess

SHAPES = [(300, 260), (97, 133), (1000, 511)]


def on_film(
    box: tuple[int, int, int, int], size: int, shape: tuple[int, int]
) -> tuple[float, float, float, float]:
    """A box of the square in pixels of the film, as the viewer gives it: x, y, width, height."""
    top, left, bottom, right = box
    x, y = left * shape[1] / size, top * shape[0] / size
    return x, y, right * shape[1] / size - x, bottom * shape[0] / size - y


@pytest.mark.parametrize("shape", SHAPES)
def test_a_box_covers_the_cells_of_its_patch_and_no_other(shape: tuple[int, int]) -> None:
    for box in patch_boxes(224, 32, 16):
        wanted = np.zeros((224, 224), np.bool_)
        wanted[box[0] : box[2], box[1] : box[3]] = True
        assert np.array_equal(box_mask(224, shape, on_film(box, 224, shape)), wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_box_lies_where_preprocessing_puts_it(shape: tuple[int, int]) -> None:
    pixels = np.zeros(shape, np.uint8)
    x, y, width, height = shape[1] // 4, shape[0] // 3, shape[1] // 5, shape[0] // 6
    pixels[y : y + height, x : x + width] = 255
    seen = preprocess(pixels, Preprocessing()) > 127
    mask = box_mask(224, shape, (x, y, width, height))
    edge = seen ^ mask
    assert seen.any()
    assert edge.sum() <= 0.1 * seen.sum()  # at most the cells that the box's edge runs through
    assert np.abs(np.argwhere(seen).mean(0) - np.argwhere(mask).mean(0)).max() < 1


def test_a_region_smaller_than_a_cell_hides_one() -> None:
    mask = box_mask(10, (1000, 1000), (312, 671, 5, 5))
    assert np.argwhere(mask).tolist() == [[6, 3]]
    assert box_mask(10, (1000, 1000), (999, 999, 1, 1))[9, 9]
    assert stroke_mask(10, (1000, 1000), [(312, 671)], 2.0).sum() == 1


def test_a_brush_is_round_on_the_film_whatever_its_proportions() -> None:
    shape = (400, 800)
    mask = stroke_mask(200, shape, [(200, 200), (600, 200)], 50.0)
    rows, columns = np.mgrid[:200, :200] + 0.5
    y, x = rows * 2, columns * 4
    wanted = np.hypot(x - np.clip(x, 200, 600), y - 200) <= 50
    assert np.array_equal(mask, wanted)


def test_a_stroke_of_one_point_and_one_over_the_edge() -> None:
    assert stroke_mask(100, (100, 100), [(50, 50)], 10).sum() == pytest.approx(314, abs=8)
    corner = stroke_mask(100, (100, 100), [(0, 0)], 10)
    assert corner.sum() == pytest.approx(314 / 4, abs=6)


@pytest.mark.parametrize("fill", FILLS)
def test_the_effect_of_a_box_is_the_occlusion_map_s_for_the_patch(
    phantom_model: cxr.Classifier, fill: str
) -> None:
    read = cxr.read(png(film(150, 110)))
    boxes = patch_boxes(64, 20, 13)
    wanted = box_effects(phantom_model, read, "T", boxes, fill)
    assert np.abs(wanted).max() > 0
    for box, effect in zip(boxes, wanted, strict=True):
        mask = box_mask(64, (150, 110), on_film(box, 64, (150, 110)))
        assert what_if(phantom_model, read, mask, fill).effects["T"] == effect


def test_the_whole_film_is_the_fill_alone(phantom_model: cxr.Classifier) -> None:
    read = cxr.read(png(film(150, 110)))
    answer = what_if(phantom_model, read, box_mask(64, (150, 110), (0, 0, 110, 150)), "black")
    black = phantom_model.calibrate(phantom_model.squares(np.zeros((1, 64, 64), np.uint8)))[0]
    assert list(answer.after.values()) == black.tolist()
    assert not answer.square.any()


def test_nothing_hidden_changes_nothing(phantom_model: cxr.Classifier) -> None:
    read = cxr.read(png(film(150, 110)))
    answer = what_if(phantom_model, read, np.zeros((64, 64), np.bool_))
    assert set(answer.effects.values()) == {0.0}


@pytest.mark.parametrize("fill", FILLS)
def test_a_fill_keeps_what_is_outside_and_nothing_of_what_is_hidden(
    fill: str, rng: np.random.Generator
) -> None:
    square = film(64, 64)
    mask = stroke_mask(64, (64, 64), [(10, 12), (40, 50), (45, 20)], 5)
    mask |= box_mask(64, (64, 64), (50, 2, 9, 12))
    other = square.copy()
    other[mask] = rng.permutation(other[mask])  # the same mean and the same pixels to shuffle
    first, second = hide(square, mask, fill), hide(other, mask, fill)
    assert np.array_equal(first[~mask], square[~mask])
    if fill != "noise":
        assert np.array_equal(first, second)
    assert not np.array_equal(first[mask], square[mask])


def test_a_blur_of_two_boxes_is_about_that_of_each() -> None:
    square = film(96, 96)
    apart = [(10, 10, 30, 34), (60, 50, 76, 90)]
    mask = np.zeros((96, 96), np.bool_)
    for top, left, bottom, right in apart:
        mask[top:bottom, left:right] = True
    both = hide(square, mask)
    for box in apart:
        alone = filler(square, "blur")(box).astype(int)
        inside = both[box[0] : box[2], box[1] : box[3]].astype(int)
        assert np.abs(inside - alone).mean() < 4


def test_a_blur_of_a_flat_film_is_flat() -> None:
    flat = np.full((64, 64), 90, np.uint8)
    mask = stroke_mask(64, (64, 64), [(0, 30), (64, 40)], 9)
    assert np.array_equal(hide(flat, mask), flat)


def test_hiding_the_lesion_takes_its_class_away(phantom_model: cxr.Classifier) -> None:
    from networks import phantom

    fell = []
    for seed in range(5):
        drawn, spot = phantom(np.random.default_rng(seed), lesion=True)
        row, column = spot
        mask = box_mask(64, drawn.shape, (column - 16, row - 16, 32, 32))
        fell.append(what_if(phantom_model, cxr.read(png(drawn)), mask).effects["T"])
    assert np.median(fell) > 0.3


def test_the_square_is_shown_in_the_film_s_proportions() -> None:
    square = np.arange(64, dtype=np.uint8).reshape(8, 8)
    shown = unstretched(square, (3000, 1500))
    assert shown.shape == (32, 16)
    assert np.array_equal(shown[::4, ::2], square)


def test_an_unknown_fill_is_refused(phantom_model: cxr.Classifier) -> None:
    read = cxr.read(png(film(150, 110)))
    for mask in (box_mask(64, (150, 110), (5, 5, 20, 20)), stroke_mask(64, (64, 64), [(9, 9)], 5)):
        with pytest.raises(cxr.ExplainError) as refusal:
            what_if(phantom_model, read, mask, "pink")
        assert refusal.value.code == "unknown_fill"
