"""What is no network to adopt, or no way to say how, is refused and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from foreignnets import SIZE, STUDENT, command, nested
from traindata import make_data

from cxr.errors import BundleError
from train.__main__ import main
from train.export import foreign


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


def layers_of(*layers: Any) -> Callable[[], Any]:
    import keras

    return lambda: keras.Sequential([each for each in layers if each is not None])


def refused_networks() -> dict[str, tuple[Callable[[], Any], str]]:
    import keras

    film, flat = keras.Input((SIZE, SIZE, 3)), keras.layers.Flatten()
    dense, pool = keras.layers.Dense, keras.layers.GlobalAveragePooling2D()
    first = keras.Input((3, SIZE, SIZE))

    def two_films() -> Any:
        films = [keras.Input((SIZE, SIZE, 3)) for _ in range(2)]
        return keras.Model(films, dense(2)(flat(keras.layers.Add()(films))))

    def two_outputs() -> Any:
        film = keras.Input((SIZE, SIZE, 3))
        return keras.Model(film, [dense(2)(flat(film)), dense(2)(flat(film))])

    return {
        "three outputs": (layers_of(film, flat, dense(3)), "wrong_outputs"),
        "maps": (layers_of(film, keras.layers.Conv2D(2, 1)), "wrong_outputs"),
        "channels first": (layers_of(first, flat, dense(2)), "wrong_input"),
        "numbers": (layers_of(keras.Input((12,)), dense(2)), "wrong_input"),
        "of any size": (
            layers_of(keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3), pool, dense(2)),
            "wrong_input",
        ),
        "two films": (two_films, "wrong_input"),
        "two answers": (two_outputs, "wrong_outputs"),
        "tanh": (layers_of(film, flat, dense(2, "tanh")), "unknown_head"),
    }


@pytest.mark.parametrize("name", refused_networks())
def test_networks_that_cannot_be_adopted_are_refused(name: str) -> None:
    make, code = refused_networks()[name]
    with pytest.raises(BundleError) as caught:
        foreign.core_of(make(), 2)
    assert caught.value.code == code


def test_a_network_of_any_size_takes_the_one_that_is_named() -> None:
    model = refused_networks()["of any size"][0]()
    assert foreign.core_of(model, 2, size=40).shape == (40, 40, 3)
    with pytest.raises(BundleError, match="Leave --size out"):
        foreign.core_of(nested([]), 2, size=SIZE + 1)


def test_refusals_end_the_command_and_leave_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "models" / "student"
    h5 = tmp_path / "student.h5"
    h5.write_bytes(b"\x89HDF\r\n\x1a\n")
    for arguments, code in (
        (command(h5, data, out), "not_keras_file"),
        (command(STUDENT, data, out, "--scaling", "sepia"), "unknown_scaling"),
        (command(STUDENT, data / "images", out), "no_manifest"),
        (command(STUDENT, data, out, "--labels", "N=NORMAL,X=PNEUMONIA"), "bad_data"),
        (command(STUDENT, data, out, "--labels", "N,P,T"), "wrong_outputs"),
    ):
        assert main(arguments) == 2
        assert f"[{code}]" in capsys.readouterr().err
        assert not out.exists()


@pytest.mark.parametrize("labels", ["N", "N,N", "N=A,P=A", "N=,P=B", ""])
def test_labels_that_name_no_two_classes_are_refused(labels: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(command(tmp_path / "a.keras", tmp_path, tmp_path, "--labels", labels))


def test_only_adopt_takes_a_file(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["calibrate", "model.keras", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        main(["adopt", "--labels", "N,P", "--data", "a", "--out", "b"])
