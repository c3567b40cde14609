import threading
from typing import Any

import numpy as np
import pytest
from films import film, radiograph
from networks import phantom

import cxr
from cxr.explain import FILLS, Box, box_effects, filler, occlusion, patch_boxes
from cxr.imaging.preprocessing import preprocess
from cxr.imaging.radiograph import Radiograph


@pytest.fixture
def drawn() -> Radiograph:
    return radiograph(phantom(np.random.default_rng(11), True)[0])


def probability(model: cxr.Classifier, square: Any, label: str) -> float:
    return float(model.calibrate(model.squares(square[None]))[0, model.labels.index(label)])


@pytest.mark.parametrize(("patch", "stride"), [(16, 8), (20, 12), (33, 33), (64, 64), (15, 4)])
@pytest.mark.parametrize("fill", ["mean", "blur"])
def test_map_is_what_its_definition_says(
    phantom_model: cxr.Classifier, drawn: Radiograph, patch: int, stride: int, fill: str
) -> None:
    """Patch by patch, one film at a time, pixel by pixel; patches that stick out are cut off."""
    size = phantom_model.size
    square = preprocess(drawn.eight_bit, phantom_model.preprocessing)
    base = probability(phantom_model, square, "T")
    total, cover = np.zeros((size, size)), np.zeros((size, size))
    starts = [0]
    while starts[-1] + patch < size:
        starts.append(starts[-1] + stride)
    for top in starts:
        for left in starts:
            box = (top, left, min(top + patch, size), min(left + patch, size))
            occluded = square.copy()
            inside = np.s_[box[0] : box[2], box[1] : box[3]]
            occluded[inside] = filler(square, fill)(box)
            total[inside] += base - probability(phantom_model, occluded, "T")
            cover[inside] += 1
    assert cover.min() >= 1
    as_the_network = Radiograph(square, 8, drawn.sha256, "PNG")
    found = occlusion(phantom_model, as_the_network, "T", patch, stride, fill)
    np.testing.assert_allclose(found, total / cover, atol=1e-5)


def test_defaults_fit_the_network(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    plain = occlusion(phantom_model, drawn, "T")
    assert np.array_equal(plain, occlusion(phantom_model, drawn, "T", 64 // 7, 64 // 14, "blur"))
    assert not np.array_equal(plain, occlusion(phantom_model, drawn, "T", fill="black"))


def test_effect_of_a_box_is_the_maps_value_of_that_patch(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    square = Radiograph(
        preprocess(drawn.eight_bit, phantom_model.preprocessing), 8, drawn.sha256, "PNG"
    )
    found = occlusion(phantom_model, square, "T", patch=16, stride=16)
    boxes = patch_boxes(64, 16, 16)
    assert len(boxes) == 16
    for box in boxes[::3]:
        (effect,) = box_effects(phantom_model, square, "T", [box])
        np.testing.assert_allclose(found[box[0] : box[2], box[1] : box[3]], effect, atol=1e-6)


def test_hiding_the_whole_film_leaves_the_films_mean(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    square = preprocess(drawn.eight_bit, phantom_model.preprocessing)
    blank = np.full_like(square, round(float(square.mean())))
    expected = probability(phantom_model, square, "T") - probability(phantom_model, blank, "T")
    for fill in ("blur", "mean"):
        found = occlusion(phantom_model, drawn, "T", 64, 64, fill)
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("label", ["N", "T"])
def test_classes_of_two_speak_against_each_other(
    phantom_model: cxr.Classifier, drawn: Radiograph, label: str
) -> None:
    other = {"N": "T", "T": "N"}[label]
    np.testing.assert_allclose(
        occlusion(phantom_model, drawn, label, 16, 8, "black"),
        -occlusion(phantom_model, drawn, other, 16, 8, "black"),
        atol=1e-6,
    )


@pytest.mark.parametrize("fill", ["blur", "mean"])
def test_a_film_of_one_grey_has_an_empty_map(phantom_model: cxr.Classifier, fill: str) -> None:
    flat = radiograph(np.full((90, 70), 87, np.uint8))
    np.testing.assert_array_equal(occlusion(phantom_model, flat, "T", 16, 8, fill), 0)


def test_lesion_of_a_phantom_is_found(phantom_model: cxr.Classifier) -> None:
    rng = np.random.default_rng(7)
    height, width = 150, 110
    for _ in range(6):
        pixels, (row, column) = phantom(rng, True, height, width)
        found = occlusion(phantom_model, radiograph(pixels), "T", patch=12, stride=4)
        assert found.shape == (height, width)
        assert found.dtype == np.float32
        peak = np.unravel_index(found.argmax(), found.shape)
        # Half a patch and a lesion's radius: 12 / 64 / 2 + 1 / 14 of the film.
        assert abs(peak[0] - row) < height / 6
        assert abs(peak[1] - column) < width / 6


BOXES = [
    (20, 24, 36, 40),
    (0, 0, 16, 16),
    (48, 10, 64, 26),
    (0, 0, 64, 63),
    (0, 20, 64, 21),
    (63, 63, 64, 64),
    (5, 0, 60, 64),
]


@pytest.mark.parametrize("box", BOXES)
def test_blur_is_a_mean_of_the_pixels_outside(box: Box) -> None:
    square = film(64, 64)
    top, left, bottom, right = box
    outside = np.ones((64, 64), bool)
    outside[top:bottom, left:right] = False
    found = filler(square, "blur")(box)
    assert (found.shape, found.dtype) == ((bottom - top, right - left), np.uint8)
    deviation = min(found.shape) / 8
    y, x = np.mgrid[:64, :64]
    for row, column in [
        (top, left),
        (bottom - 1, left),
        ((top + bottom) // 2, (left + right) // 2),
    ]:
        squared = (y[outside] - row) ** 2 + (x[outside] - column) ** 2
        weights = np.exp((squared.min() - squared) / (2 * deviation**2))
        expected = np.average(square[outside], weights=weights)
        assert abs(found[row - top, column - left] - expected) < 0.51


@pytest.mark.parametrize("box", BOXES)
def test_blur_shows_nothing_of_what_it_hides(box: Box) -> None:
    square = film(64, 64)
    marked = square.copy()
    marked[box[0] : box[2], box[1] : box[3]] = 255
    assert np.array_equal(filler(square, "blur")(box), filler(marked, "blur")(box))


def test_fills() -> None:
    square = film(64, 64)
    whole = (0, 0, 64, 64)
    assert set(np.unique(filler(square, "mean")(whole))) == {round(float(square.mean()))}
    assert filler(square, "black")(whole).max() == 0
    noise = filler(square, "noise", seed=3)(whole)
    np.testing.assert_array_equal(np.sort(noise, axis=None), np.sort(square, axis=None))
    assert not np.array_equal(noise, square)
    assert np.array_equal(noise, filler(square, "noise", seed=3)(whole))
    assert not np.array_equal(noise, filler(square, "noise", seed=4)(whole))


def test_noise_is_the_films_own(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    first = occlusion(phantom_model, drawn, "T", 16, 16, "noise")
    assert np.array_equal(first, occlusion(phantom_model, drawn, "T", 16, 16, "noise"))
    other = Radiograph(drawn.pixels, 8, "a" * 64, "PNG")
    assert not np.array_equal(first, occlusion(phantom_model, other, "T", 16, 16, "noise"))


def test_unknown_fill_is_refused(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    with pytest.raises(cxr.ExplainError, match=", ".join(FILLS)) as refusal:
        occlusion(phantom_model, drawn, "T", fill="white")
    assert refusal.value.code == "unknown_fill"


@pytest.mark.parametrize(("patch", "stride"), [(65, 8), (0, 1), (-4, 2), (16, 0), (16, 17)])
def test_patches_that_do_not_fit_are_refused(
    phantom_model: cxr.Classifier, drawn: Radiograph, patch: int, stride: int
) -> None:
    with pytest.raises(cxr.ExplainError) as refusal:
        occlusion(phantom_model, drawn, "T", patch, stride)
    assert refusal.value.code == "bad_patch"


def test_progress_rises_from_nothing_to_all(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    shares: list[float] = []
    occlusion(phantom_model, drawn, "T", 16, 8, progress=shares.append)
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(set(shares))
    assert len(shares) == 1 + 1 + 7 * 7


def test_cancelling_stops_before_the_next_patch(
    phantom_model: cxr.Classifier, drawn: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    run = phantom_model.squares
    monkeypatch.setattr(phantom_model, "squares", lambda x: (runs.append(len(x)), run(x))[1])
    with pytest.raises(cxr.Cancelled):
        occlusion(phantom_model, drawn, "T", 16, 8, progress=lambda share: len(runs) < 2)
    assert runs == [1, 1]  # so that others wait for one film at most


def test_another_session_gets_in_between_two_patches(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    answered = threading.Event()

    def wait_for_the_other(share: float) -> bool:
        if share == 0:
            threading.Thread(target=lambda: (phantom_model.squares(films), answered.set())).start()
            return True
        return answered.wait(60)

    films = np.zeros((1, 64, 64), np.uint8)
    occlusion(phantom_model, drawn, "T", 16, 8, progress=wait_for_the_other)
    assert answered.is_set()
