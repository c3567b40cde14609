from __future__ import annotations

import numpy as np
import pytest

from cxr.explain import contours, worth_a_map
from cxr.explain_eval import words
from cxr.explain_eval.deletion import FAITHFUL, UNTESTABLE, DeletionInsertion, Faithfulness
from cxr.explain_eval.localisation import (
    AgainstBoxes,
    against_boxes,
    box_mask,
    hits,
    in_lungs,
    overlap,
    share_inside,
)

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


def test_inside_the_lungs() -> None:
    probability = np.zeros((40, 40), np.float32)
    probability[10:30, 5:15] = probability[10:30, 25:35] = 0.9
    probability[:5] = 0.49  # not sure enough
    flat = in_lungs(np.ones((8, 8)), probability)
    assert flat.area == pytest.approx(0.25)
    assert flat.share == pytest.approx(flat.area)
    half = np.zeros((40, 40))
    half[20, 10], half[2, 2], half[35, 35] = 1, 1, -9  # what speaks against has no weight
    assert in_lungs(half, probability).share == pytest.approx(0.5)
    assert np.isnan(in_lungs(-half * 0, probability).share)


def test_a_map_against_boxes_at_its_method_s_threshold() -> None:
    values = np.zeros((8, 16), np.float32)
    values[4:6, 4:12], values[0, 0] = 1.0, 0.07
    box = [(0.25, 0.5, 0.5, 0.25)]
    tight = against_boxes(values, box, "gradcam_pp")  # .1 of the maximum leaves the corner out
    assert tight == AgainstBoxes(True, 1.0, pytest.approx(16 / 16.07), 0.125)
    assert against_boxes(values, box, "gradcam").overlap == pytest.approx(16 / 17)
    assert against_boxes(np.zeros((8, 16)), box, "gradcam") == AgainstBoxes(False, 0.0, 0.0, 0.125)


def curve(gain: float) -> DeletionInsertion:
    return DeletionInsertion(np.zeros(2), np.full(2, gain))


def test_what_is_said_of_a_map() -> None:
    random = tuple(curve(-0.5) for _ in range(19))
    said = words.faithful(Faithfulness(curve(0.25), curve(-0.031), random, FAITHFUL), "T")
    assert said == "Test: faithful: the score hangs on the places that the map marks."
    why = words.faithful_why(Faithfulness(curve(0.25), curve(-0.031), random, FAITHFUL))
    assert ".25 higher" in why
    assert "centre -.03; noise does as well 5 % of the time." in why
    untold = words.faithful(Faithfulness(curve(0.25), curve(0), random, UNTESTABLE), "T")
    assert untold.startswith("Test: cannot be tested: ")
    lung = np.zeros((10, 10), np.float32)
    lung[:, :4] = 1
    inside = np.where(lung, 3, 1).astype(np.float32)
    assert words.lung_share(inside, lung) == (
        "Lungs: 67 % of the map lies in them; they are 40 % of the film."
    )
    assert words.lung_share(-inside, lung) == ""
    assert words.boxes(AgainstBoxes(True, 0.122, 0.3, 0.1)) == (
        "highest point in a box; overlap .12; 30 % of the map lies in the boxes, which are 10 % of "
        "the film."
    )
