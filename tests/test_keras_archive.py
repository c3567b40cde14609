"""Archives that would run code are refused before any of it runs."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kerasfiles import Json, altered, good_file, layer_of, members, refusal, written

from cxr.errors import BundleError
from cxr.model.keras_archive import CONFIG, METADATA, WEIGHTS, inspect, open_keras


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_file(tmp_path_factory.mktemp("good"))


def test_a_good_file_is_opened(good: Path) -> None:
    assert open_keras(good).output_shape == (None, 2)


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
