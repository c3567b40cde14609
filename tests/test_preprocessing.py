import numpy as np
import pytest
from films import film

from cxr.imaging.preprocessing import Preprocessing, preprocess, reduce_film


def test_reduces_by_exact_area_average() -> None:
    image = np.arange(512 * 4, dtype=np.uint32).reshape(4, 512) % 251
    expected = image.reshape(2, 2, 256, 2).mean((1, 3))
    assert np.abs(reduce_film(image.astype(np.uint8), 256) - expected).max() <= 0.5


@pytest.mark.parametrize(
    ("shape", "reduced"),
    [((256, 100), (256, 100)), ((2000, 1000), (256, 128)), ((3, 9000), (1, 256)), ((1, 1), (1, 1))],
)
def test_longer_side_is_256_at_most(shape: tuple[int, int], reduced: tuple[int, int]) -> None:
    assert reduce_film(np.zeros(shape, np.uint8), 256).shape == reduced


@pytest.mark.parametrize("shape", [(900, 600), (300, 1100), (100, 130)])
@pytest.mark.parametrize(
    ("corner", "where"),
    [
        ("top left", (slice(0, 28), slice(0, 28))),
        ("top right", (slice(0, 28), slice(-28, None))),
        ("bottom left", (slice(-28, None), slice(0, 28))),
    ],
)
def test_a_corner_mark_stays_in_its_corner(
    shape: tuple[int, int], corner: str, where: tuple[slice, slice]
) -> None:
    image = np.zeros(shape, np.uint8)
    height, width = shape[0] // 8, shape[1] // 8
    image[
        slice(0, height) if "top" in corner else slice(-height, None),
        slice(0, width) if "left" in corner else slice(-width, None),
    ] = 255
    square = preprocess(image, Preprocessing())
    assert square[where].mean() > 225, "the mark fills its eighth of both sides"
    square[where] = 0
    assert square.mean() < 1, "and nothing else is lit"


def test_clahe_and_blur_are_parameters(rng: np.random.Generator) -> None:
    faint = (film(200, 180) // 8 + 100 + rng.integers(0, 6, (200, 180))).astype(np.uint8)

    def steps(how: Preprocessing) -> float:
        return float(np.abs(np.diff(preprocess(faint, how).astype(int))).mean())

    assert steps(Preprocessing(clahe_clip=4)) > 1.5 * steps(Preprocessing())
    assert steps(Preprocessing(blur=5)) < 0.8 * steps(Preprocessing())


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"blur": 4}, {"clahe_clip": -1}, {"crop": -1}, {"crop": 112}]
)
def test_senseless_parameters_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Preprocessing(**wrong)
