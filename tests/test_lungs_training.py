import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from films import film, jpeg, png

import cxr
from cxr.model import lungs
from train import networks
from train.__main__ import main
from train.data import manifest, masks
from train.export import segmenter
from train.fit import segmentation, training
from train.recipes import recipe
from train.recipes.recipe import Augmentation

RECIPE = """
labels = ["surroundings", "lung"]
[network]
architecture = "lungs_unet"
[preprocessing]
size = 48
[training]
epochs = 3
batch = 8
films_per_epoch = 96
learning_rate = 1e-2
seed = 3
[augmentation]
flip = 0.5
rotate = 5.0
"""


def drawn_lungs(height: int, width: int) -> Any:
    """The lungs of :func:`films.film`, bool (height, width)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    sides = [((x - c) / 0.33) ** 2 + ((y + 0.05) / 0.72) ** 2 < 1 for c in (-0.42, 0.42)]
    heart = ((x - 0.12) / 0.34) ** 2 + ((y - 0.3) / 0.32) ** 2 < 1
    return (sides[0] | sides[1]) & ~heart


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn films with their lungs, and films without a mask."""
    folder = tmp_path_factory.mktemp("lungs")
    rng = np.random.default_rng(0)
    rows = []
    for split, count in (("train", 16), ("val", 6), ("test", 6), ("external", 2)):
        for i in range(count):
            height, width = (int(v) for v in rng.integers(60, 90, 2))
            noisy = film(height, width) + rng.integers(0, 12, (height, width))
            name = f"{split}{i}.jpg"
            (folder / name).write_bytes(jpeg(np.clip(noisy, 0, 255).astype(np.uint8)))
            mask = ""
            if i % 6 != 5 and split != "external":
                mask = f"{split}{i}_lungs.png"
                inside = drawn_lungs(height, width).astype(np.uint8) * 255
                (folder / mask).write_bytes(png(inside))
            rows.append(
                {
                    "image": name,
                    "label": "NP"[i % 2],
                    "split": split,
                    "source": "ab"[i // 2 % 2],
                    "patient_id": "",
                    "recommended": "1",
                    "lung_mask": mask,
                }
            )
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def small_segmenter(plan: recipe.Recipe) -> Any:
    """Two convolutions at half the side, in place of a network that takes minutes to export."""
    import keras

    inputs = keras.Input((plan.preprocessing.size,) * 2 + (1,), name="film")
    x = keras.layers.Rescaling(1 / 64, offset=-1)(inputs)
    x = keras.layers.Conv2D(8, 5, 2, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.8)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Conv2D(8, 5, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(2, 1)(x)
    x = keras.layers.UpSampling2D(interpolation="bilinear", name="logits")(x)
    return keras.Model(inputs, x)


def test_a_run_becomes_a_bundle_that_finds_the_drawn_lungs(
    data: Path,
    plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(training, "build", small_segmenter)
    monkeypatch.setattr(segmenter, "build", small_segmenter)
    settings = recipe.load(str(plan))
    drawn = masks.with_masks(manifest.load(data))
    assert (drawn.lung_mask != "").all()
    runs, out = tmp_path / "runs", tmp_path / "models" / "small"
    films, inside = masks.load(drawn, data, settings, runs / "cache")
    segmentation.fit(settings, films, inside, drawn, runs / "small")
    history = pd.read_csv(runs / "small" / "history.csv")
    assert history[segmentation.SCORE].max() > 0.8
    common = ["--recipe", str(plan), "--data", str(data), "--runs", str(runs)]
    assert main(["export", *common, "--out", str(out)]) == 0

    assert not (out / "model.keras").exists()
    finder = lungs.load(out)
    rows = pd.read_csv(out / "predictions.csv")
    assert set(rows.image) == set(drawn.image[drawn.split != "train"])
    assert finder.bundle.task == "segmentation"
    assert finder.bundle.agreement["rounding_same_pixels"] > 0.999
    for source, figures in finder.bundle.metrics["test"]["sources"].items():
        dice = rows.dice[(rows.split == "test") & (rows.source == source)]
        assert figures["dice"]["value"] == pytest.approx(dice.mean(), abs=1e-4)
        assert figures["dice"]["value"] > 0.8
    row = rows.iloc[0]
    called = finder.find(cxr.read(data / row.image))
    wanted = cxr.read(data / str(drawn.lung_mask[drawn.image == row.image].iloc[0])).eight_bit > 127
    fitted = lungs.mask(called, *wanted.shape)
    again = 2 * (fitted & wanted).sum() / (fitted.sum() + wanted.sum())
    assert row.dice == pytest.approx(again, abs=1e-3)

    capsys.readouterr()
    assert main(["lungs-report", "--data", str(data), "--out", str(out)]) == 0
    report = capsys.readouterr().out
    for source, figures in finder.bundle.metrics["test"]["sources"].items():
        assert f"| test, {source} | {figures['n']} | {figures['dice']['value']:.3f} (" in report
    wanted = [
        f"{f['dice']['value']:.3f}" for f in finder.bundle.metrics["test"]["sources"].values()
    ]
    assert f"| as published | {' | '.join(wanted)} |" in report
    assert "| val, a | " in report


def test_films_without_masks_are_refused(data: Path) -> None:
    frame = manifest.load(data)
    for spoilt in (
        frame.drop(columns="lung_mask"),
        frame.assign(lung_mask=""),
        frame[(frame.split != "val") | (frame.lung_mask == "")],
    ):
        with pytest.raises(cxr.DataError) as caught:
            masks.with_masks(spoilt)
        assert caught.value.code == "no_masks"


def test_film_and_mask_move_together(rng: np.random.Generator) -> None:
    how = Augmentation(flip=0.5, zoom=0.4, aspect=0.3, rotate=15)
    inside = np.where(drawn_lungs(96, 96), 255, 0).astype(np.uint8)
    moved = 0
    for _ in range(20):
        film_too, mask_too = masks.random_affine(inside, inside, how, rng)
        shown = mask_too > 0  # past the film's edge there is no lung, whatever fills the film
        np.testing.assert_array_equal(film_too[shown], mask_too[shown])
        moved += not np.array_equal(mask_too, inside)
    assert moved == 20


def test_disturbed_films_keep_their_kind(rng: np.random.Generator) -> None:
    settings = recipe.load("lungs")
    before = film(96, 96)
    inside = np.where(drawn_lungs(96, 96), 255, 0).astype(np.uint8)
    empty = 0
    for _ in range(200):
        shown, mask = masks.disturb(before, inside, settings.augmentation, rng)
        assert shown.shape == mask.shape == (96, 96)
        assert shown.dtype == mask.dtype == np.uint8
        empty += not mask.any()
    assert 4 <= empty <= 40, "about one film in twelve holds no lungs"
    np.testing.assert_array_equal(before, film(96, 96))


def test_batches_are_the_same_for_the_same_epoch_and_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    films = rng.integers(0, 256, (6, 48, 48)).astype(np.uint8)
    frame = pd.DataFrame({"source": list("aaaaab"), "label": "N", "image": list("123456")})
    settings = recipe.load("lungs")
    one, two = (masks.MaskBatches(films, films, frame, settings, epoch=2) for _ in range(2))
    film_batch, target = one[1]
    np.testing.assert_array_equal(film_batch, two[1][0])
    np.testing.assert_array_equal(target, two[1][1])
    assert film_batch.shape == (settings.training.batch, 48, 48, 1)
    np.testing.assert_allclose(target.sum(-1), 1)
    one.on_epoch_end()
    assert not np.array_equal(film_batch, one[1][0])


def test_dice_and_loss_know_right_from_wrong() -> None:
    inside = np.zeros((3, 8, 8), np.uint8)
    inside[:, 2:6, 2:6] = 255
    called = (inside / 255).astype(np.float32)
    called[1] = 0
    called[2, 2:6, 2:4] = 0
    np.testing.assert_allclose(segmentation.dice(called, inside), [1, 0, 2 / 3])
    truth = np.stack([1 - inside / 255, inside / 255], -1).astype(np.float32)
    right, wrong = (float(segmentation.loss(truth, sign * (truth * 20 - 10))) for sign in (1, -1))
    assert right < 0.02
    assert wrong > 10


def test_the_network_gives_two_logits_for_each_pixel() -> None:
    network = networks.build("lungs_unet", 32, 2, channels=(4, 4, 4, 4), imagenet=False)
    assert network.output_shape == (None, 32, 32, 2)
    assert network.layers[-1].name == "logits"
    with pytest.raises(ValueError, match="multiple of 16"):
        networks.build("lungs_unet", 40, 2)
