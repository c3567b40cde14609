"""Figures, subgroups and comparisons of whole tables, against scikit-learn."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    precision_recall_fscore_support,
    roc_auc_score,
)
from tables import LABELS, raw, table

from cxr.errors import Cancelled, DataError
from cxr.metrics import comparison, evidence, subgroups
from cxr.metrics.predictions import clusters, select


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    return table(raw(600), tmp_path)


def check(rows: pd.DataFrame) -> None:
    """Every figure that both define is scikit-learn's."""
    ours = evidence.figures(rows, LABELS, 0)
    truth, called = rows.label.astype(str), rows.called.astype(str)
    precision, recall, f1, n = precision_recall_fscore_support(
        truth, called, labels=list(LABELS), zero_division=np.nan
    )
    for k, label in enumerate(LABELS):
        is_label, score = (truth == label).to_numpy(), rows[f"p_{label}"]
        expected = {"precision": precision[k], "recall": recall[k], "f1": f1[k]}
        others = (called[~is_label] != label).mean() if (~is_label).any() else np.nan
        expected["specificity"] = others
        both = 0 < is_label.sum() < len(rows)
        expected["auroc"] = roc_auc_score(is_label, score) if both else np.nan
        has = is_label.any()
        expected["average_precision"] = average_precision_score(is_label, score) if has else np.nan
        for figure, value in expected.items():
            assert ours[figure, label].value == pytest.approx(value, nan_ok=True), (figure, label)
        assert ours["recall", label].films == n[k]
    for figure in evidence.OF_CLASS:
        values = [ours[figure, label].value for label in LABELS]
        mean = np.nanmean(values) if not np.isnan(values).all() else np.nan
        assert ours[figure, "macro"].value == pytest.approx(mean, nan_ok=True)
    assert ours["accuracy", ""].value == pytest.approx(accuracy_score(truth, called))
    there = truth.isin(truth.unique())
    assert ours["balanced_accuracy", ""].value == pytest.approx(
        np.mean([(called[truth == x] == x).mean() for x in truth[there].unique()])
    )
    if set(called) <= set(truth):
        assert ours["balanced_accuracy", ""].value == pytest.approx(
            balanced_accuracy_score(truth, called)
        )
    if truth.nunique() > 1:
        assert ours["kappa", ""].value == pytest.approx(cohen_kappa_score(truth, called))


def test_figures_equal_scikit_learns(rows: pd.DataFrame) -> None:
    check(rows)


def test_figures_of_a_table_without_a_class(rows: pd.DataFrame) -> None:
    check(rows[rows.label != "P"])
    check(rows[rows.called != "T"])
    check(rows[rows.label == "N"])
    check(rows[rows.label == "N"].head(1))


def test_undefined_figures_are_never_nought(rows: pd.DataFrame) -> None:
    found = evidence.figures(select(rows, label="N"), LABELS, 50)
    assert isnan(found["recall", "T"].value)
    assert isnan(found["auroc", "N"].value)
    assert isnan(found["specificity", "N"].value)
    assert isnan(found["recall", "T"].low)


def test_intervals_surround_their_figures(rows: pd.DataFrame) -> None:
    for name, found in evidence.figures(rows, LABELS, 200).items():
        assert found.low < found.value < found.high, name
        assert found.patients <= found.films


def test_intervals_are_wider_by_patient_than_by_film(tmp_path: Path) -> None:
    """Ten copies of each film tell no more than one."""
    one = raw(60).assign(patient=[str(i) for i in range(60)], source="a")
    ten = pd.concat([one.assign(image=one.image + str(k)) for k in range(10)])
    few, many = (
        evidence.figures(table(frame, tmp_path / name), LABELS, 400)["accuracy", ""]
        for frame, name in ((one, "one"), (ten, "ten"))
    )
    assert many.films == 600
    assert many.patients == 60
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.15)


def test_one_patient_has_no_interval(tmp_path: Path) -> None:
    rows = table(raw(40).assign(patient="7", source="a"), tmp_path)
    found = evidence.figures(rows, LABELS, 50)
    assert all(isnan(each.low) for each in found.values())
    assert not isnan(found["accuracy", ""].value)


def test_a_class_of_one_patient_has_no_interval_of_its_recall(tmp_path: Path) -> None:
    frame = raw(90).assign(source="a", patient=[str(i) for i in range(90)])
    frame.loc[frame.label == "T", "patient"] = "t"
    found = evidence.figures(table(frame, tmp_path), LABELS, 50)
    assert isnan(found["recall", "T"].low)
    assert isnan(found["auroc", "T"].low)
    assert not isnan(found["specificity", "T"].low)
    assert not isnan(found["recall", "N"].low)


def test_large_tables_are_given_without_intervals() -> None:
    small, large = pd.DataFrame(index=range(10)), pd.DataFrame(index=range(evidence.MOST_FILMS + 1))
    assert evidence.affordable(small) == evidence.RESAMPLES
    assert evidence.affordable(small, large) == 0


def test_the_drop_is_home_minus_away(rows: pd.DataFrame) -> None:
    home, away = select(rows, split="test"), select(rows, split="external")
    found = evidence.drop(home, away, LABELS, 300)
    here, there = (evidence.figures(part, LABELS, 0) for part in (home, away))
    for name, lost in found.items():
        assert lost.value == pytest.approx(here[name].value - there[name].value)
    assert found["accuracy", ""].low > 0
    again = evidence.drop(home, home, LABELS, 300)["accuracy", ""]
    assert again.value == 0
    assert again.low < 0 < again.high


def test_the_area_of_a_pair(rows: pd.DataFrame) -> None:
    pair = rows[rows.label != "P"]
    expected = roc_auc_score(pair.label.astype(str) == "T", pair.logit_T - pair.logit_N)
    found = evidence.pair_area(rows, "T", "N", 100)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    assert found.films == len(pair)


def test_subgroups_share_out_the_films(rows: pd.DataFrame) -> None:
    test = select(rows, split="test")
    found = subgroups.all_subgroups(test, LABELS, resamples=0)
    for by in ("source", "view", "age_group", "sex", "recommended"):
        assert sum(each.films for each in found if each.by == by) == len(test)
    assert {each.name for each in found if each.by == "view"} == {"unknown", "AP", "PA"}
    flags = {each.name: each.films for each in found if each.by == "flag"}
    assert flags == {
        "flat_box": (test["flags"] == "flat_box;white_box").sum(),
        "white_box": (test["flags"] == "flat_box;white_box").sum(),
        "low_contrast": (test["flags"] == "low_contrast").sum(),
        "none": (test["flags"] == "").sum(),
    }


def test_a_subgroup_s_figures_are_those_of_its_films(rows: pd.DataFrame) -> None:
    found = subgroups.all_subgroups(rows, LABELS, ("view",), 60)
    for each in found:
        films = select(rows, view=each.name)
        alone = evidence.figures(films, LABELS, 60)
        assert each.patients == clusters(films).max() + 1
        assert repr(each.figures) == repr(alone)


def test_the_worst_subgroup_is_on_top_and_small_ones_below() -> None:
    def made(name: str, value: float, films: int) -> subgroups.Subgroup:
        figure = evidence.Figure(value, np.nan, np.nan, films, films)
        return subgroups.Subgroup("source", name, films, films, {("f1", "T"): figure})

    some = [
        made("good", 0.9, 50),
        made("small", 0.1, subgroups.SMALL - 1),
        made("none", np.nan, 90),
        made("bad", 0.2, subgroups.SMALL),
    ]
    order = [each.name for each in subgroups.worst_first(some, ("f1", "T"))]
    assert order == ["bad", "good", "small", "none"]


def test_subgroups_become_rows(rows: pd.DataFrame) -> None:
    found = subgroups.all_subgroups(rows, LABELS, ("sex",), 0)
    frame = subgroups.frame(found)
    assert len(frame) == len(found) * (len(evidence.OF_CLASS) * 4 + len(evidence.OVERALL))
    line = frame[(frame.subgroup == "F") & (frame.figure == "recall") & (frame.label == "T")]
    first = next(each for each in found if each.name == "F")
    assert line.value.item() == first.figures["recall", "T"].value


@pytest.fixture
def two(tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A good and a worse model on the same films, in another order and with one more."""
    frame = raw(400)
    more = raw(1).assign(image="images/more.jpg")
    worse = pd.concat([frame.assign(logit_T=frame.logit_T - 0.7), more])
    return table(frame, tmp_path / "a"), table(worse.iloc[::-1], tmp_path / "b")


def test_models_are_compared_on_the_films_that_both_hold(
    two: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    one, other = comparison.paired(LABELS, two[0], LABELS, two[1])
    assert len(one) == len(other) == 400
    assert one.image.tolist() == other.image.tolist()
    found = comparison.differences(one, other, LABELS, 200)
    for name, mine in evidence.figures(one, LABELS, 0).items():
        theirs = evidence.figures(other, LABELS, 0)[name].value
        assert found[name].value == pytest.approx(mine.value - theirs)


def test_pairing_narrows_the_difference(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A model against itself differs by nothing in every resample, however its table is sorted."""
    one, other = comparison.paired(LABELS, two[0], LABELS, two[0].iloc[::-1])
    for found in comparison.differences(one, other, LABELS, 100).values():
        assert found.value == found.low == found.high == 0


def test_patients_are_numbered_alike_in_both(tmp_path: Path) -> None:
    frame = raw(300)
    one = table(frame, tmp_path / "a")
    reverse = table(frame.iloc[::-1], tmp_path / "b")
    for found in comparison.differences(
        *comparison.paired(LABELS, one, LABELS, reverse), LABELS, 100
    ).values():
        assert found.low == found.high == 0


def test_mcnemar_is_the_exact_binomial_test(rng: np.random.Generator) -> None:
    first, second = rng.random(300) < 0.8, rng.random(300) < 0.7
    found = comparison.mcnemar(first, second)
    b, c = (first & ~second).sum(), (second & ~first).sum()
    assert (found.only_first, found.only_second) == (b, c)
    assert found.p == pytest.approx(binomtest(int(min(b, c)), int(b + c), 0.5).pvalue)
    assert comparison.mcnemar(first, first).p == 1


def test_disagreements_say_who_is_right(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    one, other = comparison.paired(LABELS, two[0], LABELS, two[1])
    found = comparison.disagreements(one, other)
    assert len(found) == (one.called.astype(str) != other.called.astype(str)).sum() > 0
    assert set(found.who) <= {"first", "second", "neither"}
    for line in found.itertuples():
        right = {"first": line.first, "second": line.second}.get(line.who, line.label)
        assert right == line.label
    assert found.distance.is_monotonic_decreasing


def test_what_cannot_be_compared_is_refused(
    two: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    one, _ = two
    other = table(raw(400).assign(label="N"), tmp_path / "c")
    with pytest.raises(DataError, match="other_labels"):
        comparison.paired(LABELS, one, LABELS, other)
    with pytest.raises(DataError, match="other_labels"):
        comparison.paired(LABELS, one, ("N", "T"), one)
    away = table(raw(20).assign(image=[f"other/{i}" for i in range(20)]), tmp_path / "d")
    with pytest.raises(DataError, match="other_films"):
        comparison.paired(LABELS, one, LABELS, away)


def test_without_areas_the_other_figures_are_the_same(tmp_path: Path) -> None:
    rows = select(table(raw(240), tmp_path), split="test")
    whole = evidence.figures(rows, LABELS, 200)
    found = evidence.figures(rows, LABELS, 200, areas=False)
    assert found == {name: whole[name] for name in found}
    assert {figure for figure, _ in whole} - {figure for figure, _ in found} == {
        "auroc",
        "average_precision",
    }


def test_subgroups_stop_when_they_are_told_to(tmp_path: Path) -> None:
    rows = select(table(raw(120), tmp_path), split="test")
    heard: list[float] = []
    subgroups.all_subgroups(rows, LABELS, resamples=0, progress=lambda x: not heard.append(x))
    assert heard == sorted(heard)
    assert heard[-1] == 1
    stopped: list[float] = []

    def no(done: float) -> bool:
        stopped.append(done)
        return False

    with pytest.raises(Cancelled):
        subgroups.all_subgroups(rows, LABELS, resamples=0, progress=no)
    assert stopped == heard[:1]


def test_a_lead_is_taken_on_the_same_films_in_the_same_resamples(
    rng: np.random.Generator,
) -> None:
    truth = rng.integers(0, 3, 600)
    patients = np.arange(600)
    others = np.where(rng.random(600) < 0.3, (truth + 1) % 3, truth)
    calls = np.where(np.arange(600) < 20, truth, others)
    ahead = evidence.macro_f1_ahead(truth, calls, others, 3, patients)
    one, two = (evidence.macro_f1(truth, each, 3, patients) for each in (calls, others))
    assert ahead.value == pytest.approx(one.value - two.value)
    assert 0 <= ahead.low <= ahead.value <= ahead.high
    assert ahead.high - ahead.low < (one.high - one.low) / 2, "what both get wrong takes no part"
    same = evidence.macro_f1_ahead(truth, calls, calls, 3, patients)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_no_patients_are_counted_where_none_is_known(rows: pd.DataFrame) -> None:
    anonymous = rows.assign(patient=rows.patient.where(rows.sex != "F", "").astype("category"))
    found = {each.name: each for each in subgroups.all_subgroups(anonymous, LABELS, ("sex",), 0)}
    assert found["F"].patients is None
    assert found["M"].patients
    table = subgroups.frame(list(found.values())).set_index("subgroup")
    assert table.loc["F", ["subgroup_patients", "patients"]].isna().all(axis=None)
    assert table.loc["M", ["subgroup_patients", "patients"]].notna().all(axis=None)
