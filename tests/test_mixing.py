"""What is mixed into a film from another, and what of it stays."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from films import film

from train.data import lung_fields
from train.data.mixing import FIELD, FilmAndLungs, mix, needs_another, needs_lungs
from train.networks.efficientnet_lite0 import MixStyle, build
from train.recipes.recipe import Augmentation

MINE = film(128, 128)
THEIRS = np.ascontiguousarray(255 - film(128, 128)[::-1] // 2)


def lung(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    field = np.zeros((FIELD, FIELD), np.uint8)
    field[top:bottom, left:right] = 255
    return field


def mixed(
    rng: np.random.Generator, mine: np.ndarray, theirs: np.ndarray, **how: float
) -> np.ndarray:
    return mix(FilmAndLungs(MINE, mine), FilmAndLungs(THEIRS, theirs), Augmentation(**how), rng)


def test_the_lungs_stay_and_the_surroundings_come_from_the_other_film(
    rng: np.random.Generator,
) -> None:
    here = lung(20, 44, 20, 44)
    for _ in range(5):
        found = mixed(rng, here, lung(24, 40, 24, 40), surround=1.0)
        np.testing.assert_allclose(found[50:80, 50:80].astype(int), MINE[50:80, 50:80], atol=1)
        greys = (THEIRS - THEIRS.mean()) * (MINE.std() + 1) / (THEIRS.std() + 1) + MINE.mean()
        np.testing.assert_allclose(found[:16, :16], np.clip(greys, 0, 255)[:16, :16], atol=1)


def test_lungs_of_the_other_film_are_never_shown(rng: np.random.Generator) -> None:
    found = mixed(rng, lung(4, 16, 4, 16), lung(40, 60, 40, 60), surround=1.0)
    np.testing.assert_allclose(found[88:112, 88:112].astype(int), MINE[88:112, 88:112], atol=1)


def test_the_window_holds_the_lungs(rng: np.random.Generator) -> None:
    board = np.zeros((128, 128), np.uint8)
    board[32:96, 40:100] = 200
    for _ in range(5):
        one = FilmAndLungs(board, lung(16, 48, 20, 50))
        found = mix(one, one, Augmentation(lung_window=1.0), rng)
        assert found.shape == board.shape
        assert (found == 200).mean() > 0.65  # the lungs alone were .23 of the film


def test_a_film_without_lungs_is_not_cut(rng: np.random.Generator) -> None:
    np.testing.assert_array_equal(
        mixed(rng, lung(0, 0, 0, 0), lung(0, 0, 0, 0), lung_window=1.0), MINE
    )


@pytest.mark.parametrize("name", ["tone_mix", "fourier"])
def test_a_film_mixed_with_itself_stays(name: str, rng: np.random.Generator) -> None:
    one = FilmAndLungs(MINE)
    found = mix(one, one, Augmentation(**{name: 1.0}), rng)
    np.testing.assert_allclose(found.astype(int), MINE, atol=1)
    assert not np.array_equal(
        mix(one, FilmAndLungs(THEIRS), Augmentation(**{name: 1.0}), rng), MINE
    )


def test_what_a_recipe_needs() -> None:
    assert not needs_another(Augmentation(flip=0.5))
    assert needs_another(Augmentation(fourier=0.1))
    assert not needs_lungs(Augmentation(fourier=0.1))
    assert needs_lungs(Augmentation(lung_window=0.1))


def test_lung_fields_are_kept_beside_the_cache(tmp_path: Path) -> None:
    films = np.stack([film(64, 64), cv2.flip(film(64, 64), 1)])
    np.save(tmp_path / "films.npy", films)
    found = lung_fields.of(np.load(tmp_path / "films.npy", mmap_mode="r"))
    assert found.shape == (2, FIELD, FIELD)
    np.testing.assert_array_equal(found, lung_fields.of(films))
    (kept,) = tmp_path.glob("films.lungs-*.npy")
    np.save(kept, np.full_like(found, 7))
    assert (lung_fields.of(np.load(tmp_path / "films.npy", mmap_mode="r")) == 7).all()


def test_mixstyle_changes_maps_in_training_alone_and_frozen_blocks_do_not_learn() -> None:
    maps = np.random.default_rng(0).normal(size=(8, 4, 4, 3)).astype(np.float32)
    mixed = MixStyle()
    np.testing.assert_array_equal(mixed(maps), maps)
    keras.utils.set_random_seed(1)
    trained = [np.asarray(mixed(maps, training=True)) for _ in range(16)]
    assert any(np.abs(each - maps).max() > 0.01 for each in trained)
    spread = maps.std((1, 2), keepdims=True)
    own = (maps - maps.mean((1, 2), keepdims=True)) / spread
    for each in trained:
        whitened = (each - each.mean((1, 2), keepdims=True)) / each.std((1, 2), keepdims=True)
        np.testing.assert_allclose(whitened, own, atol=1e-3)
    network = build(32, 2, imagenet=False, frozen=3)
    learns = {layer.name: layer.trainable for layer in network.layers if layer.weights}
    assert not learns["stem"]
    assert not learns["block2_project"]
    assert learns["block3_expand"]
