"""Which film of a new data folder is learnt from: by patient, and films that are the same one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxr.imaging.reader import read
from train.data import manifest
from train.prepare import duplicates, perceptual_hash
from train.prepare.prepare import FACTS


def test_the_share_of_patients_is_what_was_asked_for() -> None:
    shares = {"train": 0.5, "val": 0.2, "test": 0.3}
    found = pd.Series([duplicates.split_of(f"who {i}", shares) for i in range(5000)])
    for split, share in shares.items():
        assert (found == split).mean() == pytest.approx(share, abs=0.03)
    assert duplicates.split_of("who 7", shares) == duplicates.split_of("who 7", dict(shares))


def test_the_hash_is_the_manifests(cxr_data: Path) -> None:
    frame = manifest.load(cxr_data).iloc[::250]
    found = np.array(
        [perceptual_hash.phash(read(cxr_data / image).eight_bit) for image in frame.image]
    )
    codes = np.array([perceptual_hash.parse(digits) for digits in frame.phash])
    bits = np.bitwise_count(found ^ codes)
    assert (bits == 0).mean() > 0.8
    assert bits.max() <= duplicates.NAMED


def test_chance_leaves_no_split_without_a_label() -> None:
    """Of few films it often would, and then nothing can be trained or measured."""
    names = [f"p{i}" for i in range(12)]
    whose = pd.Series(names + names[:1])
    label = pd.Series(["N"] * 6 + ["P"] * 6 + ["N"])
    split = pd.Series(["train"] * 13)
    found = duplicates._with_every_label(split, label, whose, ("train", "val", "test"))
    assert set(zip(found, label, strict=True)) == {
        (name, each) for name in ("train", "val", "test") for each in "NP"
    }
    assert found.groupby(whose).nunique().max() == 1, "a patient stays whole"
    one = duplicates._with_every_label(split[:1], label[:1], whose[:1], ("train", "val"))
    assert list(one) == ["train"], "a label with one patient cannot be spread"


def test_a_manifest_has_every_label_in_every_split_and_robs_none() -> None:
    """Shares that chance would give all to train; one patient holds the only N of another split."""
    names = [f"p{i}" for i in range(9)]
    rows = pd.DataFrame(
        {"source": "here", "patient_id": [*names, "p0"], "label": ["N"] * 4 + ["P"] * 6}
    )
    rows.loc[len(rows)] = ["away", "q", "P"]
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2**63, len(rows), dtype=np.uint64)
    seen = rows.assign(
        phash=[f"{code:016x}" for code in codes],
        sha256=[f"{i:064x}" for i in range(len(rows))],
        member=[f"{i}.png" for i in range(len(rows))],
        width=1,
        height=1,
    )
    for column in FACTS:
        if column not in seen:
            seen[column] = ""
    found, _ = duplicates.anew(seen, {"train": 0.98, "val": 0.01, "test": 0.01}, ["away"])
    ours = found[found.source == "here"]
    assert set(zip(ours.split, ours.label, strict=True)) == {
        (name, each) for name in ("train", "val", "test") for each in "NP"
    }
    assert ours.groupby("patient_id").split.nunique().max() == 1
    assert set(found.split[found.source == "away"]) == {"external"}
