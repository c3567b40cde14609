import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import cxr
from cxr.imaging.radiograph import Radiograph
from cxr.model import lungs
from cxr.model.bundle import classifies
from ui.session import models as picker


@pytest.fixture(scope="module")
def finder(models: Path) -> lungs.LungFinder:
    return lungs.load(models / "lungs")


def ellipses(height: int, width: int) -> NDArray[np.bool_]:
    """Two lungs, the left one of the picture larger."""
    drawn = np.zeros((height, width), np.uint8)
    for x, half in ((0.3, 0.14), (0.7, 0.12)):
        centre = round(x * width), round(0.5 * height)
        cv2.ellipse(drawn, centre, (round(half * width), round(0.3 * height)), 8, 0, 360, 1, -1)
    return drawn.astype(bool)


def grey(pixels: NDArray[np.uint8]) -> Radiograph:
    return Radiograph(pixels=pixels, bits=8, sha256="", format="PNG")


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def test_the_bundle_is_small_and_says_what_it_was_measured_to_be(
    finder: lungs.LungFinder, models: Path
) -> None:
    assert (models / "lungs" / "model.tflite").stat().st_size <= 2_000_000
    rows = pd.read_csv(models / "lungs" / "predictions.csv")
    for split in ("val", "test"):
        for source, figures in finder.bundle.metrics[split]["sources"].items():
            dice = rows.dice[(rows.split == split) & (rows.source == source)]
            assert figures["n"] == len(dice)
            assert figures["dice"]["value"] == pytest.approx(dice.mean(), abs=1e-5)
            assert figures["dice"]["low"] < figures["dice"]["value"] < figures["dice"]["high"]
    sources = finder.bundle.metrics["test"]["sources"]
    assert set(sources) == {"ieee8023", "kermany"}, "adults and children apart"
    assert min(figures["dice"]["value"] for figures in sources.values()) >= 0.95


def test_every_sample_shows_two_lungs(finder: lungs.LungFinder, models: Path) -> None:
    for path in sorted((models.parent / "samples").glob("*.jpg")):
        film = cxr.read(path)
        found = finder.find(film)
        assert finder.has_lungs(found)
        called = lungs.mask(found, *film.pixels.shape)
        assert called.shape == film.pixels.shape
        assert 0.15 < called.mean() < 0.65
        polygons = lungs.outline(called)
        assert len(polygons) == 2
        left, right = sorted(polygon[:, 0].mean() for polygon in polygons)
        assert left < 0.5 < right


def test_lungs_stay_where_they_are_when_the_film_is_inverted_or_mirrored(
    finder: lungs.LungFinder, models: Path
) -> None:
    film = cxr.read(models.parent / "samples" / "child-02.jpg").eight_bit
    before = finder.find(grey(film)) >= 0.5
    inverted = finder.find(grey(255 - film)) >= 0.5
    mirrored = finder.find(grey(np.ascontiguousarray(film[:, ::-1]))) >= 0.5
    assert overlap(before, inverted) > 0.93
    np.testing.assert_array_equal(before, mirrored[:, ::-1])


def test_noise_clouds_and_flat_grey_have_no_lungs(
    finder: lungs.LungFinder, rng: np.random.Generator
) -> None:
    noise = rng.integers(0, 256, (256, 256)).astype(np.uint8)
    clouds = cv2.resize(noise[:7, :7], (256, 256), interpolation=cv2.INTER_CUBIC)
    for picture in (noise, clouds, np.zeros_like(noise), np.full_like(noise, 128)):
        found = finder.find(grey(picture))
        assert not finder.has_lungs(found)


def test_drawn_lungs_of_real_films_are_found(finder: lungs.LungFinder, cxr_data: Path) -> None:
    frame = pd.read_csv(cxr_data / "manifest.csv", dtype=str, keep_default_na=False)
    test = frame[(frame.split == "test") & (frame.lung_mask != "")]
    for _, site in test.groupby("source"):
        found = []
        for row in site[:20].itertuples():
            drawn = cxr.read(cxr_data / str(row.lung_mask)).eight_bit > 127
            film = cxr.read(cxr_data / str(row.image))
            found.append(overlap(lungs.mask(finder.find(film), *drawn.shape), drawn))
        assert np.mean(found) > 0.94


def test_a_mask_on_another_grid_covers_the_same_part_of_the_film() -> None:
    fine = ellipses(160, 160)
    soft = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), 1.5)
    for shape in ((160, 160), (900, 700), (40, 50)):
        again = lungs.mask(soft, *shape)
        assert again.shape == shape
        assert again.dtype == bool
        wanted = cv2.resize(fine.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
        assert overlap(again, wanted >= 0.5) > 0.97


def test_an_outline_follows_its_mask_in_fractions_of_the_film() -> None:
    drawn = ellipses(300, 400)
    drawn[5:9, 5:9] = True  # a speck
    drawn[150, 120] = False  # a hole
    polygons = lungs.outline(drawn)
    assert len(polygons) == 2
    assert polygons[0][:, 0].mean() == pytest.approx(0.3, abs=0.01), "largest first"
    again = np.zeros(drawn.shape, np.uint8)
    for polygon in polygons:
        assert polygon.dtype == np.float32
        assert 0 <= polygon.min() <= polygon.max() <= 1
        cv2.fillPoly(again, [np.rint(polygon * (400, 300) - 0.5).astype(int)], 1)
    assert overlap(again.astype(bool), drawn) > 0.99
    assert sum(map(len, polygons)) < 200, "few points"
    assert lungs.outline(np.zeros((50, 50), bool)) == []
    whole = lungs.outline(np.ones((50, 50), bool))
    np.testing.assert_allclose([whole[0].min(), whole[0].max()], [0.01, 0.99], atol=1e-6)


def test_the_share_of_a_map_inside_the_lungs() -> None:
    inside = ellipses(160, 160).astype(np.float32)
    area = inside.mean()
    assert lungs.share_inside(np.ones((7, 7)), inside) == pytest.approx(area, abs=0.01)
    assert lungs.share_inside(inside, inside) == pytest.approx(1)
    assert lungs.share_inside(1 - inside, inside) == pytest.approx(0)
    assert lungs.share_inside(inside * 2 - 1, inside) == pytest.approx(1), "only above 0 counts"
    large = cv2.resize(inside, (640, 480), interpolation=cv2.INTER_NEAREST)
    assert lungs.share_inside(large, inside) > 0.98
    assert np.isnan(lungs.share_inside(np.zeros((7, 7)), inside))


def test_presence_is_the_mean_of_the_likeliest_tenth() -> None:
    probability = np.zeros((20, 20), np.float32)
    assert lungs.presence(probability) == 0
    probability[:2, :10] = 0.8  # a twentieth of the film
    assert lungs.presence(probability) == pytest.approx(0.4)
    probability[:2, :] = 0.8
    assert lungs.presence(probability) == pytest.approx(0.8)
    probability[10:, :] = 0.9
    assert lungs.presence(probability) == pytest.approx(0.9)


def test_probabilities_are_a_softmax_and_survive_large_logits() -> None:
    logits = np.array([[0, 0], [1, -1], [-500, 500], [500, -500]], np.float32)
    wanted = [0.5, 1 / (1 + np.exp(2)), 1, 0]
    np.testing.assert_allclose(lungs.probability_of(logits), wanted, atol=1e-7)


def test_a_bundle_that_outlines_is_no_classifier_nor_the_other_way_round(
    models: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for load, folder in (
        (cxr.load, models / "lungs"),
        (lungs.load, phantom_model.bundle.folder),
    ):
        with pytest.raises(cxr.BundleError) as caught:
            load(folder)
        assert caught.value.code == "wrong_task"
    monkeypatch.setenv("CXR_MODELS", str(models))
    offered = [path.name for path in picker.bundles()]
    assert "default" in offered
    assert "lungs" not in offered


def test_a_manifest_that_cannot_be_read_is_still_offered_so_that_it_is_refused_aloud(
    tmp_path: Path,
) -> None:
    for text in ("{", "[]", '{"labels": ["N", "T"]}', ""):
        (tmp_path / "bundle.json").write_text(text)
        assert classifies(tmp_path)
    (tmp_path / "bundle.json").write_text(json.dumps({"task": "segmentation"}))
    assert not classifies(tmp_path)


def test_a_spoilt_lungs_bundle_is_refused(models: Path, tmp_path: Path) -> None:
    for path in (models / "lungs").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    data = bytearray((tmp_path / "model.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "model.tflite").write_bytes(data)
    with pytest.raises(cxr.BundleError) as caught:
        lungs.load(tmp_path)
    assert caught.value.code == "altered_file"
