"""A .keras file, looked through before any of it runs.

Keras builds a network by looking up every class that the file names, and its safe mode has been
talked out of it more than once: by naming a Python module (CVE-2025-1550), a download helper of
Keras' own (CVE-2025-8747), or the switch of the safe mode itself (CVE-2025-9906). So the archive is
read here as what it is, a zip of JSON and numbers, and refused unless everything that it names is
on the lists below. Only then is it opened, in safe mode all the same.
"""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BundleError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_CONFIG, MAX_WEIGHTS = 32_000_000, 4_000_000_000  # bytes, unfolded
MAX_EXPANSION = 100  # Keras stores members as they are; deflated JSON shrinks some 30-fold
MAX_DEPTH = 200
SPARE = 10_000  # numbers that a network may have and its file not: states of random generators


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS = _words("""
    InputLayer Dense EinsumDense Activation ReLU LeakyReLU PReLU ELU Softmax Identity
    Conv1D Conv2D Conv2DTranspose DepthwiseConv2D SeparableConv2D
    MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D AdaptiveAveragePooling2D
    AdaptiveMaxPooling2D
    BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization
    SpectralNormalization Normalization Rescaling Resizing CenterCrop
    Add Subtract Multiply Average Maximum Minimum Concatenate Dot
    Flatten Reshape Permute RepeatVector Cropping2D UpSampling2D ZeroPadding1D ZeroPadding2D
    Attention AdditiveAttention MultiHeadAttention GroupQueryAttention Embedding TimeDistributed
    Dropout SpatialDropout1D SpatialDropout2D AlphaDropout GaussianDropout GaussianNoise
    ActivityRegularization RandomBrightness RandomColorJitter RandomContrast RandomCrop
    RandomErasing RandomFlip RandomGaussianBlur RandomRotation RandomSharpness RandomShear
    RandomTranslation RandomZoom
    """)
"""What image classifiers are made of. Not here: Lambda, layers that unpickle or load other files
(TorchModuleWrapper, JaxLayer, FlaxLayer, TFSMLayer, the text lookups), recurrent layers."""

_MODELS = frozenset({"Functional", "Sequential", "Model"})
_CLASSES: dict[str, frozenset[str] | None] = {
    "keras.layers": LAYERS,
    "keras": _MODELS | {"DTypePolicy"},
    "keras.models": _MODELS,
    "keras.src.models.functional": _MODELS,
    "keras.src.models.sequential": _MODELS,
    "keras.src.models.model": _MODELS,
    "keras.dtype_policies": frozenset({"DTypePolicy"}),
    "keras.initializers": _words("""
        Zeros Ones Constant Identity IdentityInitializer RandomNormal
        RandomUniform TruncatedNormal VarianceScaling GlorotNormal GlorotUniform HeNormal
        HeUniform LecunNormal LecunUniform Orthogonal OrthogonalInitializer"""),
    "keras.regularizers": frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"}),
    "keras.constraints": frozenset({"MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"}),
    "keras.random": frozenset({"SeedGenerator"}),
    "keras.src.applications.convnext": frozenset({"LayerScale", "StochasticDepth"}),
    "keras.src.applications.inception_resnet_v2": frozenset({"CustomScaleLayer"}),
    "keras.src.ops.core": frozenset({"Cast", "Slice", "StopGradient"}),
    "keras.src.ops.numpy": None,
    "keras.src.ops.nn": None,
    "keras.src.ops.image": None,
}
"""Module → the classes that a file may name from it. None: all, being functions of arrays alone."""
_FUNCTIONS = _words("""
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax
    softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink
    threshold""")
_VALUES = frozenset({"__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__"})
_WAITING = "uninitialized_variables"  # Keras' list of what a StatelessScope has put off
_RUNS_CODE = _words("Lambda __lambda__ TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer")


def open_keras(path: Path) -> Any:
    """Look through a .keras file and open it, uncompiled. Needs TensorFlow.

    Parameters
    ----------
    path : Path

    Returns
    -------
    keras.Model

    Raises
    ------
    BundleError
        Those of :func:`inspect`; ``bad_keras_file`` if Keras cannot build what the file describes,
        or if that has more weights than the file holds.
    """
    stored = inspect(path)
    import keras

    try:
        # Layers allocate their weights before any are read: a Dense of 10**9 units is 40 bytes.
        described = _described(path)
        if described > stored + SPARE:
            raise BundleError(
                "bad_keras_file",
                f"The .keras file describes a network of {described:,} weights and holds "
                f"{stored:,}, so it was not opened. Save the model again with Keras 3.",
            )
        with warnings.catch_warnings():
            # Weights that the file lacks would stay random.
            warnings.filterwarnings("error", "Skipping nested container")
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except BundleError:
        raise
    # Whatever the layers' constructors stumble over; `from None`: their messages quote the file.
    except Exception as error:
        raise BundleError(
            "bad_keras_file",
            "Keras cannot build the network that the file describes "
            f"({type(error).__name__}). Open it where it was made and save it again.",
        ) from None


def _described(path: Path) -> int:
    """How many numbers the layers would hold, also those that lead nowhere; none is made."""
    import keras
    from keras.src.backend.common import global_state

    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read(CONFIG))
    config.pop("compile_config", None)
    try:
        with keras.StatelessScope(initialize_variables=False):
            keras.saving.deserialize_keras_object(config, safe_mode=True)
        waiting = global_state.get_global_attribute(_WAITING) or []
        return sum(math.prod(variable.shape) for variable in waiting)
    finally:
        # Or Keras would make them at the end of the next such scope.
        global_state.set_global_attribute(_WAITING, [])


def inspect(path: Path) -> int:
    """Refuse a .keras file unless it holds a network of known layers and their weights alone.

    Nothing of it is imported, called or built: the archive's list, its JSON and the weights' table
    of contents are read. What the file says of its training (``compile_config`` of the whole) is
    passed over, since nothing here compiles.

    Returns
    -------
    int
        How many numbers its weights are.

    Raises
    ------
    BundleError
        ``not_keras_file``: another format. ``keras_2``: Keras 2 wrote it. ``bad_keras_file``:
        damaged, or made to exhaust memory. ``unsafe_keras_file``: it asks to run code.
        ``unknown_layer``: it names a class that is not on the lists.
    """
    _check_kind(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            config = json.loads(archive.read(CONFIG))
            metadata = json.loads(archive.read(METADATA))
            if not isinstance(config, dict) or not isinstance(metadata, dict):
                raise ValueError
            config.pop("compile_config", None)
            if str(metadata.get("keras_version", "")).startswith("2."):
                raise BundleError(
                    "keras_2",
                    "The file was written by Keras 2. Build the network in Keras 3, load the "
                    "weights into it and save it again as .keras.",
                )
            for each in _named(config):
                _check_named(each)
            return _check_weights(archive.read(WEIGHTS))
    except (zipfile.BadZipFile, ValueError, RecursionError, EOFError, OSError, NotImplementedError):
        raise _damaged() from None


def _damaged() -> BundleError:
    return BundleError(
        "bad_keras_file",
        "The .keras file is damaged or no model. Open it where it was made and save it again.",
    )


def _check_kind(path: Path) -> None:
    if path.is_dir():
        found = "a folder, as SavedModel is,"
    elif not path.is_file():
        raise BundleError("not_keras_file", "There is no such file.")
    else:
        with path.open("rb") as file:
            start = file.read(8)
        if path.suffix == ".keras" and start[:4] == b"PK\x03\x04":
            return
        found = "an .h5 file" if start == b"\x89HDF\r\n\x1a\n" else "another format"
    raise BundleError(
        "not_keras_file",
        f"The model is {found} and not a .keras archive; such files can run code when they are "
        "opened. Load it where it was made and trusted, and save it with "
        'model.save("model.keras").',
    )


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    limits = {CONFIG: MAX_CONFIG, METADATA: 100_000, WEIGHTS: MAX_WEIGHTS}
    if sorted(m.filename for m in members) != sorted(limits):
        raise BundleError(
            "bad_keras_file",
            f"A .keras archive holds {METADATA}, {CONFIG} and {WEIGHTS}; this one lacks some, or "
            "holds files besides. Save the model again with Keras 3.",
        )
    for member in members:
        unfolds = member.file_size / max(member.compress_size, 1)
        if member.file_size > limits[member.filename] or unfolds > MAX_EXPANSION:
            raise BundleError(
                "bad_keras_file",
                "A part of the .keras archive unfolds to more than a model of films can need. "
                "Save the model again with Keras 3.",
            )


def _named(config: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary that Keras would take for the name of a class or function."""
    waiting = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(value, dict):
            if not {"class_name", "module", "registered_name"}.isdisjoint(value):
                yield value
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]


def _check_named(value: dict[str, Any]) -> None:
    name, module, registered = (
        value.get(key) for key in ("class_name", "module", "registered_name")
    )
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise _unknown(name)
    if name in _VALUES and module is None:
        return
    if name == "function":
        function = value.get("config")
        known = isinstance(function, str) and function in _FUNCTIONS
        if not known or module not in ("builtins", "keras.activations"):
            raise _unsafe(f"the function {_said(function)}")
        if registered not in (None, name, function):
            raise _unknown(registered)
        return
    if name in _RUNS_CODE:
        raise _unsafe(_said(name))
    if module not in _CLASSES:
        if module is None or module.split(".")[0] in ("builtins", "keras"):
            raise _unknown(name)
        raise _unsafe(f"{_said(name)} of {_said(module)}")
    allowed = _CLASSES[module]
    if (allowed is not None and name not in allowed) or registered not in (None, name):
        raise _unknown(name)


def _said(name: Any) -> str:
    return repr(name)[:60]


def _unsafe(what: str) -> BundleError:
    return BundleError(
        "unsafe_keras_file",
        f"The .keras file asks for {what}, which could run any code, so it was not opened. Build "
        "the network from Keras' own layers (Rescaling in place of a Lambda) and save it again.",
    )


def _unknown(name: Any) -> BundleError:
    return BundleError(
        "unknown_layer",
        f"The .keras file asks for {_said(name)}, which is no layer that is known here to be safe, "
        "so it was not opened. Build the network from Keras' own layers and save it again.",
    )


def _check_weights(content: bytes) -> int:
    """Count the weights; refuse those outside the file or that unfold to far more than it has."""
    import h5py  # type: ignore[import-untyped]

    count = 0

    def check_link(_: str, link: Any) -> None:
        if not isinstance(link, h5py.HardLink):
            raise ValueError("a link out of the file")

    def check_array(_: str, item: Any) -> None:
        nonlocal count
        if not isinstance(item, h5py.Dataset):
            return
        count += item.size
        if (
            item.external
            or item.is_virtual
            or item.dtype.kind not in "fiub"
            or item.nbytes > MAX_EXPANSION * (item.id.get_storage_size() + 1024)
        ):
            raise ValueError("not an array of numbers of its own")

    try:
        with h5py.File(io.BytesIO(content), "r") as store:
            store.visititems_links(check_link)
            store.visititems(check_array)
        return count
    # h5py lets through whatever its C library meets: RuntimeError, KeyError, TypeError …
    except Exception:
        raise _damaged() from None
