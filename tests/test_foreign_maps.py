"""Which maps Grad-CAM reads of foreign networks: those that all of the answer goes by, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from traindata import make_data

import cxr
from cxr.errors import BundleError
from cxr.explain import grad_cam
from cxr.explain.gradcam import maps_and_gradient
from train.__main__ import main
from train.export import foreign, foreign_maps

SIZE = 24


def convolved(film: Any, channels: int = 4, strides: int = 2) -> Any:
    import keras

    return keras.layers.Conv2D(channels, 3, strides, padding="same", activation="relu")(film)


def averaged(maps: Any) -> Any:
    import keras

    return keras.layers.GlobalAveragePooling2D()(maps)


def gated(maps: Any) -> Any:
    """Attention to channels and then to places, by operations on tensors."""
    import keras
    from keras import ops

    first, second = keras.layers.Dense(2, "relu"), keras.layers.Dense(maps.shape[-1])
    means = ops.mean(maps, axis=(1, 2), keepdims=True), ops.max(maps, axis=(1, 2), keepdims=True)
    maps = maps * ops.sigmoid(sum(second(first(mean)) for mean in means))
    both = [ops.mean(maps, -1, keepdims=True), ops.max(maps, -1, keepdims=True)]
    where = keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(
        ops.concatenate(both, -1)
    )
    return maps * where


def backbone(name: str, strides: int = 2) -> Any:
    import keras

    film = keras.Input((SIZE, SIZE, 3))
    return keras.Model(film, averaged(convolved(convolved(film, 4, strides))), name=name)


def two(film: Any, *strides: int) -> Any:
    import keras

    sides = [backbone(f"side{k}", each)(film / (k + 1)) for k, each in enumerate(strides)]
    return keras.layers.Concatenate()(sides)


def twice(film: Any) -> Any:
    """One backbone for the film and its mirror image."""
    import keras

    one = backbone("one")
    return keras.layers.Concatenate()([one(film), one(keras.ops.flip(film, 2))])


def scales(film: Any) -> Any:
    import keras

    maps = convolved(film, 5)
    return keras.layers.Concatenate()([averaged(maps), averaged(convolved(maps))])


def pooled_twice(film: Any) -> Any:
    import keras

    maps = convolved(film, 5)
    most = keras.layers.GlobalMaxPooling2D()(maps)
    return keras.layers.Concatenate()([averaged(maps), most])


def squeezed(film: Any) -> Any:
    import keras

    maps = convolved(film, 5)
    means = averaged(maps)
    return keras.layers.Multiply()([means, keras.layers.Dense(5, "sigmoid")(means)])


def light(film: Any) -> Any:
    import keras

    return keras.layers.Concatenate()([averaged(film), averaged(convolved(film))])


WAYS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "a gate by operations": (lambda film: averaged(gated(convolved(film))), (12, 12, 4)),
    "two gates side by side": (
        lambda film: averaged(gated(convolved(film))) + averaged(gated(convolved(film))),
        (12, 12, 8),
    ),
    "two backbones": (lambda film: two(film, 2, 2), (6, 6, 8)),
    "a backbone called twice": (twice, (6, 6, 8)),
    "two scales of one": (scales, (12, 12, 5)),
    "pooled in two ways": (pooled_twice, (12, 12, 5)),
    "a gate behind the averages": (squeezed, (12, 12, 5)),
    "two backbones of other sizes": (lambda film: two(film, 2, 1), ()),
    "the film's light beside": (light, ()),
    "no convolution": (averaged, ()),
}


@pytest.mark.parametrize("name", WAYS)
def test_all_of_the_answer_goes_by_the_maps_that_are_read(name: str) -> None:
    import keras

    keras.utils.set_random_seed(1)
    way, shape = WAYS[name]
    film = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(film, keras.layers.Dense(2, "softmax")(way(film)))
    core = foreign.core_of(model, 2)
    network = foreign.fed(core, SIZE, "unit")
    films = np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE), np.uint8)
    squares = films[..., None].astype(np.float32)
    np.testing.assert_allclose(
        network.predict(squares, verbose=0),
        core.network.predict(foreign.as_fed(core, films, "unit"), verbose=0),
        atol=1e-5,
    )
    layer = foreign_maps.maps_layer(network)
    if not shape:
        assert layer is None
        return
    maps = network.get_layer(layer).output
    assert maps.shape[1:] == shape
    before, behind = keras.Model(network.input, maps), keras.Model(maps, network.output)
    np.testing.assert_allclose(behind(before(squares)), network(squares), atol=1e-5)


def test_averages_of_gated_maps_need_no_gradient() -> None:
    import keras

    film = keras.Input((SIZE, SIZE, 3))
    maps = gated(convolved(film))
    model = keras.Model(film, keras.layers.Dense(2)(averaged(maps)))
    network = foreign.fed(foreign.core_of(model, 2), SIZE, "unit")
    pool = next(x for x in network.layers if isinstance(x, keras.layers.GlobalAveragePooling2D))
    assert pool.input._keras_history.operation.name == foreign_maps.LAYER
    assert isinstance(network.layers[-1], keras.layers.Dense), "nothing stands behind the head"


def named(inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    import keras

    return keras.Model(inputs, outputs)


def test_names_of_one_input_and_one_output_make_no_difference() -> None:
    import keras

    inner = keras.Input((SIZE, SIZE, 1), name="film")
    part = named({"film": inner}, {"maps": convolved(inner)})
    film = keras.Input((SIZE, SIZE, 1), name="xray")
    answer = keras.layers.Dense(2, "softmax", name="dx")(averaged(part({"film": film})["maps"]))
    core = foreign.core_of(named({"xray": film}, {"dx": answer}), 2)
    assert (core.end, core.shape) == ("softmax", (SIZE, SIZE, 1))
    assert foreign_maps.maps_layer(foreign.fed(core, SIZE, "unit")) is not None
    listed = foreign.core_of(keras.Model([film], [answer]), 2)
    assert listed.shape == core.shape


@pytest.mark.parametrize(("several", "code"), [("in", "wrong_input"), ("out", "wrong_outputs")])
def test_names_of_several_are_refused(several: str, code: str) -> None:
    import keras

    films = {name: keras.Input((SIZE, SIZE, 1), name=name) for name in ("film", "mask")}
    answer = keras.layers.Dense(2, "softmax")(averaged(convolved(films["film"] * films["mask"])))
    model = named(films, {"dx": answer})
    if several == "out":
        answer = keras.layers.Dense(2, "softmax")(averaged(convolved(films["film"])))
        model = named({"film": films["film"]}, {"dx": answer, "again": answer * 2})
    with pytest.raises(BundleError) as caught:
        foreign.core_of(model, 2)
    assert caught.value.code == code


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


def test_two_gated_backbones_with_named_ends_become_a_bundle(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    keras.utils.set_random_seed(1)
    film = keras.Input((SIZE, SIZE, 3), name="xray")
    sides = [averaged(gated(convolved(film / by))) for by in (255, 128)]
    answer = keras.layers.Dense(2, "softmax", name="dx")(keras.layers.Concatenate()(sides))
    named({"xray": film}, {"dx": answer}).save(tmp_path / "two.keras")
    out = tmp_path / "models" / "two"
    command = ["adopt", str(tmp_path / "two.keras"), "--labels", "N,P", "--data", str(data)]
    assert main([*command, "--out", str(out), "--scaling", "none", "--keep-order"]) == 0
    said = capsys.readouterr().out
    assert "Grad-CAM reads grad_cam_maps" in said
    assert "macro-F1 on test " in said
    assert "far, recall, P " in said
    assert "{" not in said
    model = cxr.load(out)
    assert model.bundle.provenance["adopted"]["warnings"] == [
        line.removeprefix("Warning: ") for line in said.splitlines() if line.startswith("Warning")
    ]
    film = cxr.read(data / "images/test_P0.jpg")
    maps, gradient = maps_and_gradient(model, film, "P")
    assert maps.shape == (12, 12, 8)
    assert np.abs(gradient).max((0, 1)).min() > 0, "both backbones' maps count"
    assert grad_cam(model, film, "P").shape == film.eight_bit.shape
