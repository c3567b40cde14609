"""Which maps of a foreign network all of its answer goes by: what Grad-CAM reads.

Walking back from the answer, every way to the film has to pass them. Mostly they are the maps that
are averaged or flattened. Where several are, as with two backbones, and they are of one size, they
are read side by side; where they are not, the last maps before the ways part. Where no such maps
are, as when the film's own light goes into the answer beside them, there is nothing to read: a map
of one way alone would pass for the whole.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import keras

LAYER = "grad_cam_maps"
"""The layer that stands for maps which are no single layer's."""

_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"}
_CONVOLUTIONS |= {"Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose"}  # of keras.ops


def maps_layer(network: Any) -> str | None:
    """The layer that Grad-CAM reads of what :func:`marked` has made; None if there is none."""
    if LAYER in {layer.name for layer in network.layers}:
        return LAYER
    maps = _read(network)
    return maps[0]._keras_history.operation.name if len(maps) == 1 else None


def marked(network: Any) -> Any:
    """The same network, of the same layers, in which what Grad-CAM reads, if there is anything, is
    what one layer gives in one call."""
    maps = _read(network)
    if not maps:
        return network
    makers = [tensor._keras_history.operation for tensor in maps]
    calls = Counter(id(node.operation) for node in _nodes(network))
    if len(maps) == 1 and isinstance(makers[0], keras.Layer) and calls[id(makers[0])] == 1:
        return network
    made = {id(network.inputs[0]): network.inputs[0]}
    before = set().union(*map(_way_back, maps))
    _run([node for node in _nodes(network) if id(node) in before], made)
    parts = [made[id(tensor)] for tensor in maps]
    if len(parts) == 1:
        put = [keras.layers.Activation("linear", name=LAYER)(parts[0])]
    else:
        whole = keras.layers.Concatenate(name=LAYER)(parts)
        ends = [sum(part.shape[-1] for part in parts[: k + 1]) for k in range(len(parts))]
        put = [
            whole[..., end - part.shape[-1] : end] for part, end in zip(parts, ends, strict=True)
        ]
    made |= {id(tensor): each for tensor, each in zip(maps, put, strict=True)}
    behind = _way_back(network.outputs[0], maps)
    _run([node for node in _nodes(network) if id(node) in behind], made)
    return keras.Model(network.inputs[0], made[id(network.outputs[0])])


def _read(network: Any) -> list[Any]:
    """The maps that are read side by side: mostly one tensor, none if there are no such."""
    answer, convolved = network.outputs[0], _convolved(network)
    last: dict[int, Any] = {}
    for node in _nodes(network):
        last |= {id(x): x for x in node.outputs if id(x) in convolved and _is_map(x)}
    way = _way_back(answer, list(last.values()))
    reached = [x for node in _nodes(network) if id(node) in way for x in node.input_tensors]
    nearest = list({id(x): x for x in (answer, *reached) if id(x) in last}.values())
    if _all_pass(answer, nearest) and len({tuple(x.shape[1:3]) for x in nearest}) == 1:
        return nearest
    return next(([x] for x in reversed(last.values()) if _all_pass(answer, [x])), [])


def _all_pass(answer: Any, maps: list[Any]) -> bool:
    """Whether every way from the film to the answer leads through one of these."""
    return bool(maps) and not any(node.is_input for node in _way_back(answer, maps).values())


def _way_back(tensor: Any, maps: list[Any] | None = None) -> dict[int, Any]:
    """The calls that a tensor comes of, by their ids, back to `maps` or to the film."""
    stop = {id(each) for each in maps or ()}
    waiting, found = [tensor], {}
    while waiting:
        here = waiting.pop()
        if id(here) not in stop:
            history = here._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            if id(node) not in found:
                found[id(node)] = node
                waiting += node.input_tensors
    return found


def _convolved(network: Any) -> set[int]:
    """The ids of all tensors with a convolution before them."""
    found: set[int] = set()
    for node in _nodes(network):
        made = type(node.operation).__name__ in _CONVOLUTIONS
        if made or any(id(x) in found for x in node.input_tensors):
            found |= {id(x) for x in node.outputs}
    return found


def _is_map(tensor: Any) -> bool:
    shape = tuple(tensor.shape)
    return len(shape) == 4 and None not in shape[1:] and min(shape[1:3]) > 1


def _nodes(network: Any) -> list[Any]:
    """A network's calls, each after those that it takes from."""
    by_depth = network._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _run(nodes: list[Any], made: dict[int, Any]) -> None:
    """Make these calls again; `made` holds tensors by the ids of those that they stand for."""
    for node in nodes:
        if not node.is_input:
            args, options = node.arguments.fill_in(made)
            outputs = keras.tree.flatten(node.operation(*args, **options))
            made |= {id(x): y for x, y in zip(node.outputs, outputs, strict=True)}
