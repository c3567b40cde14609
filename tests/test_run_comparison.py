"""Runs held against each other on the same films."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from cxr.errors import DataError
from train.__main__ import main
from train.experiments.run_comparison import report

LABELS = ("N", "P", "T")


def run(folder: Path, name: str, noise: float, seed: int = 1, films: int = 300) -> Path:
    """A run that left out `far`, which holds N and T; its logits know the label but for noise."""
    rng = np.random.default_rng(0)
    away = np.arange(films) % 3 == 0
    label = np.where(away, rng.choice(["N", "T"], films), rng.choice(LABELS, films))
    rows = pd.DataFrame(
        {
            "image": [f"images/{i:03}.png" for i in range(films)],
            "split": np.where(away, "left_out", "val"),
            "source": np.where(away, "far", "near"),
            "patient": [f"p{i // 6}" for i in range(films)],
            "label": label,
        }
    )
    spread = np.random.default_rng(seed).normal(0, noise, (films, 3))
    for k, each in enumerate(LABELS):
        rows[f"logit_{each}"] = (label == each) + spread[:, k]
    out = folder / f"{name}-without-far"
    out.mkdir()
    rows.sample(frac=1, random_state=seed).to_csv(out / "predictions.csv", index=False)
    return out


def table(runs: list[Path]) -> dict[str, list[list[float]]]:
    """Name of a line → its cells as numbers."""
    head, _, *lines = report(runs)
    assert head == "| | val: macro-F1 | far: T against N |"
    rows = [line.strip("| ").split(" | ") for line in lines]
    return {
        name: [[float(x.replace("−", "-")) for x in re.findall(r"[−+]?\d\.\d+", c)] for c in cells]
        for name, *cells in rows
    }


def test_every_line_says_what_scikit_learn_says(tmp_path: Path) -> None:
    runs = [run(tmp_path, "a", 1.0), run(tmp_path, "b", 0.6, 2), run(tmp_path, "c", 1.4, 3)]
    scored = [pd.read_csv(each / "predictions.csv").sort_values("image") for each in runs]
    z = [each[[f"logit_{x}" for x in LABELS]].to_numpy() for each in scored]
    z = [each - np.log(np.exp(each).sum(1, keepdims=True)) for each in z]
    truth, away = scored[0].label.to_numpy(), (scored[0].split == "left_out").to_numpy()

    def figures(logits: np.ndarray) -> tuple[float, float]:
        called = np.array(LABELS)[logits.argmax(1)]
        area = roc_auc_score(truth[away] == "T", (logits[:, 2] - logits[:, 0])[away])
        return f1_score(truth[~away], called[~away], average="macro"), float(area)

    found = table(runs)
    wanted = {f"`{name}`": figures(each) for name, each in zip("abc", z, strict=True)}
    for name in "bc":
        wanted[f"`a`, `{name}` averaged"] = figures((z[0] + z["abc".index(name)]) / 2)
    wanted["all averaged"] = figures(sum(z) / 3)
    for name in "bc":
        ahead = np.subtract(wanted[f"`{name}`"], wanted["`a`"])
        wanted[f"`{name}` − `a`"] = tuple(ahead)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert [cell[0] for cell in found[name]] == pytest.approx(values, abs=6e-4), name
        assert all(low <= value <= high for value, low, high in found[name]), name
    assert found["`b` − `a`"][1][1] > 0, "a network with less noise is better beyond doubt"


def test_a_difference_is_surer_than_two_intervals_side_by_side(tmp_path: Path) -> None:
    first = run(tmp_path, "a", 1.0)
    rows = pd.read_csv(first / "predictions.csv")
    rows["logit_T"] += np.random.default_rng(5).normal(0, 0.05, len(rows))
    second = tmp_path / "b-without-far"
    second.mkdir()
    rows.to_csv(second / "predictions.csv", index=False)
    found = table([first, second])
    for alone, apart in zip(found["`a`"], found["`b` − `a`"], strict=True):
        assert apart[2] - apart[1] < (alone[2] - alone[1]) / 2


def test_runs_on_other_films_or_without_scores_are_refused(tmp_path: Path) -> None:
    first, other = run(tmp_path, "a", 1.0), run(tmp_path, "b", 1.0, films=297)
    with pytest.raises(DataError, match=r"'b-without-far' was not .* \[other_films\]"):
        list(report([first, other]))
    with pytest.raises(DataError, match=r"'c' holds no scores .* \[no_run\]"):
        list(report([first, tmp_path / "c"]))
    rows = pd.read_csv(first / "predictions.csv")
    rows.rename(columns={"logit_T": "logit_TB"}).to_csv(other / "predictions.csv", index=False)
    with pytest.raises(DataError, match=r"\[other_films\]"):
        list(report([first, other]))
    rows.replace("left_out", "test").to_csv(first / "predictions.csv", index=False)
    with pytest.raises(DataError, match=r"\[other_films\]"):
        list(report([first, first]))


@pytest.mark.parametrize(
    "said", [b"", b"image,split\n1.png,val\n", b"image,logit_N\n1.png,\n", b"\xff\xfe\0"]
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, said: bytes) -> None:
    first, other = run(tmp_path, "a", 1.0), run(tmp_path, "b", 1.0)
    (other / "predictions.csv").write_bytes(said)
    with pytest.raises(DataError, match=r"'b-without-far' holds no scores .* \[no_run\]"):
        list(report([first, other]))


def test_films_of_one_patient_give_no_interval(tmp_path: Path) -> None:
    runs = [run(tmp_path, "a", 1.0), run(tmp_path, "b", 0.8)]
    for each in runs:
        rows = pd.read_csv(each / "predictions.csv")
        rows.loc[(rows.split == "left_out") & (rows.label == "T"), "patient"] = "one"
        rows.to_csv(each / "predictions.csv", index=False)
    found = table(runs)
    assert all(len(cells[1]) == 1 for cells in found.values())
    assert all(len(cells[0]) == 3 for cells in found.values())


def test_two_runs_of_one_recipe_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "seed8").mkdir()
    lines = list(report([run(tmp_path, "a", 1.0), run(tmp_path / "seed8", "a", 1.0, 2)]))
    assert f"| `{tmp_path / 'seed8' / 'a-without-far'}` −" in lines[4]


def test_one_run_has_no_rival(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["rivals", str(run(tmp_path, "a", 1.0))])
    assert "compare takes 2 or more RUN" in capsys.readouterr().err
    assert main(["rivals", str(tmp_path / "a-without-far"), str(run(tmp_path, "b", 1.0))]) == 0
    assert "`b` − `a`" in capsys.readouterr().out
