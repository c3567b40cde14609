"""Drawn films with a lesion, and a small network that tests build or train themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from films import film
from numpy.typing import NDArray

from cxr.imaging.preprocessing import Preprocessing, preprocess

PHANTOM_SIZE = 64
TRAINED = Path(__file__).parent / "bundles" / "phantom"
LABELS = ("N", "T")
# Architecture, size, classes, options, the layer that Grad-CAM reads. lungs_unet has its own tests.
SMALL: dict[str, tuple[str, int, int, dict[str, Any], str | None]] = {
    "bundle": ("bundle", 64, 2, {"path": str(TRAINED)}, "relu2"),
    "cnn": ("cnn", 48, 3, {"channels": (4, 8), "hidden": 8, "dropout": 0.1}, "features"),
    "cnn, averaged": (
        *("cnn", 48, 3),
        {"channels": (4, 8), "hidden": 0, "l1": 1e-6, "normalise": True},
        "features",
    ),
    "coatnet": (
        *("coatnet", 64, 3),
        {"blocks": (1, 1, 1, 2, 1), "channels": (8, 8, 16, 32, 64), "hidden": 8},
        "features",
    ),
    "efficientnet_lite0": ("efficientnet_lite0", 32, 3, {"imagenet": False}, "features"),
    "keras_applications": ("keras_applications", 32, 3, {"base": "vgg19"}, "features"),
    "mlp": ("mlp", 24, 3, {"hidden": (8, 4), "l2": 1e-6, "dropout": 0.1}, None),
    "thumbnail": ("thumbnail", 16, 3, {}, None),
    "tiny_mlp": ("tiny_mlp", 60, 2, {}, None),
    "xception_style": ("xception_style", 48, 3, {"channels": (8, 16), "middle": 1}, "features"),
}


def phantom(rng: np.random.Generator, lesion: bool, height: int = 150, width: int = 110) -> Any:
    """A drawn film and where its lesion is.

    Returns
    -------
    uint8 (height, width), and (row, column) or None
    """
    drawn = film(height, width)
    spots = [(rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), 35.0)]  # faint, means nothing
    spot = None
    if lesion:
        spots.append((rng.uniform(0.15, 0.75), rng.choice([0.28, 0.72]), 90.0))
        spot = int(spots[1][0] * height), int(spots[1][1] * width)
    for y, x, light in spots:
        soft = np.zeros((height, width), np.float32)
        centre = int(x * width), int(y * height)
        cv2.ellipse(soft, centre, (width // 10, height // 14), 0, 0, 360, light, -1)
        drawn = np.clip(drawn + cv2.GaussianBlur(soft, (0, 0), 2), 0, 255).astype(np.uint8)
    grain = rng.normal(0, 4, drawn.shape)
    return np.clip(drawn + grain, 0, 255).astype(np.uint8), spot


def phantoms(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """n phantoms as a network sees them, every second with a lesion, and their classes."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    how = Preprocessing(size=PHANTOM_SIZE)
    return np.stack([preprocess(phantom(rng, bool(t))[0], how) for t in truth]), truth


def small_network(size: int = PHANTOM_SIZE, classes: int = 2, seed: int = 1) -> Any:
    """Three convolutions, averaging, one linear layer."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 64, offset=-1, name="scale")(inputs)
    for i, channels in enumerate((8, 16, 32)):
        x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"conv{i}")(x)
        x = keras.layers.BatchNormalization(momentum=0.8, name=f"norm{i}")(x)
        x = keras.layers.ReLU(name=f"relu{i}")(x)
        if i < 2:
            x = keras.layers.MaxPooling2D(name=f"pool{i}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="small")
