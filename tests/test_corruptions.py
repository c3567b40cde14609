import numpy as np
import pytest
from films import film

from cxr.imaging.corruptions import CORRUPTIONS, STRENGTHS, corrupted

SOUND = film(240, 200)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_fault_grows_with_its_strength(kind: str) -> None:
    before = SOUND.copy()
    made = [corrupted(SOUND, kind, strength) for strength in STRENGTHS]
    np.testing.assert_array_equal(SOUND, before)
    assert all(m.dtype == np.uint8 and m.ndim == 2 for m in made)
    np.testing.assert_array_equal(made[2], corrupted(SOUND, kind, 3))
    if kind == "cropped":
        sizes = [m.size for m in made]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] < SOUND.size
        return
    changed = [np.abs(m.astype(int) - SOUND).mean() for m in made]
    assert changed == sorted(changed)
    assert changed[0] > 0


def test_the_strongest_inversion_is_the_negative() -> None:
    np.testing.assert_array_equal(corrupted(SOUND, "inverted", 5), 255 - SOUND)


def test_dark_is_dark_and_light_is_light() -> None:
    assert corrupted(SOUND, "dark", 1).mean() < SOUND.mean() < corrupted(SOUND, "light", 1).mean()


def test_one_pixel_survives_every_corruption() -> None:
    dot = np.full((1, 1), 90, np.uint8)
    for kind in CORRUPTIONS:
        assert corrupted(dot, kind, 5).size == 1
