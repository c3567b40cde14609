"""Where a map lies on the film, for both methods."""

import numpy as np
import pytest

import cxr
from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph


@pytest.fixture(scope="module")
def brightness(tmp_path_factory: pytest.TempPathFactory) -> cxr.Classifier:
    """T for a light film: the logit is the mean of 8 × 8 blocks."""
    import keras

    from train.export.network_files import write_network

    inputs = keras.Input((64, 64, 1), name="film")
    blocks = keras.layers.Conv2D(1, 8, 8, activation="relu", use_bias=False, name="blocks")
    pooled = keras.layers.GlobalAveragePooling2D()(blocks(inputs))
    head = keras.layers.Dense(2, use_bias=False, name="logits")
    model = keras.Model(inputs, head(pooled), name="brightness")
    blocks.set_weights([np.full((8, 8, 1, 1), 1 / 64)])
    head.set_weights([np.array([[0.0, 0.2]])])
    folder = tmp_path_factory.mktemp("models") / "brightness"
    write_network(model, ("N", "T"), Preprocessing(size=64), folder)
    return cxr.load(folder)


@pytest.mark.parametrize("shape", [(90, 300), (300, 90), (700, 500)])
@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_both_methods_point_at_a_mark_in_a_corner(
    brightness: cxr.Classifier, shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    height, width = shape[0] // 8, shape[1] // 8
    rows = slice(shape[0] - height, None) if corner[0] else slice(0, height)
    columns = slice(shape[1] - width, None) if corner[1] else slice(0, width)
    marked = np.zeros(shape, np.uint8)
    marked[rows, columns] = 255
    film = Radiograph(marked, 8, "5" * 64, "PNG")
    for values in (
        cxr.explain.grad_cam(brightness, film, "T"),
        cxr.explain.occlusion(brightness, film, "T", patch=8, stride=8, fill="black"),
    ):
        assert values.shape == shape
        inside = values[rows, columns].sum() / values.sum()
        assert inside > 0.6, "the rest is the slope between cells"
        row, column = np.unravel_index(values.argmax(), shape)
        assert abs(row - (shape[0] - 1) * corner[0]) <= height
        assert abs(column - (shape[1] - 1) * corner[1]) <= width
