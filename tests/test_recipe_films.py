"""A recipe and a data folder that do not go together are refused before anything is read.

The recipe ``own`` goes with every folder of two labels or more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from traindata import make_data

from cxr.errors import DataError
from train.data import manifest
from train.data.recipe_films import completed
from train.recipes import recipe


def frame_of(*labels: str, source: str = "ours") -> pd.DataFrame:
    rows = [
        {"image": f"{split}{label}", "label": label, "split": split, "source": source}
        for split in ("train", "val", "test")
        for label in labels
    ]
    return pd.DataFrame(rows).assign(patient_id="", recommended="1")


def refusal(name: str, frame: pd.DataFrame) -> str:
    with pytest.raises(DataError) as caught:
        completed(recipe.load(name), frame)
    assert caught.value.code == "recipe_misfit"
    return caught.value.message


def test_a_recipe_for_another_source_says_which_it_takes_and_which_there_are() -> None:
    said = refusal("tiny_mlp", frame_of("N", "P"))
    assert "takes films of kermany only" in said
    assert "of ours (6)" in said
    assert "--recipe own" in said


def test_a_recipe_for_other_labels_says_which_are_missing() -> None:
    assert "no film labelled T" in refusal("default", frame_of("N", "P"))
    said = refusal("default", frame_of("NORMAL", "PNEUMONIA"))
    assert "no film labelled N, P or T" in said
    assert "labelled NORMAL (3), labelled PNEUMONIA (3)" in said
    assert "--recipe own" in said


def test_own_takes_the_folders_labels_and_sources() -> None:
    plan = completed(recipe.load("own"), frame_of("ILL", "HEALTHY", "", source="anywhere"))
    assert plan.labels == ("HEALTHY", "ILL")
    assert plan.sources == ()
    assert len(manifest.of_recipe(frame_of("ILL", "HEALTHY", ""), plan)) == 6
    assert completed(plan, frame_of("ILL", "HEALTHY")) == plan
    assert "two labels or more" in refusal("own", frame_of("N"))


def test_the_cause_is_said_before_films_are_read_or_keras_is_loaded(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    listed = (data / "manifest.csv").read_text()
    (data / "manifest.csv").write_text(listed.replace(",T,", ",U,"))
    script = """
import sys
from train.__main__ import main
rc = main(sys.argv[1:])
assert not {"tensorflow", "keras", "torch"} & set(sys.modules), "loaded before the refusal"
sys.exit(rc)
"""
    where = ["--data", str(data), "--out", str(tmp_path / "x"), "--runs", str(tmp_path / "runs")]
    ran = subprocess.run(
        [sys.executable, "-c", script, "fit", "--recipe", "thumbnail", *where],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2, ran.stderr
    assert "[recipe_misfit]" in ran.stderr
    assert "no film labelled T" in ran.stderr
    assert not (tmp_path / "runs").exists()
