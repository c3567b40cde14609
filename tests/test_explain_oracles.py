"""Ours against numbers that xplique and captum gave for small drawn cases."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import cxr
from cxr.explain import box_effects, patch_boxes
from cxr.explain.gradcam import cells_of, grad_cam_cells, maps_and_gradient, plus_plus_cells
from cxr.explain.gradient import at_layer
from cxr.explain.integrated import pixel_shares
from cxr.explain_eval.deletion import curve
from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph

ORACLES = Path(__file__).parent / "oracles"
sys.path.insert(0, str(ORACLES))

import case  # noqa: E402

LABEL = case.LABELS[case.COLUMN]
SIDE = (case.SIZE, case.SIZE)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    from train.export.network_files import write_network

    folder = tmp_path_factory.mktemp("models") / "oracle"
    how = Preprocessing(size=case.SIZE)
    write_network(case.network(), case.LABELS, how, folder, half=False)
    return cxr.load(folder)


def numbers(peer: str) -> dict[str, Any]:
    return json.loads((ORACLES / f"{peer}.json").read_text())


def films() -> list[Radiograph]:
    return [Radiograph(square, 8, "5" * 64, "PNG") for square in case.squares()]


@pytest.mark.parametrize("baseline", case.BASELINES)
def test_curves_and_areas_are_xpliques(model: cxr.Classifier, baseline: int) -> None:
    theirs = numbers("xplique")
    for k, square in enumerate(case.squares()):
        empty = np.full_like(square, baseline)
        order = np.argsort(-case.maps()[k].ravel())
        found = curve(model, square, empty, order, case.COLUMN, case.STEPS)
        for name, area in (
            ("deletion", found.deletion_area),
            ("insertion", found.insertion_area),
        ):
            asked = theirs[f"{name} {baseline}"]
            np.testing.assert_allclose(getattr(found, name), asked["curves"][k], atol=1e-4)
            assert area == pytest.approx(asked["areas"][k], abs=1e-4)


@pytest.mark.parametrize("peer", ["xplique", "captum"])
def test_grad_cam_is_theirs(model: cxr.Classifier, peer: str) -> None:
    for film, asked in zip(films(), numbers(peer)["gradcam"], strict=True):
        for cells in (
            grad_cam_cells(model, film, LABEL),
            cells_of(*at_layer(model, film, case.COLUMN)),
        ):
            np.testing.assert_allclose(cells.ravel(), asked, atol=1e-4 * max(asked))


def test_grad_cam_plus_plus_is_xpliques_but_for_scale(model: cxr.Classifier) -> None:
    """xplique takes the mean over a map of the weights that the paper adds up."""
    for film, asked in zip(films(), numbers("xplique")["gradcam_pp"], strict=True):
        cells = plus_plus_cells(*maps_and_gradient(model, film, LABEL)).ravel()
        assert np.corrcoef(cells, asked)[0, 1] > 0.999


@pytest.mark.parametrize("peer", ["xplique", "captum"])
def test_integrated_gradients_are_theirs(model: cxr.Classifier, peer: str) -> None:
    for film, asked in zip(films(), numbers(peer)["integrated"], strict=True):
        found = pixel_shares(model, film, LABEL, steps=100, fill="black").ravel()
        np.testing.assert_allclose(found, asked, atol=0.02 * np.abs(asked).max())


def test_effects_of_black_patches_are_theirs(model: cxr.Classifier) -> None:
    starts = range(0, case.SIZE - case.PATCH + 1, case.STRIDE)
    boxes = patch_boxes(case.SIZE, case.PATCH, case.STRIDE)
    assert boxes == [(t, c, t + case.PATCH, c + case.PATCH) for t in starts for c in starts]
    for k, film in enumerate(films()):
        total, cover = np.zeros(SIDE), np.zeros(SIDE)
        effects = box_effects(model, film, LABEL, boxes, fill="black")
        for (top, left, bottom, right), effect in zip(boxes, effects, strict=True):
            total[top:bottom, left:right] += effect
            cover[top:bottom, left:right] += 1
        summed = numbers("xplique")["occlusion"][k]
        np.testing.assert_allclose(total.ravel(), summed, atol=1e-5)
        mean = cxr.explain.occlusion(model, film, LABEL, case.PATCH, case.STRIDE, "black")
        np.testing.assert_allclose(mean, total / cover, atol=1e-6)
        np.testing.assert_allclose(mean.ravel(), numbers("captum")["occlusion"][k], atol=1e-5)


def test_the_cases_are_no_trivial_ones() -> None:
    for peer in ("xplique", "captum"):
        for name in ("gradcam", "integrated", "occlusion"):
            for each in numbers(peer)[name]:
                assert np.ptp(each) > 1e-4
    assert cv2.countNonZero(case.squares()[0]) > 100
