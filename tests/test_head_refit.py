"""The last layer fitted anew, blind to what tells hospitals apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from traindata import RECIPE, make_data

from cxr.errors import DataError
from cxr.metrics import curves
from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from train.__main__ import main
from train.data import cache, manifest
from train.experiments import site_holdout
from train.fit import head_refit
from train.fit.head_refit import looked_at, refitted
from train.recipes import recipe

WIDE = 40


def drawn(
    rng: np.random.Generator, cells: dict[tuple[int, str], int], disease: float = 1.6
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.str_]]:
    """Averages of so many films of a label and hospital. The disease moves the first number by
    `disease`; each hospital lies elsewhere along the second and third."""
    where = {"n": (-3, 0), "both": (0, -2), "both 2": (0, 2), "t": (3, 1), "new": (2, -3)}
    values, truth, source = [], [], []
    for (label, site), n in cells.items():
        films = rng.normal(0, 1, (n, WIDE))
        films[:, 0] += disease * label
        films[:, 1:3] += where[site]
        values.append(films)
        truth += [label] * n
        source += [site] * n
    return np.concatenate(values), np.array(truth), np.array(source)


def area(
    averages: NDArray[np.float64],
    truth: NDArray[np.int64],
    kernel: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> float:
    logits = averages @ kernel + bias
    return curves.auroc(curves.count(logits[:, 1] - logits[:, 0], truth == 1))


def test_a_layer_that_told_hospitals_is_mended(rng: np.random.Generator) -> None:
    """N of one hospital and T of another teach where films are from; the disease is small."""
    known = {(0, "n"): 400, (1, "t"): 400, (0, "both"): 60, (1, "both"): 60}
    learnt = drawn(rng, known | {(0, "both 2"): 60, (1, "both 2"): 60})
    by_place = np.zeros((WIDE, 2))
    by_place[1] = -1, 1  # as a training ends that such films taught
    by_place[0] = -0.2, 0.2
    bias = np.zeros(2)
    here, _, _ = drawn(rng, {(0, "new"): 500, (1, "new"): 500})
    truth = np.repeat([0, 1], 500)
    before = area(here, truth, by_place, bias)
    kernel, offset = refitted(learnt[0], [], *learnt[1:], by_place, bias, 1.0)
    after = area(here, truth, kernel, offset)
    assert before < 0.62
    assert after > 0.70
    told = np.abs(kernel[:, 1] - kernel[:, 0])
    assert told[1:3].max() < 0.3 * told[0], "blind to where a film is from"


def test_the_share_mixes_and_the_spread_of_the_logits_stays(rng: np.random.Generator) -> None:
    averages, truth, source = drawn(rng, {(0, "n"): 200, (1, "t"): 200, (1, "both"): 90})
    kernel, bias = rng.normal(0, 2, (WIDE, 2)), rng.normal(0, 1, 2)
    same = refitted(averages, [], truth, source, kernel, bias, 0.0)
    assert same[0] == pytest.approx(kernel)
    assert same[1] == pytest.approx(bias)
    whole = refitted(averages, [], truth, source, kernel, bias, 1.0)
    half = refitted(averages, [], truth, source, kernel, bias, 0.5)
    for each, one, other in zip(half, whole, (kernel, bias), strict=True):
        assert each == pytest.approx((one + other) / 2)
    spreads = [
        float((x - x.mean(1, keepdims=True)).std())
        for x in (averages @ k + b for k, b in (whole, (kernel, bias)))
    ]
    assert spreads[0] == pytest.approx(spreads[1])


def test_the_layer_is_blind_to_what_a_corruption_moves(rng: np.random.Generator) -> None:
    """A fifth number tells the disease too; noise moves it, and N's alone."""
    averages, truth, source = drawn(rng, {(0, "both"): 400, (1, "both"): 400})
    averages[:, 5] += 2 * truth
    noisy = averages + rng.normal(0, 0.1, averages.shape)
    noisy[truth == 0, 5] += 4
    misled, blind = (
        area(noisy, truth, *refitted(averages, copies, truth, source, *trained, 1.0))
        for trained in [(rng.normal(0, 1, (WIDE, 2)), np.zeros(2))]
        for copies in ([], [noisy])
    )
    assert misled < 0.6
    assert blind > 0.8


def test_three_labels_and_hospitals_of_one_each(rng: np.random.Generator) -> None:
    averages, truth, source = drawn(rng, {(0, "n"): 90, (1, "t"): 90, (2, "both"): 90})
    kernel, bias = refitted(averages, [], truth, source, np.ones((WIDE, 3)), np.zeros(3), 1.0)
    assert kernel.shape == (WIDE, 3)
    assert (np.argmax(averages @ kernel + bias, 1) == truth).mean() > 0.9


def test_films_of_train_alone_are_looked_at_so_many_of_each_cell() -> None:
    n = head_refit.FILMS
    frame = pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(n + 40)],
            "label": ["N"] * (n + 20) + ["T"] * 20,
            "source": "a",
            "split": ["train"] * (n + 30) + ["val"] * 10,
            "recommended": ["1"] * (n + 29) + ["0"] + ["1"] * 10,
        }
    )
    rows = looked_at(frame)
    assert len(rows) == len(set(rows)) == n + 9
    assert (frame.split[rows] == "train").all()
    assert (frame.recommended[rows] == "1").all()
    assert (looked_at(frame) == rows).all()


def test_runs_are_scored_and_bundles_written_with_it(tmp_path: Path) -> None:
    data = make_data(tmp_path / "films")
    averaging = RECIPE.replace('"thumbnail"', '"cnn"\noptions = { channels = [8], hidden = 0 }')
    refit = averaging.replace("seed", 'refit = 0.5\nrefit_copies = ["noise"]\nseed')
    for name, text in (("tiny", averaging), ("anew", refit)):
        (tmp_path / f"{name}.toml").write_text(text)
    plain, anew = (recipe.load(str(tmp_path / f"{name}.toml")) for name in ("tiny", "anew"))
    asked_for = replace(plain.training, refit=0.5, refit_copies=("noise",))
    assert anew == replace(plain, training=asked_for)
    frame = manifest.load(data)
    films = cache.films(frame, data, plain.labels, plain.learns_from, tmp_path / "cache")
    first = site_holdout.leave_out(plain, "tiny", films, frame, ["b"], tmp_path)
    scored = tmp_path / "tiny-without-b" / "predictions.csv"
    before, weights = pd.read_csv(scored), (scored.parent / "best.weights.h5").read_bytes()
    again = site_holdout.leave_out(anew, "tiny", films, frame, ["b"], tmp_path)
    assert (scored.parent / "best.weights.h5").read_bytes() == weights, "nothing is trained anew"
    assert not np.allclose(pd.read_csv(scored).logit_T, before.logit_T)
    assert first["b"]["n"] == again["b"]["n"]

    out = tmp_path / "bundle"
    asked = ["--recipe", str(tmp_path / "tiny.toml"), "--data", str(data), "--runs", str(tmp_path)]
    asked += ["--out", str(out)]
    assert main(["export", *asked, "--leave-out", "b"]) == 0
    shipped = open_bundle(out)
    assert main(["refit", *asked]) == 2, "its recipe asks for nothing"
    asked[1] = str(tmp_path / "anew.toml")
    assert main(["refit", *asked]) == 0
    fitted = open_bundle(out)
    assert fitted.digest != shipped.digest
    assert fitted.provenance["recipe"]["training"]["refit"] == 0.5
    assert list(table(fitted).image) == list(table(shipped).image)
    assert main(["refit", *asked]) == 2, "once is enough"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ('refit_copies = ["noise"]', "needs a refit"),
        ('refit = 0.5\nrefit_copies = ["cropped", "fog"]', "cropped, fog"),
    ],
)
def test_copies_that_cannot_be_made_are_refused(tmp_path: Path, asked: str, said: str) -> None:
    (tmp_path / "odd.toml").write_text(RECIPE.replace("seed", f"{asked}\nseed"))
    with pytest.raises(DataError, match=said) as refused:
        recipe.load(str(tmp_path / "odd.toml"))
    assert refused.value.code == "bad_recipe"


def test_a_network_without_such_a_layer_is_refused(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    (tmp_path / "r.toml").write_text(RECIPE.replace("seed", "refit = 0.5\nseed"))
    plan = recipe.load(str(tmp_path / "r.toml"))
    with pytest.raises(DataError, match="linear in the averages") as refusal:
        head_refit.apply(model, plan, np.zeros((1, 8, 8), np.uint8), pd.DataFrame())
    assert refusal.value.code == "bad_recipe"
