from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from traindata import RECIPE, make_data

from cxr.errors import DataError
from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from train.__main__ import main
from train.data import cache, manifest, splits
from train.evaluation import reference
from train.experiments import ledger, site_holdout
from train.recipes import recipe


def _frame(rng: np.random.Generator) -> pd.DataFrame:
    """600 films of three sites and one of `external`; some patients have many, some are unknown."""
    n = 600
    source = rng.choice(["a", "b", "c", "far"], n, p=[0.5, 0.3, 0.1, 0.1])
    patient = np.where(rng.random(n) < 0.3, "", rng.integers(0, 120, n).astype(str))
    return pd.DataFrame(
        {
            "image": [f"images/{i}.png" for i in range(n)],
            "label": rng.choice(["N", "P", "T"], n),
            "split": np.where(source == "far", "external", rng.choice(["train", "val", "test"], n)),
            "source": source,
            "patient_id": patient,
            "recommended": "1",
        }
    )


def test_no_patient_is_in_two_splits_of_a_fold_and_each_film_is_tested_once() -> None:
    frame = _frame(np.random.default_rng(0))
    tested = pd.Series(0, index=frame.index)
    for cut in splits.folds(frame, 4):
        known = cut[(cut.patient_id != "") & (cut.split != "external")]
        assert (known.groupby(["source", "patient_id"]).split.nunique() == 1).all()
        assert (cut.split[frame.split == "external"] == "external").all()
        assert (frame.split[cut.split == "external"] == "external").all()
        tested += cut.split == "test"
    assert (tested[frame.split != "external"] == 1).all()
    assert (tested[frame.split == "external"] == 0).all()


def test_folds_are_the_same_for_the_same_seed_only() -> None:
    frame = _frame(np.random.default_rng(1))
    one, same, other = (next(splits.folds(frame, 3, seed)).split.tolist() for seed in (0, 0, 1))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("few", "k"), [("patient_id", 4), ("image", 11)])
def test_more_folds_than_the_films_allow_are_refused(few: str, k: int) -> None:
    """Three patients with many films; ten films of patients that are not known."""
    frame = _frame(np.random.default_rng(5)).assign(split="train", source="a")
    if few == "patient_id":
        frame["patient_id"] = [str(i % 3) for i in range(len(frame))]
    else:
        frame = frame[:10].assign(patient_id="", label="N")
    assert len(list(splits.folds(frame, 3))) == 3
    with pytest.raises(DataError, match=f"{k - 1} folds at most") as caught:
        next(splits.folds(frame, k))
    assert caught.value.code == "bad_data"


def test_a_fold_that_would_be_judged_without_a_label_is_refused_before_any_is_trained() -> None:
    """All films of one label are two patients': some folds have them in train and val."""
    frame = _frame(np.random.default_rng(3))
    rare = frame.index[frame.split != "external"][:8]
    frame.loc[rare, ["label", "source"]] = ["R", "a"]
    frame.loc[rare, "patient_id"] = ["p", "q"] * 4
    with pytest.raises(DataError, match=r"In fold [2-4] of 4 (train|val) has no film labelled R"):
        next(splits.folds(frame, 4))


def test_nothing_is_learnt_from_or_judged_by_a_site_that_is_left_out() -> None:
    frame = _frame(np.random.default_rng(2))
    cut = splits.without_sites(frame, ["b"])
    here = frame.source == "b"
    assert set(frame.split[here]) == {"train", "val", "test"}
    assert set(cut.split[here & (frame.split != "test")]) == {splits.LEFT_OUT}
    assert set(cut.split[here & (frame.split == "test")]) == {"test"}, "nothing is chosen by those"
    pd.testing.assert_frame_equal(cut[cut.source != "b"], frame[frame.source != "b"])


@pytest.mark.parametrize("site", ["far", "nowhere"])
def test_a_site_that_cannot_be_left_out_is_named(site: str) -> None:
    with pytest.raises(DataError, match=site) as caught:
        splits.without_sites(_frame(np.random.default_rng(3)), [site])
    assert caught.value.code == "unknown_site"


def test_a_label_that_only_the_left_out_site_has_is_an_error() -> None:
    frame = _frame(np.random.default_rng(4))
    frame.loc[frame.source != "a", "label"] = "N"
    with pytest.raises(DataError, match="no film labelled P, T"):
        splits.without_sites(frame, ["a"])


def test_films_that_are_not_learnt_from_do_not_stand_in_for_a_left_out_site() -> None:
    frame = _frame(np.random.default_rng(6))
    frame.loc[(frame.source != "a") & (frame.label == "T"), "recommended"] = "0"
    with pytest.raises(DataError, match="train has no film labelled T"):
        splits.without_sites(frame, ["a"])


def test_another_seed_is_a_run_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    plan = recipe.load(str(tmp_path / "tiny.toml"))
    assert site_holdout.at_seed(plan, "tiny", None) == (plan, "tiny")
    other, name = site_holdout.at_seed(plan, "tiny", plan.training.seed + 1)
    assert name == f"tiny-seed{plan.training.seed + 1}"
    assert other != plan
    assert site_holdout.at_seed(other, name, plan.training.seed)[0] == plan


def test_a_left_out_site_is_scored_and_goes_into_the_ledger_and_into_a_bundle(
    tmp_path: Path,
) -> None:
    data = make_data(tmp_path / "films")
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    plan, frame = recipe.load(str(path)), manifest.load(data)
    films = cache.films(frame, data, plan.labels, plan.learns_from, tmp_path / "cache")
    export = ["export", "--recipe", str(path), "--data", str(data), "--runs", str(tmp_path)]
    export += ["--leave-out", "b", "--out", str(tmp_path / "without")]
    assert main(export) == 2, "nothing was trained yet"
    found = site_holdout.leave_out(plan, "tiny", films, frame, ["b"], tmp_path)
    assert main(export) == 0
    told = table(open_bundle(tmp_path / "without"))
    assert set(told.split[told.source == "b"]) == {"external"}
    assert set(told.split[told.source == "a"]) == {"val", "test"}
    assert reference.learnt_from(open_bundle(tmp_path / "without")) == {"a"}
    assert (told.source == "b").sum() == (frame.source == "b").sum(), "those of test too"
    known = manifest.of_bundle(frame, open_bundle(tmp_path / "without"), ("train",))
    assert set(known.split[known.source == "b"]) == {"external"}, "for every later command"
    inside = frame.split.isin(("train", "val"))
    assert found["b"]["n"] == int(((frame.source == "b") & inside).sum())
    assert found["b"]["pairs"]["T against N"]["value"] > 0.9, "the labels can be seen"
    head, rule, line = ledger.table(tmp_path)
    assert head.count("|") == rule.count("|")
    assert "| tiny |" in line
    assert "T against N" in line
    assert site_holdout.cross_validate(plan, "tiny", films, frame, 3, tmp_path)["n"] == int(
        (frame.split != "external").sum()
    )
