from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from films import radiograph

import cxr
from cxr.explain import FILLS, make_map
from cxr.explain.fill import whole
from cxr.explain_eval import faithfulness
from cxr.explain_eval.deletion import (
    CHANCE,
    EMPTY,
    FAITHFUL,
    UNTESTABLE,
    WEAK,
    DeletionInsertion,
    centre_map,
    chance_of,
    curve,
    noise_map,
    order_of,
    word_of,
)
from cxr.imaging.preprocessing import Preprocessing, preprocess
from cxr.imaging.radiograph import Radiograph


@pytest.fixture(scope="module")
def seeing_spots(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    """A network whose T is the light above grey 180 and nothing else, so that it is known which
    pixels count."""
    import keras

    from train.export.network_files import write_network

    inputs = keras.Input((64, 64, 1), name="film")
    x = keras.layers.ReLU(name="light")(keras.layers.Rescaling(1, offset=-180, name="x")(inputs))
    x = keras.layers.AveragePooling2D(4, name="maps")(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x), name="spots")
    model.layers[-1].set_weights([np.array([[0.0, 2.0]]), np.array([0.0, -2.0])])
    folder = tmp_path_factory.mktemp("models") / "spots"
    write_network(model, ("N", "T"), Preprocessing(size=64), folder, half=False)
    return cxr.load(folder)


@pytest.fixture
def planted() -> tuple[Radiograph, Any]:
    """A grey film with a light spot off its centre, and a map of where that is."""
    y, x = np.mgrid[:64, :64]
    near = np.exp(-((y - 16) ** 2 + (x - 46) ** 2) / (2 * 5.0**2)).astype(np.float32)
    pixels = np.where(near > 0.4, 250, 90 + y // 4).astype(np.uint8)
    return radiograph(pixels), near


def test_a_map_of_the_lesion_is_faithful_and_its_opposite_is_not(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    film, near = planted
    found = faithfulness(seeing_spots, film, "T", near)
    assert found.word == FAITHFUL
    assert found.chance == 0.05
    assert found.own.gain > max(each.gain for each in found.random)
    opposite = faithfulness(seeing_spots, film, "T", -near)
    assert opposite.word == CHANCE
    assert opposite.own.gain < found.centre.gain


@pytest.mark.parametrize("method", ["gradcam", "gradcam_pp", "occlusion", "integrated"])
def test_methods_find_the_pixels_that_count(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any], method: str
) -> None:
    film, _ = planted
    values = make_map(seeing_spots, film, "T", method)
    assert faithfulness(seeing_spots, film, "T", values).word == FAITHFUL


def test_a_flat_map_is_called_empty(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    film, near = planted
    found = faithfulness(seeing_spots, film, "T", np.zeros_like(near), steps=2, controls=1)
    assert found.word == EMPTY


def test_a_class_that_nothing_speaks_for_cannot_be_tested(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    """Without the spot the film is N for certain: its N cannot be taken away."""
    film, near = planted
    assert faithfulness(seeing_spots, film, "N", near, steps=2, controls=1).word == UNTESTABLE


def test_noise_is_seldom_called_faithful(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    film, _ = planted
    rng = np.random.default_rng(3)
    words = [
        faithfulness(seeing_spots, film, "T", noise_map(64, rng), steps=4).word for _ in range(12)
    ]
    assert words.count(FAITHFUL) <= 2
    assert words.count(CHANCE) >= 6


@pytest.mark.parametrize(
    ("own", "centre", "beaten_by", "word"),
    [
        (0.5, 0.4, 0, FAITHFUL),
        (0.5, 0.6, 0, WEAK),  # the film's centre does better
        (0.5, 0.5, 0, WEAK),
        (0.5, 0.4, 1, WEAK),
        (0.5, 0.4, 4, WEAK),
        (0.5, 0.4, 5, CHANCE),
        (0.5, 0.4, 19, CHANCE),
    ],
)
def test_the_words_follow_their_rule(own: float, centre: float, beaten_by: int, word: str) -> None:
    random = [0.9] * beaten_by + [0.1] * (19 - beaten_by)
    assert word_of(own, centre, random) == word
    assert chance_of(own, random) == pytest.approx((1 + beaten_by) / 20)


def test_noise_that_does_as_well_counts_against_the_map() -> None:
    assert chance_of(0.5, [0.5] * 19) == 1


def test_curve_is_what_its_definition_says(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    film, _ = planted
    square = preprocess(film.eight_bit, seeing_spots.preprocessing)
    empty = whole(square, "mean")
    values = np.random.default_rng(0).permutation(64 * 64).reshape(64, 64)
    found = curve(seeing_spots, square, empty, order_of(values, values), 1, steps=4)
    for k in range(5):
        gone = values >= 64 * 64 * (1 - k / 4)
        for heights, picture in (
            (found.deletion, np.where(gone, empty, square)),
            (found.insertion, np.where(gone, square, empty)),
        ):
            p = seeing_spots.calibrate(seeing_spots.squares(picture[None]))[0, 1]
            assert heights[k] == pytest.approx(p, abs=1e-6)


def test_areas_are_mean_heights() -> None:
    falling = DeletionInsertion(np.array([1.0, 0.5, 0.0]), np.array([0.0, 1.0, 1.0]))
    assert falling.deletion_area == pytest.approx(0.5)
    assert falling.insertion_area == pytest.approx(0.75)
    assert falling.gain == pytest.approx(0.25)


def test_equal_values_go_in_the_order_of_the_ties() -> None:
    values = np.array([[0.0, 5.0], [0.0, 0.0]])
    ties = np.array([[1.0, 0.0], [3.0, 2.0]])
    assert order_of(values, ties).tolist() == [1, 2, 3, 0]


def test_the_same_film_gets_the_same_controls(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]
) -> None:
    film, near = planted
    first, again = (faithfulness(seeing_spots, film, "T", near, 3, 2) for _ in range(2))
    assert [c.gain for c in first.random] == [c.gain for c in again.random]
    other = Radiograph(film.pixels, 8, "a" * 64, "PNG")
    moved = faithfulness(seeing_spots, other, "T", near, 3, 2)
    assert [c.gain for c in first.random] != [c.gain for c in moved.random]


def test_passes_are_as_many_as_promised(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    film, near = planted
    runs: list[int] = []
    run = seeing_spots.squares
    monkeypatch.setattr(seeing_spots, "squares", lambda x: (runs.append(len(x)), run(x))[1])
    faithfulness(seeing_spots, film, "T", near, steps=5, controls=3)
    assert sum(runs) == 2 * (5 - 1) * (3 + 2) + 2


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_can_be_asked_for(
    seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any], fill: str
) -> None:
    film, near = planted
    found = faithfulness(seeing_spots, film, "T", near, 2, 1, fill)
    assert found.own.deletion[0] == pytest.approx(found.own.insertion[-1])
    assert found.own.deletion[-1] == pytest.approx(found.own.insertion[0])


def test_it_can_be_stopped(seeing_spots: cxr.Classifier, planted: tuple[Radiograph, Any]) -> None:
    film, near = planted
    shares: list[float] = []
    with pytest.raises(cxr.Cancelled):
        faithfulness(
            seeing_spots,
            film,
            "T",
            near,
            progress=lambda share: (shares.append(share), len(shares) < 3)[1],
        )
    assert shares == sorted(shares)
    assert len(shares) == 3


def test_the_centre_is_in_the_centre() -> None:
    found = centre_map(9)
    assert found.argmax() == 4 * 9 + 4
    assert found.max() == 1
    np.testing.assert_allclose(found, found[::-1, ::-1])
