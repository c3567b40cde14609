import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from films import film, radiograph
from networks import phantom, small_network
from sites import profile, some_head

import cxr
from cxr.explain.gradcam import cells_of, grad_cam_cells, maps_and_gradient
from cxr.explain.gradient import at_layer
from cxr.imaging.preprocessing import Preprocessing, preprocess
from cxr.imaging.radiograph import Radiograph

Bundler = Callable[..., cxr.Classifier]


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Bundler:
    """Loads a Keras model as the bundle that training would make of it, in float32."""
    from train.export.network_files import write_network

    def load(model: Any, how: Preprocessing | None = None, **options: Any) -> cxr.Classifier:
        folder = tmp_path_factory.mktemp("models") / model.name
        labels = ("N", "T") if model.output.shape[-1] == 2 else ("N", "P", "T")
        how = how or Preprocessing(size=model.input.shape[1])
        write_network(model, labels, how, folder, **{"half": False, **options})
        return cxr.load(folder)

    return load


@pytest.fixture(scope="module")
def plain(bundled: Bundler) -> tuple[Any, cxr.Classifier]:
    """The small network, and its bundle."""
    model = small_network()
    return model, bundled(model)


@pytest.fixture(scope="module", params=[False, True], ids=["learning", "frozen"])
def nested(request: pytest.FixtureRequest, bundled: Bundler) -> tuple[Any, cxr.Classifier]:
    """A backbone in a backbone, and its bundle."""
    model = nested_network(request.param)
    return model, bundled(model)


def gradient_cells(model: cxr.Classifier, film: Radiograph, column: int) -> Any:
    """Grad-CAM through TensorFlow, whatever the head."""
    return cells_of(*at_layer(model, film, column))


def nested_network(frozen: bool = False) -> Any:
    """A backbone in a backbone, under a head with a hidden layer."""
    import keras

    keras.utils.set_random_seed(3)
    same: dict[str, Any] = {"padding": "same", "activation": "relu", "trainable": not frozen}
    inner = keras.Sequential(
        [
            keras.Input((16, 16, 8)),
            keras.layers.Conv2D(8, 3, name="deepest", **same),
            keras.layers.BatchNormalization(name="norm", trainable=not frozen),
        ],
        name="inner",
    )
    start = keras.Input((32, 32, 1))
    x = keras.layers.Conv2D(8, 3, 2, name="first", **same)(start)
    backbone = keras.Model(start, inner(x) + x, name="backbone")
    inputs = keras.Input((32, 32, 1), name="film")
    x = backbone(keras.layers.Rescaling(1 / 255, name="scale")(inputs))
    x = keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dense(6, activation="relu", name="hidden")(x)
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(x), name="nested")


def by_tape(features: Any, head: Callable[[Any], Any], column: int) -> Any:
    """Grad-CAM as its paper words it."""
    import tensorflow as tf

    features = tf.convert_to_tensor(features)
    with tf.GradientTape() as tape:
        tape.watch(features)
        logit = head(features)[0, column]
    weights = tf.reduce_mean(tape.gradient(logit, features), (1, 2))[0]
    return tf.nn.relu(tf.reduce_sum(features[0] * weights, -1)).numpy()


@pytest.mark.parametrize("column", [0, 1])
def test_closed_form_equals_gradient_tape(plain: tuple[Any, cxr.Classifier], column: int) -> None:
    model, classifier = plain
    drawn = radiograph(film(90, 70))
    assert classifier.head_weights is not None
    square = preprocess(drawn.eight_bit, classifier.preprocessing)[None, ..., None]
    features = square.astype(np.float32)
    for layer in model.layers[1:-2]:
        features = layer(features, training=False)
    expected = by_tape(features, lambda x: model.layers[-1](model.layers[-2](x)), column)
    found = grad_cam_cells(classifier, drawn, classifier.labels[column])
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_closed_form_of_a_hospitals_head_equals_gradient_tape(
    plain: tuple[Any, cxr.Classifier],
) -> None:
    model, classifier = plain
    added = some_head(classifier, 3)
    there = classifier.at(profile(classifier, added))
    drawn = radiograph(film(90, 70))
    features = preprocess(drawn.eight_bit, there.preprocessing)[None, ..., None].astype(np.float32)
    for layer in model.layers[1:-2]:
        features = layer(features, training=False)

    def head(x: Any) -> Any:
        averages = model.layers[-2](x)
        return model.layers[-1](averages) + averages @ added.weights + added.offset

    expected = by_tape(features, head, 1)
    assert np.abs(expected - grad_cam_cells(classifier, drawn, "T")).max() > 0.1 * expected.max()
    np.testing.assert_allclose(
        grad_cam_cells(there, drawn, "T"), expected, atol=1e-4 * expected.max()
    )


def test_closed_form_and_tensorflow_path_agree_on_one_bundle(
    phantom_model: cxr.Classifier,
) -> None:
    drawn = radiograph(phantom(np.random.default_rng(4), True)[0])
    closed = grad_cam_cells(phantom_model, drawn, "T")
    np.testing.assert_allclose(
        gradient_cells(phantom_model, drawn, 1), closed, atol=0.01 * closed.max()
    )


def test_cells_before_the_relu_add_up_to_the_logit(plain: tuple[Any, cxr.Classifier]) -> None:
    model, classifier = plain
    drawn = radiograph(film())
    for column, label in enumerate(classifier.labels):
        maps, gradient = maps_and_gradient(classifier, drawn, label)
        both = cells_of(maps, gradient) - cells_of(maps, -gradient)
        bias = float(model.layers[-1].bias[column])
        assert both.sum() + bias == pytest.approx(
            classifier.predict([drawn])[0].logits[label], abs=1e-4
        )


@pytest.mark.parametrize("column", [0, 1, 2])
def test_nested_backbone_and_hidden_layer_equal_gradient_tape(
    nested: tuple[Any, cxr.Classifier], column: int
) -> None:
    model, classifier = nested
    assert classifier.bundle.gradcam_layer == "deepest"
    assert classifier.head_weights is None
    drawn = radiograph(film(60, 45))
    square = preprocess(drawn.eight_bit, classifier.preprocessing)[None, ..., None]
    backbone = model.get_layer("backbone")
    inner = backbone.get_layer("inner")
    stem = backbone.get_layer("first")(square.astype(np.float32) / 255)
    norm = inner.get_layer("norm")

    def head(x: Any) -> Any:
        x = norm(x, training=False) + stem
        for name in ("flat", "hidden", "logits"):
            x = model.get_layer(name)(x)
        return x

    expected = by_tape(inner.get_layer("deepest")(stem), head, column)
    found = grad_cam_cells(classifier, drawn, classifier.labels[column])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert cxr.explain.grad_cam(classifier, drawn, "T").shape == (60, 45)


def test_backbone_of_keras_applications(bundled: Bundler) -> None:
    """A nested backbone as users build them; ``output_shape`` and graph errors came from these."""
    import keras

    keras.utils.set_random_seed(5)
    inputs = keras.Input((32, 32, 1), name="film")
    x = keras.layers.Concatenate()([inputs, inputs, inputs])
    backbone = keras.applications.MobileNet(
        (32, 32, 3), alpha=0.25, include_top=False, weights=None
    )
    x = keras.layers.GlobalAveragePooling2D()(backbone(x))
    x = keras.layers.Dense(8, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(x), name="mobile")
    found = cxr.explain.grad_cam(bundled(model), radiograph(film(40, 50)), "P")
    assert found.shape == (40, 50)
    assert np.isfinite(found).all()


def test_map_does_not_fade_where_the_softmax_saturates(bundled: Bundler) -> None:
    model = small_network()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias + np.array([0, 200.0])])
    classifier = bundled(model)
    drawn = radiograph(film())
    assert classifier.predict([drawn])[0].probabilities["T"] == 1.0
    closed = grad_cam_cells(classifier, drawn, "T")
    assert closed.max() > 1e-4
    np.testing.assert_allclose(gradient_cells(classifier, drawn, 1), closed, atol=1e-5)


def test_both_paths_preprocess_as_predict_does(bundled: Bundler) -> None:
    how = Preprocessing(size=64, longer_side=100, clahe_clip=3.0, blur=5)
    classifier = bundled(small_network(), how)
    drawn = radiograph(film(180, 150))
    np.testing.assert_allclose(
        gradient_cells(classifier, drawn, 1), grad_cam_cells(classifier, drawn, "T"), atol=1e-4
    )


def test_a_map_with_nothing_in_it_is_zero(bundled: Bundler) -> None:
    model = small_network()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([-np.abs(kernel), bias])  # after a ReLU, nothing speaks for it
    classifier = bundled(model)
    drawn = radiograph(film())
    for cells in (grad_cam_cells(classifier, drawn, "T"), gradient_cells(classifier, drawn, 1)):
        assert np.array_equal(cells, np.zeros((16, 16), np.float32))
    np.testing.assert_array_equal(cxr.explain.grad_cam(classifier, drawn, "T"), 0)


def test_a_planted_mark_comes_out_where_it_was_put(bundled: Bundler) -> None:
    """The geometry alone: maps that are the film's own brightness give the film back."""
    import keras

    inputs = keras.Input((64, 64, 1), name="film")
    x = keras.layers.AveragePooling2D(8, name="cells")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x), name="identity")
    model.layers[-1].set_weights([np.array([[0.0, 64.0]]), np.zeros(2)])
    classifier = bundled(model)
    height, width = 192, 128  # stretched to 64 by 64, 24 by 16 pixels are one cell
    for row, column in [(0, 0), (0, 7), (7, 0), (2, 5)]:
        pixels = np.zeros((height, width), np.uint8)
        pixels[row * 24 : row * 24 + 24, column * 16 : column * 16 + 16] = 200
        drawn = radiograph(pixels)
        cells = grad_cam_cells(classifier, drawn, "T")
        expected = np.zeros((8, 8))
        expected[row, column] = 200
        np.testing.assert_allclose(cells, expected, atol=0.01)
        np.testing.assert_allclose(gradient_cells(classifier, drawn, 1), expected, atol=0.01)
        found = cxr.explain.grad_cam(classifier, drawn, "T")
        # Halfway from a cell's centre to the next, a linear stretch has fallen to a half.
        assert found[row * 24 + 11, column * 16 + 7] > 0.9 * 200
        inside = found > 100
        assert inside[row * 24 + 11, column * 16 + 7]
        rows, columns = np.nonzero(inside)
        assert row * 24 <= rows.min()
        assert rows.max() < row * 24 + 24
        assert column * 16 <= columns.min()
        assert columns.max() < column * 16 + 16


def test_network_without_convolution_is_refused(bundled: Bundler) -> None:
    from train import networks

    classifier = bundled(networks.build("thumbnail", 16, 3))
    drawn = radiograph(film())
    with pytest.raises(cxr.ExplainError, match="Use occlusion") as refusal:
        cxr.explain.grad_cam(classifier, drawn, "T")
    assert refusal.value.code == "no_convolution"
    assert cxr.explain.occlusion(classifier, drawn, "T").shape == drawn.eight_bit.shape


def test_threads_share_the_tensorflow_path(bundled: Bundler) -> None:
    classifier = bundled(nested_network())
    films = [radiograph(film(40 + 4 * i, 40)) for i in range(4)]
    expected = [gradient_cells(classifier, f, 2) for f in films]
    wrong: list[int] = []

    def session(k: int) -> None:
        for _ in range(3):
            if not np.array_equal(gradient_cells(classifier, films[k], 2), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=session, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
