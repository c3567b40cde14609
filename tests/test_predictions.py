from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax, softmax
from tables import LABELS, raw, table

from cxr.errors import BundleError
from cxr.metrics import predictions
from cxr.model.bundle import open_bundle


def refused(frame: pd.DataFrame, folder: Path) -> BundleError:
    with pytest.raises(BundleError) as caught:
        table(frame, folder)
    return caught.value


def test_scores_follow_from_the_logits(tmp_path: Path) -> None:
    frame = raw()
    rows = table(frame, tmp_path, temperature=0.5)
    logits = frame[[f"logit_{label}" for label in LABELS]].to_numpy() / 0.5
    p = softmax(logits, 1)
    truth = [LABELS.index(label) for label in frame.label]
    ranked = np.sort(p, 1)
    np.testing.assert_allclose(rows[[f"p_{label}" for label in LABELS]], p)
    np.testing.assert_allclose(rows.margin, ranked[:, 2] - ranked[:, 1])
    np.testing.assert_allclose(rows.loss, -log_softmax(logits, 1)[np.arange(len(p)), truth])
    assert list(rows.called) == [LABELS[k] for k in logits.argmax(1)]
    assert list(rows.label.cat.categories) == list(LABELS)


def test_a_loss_is_finite_where_the_probability_rounds_to_nought(tmp_path: Path) -> None:
    frame = raw().assign(logit_N=2000.0, logit_P=0.0, logit_T=0.0)
    rows = table(frame, tmp_path, temperature=1.0)
    assert rows.loss[frame.label == "T"].tolist() == [2000.0] * int((frame.label == "T").sum())


def test_a_case_stands_for_a_file_name(tmp_path: Path) -> None:
    rows = table(raw(), tmp_path)
    assert rows.case[0] == sha256(b"images/00000.jpg").hexdigest()[:12]
    assert rows.case.is_unique


def test_what_is_not_said_is_unknown(tmp_path: Path) -> None:
    frame = raw()
    rows = table(frame, tmp_path)
    assert (rows["view"] == "unknown").sum() == (frame["view"] == "").sum() > 0
    assert (rows.age_group == "unknown").sum() == (frame.age_group == "unknown").sum() > 0
    assert (rows["flags"] == "").sum() == (frame["flags"] == "").sum() > 0
    assert rows.age.isna().sum() == (frame.age == "").sum()
    assert rows.display.tolist() == (frame.display == "1").tolist()


def test_a_table_of_an_older_bundle_opens(tmp_path: Path) -> None:
    logits = [f"logit_{label}" for label in LABELS]
    rows = table(raw()[["image", "split", "source", "label", *logits]], tmp_path)
    for name in predictions.FACTS:
        assert (rows[name] == "unknown").all()
    assert not rows.display.any()
    assert rows.age.isna().all()
    assert len(np.unique(predictions.clusters(rows))) == len(rows)


def test_ages_are_years_however_an_older_table_has_them(tmp_path: Path) -> None:
    said = ["058Y", "90+", "6M", "", "unknown", "414Y", "58.0", "-1"]
    rows = table(raw(8).assign(age=said), tmp_path)
    np.testing.assert_array_equal(rows.age, [58, 90, 0.5, np.nan, np.nan, np.nan, 58, np.nan])
    assert rows.index[rows.age_unread].tolist() == [5, 7], "it is used all the same, and said"


def test_text_that_looks_like_nothing_is_text(tmp_path: Path) -> None:
    frame = raw().assign(source="NA", patient="007")
    rows = table(frame, tmp_path)
    assert set(rows.source) == {"NA"}
    assert set(rows.patient) == {"007"}


@pytest.mark.parametrize("name", ["image", "split", "source", "label", "logit_P"])
def test_a_missing_column_is_named(name: str, tmp_path: Path) -> None:
    refusal = refused(raw().drop(columns=name), tmp_path)
    assert refusal.code == "bad_predictions"
    assert name in refusal.message


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", "high"])
def test_a_logit_must_be_a_number(value: str, tmp_path: Path) -> None:
    frame = raw().astype({"logit_T": str})
    frame.loc[3, "logit_T"] = value
    assert refused(frame, tmp_path).code == "bad_predictions"


def test_an_unknown_label_and_a_film_listed_twice_are_refused(tmp_path: Path) -> None:
    frame = raw()
    frame.loc[5, "label"] = "X"
    assert "'X'" in refused(frame, tmp_path).message
    frame = raw()
    frame.loc[5, "image"] = frame.image[6]
    refusal = refused(frame, tmp_path)
    assert "more than once" in refusal.message
    assert frame.image[6] not in refusal.message


def test_no_table_and_no_film_are_refused(tmp_path: Path) -> None:
    assert refused(raw().head(0), tmp_path).code == "no_predictions"
    assert refused(raw().assign(split="train"), tmp_path / "train").code == "no_predictions"
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / predictions.FILE).write_bytes(b"")
    with pytest.raises(BundleError, match="bad_predictions"):
        predictions._read(tmp_path / "empty" / predictions.FILE, LABELS)


def test_patients_are_one_cluster_only_within_a_source(tmp_path: Path) -> None:
    frame = raw(8).assign(
        source=["a", "a", "b", "b", "a", "a", "b", "b"],
        patient=["1", "1", "1", "2", "", "", "", "2"],
    )
    found = predictions.clusters(table(frame, tmp_path))
    assert found[0] == found[1]
    assert found[3] == found[7]
    assert len(np.unique(found)) == 6
    assert found.max() == 5


def test_selection_keeps_the_index(tmp_path: Path) -> None:
    frame = raw()
    rows = table(frame, tmp_path)
    wanted = (frame.split == "test") & (frame.label == "T")
    chosen = predictions.select(rows, split="test", label="T", source="")
    assert chosen.index.tolist() == frame.index[wanted].tolist()


def test_flags_are_taken_apart(tmp_path: Path) -> None:
    frame = raw(4).assign(flags=["a;b", "b c", "", "b"])
    found = predictions.flag_names(table(frame, tmp_path))
    assert {name: films.tolist() for name, films in found.items()} == {
        "a": [True, False, False, False],
        "b": [True, True, False, True],
        "c": [False, True, False, False],
    }


@pytest.mark.parametrize("name", ["default", "thumbnail"])
def test_the_shipped_tables_say_who_and_what(name: str, models: Path) -> None:
    bundle = open_bundle(models / name)
    rows = predictions.table(bundle)
    assert set(rows.split) == {"val", "test", "external"}
    assert rows.groupby("split", observed=True).size()["test"] == bundle.metrics["test"]["n"]
    assert 0 < (~rows.display).sum() < len(rows)
    assert predictions.clusters(rows).max() + 1 < len(rows)
