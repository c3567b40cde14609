"""Maps of the phantom network: their shape and place, and what they cost."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from films import film, png, radiograph
from networks import phantom

import cxr
from cxr.explain.target import to_film


@pytest.mark.parametrize(("height", "width"), [(150, 110), (240, 150)])
def test_lesion_of_a_phantom_is_found(
    phantom_model: cxr.Classifier, height: int, width: int
) -> None:
    """On nearly all of 30 films; by chance it would be one in nine."""
    rng, found_on = np.random.default_rng(7), 0
    for _ in range(30):
        pixels, (row, column) = phantom(rng, True, height, width)
        drawn = radiograph(pixels)
        assert phantom_model.predict([drawn])[0].label == "T"
        found = cxr.explain.grad_cam(phantom_model, drawn, "T")
        assert found.shape == (height, width)
        assert found.dtype == np.float32
        peak = np.unravel_index(found.argmax(), found.shape)
        # A lesion's radius and one and a half cells of the 16 by 16 map.
        found_on += abs(peak[0] - row) < height / 6 and abs(peak[1] - column) < width / 6
    assert found_on >= 24


def test_the_stretch_keeps_to_pixel_centres() -> None:
    ramp = np.tile(np.arange(4.0), (2, 1))
    found = to_film(ramp, (4, 16))
    centres = (np.arange(16) + 0.5) * 4 / 16 - 0.5
    np.testing.assert_allclose(found, np.tile(np.clip(centres, 0, 3), (4, 1)), atol=1e-6)


def test_every_method_gives_a_map_of_the_films_shape(phantom_model: cxr.Classifier) -> None:
    for shape in [(70, 111), (33, 20), (5, 300), (1, 1)]:
        drawn = radiograph(np.resize(film(), shape))
        for label in phantom_model.labels:
            for method in (cxr.explain.grad_cam, cxr.explain.occlusion):
                found = method(phantom_model, drawn, label)
                assert (found.shape, found.dtype) == (shape, np.float32)


def test_unknown_class_is_refused(phantom_model: cxr.Classifier) -> None:
    drawn = radiograph(film())
    for method in (cxr.explain.grad_cam, cxr.explain.occlusion):
        with pytest.raises(cxr.ExplainError, match="no class 'X'; it has N, T") as refusal:
            method(phantom_model, drawn, "X")
        assert refusal.value.code == "unknown_class"


def test_linear_head_needs_no_tensorflow(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(png(film()))
    code = (
        "import sys, cxr\n"
        f"model, film = cxr.load({str(phantom_model.bundle.folder)!r}), cxr.read({str(path)!r})\n"
        "cxr.explain.grad_cam(model, film, 'T'); cxr.explain.occlusion(model, film, 'T')\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_known_prediction_saves_a_pass_and_changes_nothing(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = radiograph(film(90, 70))
    expected = cxr.explain.grad_cam(phantom_model, drawn, "T")
    prediction = phantom_model.predict([drawn])[0]
    monkeypatch.setattr(
        type(phantom_model), "predict", lambda *_: pytest.fail("ran the network again")
    )
    again = cxr.explain.grad_cam(phantom_model, drawn, "T", prediction)
    np.testing.assert_array_equal(again, expected)
