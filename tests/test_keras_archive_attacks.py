"""A .keras file that would run what it brings is refused, and runs nothing."""

from __future__ import annotations

import marshal
import pickle
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kerasfiles import Json, altered, good_file, layer_of, refusal


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_file(tmp_path_factory.mktemp("good"))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What an attack would leave behind."""
    return tmp_path / "canary"


def marshalled(canary: Path) -> str:
    scope: dict[str, Any] = {}
    exec(f"def f(x):\n    open({str(canary)!r}, 'w').close()\n    return x", scope)
    return b64encode(marshal.dumps(scope["f"].__code__)).decode()


def in_a_lambda(canary: Path) -> Json:
    function = layer_of(
        "__lambda__", {"code": marshalled(canary), "defaults": None, "closure": None}, "builtins"
    )
    return layer_of("Lambda", {"name": "evil", "function": function})


def called(module: str, name: str, *arguments: Any) -> Json:
    """As in CVE-2025-1550: any callable, with arguments of its own."""
    return layer_of(
        name,
        {"name": "evil"},
        module,
        registered_name=name,
        inbound_nodes=[{"args": list(arguments), "kwargs": {"bufsize": -1}}],
    )


def as_activation(module: str, name: Any) -> Json:
    function = {"module": module, "class_name": "function", "config": name}
    return layer_of("Activation", {"activation": {**function, "registered_name": name}})


ATTACKS: dict[str, tuple[Callable[[Path], Json], str]] = {
    "lambda": (in_a_lambda, "unsafe_keras_file"),
    "subprocess": (lambda c: called("subprocess", "Popen", f"touch {c}"), "unsafe_keras_file"),
    "os.system": (lambda c: called("os", "system", f"touch {c}"), "unsafe_keras_file"),
    "a function of os": (lambda _: as_activation("os", "system"), "unsafe_keras_file"),
    "get_file": (
        lambda c: called("keras.utils", "get_file", str(c), f"file://{__file__}"),
        "unknown_layer",
    ),
    "get_file as function": (
        lambda _: as_activation("keras.utils", "get_file"),
        "unsafe_keras_file",
    ),
    "safe mode off": (
        lambda _: called("keras.config", "enable_unsafe_deserialization"),
        "unknown_layer",
    ),
    "safe mode off as function": (
        lambda _: as_activation("keras.config", "enable_unsafe_deserialization"),
        "unsafe_keras_file",
    ),
    "Keras' own deserialize": (
        lambda _: as_activation("keras.activations", "deserialize"),
        "unsafe_keras_file",
    ),
    "torch module": (
        lambda c: layer_of("TorchModuleWrapper", {"module": _pickled(c)}),
        "unsafe_keras_file",
    ),
    "saved model": (
        lambda c: layer_of("TFSMLayer", {"filepath": str(c.parent)}),
        "unsafe_keras_file",
    ),
    "vocabulary of another file": (
        lambda _: layer_of("StringLookup", {"vocabulary": __file__}),
        "unknown_layer",
    ),
    "no module": (lambda c: layer_of("Lambda", {"function": str(c)}, None), "unsafe_keras_file"),
    "another package": (
        lambda _: layer_of("Anything", {}, "keras_hub.models"),
        "unsafe_keras_file",
    ),
    "custom layer": (
        lambda _: layer_of("Attention2", {}, None, registered_name="mine>Attention2"),
        "unknown_layer",
    ),
    "hidden by a registered name": (
        lambda _: layer_of("Dense", {"units": 2}, registered_name="mine>Dense"),
        "unknown_layer",
    ),
    "nameless": (lambda _: {**layer_of("", {}), "class_name": []}, "unknown_layer"),
    "no module's name": (lambda _: {**layer_of("Dense", {}), "module": {}}, "unknown_layer"),
    "no function's name": (lambda _: as_activation("builtins", []), "unsafe_keras_file"),
}


def _pickled(canary: Path) -> str:
    class Evil:
        def __reduce__(self) -> Any:
            return open, (str(canary), "w")

    return pickle.dumps(Evil()).decode("latin1")


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("where", ["layer", "nested", "initializer", "compiled backbone"])
def test_what_would_run_is_refused_and_does_not(
    good: Path, tmp_path: Path, canary: Path, name: str, where: str
) -> None:
    make, code = ATTACKS[name]

    def alter(config: Json) -> None:
        layers, evil = config["config"]["layers"], make(canary)
        if where == "layer":
            layers.insert(1, evil)
        elif where == "nested":
            inner = {"name": "inner", "layers": [evil]}
            layers.append(layer_of("Sequential", inner, "keras"))
        elif where == "initializer":
            layers[-1]["config"]["bias_initializer"] = evil
        else:
            layers[-1]["compile_config"] = {"loss": {"fn": [evil]}}

    assert refusal(altered(good, tmp_path, alter)) == code
    assert not canary.exists()


def test_the_attack_with_a_lambda_would_work(good: Path, tmp_path: Path, canary: Path) -> None:
    """The canary is no dummy: opened without looking through, it appears."""
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Identity()])
    model.save(tmp_path / "plain.keras")
    path = altered(
        tmp_path / "plain.keras",
        tmp_path,
        lambda config: config["config"]["layers"].__setitem__(-1, in_a_lambda(canary)),
    )
    assert refusal(path) == "unsafe_keras_file"
    assert not canary.exists()
    network = keras.saving.load_model(path, safe_mode=False)
    network(np.zeros((1, 4)))
    assert canary.exists()
