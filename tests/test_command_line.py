import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from films import film, png
from passports import drawn
from PIL import Image

import cxr
from cxr.__main__ import main
from cxr.explain.overlay import blend
from cxr.model.bundle import manifest_values, write_manifest
from cxr.screening import words
from cxr.shipped import models

CHEST = png(drawn().pixels)
"""A drawing with lungs: a process of its own lets nothing else in."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "film.png"
    path.write_bytes(png(film()))  # scored T .02, far below what is called unlikely
    return path


@pytest.fixture
def bundle(phantom_model: cxr.Classifier) -> str:
    return str(phantom_model.bundle.folder)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines(
    path: Path, bundle: str, phantom_model: cxr.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["predict", str(path), str(path), "--json", "--model", bundle, "--known-hospital"]
    assert main(asked) == 0
    printed = capsys.readouterr()
    expected = phantom_model.predict([cxr.read(path)])[0]
    for line in lines(printed.out):
        assert list(line) == [*("file", "label", "called", "probabilities", "raw", "sets", "model")]
        assert line["called"] == expected.label
        assert line["file"] == str(path)
        assert line["label"] == expected.label
        assert line["probabilities"] == expected.probabilities
        assert line["raw"] == expected.raw
        assert line["model"] == {"name": "phantom", "sha256": phantom_model.bundle.digest}
    assert len(lines(printed.out)) == 2
    assert printed.err.count(cxr.NOTICE) == 1


def test_nothing_is_called_where_there_is_nothing_to_hold_it_against(
    path: Path, bundle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(path), "--json", "--model", bundle]) == 0
    (line,) = lines(capsys.readouterr().out)
    assert (line["called"], line["why"]) == (None, words.UNPLACED_WHY)
    assert line["label"]
    assert main(["predict", str(path), "--model", bundle]) == 0
    told = capsys.readouterr().out.splitlines()[1]
    assert told.split()[1] == "–"
    assert told.endswith(words.UNPLACED)


def test_sets_are_told_of_known_hospitals_alone(
    path: Path, phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(phantom_model.bundle.folder, tmp_path / "promising")
    promise = {"conformal": {"0.9": {"N": 0.0, "T": 0.0}}}
    write_manifest(folder, manifest_values(folder) | promise)
    asked = ["predict", str(path), "--json", "--model", str(folder)]
    for more, sets in (([], {}), (["--known-hospital"], {"0.9": ["N", "T"]})):
        assert main([*asked, *more]) == 0
        assert lines(capsys.readouterr().out)[0]["sets"] == sets


def test_refused_films_are_lines_too(
    path: Path, bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no film")
    (tmp_path / "empty").mkdir()
    names = ("notes.txt", "film.png", "gone.png", "empty")
    asked = [str(tmp_path / name) for name in names]
    assert main(["predict", *asked, "--json", "--model", bundle]) == 1
    found = lines(capsys.readouterr().out)
    assert [line["file"] for line in found] == asked
    assert [line.get("error", {}).get("code") for line in found] == [
        "not_an_image",
        None,
        "not_found",
        "not_found",
    ]
    assert "folder" in found[3]["error"]["message"]
    assert list(found[0]) == ["file", "error"]
    assert list(found[0]["error"]) == ["code", "message"]
    assert "label" in found[1]


def test_a_folder_stands_for_its_films(
    path: Path, bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["b/c/one", "b/two.png", "film.png"]
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in (*names[:2], ".hidden.png", "b/.DS_Store"):
        (tmp_path / name).write_bytes(path.read_bytes())
    assert main(["predict", str(tmp_path), str(path), "--json", "--model", bundle]) == 0
    found = lines(capsys.readouterr().out)
    assert [line["file"] for line in found] == [
        str(tmp_path / name) for name in (*names, "film.png")
    ]
    assert all("label" in line for line in found)


def test_table(path: Path, bundle: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["predict", str(path), "gone.png", "--model", bundle, "--known-hospital"]
    assert main(asked) == 1
    head, scored, refused = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "label", "N", "T"]
    assert scored.split()[0] == str(path)
    assert float(scored.split()[2]) + float(scored.split()[3]) == pytest.approx(1, abs=2e-3)
    assert head.index("T") == len(scored) - 1  # columns stand under their heads
    assert "refused:" in refused
    assert "[not_found]" in refused


def test_no_bundle(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(path), "--model", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "[no_bundle]" in printed.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["predict"],
        ["explain", "film.png", "--class", "T", "--out", "map.png"],
        ["explain", "film.png", "--class", "T", "--method", "lime", "--out", "map.png"],
        [
            "explain",
            "film.png",
            "--class",
            "T",
            "--method",
            "gradcam",
            "--out",
            "m",
            "--opacity",
            "2",
        ],
        [
            "explain",
            "film.png",
            "--class",
            "T",
            "--method",
            "gradcam",
            "--out",
            "m",
            "--scale",
            "0",
        ],
    ],
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m cxr" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["gradcam", "occlusion"])
def test_explain_writes_the_map(
    path: Path,
    bundle: str,
    phantom_model: cxr.Classifier,
    method: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "map.png"
    given = ["--patch", "16", "--stride", "8", "--fill", "mean"] if method == "occlusion" else []
    asked = ["explain", str(path), "--class", "T", "--method", method, "--out", str(out)]
    given += ["--anyway", "--opacity", "0.8", "--scale", "0.3", "--model", bundle]
    assert main([*asked, *given]) == 0
    drawn = cxr.read(path)
    if method == "occlusion":
        values = cxr.explain.occlusion(phantom_model, drawn, "T", 16, 8, "mean")
    else:
        values = cxr.explain.grad_cam(phantom_model, drawn, "T")
    page = np.asarray(Image.open(out))
    height, width = drawn.eight_bit.shape
    start = (page.shape[1] - width) // 2
    np.testing.assert_array_equal(
        page[:height, start : start + width], blend(drawn.eight_bit, values, method, 0.8, 0.3)
    )
    printed = capsys.readouterr()
    assert f"{values.min():+.3f} to {values.max():+.3f}" in printed.out
    fill = "mean" if method == "occlusion" else "blur"
    tested = cxr.explain.faithfulness(phantom_model, drawn, "T", values, fill=fill)
    assert cxr.explain_eval.words.faithful(tested, "T") in printed.out
    assert cxr.NOTICE in printed.err


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"--class": "X"}, "unknown_class", 2),
        ({}, "unlikely_class", 2),
        ({"--patch": "65"}, "bad_patch", 2),
        ({"--fill": "white"}, "unknown_fill", 2),
        ({"--method": "gradcam", "--patch": "8"}, "bad_request", 2),
        ({"--out": os.path.join("gone", "map.png")}, "not_written", 2),  # noqa: PTH118
        ({"file": "gone.png"}, "not_found", 1),
    ],
)
def test_explain_refusals(
    path: Path,
    bundle: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    code: str,
    status: int,
) -> None:
    asked = {
        "file": str(path),
        "--class": "T",
        "--method": "occlusion",
        "--out": "map.png",
        "--model": bundle,
        **change,
    }
    asked["--out"] = str(tmp_path / asked["--out"])
    file = asked.pop("file")
    given = [part for pair in asked.items() for part in pair]
    given += ["--anyway"] * (code != "unlikely_class")
    assert main(["explain", file, *given]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"[{code}]" in printed.err
    assert not Path(asked["--out"]).exists()


def test_the_default_model_stands_beside_the_package() -> None:
    assert models() == Path(cxr.__file__).parents[1] / "models"


def run(code: str, cwd: Path, **environment: str) -> str:
    here = str(Path(cxr.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": here, **environment},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def test_predicting_starts_light(bundle: str, tmp_path: Path) -> None:
    (tmp_path / "chest.png").write_bytes(CHEST)
    code = (
        "import sys; from cxr.__main__ import main\n"
        f"assert main(['predict', 'chest.png', '--json', '--model', {bundle!r}]) == 0\n"
        "heavy = 'tensorflow keras pandas scipy sklearn plotly streamlit pydicom cxr.explain'\n"
        "print(sorted(set(heavy.split()) & set(sys.modules)))"
    )
    assert run(code, tmp_path).splitlines()[1:] == ["[]"]


def test_import_costs_nothing_and_offers_everything(tmp_path: Path) -> None:
    code = (
        "import sys, cxr; print('numpy' in sys.modules, 'cv2' in sys.modules)\n"
        "print([name for name in cxr.__all__ if not getattr(cxr, name) or name not in dir(cxr)])\n"
        "print(callable(cxr.explain.occlusion), callable(cxr.explain.grad_cam), hasattr(cxr, 'x'))"
    )
    assert run(code, tmp_path).splitlines() == ["False False", "[]", "True True False"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_names_that_are_no_text(bundle: str, tmp_path: Path) -> None:
    name = b"r\xf6ntgen.png"
    (tmp_path / os.fsdecode(name)).write_bytes(CHEST)
    (tmp_path / "Lunge-Ω.png").write_bytes(CHEST)
    code = (
        "import os; from cxr.__main__ import main\n"
        f"names = [os.fsdecode({name!r}), 'Lunge-Ω.png', '--model', {bundle!r}]\n"
        "assert main(['predict', *names]) == 0 and main(['predict', *names, '--json']) == 0"
    )
    printed = run(code, tmp_path, PYTHONIOENCODING="ascii").splitlines()
    assert [json.loads(line)["file"] for line in printed[3:]] == [os.fsdecode(name), "Lunge-Ω.png"]


def test_a_reader_that_leaves_early_causes_no_traceback(
    path: Path, bundle: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "cxr", "predict", *[str(path)] * 4, "--model", bundle]
    here = str(Path(cxr.__file__).parents[1])
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": here},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert b"Traceback" not in process.communicate()[1]
    assert process.returncode == 1


def test_a_real_film_of_each_class_goes_from_file_to_map(
    cxr_data: Path, models: Path, tmp_path: Path
) -> None:
    """With the shipped model, on whatever real films there are."""
    import pandas as pd

    if not (models / "default" / "bundle.json").is_file():
        pytest.skip("models/default is not there")
    films = pd.read_csv(cxr_data / "manifest.csv")
    for image in films[films.split == "test"].groupby("label").image.first():
        source = str(cxr_data / image)
        for method in ("gradcam", "occlusion"):
            out = tmp_path / f"{method}.png"
            asked = ["--class", "T", "--method", method, "--out", str(out), "--anyway"]
            asked.append("--untested")
            assert main(["explain", source, *asked]) == 0
            written, original = cv2.imread(str(out)), cxr.read(source).eight_bit
            assert written.shape[0] > original.shape[0]
            assert written.shape[1] == max(360, original.shape[1])
