"""A .keras file that nothing is wrong with, and the means to alter it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr.errors import BundleError
from cxr.model.keras_archive import CONFIG, open_keras

Json = dict[str, Any]


def good_file(folder: Path) -> Path:
    """A small network that nothing is wrong with."""
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(inputs)
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(x)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "categorical_crossentropy")
    path = folder / "good.keras"
    model.save(path)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def altered(good: Path, folder: Path, alter: Callable[[Json], None]) -> Path:
    parts = members(good)
    config = json.loads(parts[CONFIG])
    alter(config)
    return written(folder / "bad.keras", {**parts, CONFIG: json.dumps(config).encode()})


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        open_keras(path)
    assert len(caught.value.message) > 20
    assert path.name not in caught.value.message
    return caught.value.code


def layer_of(name: str, config: Any, module: str | None = "keras.layers", **more: Any) -> Json:
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": None,
        "name": "evil",
        "inbound_nodes": [],
        **more,
    }
