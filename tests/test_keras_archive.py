"""Archives that would run code are refused before any of it runs."""

from __future__ import annotations

import io
import json
import marshal
import pickle
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr.errors import BundleError
from cxr.model.keras_archive import CONFIG, METADATA, WEIGHTS, inspect, open_keras

Json = dict[str, Any]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that nothing is wrong with."""
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(inputs)
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(x)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    model.compile("adam", "categorical_crossentropy")
    path = tmp_path_factory.mktemp("good") / "good.keras"
    model.save(path)
    return path


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What an attack would leave behind."""
    return tmp_path / "canary"


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


def test_a_good_file_is_opened(good: Path) -> None:
    assert open_keras(good).output_shape == (None, 2)


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


def test_what_is_said_of_training_is_passed_over(good: Path, tmp_path: Path) -> None:
    def alter(config: Json) -> None:
        config["compile_config"] = {"loss": layer_of("FocalLoss", {}, "my.losses")}

    open_keras(altered(good, tmp_path, alter))


def _bomb() -> bytes:
    return b'{"class_name": "Functional", "pad": "' + b" " * 3_000_000 + b'"}'


def _weights(make: Callable[[Any], None]) -> bytes:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as store:
        make(store)
    return out.getvalue()


def _linked(store: Any) -> None:
    import h5py

    store["layers"] = h5py.ExternalLink("other.h5", "/layers")


def _outside(store: Any) -> None:
    store.create_dataset("bias", (4,), "f4", external=[(__file__, 0, 16)])


def _unfolding(store: Any) -> None:
    store.create_dataset("kernel", (20_000, 20_000), "f4", chunks=True, compression="gzip")


BROKEN: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "no weights": lambda p: {k: v for k, v in p.items() if k != WEIGHTS},
    "assets besides": lambda p: {**p, "assets/vocabulary.txt": b"a"},
    "a way out": lambda p: {**p, "../out.txt": b"a"},
    "a pickle besides": lambda p: {**p, "data.pkl": pickle.dumps(1)},
    "no JSON": lambda p: {**p, CONFIG: b"{"},
    "a list": lambda p: {**p, CONFIG: b"[]"},
    "no text": lambda p: {**p, CONFIG: b"\xff\xfe\x00"},
    "deep": lambda p: {**p, CONFIG: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"},
    "deeper than any network": lambda p: {**p, CONFIG: b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"},
    "unfolding": lambda p: {**p, CONFIG: _bomb()},
    "weights that are none": lambda p: {**p, WEIGHTS: b"\x80\x04K\x01."},
    "weights elsewhere": lambda p: {**p, WEIGHTS: _weights(_linked)},
    "weights of another file": lambda p: {**p, WEIGHTS: _weights(_outside)},
    "weights unfolding": lambda p: {**p, WEIGHTS: _weights(_unfolding)},
    "another network's weights": lambda p: {**p, WEIGHTS: _weights(lambda s: None)},
    "no model": lambda p: {**p, CONFIG: b'{"class_name": "Dense", "module": "keras.layers"}'},
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_archives_are_refused(good: Path, tmp_path: Path, name: str) -> None:
    assert refusal(written(tmp_path / "bad.keras", BROKEN[name](members(good)))) == "bad_keras_file"


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_stands_twice_is_refused(good: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "bad.keras", members(good))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(CONFIG, members(good)[CONFIG])
    assert refusal(path) == "bad_keras_file"


def test_a_file_cut_short_is_refused(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.keras"
    path.write_bytes(good.read_bytes()[:-100])
    assert refusal(path) == "bad_keras_file"


def test_a_file_of_keras_2_is_refused(good: Path, tmp_path: Path) -> None:
    old = {METADATA: b'{"keras_version": "2.15.0"}'}
    assert refusal(written(tmp_path / "old.keras", members(good) | old)) == "keras_2"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(50)),
        ("model.keras", b"\x89HDF\r\n\x1a\n" + bytes(50)),
        ("model.pkl", pickle.dumps({"a": 1})),
        ("model.keras", pickle.dumps({"a": 1})),
        ("model.pt", b"PK\x03\x04" + bytes(50)),
        ("empty.keras", b""),
    ],
)
def test_other_formats_are_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BundleError, match=r'model\.save\("model\.keras"\)') as caught:
        inspect(tmp_path / name)
    assert caught.value.code == "not_keras_file"


def test_a_saved_model_and_nothing_at_all_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "not_keras_file"
    assert refusal(tmp_path / "none.keras") == "not_keras_file"


def test_the_shipped_networks_pass(models: Path) -> None:
    for path in models.glob("*/model.keras"):
        inspect(path)


@pytest.mark.parametrize("name", ["coatnet0:rehearsal", "polimi:rehearsal", "tiny_mlp"])
def test_what_recipes_make_passes(tmp_path: Path, name: str) -> None:
    from train.fit import training
    from train.recipes import recipe

    training.build(recipe.load(name)).save(tmp_path / "made.keras")
    inspect(tmp_path / "made.keras")


def wider(config: Json) -> None:
    config["config"]["layers"][-1]["config"]["units"] = 10**9


def taller(config: Json) -> None:
    """The same by the shape that a layer was built for."""
    evil = {"units": 1, "name": "evil"}
    build = {"input_shape": [None, 10**10]}
    inner = {"name": "inner", "layers": [layer_of("Dense", evil, build_config=build)]}
    config["config"]["layers"].append(
        layer_of("Sequential", {**inner, "build_input_shape": [None, 10**10]}, "keras")
    )


@pytest.mark.parametrize("alter", [wider, taller])
def test_a_network_larger_than_its_file_is_refused_before_it_is_made(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alter: Callable[[Json], None]
) -> None:
    import keras

    def made(*_: Any, **__: Any) -> None:
        raise AssertionError("weights were made")

    path = altered(good, tmp_path, alter)
    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", made)
    monkeypatch.setattr(keras.initializers.Zeros, "__call__", made)
    with pytest.raises(BundleError, match=r"describes a network of [0-9,]{13,} weights") as caught:
        open_keras(path)
    assert caught.value.code == "bad_keras_file"
    with keras.StatelessScope():  # whose end makes what was left to be made
        pass


def test_looking_through_loads_no_tensorflow() -> None:
    import subprocess
    import sys

    code = (
        "import sys, cxr.model.keras_archive; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
