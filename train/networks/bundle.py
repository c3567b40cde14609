"""A network that has been trained already, to be trained further: a bundle's, or that of a
``.keras`` file.

A shipped network has its batch normalisation folded into the convolutions, so it goes on without:
what its batches look like no longer matters, and a step is quicker.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from cxr.errors import BundleError
from cxr.model.keras_archive import open_keras


def build(size: int, classes: int, path: str) -> Any:
    """The network at `path`, a bundle's folder or a ``.keras`` file, as it is, in float32 or what
    Keras' dtype policy says.

    Raises
    ------
    ValueError
        If it is not there, cannot be opened, or is for other films or labels.
    """
    file = Path(path) / "model.keras" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise ValueError(f"there is no network at {path}")
    try:
        trained = open_keras(file)
    except BundleError as error:
        raise ValueError(error.message) from error
    if trained.input_shape != (None, size, size, 1) or trained.output_shape != (None, classes):
        raise ValueError(
            f"the network at {path} takes {trained.input_shape[1:]} and gives "
            f"{trained.output_shape[1:]}, not {(size, size, 1)} and {(classes,)}"
        )

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        config.pop("dtype", None)
        return type(layer).from_config(config)

    model = keras.models.clone_model(trained, clone_function=clone)
    model.set_weights(trained.get_weights())
    return model
