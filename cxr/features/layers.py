"""What every layer of a network answers to one film, read from LiteRT: any bundle can be opened up,
and TensorFlow is not needed.

LiteRT's fast path keeps no layer's answer, and its buffers are used again and again. So the network
runs once more on an interpreter of its own that keeps them all, without XNNPACK; its logits were
within 3e-6 of the usual ones. It is dropped after the film.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError
from ..explain.target import Progress, tell
from ..imaging.preprocessing import cropped, preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier

_KINDS = {
    "CONV_2D": "convolution",
    "DEPTHWISE_CONV_2D": "depthwise convolution",
    "TRANSPOSE_CONV": "transposed convolution",
    "MAX_POOL_2D": "maximum",
    "AVERAGE_POOL_2D": "average",
    "ADD": "sum",
    "CONCATENATION": "side by side",
    "RESIZE_BILINEAR": "resized",
    "FULLY_CONNECTED": "dense",
    "RELU": "ReLU",
    "RELU6": "ReLU6",
    "LEAKY_RELU": "leaky ReLU",
    "PRELU": "PReLU",
    "ELU": "ELU",
    "GELU": "GELU",
    "HARD_SWISH": "hard swish",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
}
"""LiteRT's operations that are layers to a reader, and their words. An operation on numbers that
the network carries (scaling, batch normalisation) is none."""


@dataclass(frozen=True)
class NetworkLayer:
    """A layer by what it is.

    Attributes
    ----------
    place : int
        Of its answer among the network's tensors.
    name : str
        As its author called it; as the output is called where LiteRT kept no name.
    kind : str
        Such as "3 × 3 convolution".
    side, channels : int
        Its maps are `channels` squares of `side` cells; a dense layer's are of one cell.
    last : bool
        What the head averages: its channels add up to the logits.
    """

    place: int
    name: str
    kind: str
    side: int
    channels: int
    last: bool = False


def layers_of(model: Classifier) -> tuple[NetworkLayer, ...]:
    """The layers of a network, from the film to the logits, which are left out."""
    from ai_edge_litert import schema_py_generated as schema

    content = _content(model)
    network = schema.Model.GetRootAs(content, 0)
    graph = network.Subgraphs(0)
    codes = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    outputs = _outputs(network)
    found = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = codes[network.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()]
        place = operator.Outputs(0)
        shape = _shape(graph, place)
        inputs = operator.InputsAsNumpy().tolist()
        if code not in _KINDS or outputs.get(place) == "logits" or not _maps(shape):
            continue
        if code == "ADD" and any(_is_number(network, graph, each) for each in inputs):
            continue
        kind = _KINDS[code]
        if "CONV" in code:
            _, down, across, _ = _shape(graph, inputs[1])
            kind = f"{down} × {across} {kind}"
        name = _name(graph.Tensors(place).Name().decode("utf-8", "replace"))
        side = shape[1] if len(shape) == 4 else 1
        last = outputs.get(place) == "features" and model.head_weights is not None
        found.append(
            NetworkLayer(place, name or outputs.get(place, kind), kind, side, shape[-1], last)
        )
    return tuple(found)


def answers(
    model: Classifier, film: Radiograph, progress: Progress | None = None
) -> dict[NetworkLayer, NDArray[np.float32]]:
    """Every layer's maps of a film.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    progress : callable, optional
        See :data:`cxr.explain.target.Progress`; the network's own run cannot be stopped.

    Returns
    -------
    dict of NetworkLayer to float32 (side, side, channels), in the order of :func:`layers_of`. Some
    30 MB for EfficientNet-Lite0 at 224 pixels, and about as much again while the network runs.

    Raises
    ------
    ExplainError
        ``no_layers`` if LiteRT does not give them.
    Cancelled
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    tell(progress, 0.0)
    how = model.preprocessing
    square = cropped(preprocess(film.eight_bit, how), how.crop)
    try:
        interpreter = Interpreter(
            model_content=_content(model),
            num_threads=min(4, os.cpu_count() or 1),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        (given,) = interpreter.get_input_details()
        interpreter.resize_tensor_input(given["index"], (1, *square.shape, 1), strict=True)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], square[None, ..., None].astype(np.float32))
        interpreter.invoke()
        tell(progress, 0.8)
        found = {layer: _cells(interpreter, layer) for layer in layers_of(model)}
    except (ValueError, RuntimeError) as error:
        raise ExplainError(
            "no_layers",
            "This network's layers cannot be looked into here. Its scores and maps still can be.",
        ) from error
    tell(progress, 1.0)
    return found


def _cells(interpreter: Any, layer: NetworkLayer) -> NDArray[np.float32]:
    values = np.asarray(interpreter.get_tensor(layer.place), np.float32)
    return values.reshape(layer.side, layer.side, layer.channels)


def _content(model: Classifier) -> bytes:
    return (model.bundle.folder / "model.tflite").read_bytes()


def _outputs(network: Any) -> dict[int, str]:
    """Place of each of the network's outputs → its name."""
    signature = network.SignatureDefs(0)
    maps = (signature.Outputs(i) for i in range(signature.OutputsLength()))
    return {each.TensorIndex(): each.Name().decode() for each in maps}


def _shape(graph: Any, place: int) -> tuple[int, ...]:
    shape = graph.Tensors(place).ShapeAsNumpy()
    return () if isinstance(shape, int) else tuple(shape.tolist())


def _maps(shape: tuple[int, ...]) -> bool:
    """One film's square maps, or a dense layer's numbers. The film is square, so its maps are; what
    attention holds is not."""
    return shape[:1] == (1,) and (len(shape) == 2 or (len(shape) == 4 and shape[1] == shape[2]))


def _is_number(network: Any, graph: Any, place: int) -> bool:
    """Whether a tensor stands in the file, or is unpacked from one that does."""
    if network.Buffers(graph.Tensors(place).Buffer()).DataLength():
        return True
    return len(_shape(graph, place)) < 4


def _name(tensor: str) -> str:
    """``functional_1/stem_relu_1/Relu6;…`` → ``stem_relu``; "" for a name that LiteRT made up."""
    parts = tensor.split(";")[0].split("/")
    if len(parts) < 2:
        return ""
    layer = parts[-2]
    return layer.removesuffix("_1") if parts[0].endswith("_1") else layer
