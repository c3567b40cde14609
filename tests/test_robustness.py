from pathlib import Path

import numpy as np
import pandas as pd
from networks import phantom
from traindata import make_data

import cxr
from cxr.imaging.corruptions import CORRUPTIONS, STRENGTHS
from train.data import manifest
from train.evaluation import robustness


def test_sound_films_are_scored_as_they_are_and_faults_cost(phantom_model: cxr.Classifier) -> None:
    rng = np.random.default_rng(5)
    truth = np.arange(24) % 2
    films = [phantom(rng, bool(t))[0] for t in truth]
    table = robustness.measure(phantom_model, films, truth).set_index(["kind", "strength"])
    assert len(table) == 1 + len(CORRUPTIONS) * len(STRENGTHS)
    sound = table.loc[("none", 0)]
    assert (sound.same, sound.moved) == (1, 0)
    assert sound.macro_f1 > 0.9
    assert table.loc[("inverted", 5)].macro_f1 < sound.macro_f1, "it never saw a negative"
    assert table.loc[("jpeg", 1)].same > 0.9


def test_the_sample_is_of_test_films_and_the_same_each_time(tmp_path: Path) -> None:
    frame = manifest.load(make_data(tmp_path / "films"))
    one = robustness.sample(frame, ("N", "T"), 7)
    assert len(one) == 7
    assert set(one.split) == {"test"}
    assert set(one.label) <= {"N", "T"}
    pd.testing.assert_frame_equal(one, robustness.sample(frame[::-1], ("N", "T"), 7))
    assert len(robustness.sample(frame, ("N", "P", "T"), 10**6)) == (frame.split == "test").sum()
