import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from films import film, jpeg
from traindata import RECIPE, make_data

from cxr.errors import DataError
from cxr.imaging.preprocessing import Preprocessing, preprocess
from cxr.imaging.reader import read
from cxr.model.bundle import open_bundle
from train.__main__ import main
from train.data import cache, manifest
from train.data.augmentation import augment
from train.data.batches import FilmBatches, draw_weights, targets_of
from train.recipes import recipe
from train.recipes.recipe import Augmentation

HOW = Preprocessing(size=16)
LABELS = ("N", "P", "T")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


def test_every_problem_is_listed_in_one_error(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    (data / frame.image[0]).unlink()
    frame.loc[2, "label"] = "X"
    frame.loc[3, "split"] = "later"
    frame.loc[4, "image"] = "../secret.jpg"
    frame.loc[[5, 6], "patient_id"] = "p"
    frame.loc[[5, 6], "source"] = "a"
    frame.loc[[5, 6], "split"] = ["train", "test"]
    with pytest.raises(DataError) as caught:
        cache.films(frame, data, LABELS, HOW, tmp_path / "cache")
    assert caught.value.code == "bad_data"
    text = caught.value.message
    assert "5 problem" in text
    for wanted in (
        f"{frame.image[0]}: no such file",
        "unknown label 'X'",
        "unknown split 'later'",
        "../secret.jpg: outside the data folder",
        "patient p of a is in test and train",
    ):
        assert wanted in text
    assert not (tmp_path / "cache").exists(), "nothing is read before the list is right"


def test_every_film_that_cannot_be_read_is_listed(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    for image in frame.image[:2]:
        (data / image).write_bytes(b"\xff\xd8\xff not a film")
    with pytest.raises(DataError, match=r"2 problem\(s\)") as caught:
        cache.films(frame, data, LABELS, HOW, tmp_path / "cache")
    assert all(f"{image}: " in caught.value.message for image in frame.image[:2])
    assert not list((tmp_path / "cache").iterdir()), "nothing half-made is left"


def test_a_folder_that_holds_none_of_the_films_is_named_once(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    [found] = manifest.problems(frame, tmp_path, LABELS)
    assert found.startswith(f"none of the {len(frame)} films is there")
    for image in frame.image[:50]:
        (data / image).unlink()
    [found] = manifest.problems(frame, data, LABELS)
    assert f"no such file (50 of {len(frame)} films)" in found


def test_a_split_without_a_label_is_a_problem(data: Path) -> None:
    frame = manifest.load(data)
    frame = frame[(frame.split != "val") | (frame.label != "T")]
    assert "val has no film labelled T" in manifest.problems(frame, data, LABELS)


@pytest.mark.parametrize("said", ["", "yes", "True", "1.0"])
def test_recommended_is_0_or_1(data: Path, said: str) -> None:
    """Anything else would leave the film out of training without a word."""
    frame = manifest.load(data)
    [found] = manifest.problems(frame.assign(recommended=said), data, LABELS)
    assert f"recommended is neither 0 nor 1 in {len(frame)} of {len(frame)} films" in found
    assert f"{frame.image[0]} {said!r}" in found
    assert frame.image[9] not in found


def test_an_age_that_is_none_is_a_problem(data: Path) -> None:
    frame = manifest.load(data).assign(age="058Y")
    frame.loc[3, "age"] = "old"
    [found] = manifest.problems(frame, data, LABELS)
    assert f"age is no age in 1 of {len(frame)} films ({frame.image[3]} 'old')" in found


def test_predictions_say_ages_in_years(data: Path) -> None:
    frame = manifest.load(data).iloc[:5].assign(age=["058Y", "6M", "90+", "unknown", ""])
    assert manifest.described(frame).age.tolist() == ["58", "0.5", "90", "", ""]
    assert set(manifest.described(frame.drop(columns="age")).age) == {""}


def test_a_label_that_nothing_would_be_learnt_of_is_a_problem(data: Path) -> None:
    frame = manifest.load(data)
    frame.loc[(frame.split == "train") & (frame.label == "T"), "recommended"] = "0"
    [found] = manifest.problems(frame, data, LABELS)
    assert found.startswith("train has no film labelled T")


def test_a_name_that_no_file_can_have_is_a_problem(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    frame.loc[0, "image"] = "x" * 300
    with pytest.raises(DataError, match="x: no such file"):
        cache.films(frame, data, LABELS, HOW, tmp_path / "cache")


def _ask(command: str, data: Path, tmp_path: Path) -> int:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    where = ["--data", str(data), "--out", str(tmp_path / "tiny"), "--runs", str(tmp_path / "runs")]
    return main([command, "--recipe", str(tmp_path / "tiny.toml"), *where])


def test_nothing_is_trained_that_could_not_be_measured(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = manifest.load(data)
    frame.loc[0, "recommended"] = "perhaps"
    frame[frame.split != "test"].to_csv(data / "manifest.csv", index=False)
    assert _ask("fit", data, tmp_path) == 2
    said = capsys.readouterr().err
    assert "2 problem(s)" in said
    assert "test has no film" in said
    assert not (tmp_path / "runs").exists()


def test_what_was_not_trained_is_not_exported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ask("export", data, tmp_path) == 2
    assert "[no_run]" in capsys.readouterr().err


def test_a_bundle_is_asked_about_the_films_of_its_recipe(models: Path) -> None:
    kinds = ["N", "N", "P", "P"]
    frame = pd.DataFrame({"label": kinds, "source": ["a", "b", "a", "a"], "split": "test"})
    frame["original_label"] = ["N", "N", "P", "COVID-19, ARDS"]
    plan = {"sources": ["a"], "relabel": {"COVID-19, ARDS": "COVID"}}
    bundle = replace(
        open_bundle(models / "default"),
        labels=("COVID", "N", "P"),
        provenance={"recipe": plan},
    )
    asked = manifest.of_bundle(frame, bundle, ("test",))
    assert list(asked.label) == ["N", "P", "COVID"]
    assert set(asked.source) == {"a"}
    with pytest.raises(DataError, match="val has no film labelled COVID or N or P of a"):
        manifest.of_bundle(frame, bundle, ("val",))


def test_a_folder_without_a_manifest_or_with_half_of_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest\.csv"):
        manifest.load(tmp_path)
    (tmp_path / "manifest.csv").write_text("image,label\n")
    with pytest.raises(DataError, match="lacks the columns split"):
        manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("image,label\nÉ.png,N\n".encode("latin-1"), "not UTF-8"),
        (b"", "is empty"),
        (b"image,label\na.png,N\nb.png,N,more\n", "do not fit its header"),
        (b"image,label\na.png,N,\nb.png,N,\n", "do not fit its header"),
        (b'image,label\n"a.png,N\nb.png,N\n', "never closed"),
    ],
)
def test_a_manifest_that_is_no_table_is_refused(
    tmp_path: Path, content: bytes, wanted: str
) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(DataError, match=wanted) as caught:
        manifest.load(tmp_path)
    assert caught.value.code == "bad_manifest"


def test_the_cache_is_what_the_app_would_see_and_is_built_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = manifest.load(data)
    films = cache.films(frame, data, LABELS, HOW, tmp_path)
    for i in (0, 7, len(frame) - 1):
        expected = preprocess(read(data / frame.image[i]).eight_bit, HOW)
        np.testing.assert_array_equal(films[i], expected)
    monkeypatch.setattr(cache, "read", lambda path: pytest.fail("decoded again"))
    np.testing.assert_array_equal(cache.films(frame, data, LABELS, HOW, tmp_path), films)


def test_another_preprocessing_is_another_cache(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    cache.films(frame, data, LABELS, HOW, tmp_path)
    cache.films(frame, data, LABELS, Preprocessing(size=16, clahe_clip=2), tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_a_film_that_was_replaced_is_read_again(data: Path, tmp_path: Path) -> None:
    frame = manifest.load(data)
    before = cache.films(frame, data, LABELS, HOW, tmp_path)
    replaced = data / frame.image[3]
    old = replaced.stat()
    replaced.write_bytes(jpeg(np.full((60, 50), 7, np.uint8)))
    after = cache.films(frame, data, LABELS, HOW, tmp_path)
    assert after[3].max() < 12 < before[3].max()
    os.utime(replaced, ns=(old.st_atime_ns, old.st_mtime_ns + 1))
    assert not np.shares_memory(cache.films(frame, data, LABELS, HOW, tmp_path), after)
    assert len(list(tmp_path.glob("*.npy"))) == 1, "what it replaces takes no room"


def test_a_cache_that_the_disk_cannot_hold_is_not_begun(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=16 * 16))
    with pytest.raises(DataError) as caught:
        cache.films(manifest.load(data), data, LABELS, HOW, tmp_path / "cache")
    assert caught.value.code == "no_space"
    assert not list((tmp_path / "cache").iterdir())


def test_labels_are_drawn_equally_and_small_sources_more_often() -> None:
    cells = [("a", "N", 400), ("b", "N", 25), ("a", "T", 100)]
    frame = pd.concat(
        [
            pd.DataFrame({"image": "x", "source": s, "label": label}, index=range(n))
            for s, label, n in cells
        ],
        ignore_index=True,
    )
    weight = pd.Series(draw_weights(frame, 0.5))
    share = weight.groupby([frame.source, frame.label]).sum()
    assert share["a", "T"] == pytest.approx(0.5)
    assert share["a", "N"] / share["b", "N"] == pytest.approx(4), "as the root of 16 times more"
    as_they_come = pd.Series(draw_weights(frame, 1.0)).groupby([frame.source, frame.label]).sum()
    assert as_they_come["a", "N"] / as_they_come["b", "N"] == pytest.approx(16)


def test_labels_within_are_told_apart_by_films_of_sources_that_hold_all_of_them() -> None:
    source = np.array(["both", "both", "lungs", "lungs", "lone"])
    label = np.array([0, 2, 0, 1, 2])
    usual = np.eye(3)[label]
    np.testing.assert_array_equal(targets_of(label, source, 3, np.array([], int)), usual)
    asked = usual.copy()
    asked[2, 2] = asked[4, 0] = -1
    np.testing.assert_array_equal(targets_of(label, source, 3, np.array([0, 2])), asked)


def test_an_epoch_is_the_same_whenever_it_is_drawn(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    plan = recipe.load(str(path))
    frame = manifest.load(data)
    films = cache.films(frame, data, LABELS, HOW, tmp_path)
    went_on = FilmBatches(films, frame, plan)
    first, _ = went_on[0]
    went_on.on_epoch_end()
    resumed = FilmBatches(films, frame, plan, epoch=1)
    np.testing.assert_array_equal(went_on[0][0], resumed[0][0])
    assert not np.array_equal(first, resumed[0][0])


MIXED = {"surround", "lung_window", "tone_mix", "fourier"}
"""Of train.data.mixing, which has tests of its own."""


def test_rows_are_drawn_from_the_map_itself(data: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    plan = recipe.load(str(tmp_path / "tiny.toml"))
    frame = manifest.load(data)
    films = cache.films(frame, data, LABELS, HOW, tmp_path)
    rows = np.flatnonzero(frame.split == "train")
    chosen = FilmBatches(films, frame, plan, rows=rows)
    copied = FilmBatches(films[rows], frame.iloc[rows].reset_index(drop=True), plan)
    for one, two in zip(chosen[1], copied[1], strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.shares_memory(chosen._films, films)


@pytest.mark.parametrize("name", sorted(set(Augmentation.__dataclass_fields__) - MIXED))
def test_each_disturbance_alone(name: str, rng: np.random.Generator) -> None:
    strength = {"rotate": 10.0, "zoom": 0.3, "aspect": 0.3, "gamma": 0.5, "contrast": 0.3}
    how = Augmentation(**{name: strength.get(name, 1.0)})
    before = film(64, 64)
    changed = [augment(before, how, rng) for _ in range(8)]
    assert all(c.shape == before.shape and c.dtype == np.uint8 for c in changed)
    assert any(not np.array_equal(c, before) for c in changed)
    np.testing.assert_array_equal(before, film(64, 64))


def test_no_disturbance_changes_nothing(rng: np.random.Generator) -> None:
    np.testing.assert_array_equal(augment(film(64, 64), Augmentation(), rng), film(64, 64))


def test_recipes_that_ship_can_be_read_and_others_are_refused(tmp_path: Path) -> None:
    for path in recipe.RECIPES.glob("*.toml"):
        labels = recipe.load(path.stem).labels
        assert len(labels) >= 2 or (path.stem == "own" and not labels)
    for text, wanted in (
        (RECIPE.replace("batch", "bach"), "unknown keys bach"),
        (RECIPE.replace("epochs = 4\n", ""), "epochs"),
        ("labels = [", "not valid TOML"),
        (RECIPE.replace('"N", "P", "T"', '"N"'), "at least two"),
        (RECIPE + "[operating]\nX = 0.9\n", "no label of it: X"),
        (RECIPE + "[operating]\nT = 90\n", "at most 1"),
    ):
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(DataError, match=wanted):
            recipe.load(str(tmp_path / "bad.toml"))
    with pytest.raises(DataError, match="no recipe 'nothing'"):
        recipe.load("nothing")


def test_a_patient_is_a_number_that_tells_only_who_is_the_same(data: Path) -> None:
    frame = manifest.load(data).assign(view="PA")
    rows = manifest.described(frame)
    assert (rows.patient[frame.patient_id == ""] == "").all()
    known = frame.patient_id != ""
    one_to_one = pd.DataFrame({"who": frame.source + frame.patient_id, "number": rows.patient})[
        known
    ].drop_duplicates()
    assert len(one_to_one) == one_to_one.who.nunique() == one_to_one.number.nunique()
    assert rows.patient[known].str.fullmatch(r"\d+").all()
    assert (rows["view"] == "PA").all()
    assert (rows.age == "").all()
