"""A Keras classifier from elsewhere as a network of ours: one flat graph, from films to logits.

Backbones that are models of their own are laid into the one graph, so that Grad-CAM finds their
maps; layers that do nothing at inference are left out; the softmax or sigmoid at the end is taken
off; and what the network was fed with, its channels and its scale, becomes its first layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cxr.errors import BundleError

from . import foreign_end, foreign_maps

Triple = tuple[float, float, float]
SCALINGS: dict[str, tuple[Triple, Triple]] = {
    "none": ((0, 0, 0), (1, 1, 1)),
    "unit": ((0, 0, 0), (255, 255, 255)),
    "symmetric": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "caffe": ((103.939, 116.779, 123.68), (1, 1, 1)),
    "torch": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
"""Name → what is subtracted from the grey levels of 0 to 255 and what they are then divided by, for
each channel in the network's own order. A film's three channels are alike, so whether they are
called RGB or BGR makes no other difference. "caffe" and "torch" are the modes of those names of
``keras.applications.imagenet_utils.preprocess_input``."""

_IDLE = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.ActivityRegularization,
    keras.layers.Identity,
)


@dataclass(frozen=True)
class Core:
    """A foreign network without its end.

    Attributes
    ----------
    network : keras.Model
        Flat; float32 (batch, height, width, channels), scaled as its authors did, to logits.
    end : {"softmax", "sigmoid", "logits", "probabilities"}
        What was taken off; "logits": nothing; "probabilities": nothing could be, so logarithms of
        the probabilities stand for logits.
    """

    network: Any
    end: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.network.input_shape[1:]
        return height, width, channels


def core_of(model: Any, classes: int, size: int | None = None) -> Core:
    """Flatten a network and take off its end.

    Parameters
    ----------
    model : keras.Model
    classes : int
        Logits wanted. A single unit becomes two: 0 and its own, the second label's.
    size : int, optional
        The side of its input, pixels, where the network doesn't say.

    Raises
    ------
    BundleError
        ``wrong_input``, ``wrong_outputs`` or ``unknown_head``.
    """
    inputs = keras.Input(_input_shape(model, size), name="foreign")
    try:
        output = lay(model, inputs)
    except BundleError:
        raise
    except Exception as error:  # whatever Keras' layers raise on a shape that is not theirs
        raise BundleError(
            "wrong_input", f"The network does not take such films ({type(error).__name__})."
        ) from None
    output, end = foreign_end.without_end(output)
    if output.shape[1:] != (classes,) and (output.shape[1:] != (1,) or classes != 2):
        raise BundleError(
            "wrong_outputs",
            f"The network gives {output.shape[1:]} numbers a film and {classes} labels were named. "
            "Name one label for each output, in their order; two for a single unit.",
        )
    if end is None:
        end = foreign_end.answers(keras.Model(inputs, output))
        if end == "probabilities":
            output = foreign_end.logarithm(output)
    if output.shape[-1] == 1:
        output = foreign_end.two_logits(output)
    return Core(keras.Model(inputs, output), end)


def fed(core: Core, size: int, scaling: str) -> Any:
    """The network that a bundle holds: films of 0 to 255 to logits.

    Parameters
    ----------
    core : Core
    size : int
        Side of the square that films come as, pixels.
    scaling : str
        One of SCALINGS.

    Returns
    -------
    keras.Model
        float32 (batch, size, size, 1) to float32 (batch, classes), flat. It ends in a linear layer
        on the averages of maps, or in a layer of another kind.
    """
    height, width, channels = core.shape
    film = keras.Input((size, size, 1), name="film")
    values = film
    if (height, width) != (size, size):
        values = keras.layers.Resizing(height, width, name="film_shape")(values)
    if channels == 3:
        values = keras.layers.Concatenate(name="film_channels")([values] * 3)
    if scaling != "none":
        less, by = (np.array(triple[:channels]) for triple in SCALINGS[scaling])
        scale, offset = (1 / by).tolist(), (-less / by).tolist()
        values = keras.layers.Rescaling(scale, offset, name="film_scale")(values)
    network = foreign_maps.marked(core.network)
    output = lay(network, values)
    if not foreign_end.is_closed(output) or not foreign_maps.maps_layer(network):
        output = keras.layers.Activation("linear", name="logits_as_they_are")(output)
    return keras.Model(film, output)


def as_fed(core: Core, squares: NDArray[np.uint8], scaling: str) -> NDArray[np.float32]:
    """What the foreign network itself is fed with, float32 (n, height, width, channels).

    Parameters
    ----------
    core : Core
    squares : uint8 (n, S, S)
    scaling : str
    """
    height, width, channels = core.shape
    less, by = (np.array(triple[:channels], np.float32) for triple in SCALINGS[scaling])
    films = squares[..., None].astype(np.float32)
    if squares.shape[1:] != (height, width):
        films = keras.ops.convert_to_numpy(keras.layers.Resizing(height, width)(films))
    return (np.repeat(films, channels, axis=-1) - less) / by


def lay(model: Any, tensor: Any) -> Any:
    """Lay a copy of a network's graph, and of the graphs of the models in it, on `tensor`.

    Layers are copied with their weights, computing in float32; names stay where they can.

    Raises
    ------
    BundleError
        ``wrong_outputs`` if a model in it has several inputs or outputs.
    """
    copies: dict[int, tuple[Any, Any]] = {}
    output = _lay(model, tensor, copies)
    for original, copy in copies.values():
        if getattr(original, "weights", None):
            copy.set_weights(original.get_weights())
            if isinstance(copy, keras.layers.Normalization):
                copy.finalize_state()
    return output


def _lay(model: Any, tensor: Any, copies: dict[int, tuple[Any, Any]]) -> Any:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise BundleError(
            "wrong_outputs",
            "A part of the network has several inputs or outputs; only one way through each is "
            "supported.",
        )

    def call(layer: Any, *args: Any, **options: Any) -> Any:
        if isinstance(layer, keras.Model):
            taken = keras.tree.flatten(args)  # a dictionary or a list, where it asks for such
            return _lay(layer, taken[0], copies)
        if _is_idle(layer):
            return args[0]
        options.pop("training", None)
        if id(layer) not in copies:
            names = {copy.name for _, copy in copies.values()}
            copies[id(layer)] = layer, _copy(layer, model.name, names)
        return copies[id(layer)][1](*args, **options)

    graph = keras.Model(model.inputs[0], model.outputs[0])
    # clone_model would cut the graph off from a tensor that is not an input.
    return graph._run_through_graph(tensor, operation_fn=lambda layer: layer, call_fn=call)


def _is_idle(layer: Any) -> bool:
    """Whether a layer does nothing at inference: dropout, noise and augmentation."""
    kind = type(layer).__name__
    return isinstance(layer, _IDLE) or (kind.startswith("Random") and kind != "RandomCrop")


def _copy(layer: Any, within: str, names: set[str]) -> Any:
    config = layer.get_config()
    name = layer.name
    while name in names:
        name = f"{within}_{name}"
    config["name"] = name
    if isinstance(layer, keras.Layer):
        config["dtype"] = "float32"
    return type(layer).from_config(config)


def _input_shape(model: Any, size: int | None) -> tuple[int, int, int]:
    shapes = [tuple(each.shape) for each in getattr(model, "inputs", None) or []]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] not in (1, 3):
        raise BundleError(
            "wrong_input",
            f"The network takes {shapes or 'what it does not say'}; it must take one film, (height,"
            " width, channels) with 1 or 3 channels, the channels last.",
        )
    height, width, channels = (shapes[0][1] or size, shapes[0][2] or size, shapes[0][3])
    if height is None or width is None:
        raise BundleError(
            "wrong_input",
            "The network does not say how large its films are. Say it with --size, in pixels.",
        )
    if size not in (None, max(height, width)):
        raise BundleError(
            "wrong_input",
            f"The network takes films of {height} × {width} pixels. Leave --size out.",
        )
    return height, width, channels
