"""A copy of a network whose weights have been shuffled, to see what of a map they had made."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.bundle import manifest_values, write_manifest
from ..model.classifier import Classifier

_WEIGHTS = "model.weights.h5"


class ShuffledClassifier(Classifier):
    """A classifier of shuffled weights. Its folder is a bundle of its own, removed with it; it is
    good for nothing but comparison."""

    def __init__(self, model: Classifier, seed: int, share: float) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="cxr-shuffled-")
        folder = Path(self._scratch.name) / model.bundle.folder.name
        write_shuffled(model, folder, seed, share)
        super().__init__(folder)


def with_shuffled_weights(
    model: Classifier, seed: int = 0, share: float = 1.0
) -> ShuffledClassifier:
    """A network as shipped, its weights shuffled; made once, whichever hospital `model` is at.

    Parameters
    ----------
    model : Classifier
    seed : int
    share : float
        Of the layers, counted from the logits down, 0 to 1. Less than 1 is the cascade of Adebayo
        et al. 2018.
    """
    return _made(model.at(None), seed, share)


@lru_cache(maxsize=4)
def _made(model: Classifier, seed: int, share: float) -> ShuffledClassifier:
    return ShuffledClassifier(model, seed, share)


def write_shuffled(model: Classifier, folder: Path, seed: int, share: float = 1.0) -> None:
    """Write a loadable bundle with shuffled weights.

    Each layer's kernel, and each layer's bias, keep their numbers and lose their order, so mean and
    spread stay. ``model.tflite`` and ``head.npy`` hold the same network; ``model.keras``, which is
    laid out otherwise, becomes another one.

    Parameters
    ----------
    model : Classifier
    folder : Path
        Made anew.
    seed : int
    share : float
        See :func:`with_shuffled_weights`.
    """
    source = model.bundle.folder
    shutil.copytree(source, folder)
    content, head = shuffled(
        (source / "model.tflite").read_bytes(), model.head_weights, seed, share
    )
    (folder / "model.tflite").write_bytes(content)
    if head is not None:
        np.save(folder / "head.npy", head)
    _shuffle_keras(folder / "model.keras", seed)
    write_manifest(folder, _values_of(source))


def _values_of(source: Path) -> dict[str, Any]:
    """The values of the bundle's own manifest; its measured figures hold for it alone and go."""
    fitted = ("metrics", "agreement", "operating_points", "conformal")
    return manifest_values(source) | {name: {} for name in fitted}


def shuffled(
    content: bytes, head: NDArray[np.float32] | None, seed: int, share: float
) -> tuple[bytes, NDArray[np.float32] | None]:
    """Shuffle the weights of a .tflite file in place of themselves.

    Parameters
    ----------
    content : bytes
    head : float32 (K, classes) or None
        The last layer's weights, found again in the file by their values.
    seed : int
    share : float

    Returns
    -------
    content : bytes
        Of the same length.
    head : float32 (K, classes) or None
        As shuffled.
    """
    altered = bytearray(content)
    layers = list(_weights(altered))
    rng = np.random.default_rng(seed)
    for weights in layers[len(layers) - round(share * len(layers)) :]:
        for values in weights:
            is_head = (
                head is not None
                and values.size == head.size
                and np.array_equal(values.reshape(head.T.shape), head.T)
            )
            values[:] = rng.permutation(values)
            if is_head:
                assert head is not None
                head = values.reshape(head.T.shape).T.astype(np.float32)
    return bytes(altered), head


def _weights(content: bytearray) -> Iterator[list[NDArray[Any]]]:
    """Of each layer in the order that they run, its kernel and bias, flat views into `content`."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    types = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
    layers = {
        schema.BuiltinOperator.CONV_2D,
        schema.BuiltinOperator.DEPTHWISE_CONV_2D,
        schema.BuiltinOperator.FULLY_CONNECTED,
        schema.BuiltinOperator.TRANSPOSE_CONV,
    }
    half: dict[int, int] = {}  # a float32 tensor → the float16 one that it is made of
    seen: set[int] = set()
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        if code == schema.BuiltinOperator.DEQUANTIZE:
            half[operator.Outputs(0)] = operator.Inputs(0)
        if code not in layers:
            continue
        found = []
        for place in operator.InputsAsNumpy().tolist():
            if place < 0:  # a layer without bias
                continue
            tensor = graph.Tensors(half.get(place, place))
            data = model.Buffers(tensor.Buffer()).DataAsNumpy()
            if isinstance(data, int) or tensor.Type() not in types or tensor.Buffer() in seen:
                continue
            seen.add(tensor.Buffer())
            found.append(data.view(types[tensor.Type()]))
        yield found


def _shuffle_keras(file: Path, seed: int) -> None:
    """Shuffle every kernel and bias of a .keras file; what normalisation has learnt stays."""
    import h5py  # type: ignore[import-untyped]

    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(members[_WEIGHTS])
    rng = np.random.default_rng(seed)

    def shuffle(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim and "normalization" not in item.name:
            values = item[()]
            item[...] = rng.permutation(values.ravel()).reshape(values.shape)

    with h5py.File(weights, "r+") as store:
        store.visititems(shuffle)
    members[_WEIGHTS] = weights.getvalue()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
