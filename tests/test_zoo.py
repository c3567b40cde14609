"""Every network that a recipe can ask for, exported: it answers as in Keras and has its maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from films import film
from networks import SMALL

import cxr
from cxr.explain import METHODS, make_map, methods_of
from cxr.explain.overlay import KINDS
from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph
from train import networks
from train.export.network_files import write_network
from train.fit.training import predict


class Exported(NamedTuple):
    built: Any
    folder: Path
    classifier: cxr.Classifier
    layer: str | None


@pytest.fixture(scope="module", params=SMALL)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    import keras

    architecture, size, classes, options, layer = SMALL[request.param]
    keras.utils.set_random_seed(1)
    built = networks.build(architecture, size, classes, **options)
    labels = ("N", "P", "T") if classes == 3 else ("N", "T")
    folder = tmp_path_factory.mktemp("zoo") / architecture
    write_network(built, labels, Preprocessing(size=size), folder)
    return Exported(built, folder, cxr.load(folder), layer)


def test_every_architecture_is_tried() -> None:
    assert {each[0] for each in SMALL.values()} == set(networks.NAMES) - {"lungs_unet"}


def test_an_exported_network_is_the_keras_network(
    exported: Exported, rng: np.random.Generator
) -> None:
    import keras

    built, folder, classifier, layer = exported
    assert classifier.bundle.gradcam_layer == layer
    films = rng.integers(0, 256, (3, classifier.size, classifier.size), np.uint8)
    shipped = keras.models.load_model(folder / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(classifier.squares(films), predict(shipped, films), atol=1e-3)
    np.testing.assert_allclose(predict(shipped, films), predict(built, films), atol=1e-2)


def test_a_network_without_convolution_has_the_methods_that_need_none(exported: Exported) -> None:
    without = ("occlusion", "integrated")
    assert methods_of(exported.classifier) == (tuple(METHODS) if exported.layer else without)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_every_network(exported: Exported, method: str) -> None:
    drawn = Radiograph(film(90, 70), 8, "5" * 64, "PNG")
    if method not in methods_of(exported.classifier):
        with pytest.raises(cxr.ExplainError, match="Use occlusion") as refusal:
            make_map(exported.classifier, drawn, "T", method)
        assert refusal.value.code == "no_convolution"
        return
    found = make_map(exported.classifier, drawn, "T", method)
    assert (found.shape, found.dtype) == ((90, 70), np.float32)
    assert np.isfinite(found).all()
    assert KINDS[method].signed or found.min() >= 0
    if method == "occlusion" and exported.folder.name != "mlp":  # whose few units are all off
        assert np.abs(found).max() > 0
