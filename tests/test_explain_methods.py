"""What holds for every method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from films import film, radiograph
from networks import LABELS, PHANTOM_SIZE, phantom, small_network

import cxr
from cxr.commands.explain import METHODS as COMMANDS
from cxr.explain import METHODS, make_map
from cxr.explain.integrated import pixel_shares
from cxr.explain.overlay import KINDS
from cxr.explain_eval.localisation import TUNED
from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph


def bundle(model: Any, folder: Path) -> cxr.Classifier:
    from train.export.network_files import write_network

    how = Preprocessing(size=model.input.shape[1])
    write_network(model, LABELS, how, folder, half=False)
    return cxr.load(folder)


def test_methods_and_their_colours_have_the_same_names() -> None:
    assert set(KINDS) - set(METHODS) == {"lungs"}
    assert list(METHODS) == list(COMMANDS)
    assert set(METHODS) == set(TUNED)


def test_unknown_method_and_class_are_refused(phantom_model: cxr.Classifier) -> None:
    drawn = radiograph(film())
    with pytest.raises(cxr.ExplainError, match=", ".join(METHODS)) as refusal:
        make_map(phantom_model, drawn, "T", "lime")
    assert refusal.value.code == "unknown_method"
    for method in METHODS:
        with pytest.raises(cxr.ExplainError) as refusal:
            make_map(phantom_model, drawn, "X", method)
        assert refusal.value.code == "unknown_class"


@pytest.fixture(scope="module")
def indifferent(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    """A network that gives every film the same score; its maps are not empty."""
    model = small_network()
    kernel, _ = model.layers[-1].get_weights()
    model.layers[-1].set_weights([np.zeros_like(kernel), np.array([0.3, -0.2])])
    return bundle(model, tmp_path_factory.mktemp("models") / "indifferent")


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_looks_at_nothing_has_an_empty_map(
    indifferent: cxr.Classifier, method: str
) -> None:
    drawn = radiograph(phantom(np.random.default_rng(1), True)[0])
    np.testing.assert_allclose(make_map(indifferent, drawn, "T", method), 0, atol=1e-6)


def with_lesion(x: float, y: float) -> Radiograph:
    drawn = film(150, 110).astype(np.float32)
    soft = np.zeros_like(drawn)
    cv2.ellipse(soft, (round(x * 110), round(y * 150)), (11, 11), 0, 0, 360, 90.0, -1)
    return radiograph(np.clip(drawn + cv2.GaussianBlur(soft, (0, 0), 2), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("method", METHODS)
def test_a_map_moves_with_the_lesion(phantom_model: cxr.Classifier, method: str) -> None:
    places = {"upper": (0.28, 0.3), "lower": (0.72, 0.65)}
    at = {
        name: np.s_[
            round(y * 150) - 9 : round(y * 150) + 9, round(x * 110) - 9 : round(x * 110) + 9
        ]
        for name, (x, y) in places.items()
    }
    for name, other in (("upper", "lower"), ("lower", "upper")):
        found = make_map(phantom_model, with_lesion(*places[name]), "T", method)
        assert found[at[name]].mean() > found[at[other]].mean() + 0.2 * np.ptp(found)


@pytest.fixture(scope="module")
def symmetric(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    """A network that sees left and right alike: convolutions that do not shrink, and kernels that
    are their own mirror image."""
    import keras

    keras.utils.set_random_seed(6)
    inputs = keras.Input((32, 32, 1), name="film")
    x = keras.layers.Rescaling(1 / 64, offset=-1, name="scale")(inputs)
    for i, channels in enumerate((6, 8)):
        x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"c{i}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x), name="symmetric")
    for i in (0, 1):
        kernel, bias = model.get_layer(f"c{i}").get_weights()
        model.get_layer(f"c{i}").set_weights([(kernel + kernel[:, ::-1]) / 2, bias])
    return bundle(model, tmp_path_factory.mktemp("models") / "symmetric")


@pytest.mark.parametrize("method", METHODS)
def test_a_mirrored_film_has_the_mirrored_map(symmetric: cxr.Classifier, method: str) -> None:
    pixels = film(32, 32)
    pixels[5:12, 20:27] = 250

    found = make_map(symmetric, radiograph(pixels), "T", method)
    mirrored = make_map(symmetric, radiograph(pixels[:, ::-1].copy()), "T", method)
    assert np.ptp(found) > 0

    np.testing.assert_allclose(mirrored[:, ::-1], found, atol=1e-3 * np.abs(found).max())


def test_integrated_gradients_add_up_to_the_difference_of_the_logits(
    phantom_model: cxr.Classifier,
) -> None:
    drawn = radiograph(phantom(np.random.default_rng(4), True)[0])
    size = PHANTOM_SIZE
    logit = phantom_model.predict([drawn])[0].logits["T"]
    black = float(phantom_model.squares(np.zeros((1, size, size), np.uint8))[0, 1])
    shares = pixel_shares(phantom_model, drawn, "T", steps=128, fill="black")
    assert shares.sum() == pytest.approx(logit - black, rel=0.03)
    found = cxr.explain.integrated_gradients(phantom_model, drawn, "T", steps=128, fill="black")
    assert found.mean() * 49 == pytest.approx(logit - black, rel=0.05)


@pytest.mark.parametrize("method", ["occlusion", "scorecam", "integrated", "gradcam"])
def test_every_method_can_be_stopped(phantom_model: cxr.Classifier, method: str) -> None:
    drawn = radiograph(film(90, 70))
    shares: list[float] = []
    make_map(phantom_model, drawn, "T", method, progress=shares.append)
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(shares)
    with pytest.raises(cxr.Cancelled):
        make_map(phantom_model, drawn, "T", method, progress=lambda share: False)


def test_score_cam_runs_as_many_films_as_it_says(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = radiograph(film(90, 70))
    prediction = phantom_model.predict([drawn])[0]
    runs: list[int] = []
    run = phantom_model.squares
    monkeypatch.setattr(phantom_model, "squares", lambda x: (runs.append(len(x)), run(x))[1])
    cxr.explain.score_cam(phantom_model, drawn, "T", prediction, channels=5)
    assert sum(runs) == 5
