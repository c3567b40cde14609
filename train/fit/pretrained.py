"""Weights to start from: ImageNet's through Keras, or a file.

``efficientnet_lite0`` brings its own and needs nothing of this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from cxr.errors import DataError

from ..networks import keras_applications
from ..recipes.recipe import Recipe


def start(model: Any, recipe: Recipe) -> None:
    """Fill the layers up to ``features`` of a network that ``keras_applications`` built.

    Parameters
    ----------
    model : keras.Model
    recipe : Recipe
        Its ``network.weights`` is ``imagenet``, which Keras fetches and keeps in its own folder,
        or the path of a weights file without the top that Keras publishes for this network.

    Raises
    ------
    DataError
        ``no_weights``: they cannot be fetched, the file is not there or is another network's.
    """
    weights, size = recipe.network.weights, recipe.preprocessing.size
    base = recipe.network.options.get("base", "")
    if recipe.network.architecture != "keras_applications" or base not in keras_applications.BASES:
        raise DataError(
            "no_weights",
            "Only networks of keras_applications, by their base, take the recipe's [network] "
            "weights. Leave it empty.",
        )
    if weights != "imagenet" and not Path(weights).is_file():
        raise DataError(
            "no_weights",
            "There is no file where the recipe's [network] weights says. Give the path of a "
            "weights file, or leave weights empty to train from scratch.",
        )
    build = keras_applications.BASES[base].build
    try:
        source = build(include_top=False, weights=weights, input_shape=(size, size, 3))
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise DataError(
            "no_weights",
            f"The weights for {base} could not be loaded ({type(error).__name__}). Where there is "
            "no internet, fetch the file without the top (notop) that Keras publishes for it and "
            "give its path as weights in the recipe's [network], or leave weights empty to train "
            "from scratch.",
        ) from error
    backbone = keras.Model(model.input, model.get_layer("features").output)
    backbone.set_weights(source.get_weights())
