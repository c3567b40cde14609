from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from networks import phantom, small_network

import cxr
from cxr.explain import make_map, methods
from cxr.explain.methods import Method
from cxr.explain_eval import sanity, shuffled_weights
from cxr.explain_eval.shuffled_weights import shuffled, with_shuffled_weights
from cxr.explain_eval.similarity import rank_correlation, ssim, ssim_of_shapes
from cxr.explain_eval.weight_randomisation import EMPTY, FAILS, PASSES, word_of
from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph


@pytest.fixture
def drawn() -> Radiograph:
    return Radiograph(phantom(np.random.default_rng(4), True)[0], 8, "5" * 64, "PNG")


@pytest.mark.parametrize("method", ["gradcam", "occlusion", "integrated"])
def test_methods_that_read_the_network_depend_on_its_weights(
    phantom_model: cxr.Classifier, drawn: Radiograph, method: str
) -> None:
    values = make_map(phantom_model, drawn, "T", method)
    found = sanity(phantom_model, drawn, "T", method, values)
    assert found.word == PASSES
    assert found.randomised.shape == values.shape
    assert not np.array_equal(found.randomised, values)


def test_a_method_that_draws_the_film_is_found_out(
    phantom_model: cxr.Classifier, drawn: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge filter looks like an explanation and asks no network (Adebayo et al., figure 1)."""

    def edges(model: Any, film: Radiograph, *_: Any) -> Any:
        return np.abs(cv2.Laplacian(film.eight_bit.astype(np.float32), cv2.CV_32F, ksize=3))

    monkeypatch.setitem(methods.METHODS, "edges", Method(edges))
    found = sanity(phantom_model, drawn, "T", "edges", edges(phantom_model, drawn), shuffles=2)
    assert found.word == FAILS
    assert (found.ssim, found.rank) == (pytest.approx(1), pytest.approx(1))


def test_an_empty_map_is_called_empty(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    nothing = np.zeros(drawn.eight_bit.shape, np.float32)
    assert sanity(phantom_model, drawn, "T", "gradcam", nothing, shuffles=1).word == EMPTY


@pytest.mark.parametrize(
    ("ssim", "rank", "word"),
    [(0.49, 0.49, PASSES), (0.5, 0.0, FAILS), (0.0, 0.5, FAILS), (-0.6, 0.1, PASSES)],
)
def test_the_words_follow_their_rule(ssim: float, rank: float, word: str) -> None:
    assert word_of(ssim, rank) == word


def test_shuffled_weights_are_the_same_in_another_order(phantom_model: cxr.Classifier) -> None:
    content = (phantom_model.bundle.folder / "model.tflite").read_bytes()
    head = phantom_model.head_weights
    assert head is not None
    altered, new_head = shuffled(content, head, seed=1, share=1.0)
    assert len(altered) == len(content)
    assert altered != content
    assert new_head is not None
    assert not np.array_equal(new_head, head)
    np.testing.assert_array_equal(np.sort(new_head, axis=None), np.sort(head, axis=None))
    assert shuffled(content, head, seed=1, share=1.0)[0] == altered
    assert shuffled(content, head, seed=2, share=1.0)[0] != altered
    assert shuffled(content, head, seed=1, share=0.0)[0] == content


def test_the_cascade_starts_at_the_logits(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    """With one layer of four shuffled the feature maps stay and the logits change."""
    shuffled = with_shuffled_weights(phantom_model, 0, 0.25)
    mine, other = (m.predict([drawn])[0] for m in (phantom_model, shuffled))
    np.testing.assert_array_equal(mine.features, other.features)
    assert mine.logits != other.logits


def test_a_shuffled_head_is_that_of_its_network(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    """Closed-form Grad-CAM would lie if head.npy and model.tflite were shuffled apart."""
    shuffled = with_shuffled_weights(phantom_model, 3)
    found = shuffled.predict([drawn])[0]
    zero = shuffled.predict([Radiograph(drawn.pixels // 2, 8, "6" * 64, "PNG")])[0]
    assert shuffled.head_weights is not None
    assert found.features is not None
    assert zero.features is not None
    moved = (found.features - zero.features).mean((0, 1)) @ shuffled.head_weights
    expected = [found.logits[label] - zero.logits[label] for label in shuffled.labels]
    np.testing.assert_allclose(moved, expected, atol=1e-3)


def test_a_shuffled_network_leaves_the_bundle_alone_and_goes_with_its_folder(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    before = phantom_model.predict([drawn])[0].logits
    shuffled = with_shuffled_weights(phantom_model, 5)
    assert shuffled is with_shuffled_weights(phantom_model, 5)
    assert shuffled.bundle.digest != phantom_model.bundle.digest
    assert phantom_model.predict([drawn])[0].logits == before
    folder = shuffled.bundle.folder
    assert folder.is_dir()
    shuffled._scratch.cleanup()
    assert not folder.exists()
    shuffled_weights._made.cache_clear()


def test_keras_is_shuffled_too(phantom_model: cxr.Classifier) -> None:
    import keras

    shuffled = with_shuffled_weights(phantom_model, 0)
    mine, other = (
        keras.models.load_model(m.bundle.folder / "model.keras", compile=False)
        for m in (phantom_model, shuffled)
    )
    for ours, theirs in zip(mine.weights, other.weights, strict=True):
        a, b = np.asarray(ours), np.asarray(theirs)
        np.testing.assert_allclose(np.sort(a, axis=None), np.sort(b, axis=None))
    kernels = [(w.path, np.asarray(w)) for w in mine.weights if "kernel" in w.path]
    assert kernels
    for (_, a), w in zip(kernels, [w for w in other.weights if "kernel" in w.path], strict=True):
        assert not np.array_equal(a, np.asarray(w))


def test_a_network_with_another_head_can_be_shuffled(tmp_path: Path, drawn: Radiograph) -> None:
    import keras

    from train.export.network_files import write_network

    small = small_network(32)
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")(small.layers[-2].output)
    model = keras.Model(small.input, keras.layers.Dense(2, name="last")(hidden), name="other")
    how = Preprocessing(size=32)
    write_network(model, ("N", "T"), how, tmp_path / "other", half=False)
    classifier = cxr.load(tmp_path / "other")
    assert classifier.head_weights is None
    values = make_map(classifier, drawn, "T", "gradcam")
    assert (
        sanity(classifier, drawn, "T", "gradcam", values, shuffles=1).randomised.shape
        == values.shape
    )


def test_ssim_is_what_its_definition_says(rng: np.random.Generator) -> None:
    from scipy.ndimage import gaussian_filter

    a, b = rng.random((40, 30)), rng.random((40, 30))

    def local(z: Any) -> Any:
        return gaussian_filter(z, 1.5, radius=5, mode="reflect")

    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    means = local(a), local(b)
    spread = local(a * a) - means[0] ** 2 + local(b * b) - means[1] ** 2
    light = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
    shape = (2 * (local(a * b) - means[0] * means[1]) + c2) / (spread + c2)
    assert ssim(a, b, 2.0) == pytest.approx((light * shape).mean())
    assert ssim(a, a, 2.0) == pytest.approx(1)
    assert ssim(a, b, 2.0) == pytest.approx(ssim(b, a, 2.0))


def test_maps_in_other_units_compare_by_shape() -> None:
    ramp = np.linspace(0, 1, 400).reshape(20, 20)
    assert ssim_of_shapes(ramp, 50 * ramp) == pytest.approx(1)
    assert rank_correlation(ramp, np.exp(ramp)) == pytest.approx(1)
    assert rank_correlation(ramp, -ramp) == pytest.approx(-1)
    assert ssim_of_shapes(ramp, np.zeros_like(ramp)) == 0
    assert rank_correlation(ramp, np.ones_like(ramp)) == 0
