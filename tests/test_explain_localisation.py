from __future__ import annotations

import numpy as np
import pytest

from cxr.explain import contours, worth_a_map
from cxr.explain.localisation import box_mask, hits, overlap, share_inside

MASK = box_mask([(0.25, 0.5, 0.5, 0.25)], (8, 16))


def test_boxes_are_shares_of_width_and_height() -> None:
    expected = np.zeros((8, 16), bool)
    expected[4:6, 4:12] = True
    np.testing.assert_array_equal(MASK, expected)
    both = box_mask([(0, 0, 0.25, 0.25), (0.5, 0.5, 0.5, 0.5)], (8, 8))
    assert both.sum() == 4 + 16


@pytest.mark.parametrize("box", [(0.99, 0.99, 0.01, 0.01), (0, 0, 0, 0), (-0.1, -0.1, 0.2, 0.2)])
def test_every_box_covers_a_pixel_inside_the_film(box: tuple[float, ...]) -> None:
    mask = box_mask([box], (5, 7))
    assert 1 <= mask.sum() <= 4


def test_a_peak_inside_hits_and_an_empty_map_never_does() -> None:
    values = np.zeros(MASK.shape)
    assert not hits(values, np.ones_like(MASK))
    values[4, 4] = 2
    assert hits(values, MASK)
    values[0, 0] = 3
    assert not hits(values, MASK)
    assert not hits(-np.ones(MASK.shape), MASK)


def test_weight_inside() -> None:
    assert share_inside(np.ones(MASK.shape), MASK) == pytest.approx(MASK.mean())
    assert share_inside(np.zeros(MASK.shape), MASK) == 0
    values = np.where(MASK, 1.0, -5.0)  # what speaks against the class has no weight
    assert share_inside(values, MASK) == 1


def test_overlap() -> None:
    assert overlap(MASK.astype(float), MASK, 0.5) == 1
    assert overlap(np.ones(MASK.shape), MASK, 0.5) == pytest.approx(MASK.mean())
    half = np.where(MASK, 1.0, 0.0)
    half[:, 8:] *= 0.4
    assert overlap(half, MASK, 0.5) == pytest.approx(0.5)
    assert overlap(half, MASK, 0.3) == 1
    assert overlap(np.zeros(MASK.shape), MASK, 0.5) == 0


def test_contours_run_around_what_reaches_the_level() -> None:
    values = np.zeros((20, 30), np.float32)
    values[5:10, 12:20] = 0.07
    values[15, 2:5] = -0.09
    (line,) = contours(values, 0.05)
    assert (line.min(0).tolist(), line.max(0).tolist()) == ([12, 5], [19, 9])
    (against,) = contours(values, -0.05)
    assert set(against[:, 1].tolist()) == {15}
    assert contours(values, 0.1) == []
    assert contours(np.zeros((4, 4)), 0.05) == []


def test_no_map_unasked_of_what_the_network_does_not_see() -> None:
    assert worth_a_map(0.1)
    assert not worth_a_map(0.0999)
