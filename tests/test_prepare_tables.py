"""Tables as people publish them: names that are not quite the files', several readers, other
pictures among the films."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from films import png

from cxr.errors import DataError
from train.__main__ import main
from train.data import manifest
from train.prepare import prepare
from train.prepare.film_search import find
from train.prepare.prepare import PreparePlan
from train.prepare.prepared import Prepared, summary
from train.prepare.sources import Naming, Source
from train.prepare.views import left_out

LABELS = {"No finding": "N", "Pneumonia": "P"}


def drawn(seed: int) -> np.ndarray:
    """A smooth film unlike any of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9)).astype(np.uint8)
    return cv2.resize(coarse, (70, 80), interpolation=cv2.INTER_CUBIC)


def home(folder: Path, names: list[str], rows: list[dict[str, str]]) -> Path:
    """A table beside films of these names."""
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(drawn(seed)))
    pd.DataFrame(rows).to_csv(folder / "list.csv", index=False)
    return folder / "list.csv"


def prepared(table: Path, out: Path, display: str = "", **naming: object) -> Prepared:
    how = Naming(**{"labels": LABELS, **naming})  # type: ignore[arg-type]
    return prepare.prepare(PreparePlan((Source("s", table),), how, display=display), out)


def refusal(table: Path, out: Path, **naming: object) -> DataError:
    with pytest.raises(DataError) as caught:
        prepared(table, out, **naming)
    assert not out.exists(), "nothing is begun that another option could not go on with"
    return caught.value


FILES = ["sub/p1/s1/view1.png", "sub/p2/s1/view1.png", "sub/p2/s2/view 2.PNG"]


@pytest.mark.parametrize(
    "say",
    [
        lambda file: file,
        lambda file: f"Data-v1.0-small/x/{file}",
        lambda file: file.removeprefix("sub/"),
        lambda file: "C:\\Users\\me\\" + file.replace("/", "\\"),
        lambda file: file.replace("/", "\\"),
        lambda file: f"./{file}",
        lambda file: f"gs://bucket/{file}",
        lambda file: file.rpartition(".")[0],
        lambda file: file.rpartition(".")[0] + ".dcm",
        lambda file: file.upper(),
        lambda file: file.replace(" ", "%20"),
        lambda file: f"  {file} ",
        lambda file: f"other/{file.removeprefix('sub/').rpartition('.')[0]}".replace("/", "\\"),
    ],
)
def test_a_name_finds_the_file_that_it_means(say: object) -> None:
    names = [say(file) for file in FILES]  # type: ignore[operator]
    assert find(names, FILES) == dict(zip(names, FILES, strict=True))
    assert find(names, FILES[1:]) == dict(zip(names[1:], FILES[1:], strict=True))


def test_a_name_never_finds_another_patients_file() -> None:
    """However many of a table's films are not here."""
    names = [f"Set/p{i}/s{i % 7}/view.png" for i in range(50)]
    here = [f"p{i}/s{i % 7}/view.png" for i in range(5)]
    assert find(names, here) == {f"Set/{each}": each for each in here}


@pytest.mark.parametrize(
    ("names", "files", "told"),
    [
        (["x"], ["a/x.png", "b/x.png"], "says 'x', and the folder holds 'a/x.png' and 'b/x.png'"),
        (["x.tif"], ["x.png", "x.dcm"], "holds 'x.png' and 'x.dcm'"),
        (
            ["a/x.png", "b/x.png"],
            ["x.png"],
            "'a/x.png' and 'b/x.png', and the folder holds 'x.png'",
        ),
    ],
)
def test_a_name_that_tells_no_films_apart_is_refused(
    names: list[str], files: list[str], told: str
) -> None:
    with pytest.raises(DataError) as caught:
        find(names, files)
    assert caught.value.code == "several_films"
    assert told in caught.value.message


def test_of_several_files_the_one_that_is_spelt_alike_is_meant() -> None:
    assert find(["x.png"], ["x.dcm", "x.png"]) == {"x.png": "x.png"}
    assert find(["a/x.png"], ["a/x.png", "b/a/x.png"]) == {"a/x.png": "a/x.png"}
    assert find(["s/x.PNG"], ["s/deep/s/x.PNG", "s/x.png", "s/x.dcm"]) == {
        "s/x.PNG": "s/deep/s/x.PNG"
    }


def test_a_folder_of_other_films_is_refused_with_an_example(tmp_path: Path) -> None:
    table = home(tmp_path / "in", ["a/one.png"], [{"image": "film-7", "label": "Pneumonia"}])
    found = refusal(table, tmp_path / "out")
    assert found.code == "films_not_found"
    assert "'film-7'" in found.message
    assert "1 that may be films, such as 'a/one.png'" in found.message
    (tmp_path / "in" / "a" / "one.png").unlink()
    assert "hold none" in refusal(table, tmp_path / "out").message


def test_films_that_are_not_here_are_counted_and_patients_are_read_off_the_table(
    tmp_path: Path,
) -> None:
    rows = [
        {"image": f"Set\\patient{i}\\view.jpg", "label": "Pneumonia", "age": "058Y"}
        for i in range(3)
    ]
    table = home(tmp_path / "in", ["patient0/view.png", "patient2/view.png"], rows)
    found = prepared(table, tmp_path / "out", patient="(patient[0-9]+)/")
    assert list(found.seen.refused) == ["", "not_found", ""]
    assert list(found.frame.patient_id) == ["patient0", "patient2"]
    assert list(found.frame.age) == ["58", "58"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_divide_columns_too(separator: str, tmp_path: Path) -> None:
    table = home(tmp_path / "in", ["a.png"], [{"image": "a", "label": YES, "age": "58,5"}])
    pd.read_csv(table, dtype=str).to_csv(table, sep=separator, index=False)
    assert list(prepared(table, tmp_path / "out").frame.age) == ["58.5"]


def test_a_film_named_by_a_number_with_dots_and_no_ending_is_found(tmp_path: Path) -> None:
    rows = [{"image": uid, "label": YES} for uid in ("1.2.840.7", "1.2.840.8")]
    table = home(tmp_path / "in", ["deep/1.2.840.7", "deep/1.2.840.8.png"], rows)
    assert list(prepared(table, tmp_path / "out").seen.refused) == ["", ""]


def several(folder: Path, opinions: dict[str, list[str]], readers: bool = True) -> Path:
    rows = [
        {"image": film, "label": said, "rad_id": f"R{number}"}
        for film, all_said in opinions.items()
        for number, said in enumerate(all_said)
    ]
    if not readers:
        rows = [{"image": row["image"], "label": row["label"]} for row in rows]
    return home(folder, [f"{film}.png" for film in opinions], rows)


NO, YES = "No finding", "Pneumonia"
OPINIONS = {
    "agreed": [YES, YES, YES],
    "mostly": [NO, YES, YES],
    "hardly": [NO, NO, YES],
    "tied": [NO, YES],
    "other": [NO, "Cardiomegaly"],
}


def test_readers_who_contradict_each_other_are_refused_with_examples(tmp_path: Path) -> None:
    found = refusal(several(tmp_path / "in", OPINIONS), tmp_path / "out")
    assert found.code == "several_labels"
    assert "on 4 of 5 films" in found.message
    assert f"mostly.png: {NO}, {YES}, {YES}; " in found.message
    assert "--several" in found.message


@pytest.mark.parametrize("readers", [True, False])
@pytest.mark.parametrize(
    ("rule", "labels", "left_out"),
    [
        ("majority", {"agreed": "P", "mostly": "P", "hardly": "N"}, 2),
        ("any:P", {"agreed": "P", "mostly": "P", "hardly": "P", "tied": "P"}, 1),
        ("any:N,P", {"agreed": "P", "mostly": "N", "hardly": "N", "tied": "N", "other": "N"}, 0),
        ("drop", {"agreed": "P"}, 4),
    ],
)
def test_a_rule_that_is_named_settles_them(
    rule: str, labels: dict[str, str], left_out: int, readers: bool, tmp_path: Path
) -> None:
    table = several(tmp_path / "in", OPINIONS, readers)
    found = prepared(table, tmp_path / "out", several=rule)
    seen = found.seen[found.seen.refused == ""]
    assert dict(zip(seen.member.str.removesuffix(".png"), seen.label, strict=True)) == labels
    assert (found.seen.refused == "several_labels").sum() == left_out
    said = [line for line in summary(found) if "several_labels" in line]
    assert said == [f"refused as several_labels: {left_out}"] * bool(left_out)


def test_one_readers_many_rows_are_one_voice(tmp_path: Path) -> None:
    """A row for each box, or for each finding, of which only some were asked for."""
    rows = [{"image": "x", "label": YES, "rad_id": "R1"}] * 3
    rows += [{"image": "x", "label": NO, "rad_id": f"R{i}"} for i in (2, 3)]
    rows += [{"image": "y", "label": x, "rad_id": "R1"} for x in (YES, "Cardiomegaly")]
    table = home(tmp_path / "in", ["x.png", "y.png"], rows)
    found = prepared(table, tmp_path / "out", several="majority")
    assert list(found.seen.label) == ["N", "P"]


def test_rows_that_agree_become_one_film(tmp_path: Path) -> None:
    rows = [
        {"image": "x.png", "label": YES, "sex": "F", "age": "58", "view": ""},
        {"image": ".\\X", "label": YES, "sex": "M", "age": "", "view": "PA"},
    ]
    frame = prepared(home(tmp_path / "in", ["x.png"], rows), tmp_path / "out").frame
    assert frame[["label", "sex", "age", "view"]].to_numpy().tolist() == [["P", "", "58", "PA"]]


@pytest.mark.parametrize("rule", ["any:T", "any:Pneumonia"])
def test_a_rule_about_a_label_that_nobody_gives_is_refused(rule: str, tmp_path: Path) -> None:
    found = refusal(several(tmp_path / "in", OPINIONS), tmp_path / "out", several=rule)
    assert found.code == "bad_plan"


@pytest.mark.parametrize("column", ["view", "ViewPosition", "View Position", "Projection", "seen"])
def test_a_view_that_is_not_frontal_is_known_by_its_word(column: str) -> None:
    for code, values in (
        ("not_frontal", ("L", "LL", "LAT", "lateral", "Left lateral", "LLD", "Axial", "oblique")),
        ("not_radiography", ("CT", "MR")),
        ("", ("", "PA", "AP Supine", "frontal", "AP axial", "unheard of", "bilateral")),
    ):
        frame = pd.DataFrame({"image": "lateral.png", column: values})
        assert left_out(frame, "seen", ("image",)) == [code] * len(values)


@pytest.mark.parametrize("column", ["modality", "Modality", "image_type", "Exam"])
def test_a_picture_that_is_no_radiograph_is_known_by_its_word(column: str) -> None:
    for code, values in (
        ("not_radiography", ("CT", "Chest CT", "MRI", "ultrasound")),
        ("not_frontal", ("Chest lateral",)),
        ("", ("X-ray", "DX", "CXR", "", "chest", "X-ray (not CT)", "L")),
    ):
        frame = pd.DataFrame({"image": "ct.png", column: values, "ward": "CT"})
        assert left_out(frame, "view", ("image",)) == [code] * len(values)


def test_rows_that_say_another_picture_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        {"image": f"{i}.png", "label": YES, "ViewPosition": view, "modality": kind}
        for i, (view, kind) in enumerate([("PA", "DX"), ("LL", "DX"), ("AP", "CT"), ("L", "")])
    ]
    table = home(tmp_path / "in", [f"{i}.png" for i in range(4)], rows)
    found = prepared(table, tmp_path / "out")
    assert list(found.seen.refused) == ["", "not_frontal", "not_radiography", "not_frontal"]
    assert {"refused as not_frontal: 2", "refused as not_radiography: 1"} <= set(summary(found))


def test_what_a_class_is_called_is_no_view(tmp_path: Path) -> None:
    rows = [{"image": f"{i}.png", "view": ("AP", "LAT")[i]} for i in range(2)]
    table = home(tmp_path / "in", ["0.png", "1.png"], rows)
    found = prepared(table, tmp_path / "out", columns={"label": "view"}, labels={})
    assert list(found.frame.label) == ["AP", "LAT"]


def test_an_age_that_is_none_is_refused_with_its_row(tmp_path: Path) -> None:
    ages = ["6M", "90+", "414Y", "unknown"]
    rows = [{"image": f"{i}", "label": YES, "age": age} for i, age in enumerate(ages)]
    table = home(tmp_path / "in", [f"{i}.png" for i in range(4)], rows)
    found = refusal(table, tmp_path / "out")
    assert found.code == "bad_table"
    assert "in 1 of 4 films (line 4 '414Y')" in found.message
    rows[2]["label"] = "Cardiomegaly"
    home(tmp_path / "in", [], rows)
    frame = prepared(table, tmp_path / "out").frame
    assert list(frame.age) == ["0.5", "90", ""], "nobody asked for the third"


def test_whether_films_may_be_shown_is_told_and_may_be_told_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"image": f"{i}", "label": YES, "display": said} for i, said in enumerate(["", "no"])]
    table = home(tmp_path / "in", ["0.png", "1.png"], rows)
    command = ["prepare", f"s={table}", "--out", str(tmp_path / "out"), "--labels"]
    command.append("No finding=N,Pneumonia=P")

    def shown(*more: str) -> list[str]:
        assert main([*command, *more]) == 0
        return list(manifest.load(tmp_path / "out").display)

    assert shown() == ["", "0"]
    assert "say the same command again with --display yes" in capsys.readouterr().out
    assert shown("--display", "yes") == ["1", "0"], "what the table says stays"
    assert "may show: 1 of 2" in capsys.readouterr().out
    assert shown() == ["1", "0"], "what was told before stays"
    plan = tmp_path / "out" / "prepare.json"
    older = plan.read_text().replace(',\n  "several": ""', "")
    assert "several" not in older
    plan.write_text(older)
    assert shown("--display", "no") == ["0", "0"], "also where an older version began"


def test_somebody_who_sits_there_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = home(tmp_path / "in", ["0.png"], [{"image": "0", "label": "P"}])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for answer, said in (("", ""), ("No", "0"), ("yes", "1")):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert main(["prepare", f"s={table}", "--out", str(tmp_path / f"out{said}")]) == 0
        assert list(manifest.load(tmp_path / f"out{said}").display) == [said]


@pytest.mark.parametrize("rule", ["any:", "any", "any:N,", "most"])
def test_rules_that_are_none_are_refused(rule: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["prepare", "x.csv", "--out", str(tmp_path), "--several", rule])
