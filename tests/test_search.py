"""Values of a recipe, looked for within its ranges."""

from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from traindata import RECIPE, make_data

from cxr.errors import DataError
from train import networks
from train.__main__ import main
from train.data import manifest
from train.experiments import search
from train.fit import training
from train.recipes import recipe

RANGES = """
[search.training]
learning_rate = { log = [1e-3, 1e-1] }
batch = { any = [16, 32] }
[search.augmentation]
gamma = { between = [0.0, 0.5] }
"""
DECAY = "network.options.decay"
SHORT = RECIPE.replace("epochs = 4", "epochs = 2").replace("films_per_epoch = 64", "draw = 'all'")


def _decay(plan: recipe.Recipe) -> float:
    return float(plan.network.options["decay"])


def _half(*_: object) -> float:
    return 0.5


@pytest.fixture
def plan(tmp_path: Path) -> recipe.Recipe:
    path = tmp_path / "searched.toml"
    path.write_text(SHORT + RANGES)
    return recipe.load(str(path))


def test_ranges_are_read_and_senseless_ones_refused(tmp_path: Path, plan: recipe.Recipe) -> None:
    found = search.ranges(plan)
    assert set(found) == {"training.learning_rate", "training.batch", "augmentation.gamma"}
    assert found["training.batch"] == search.SearchRange("any", (16, 32))
    path = tmp_path / "bad.toml"
    for table, wanted in (
        ("", "no \\[search\\] table"),
        ("[search.training]\nbatch = 16", "training.batch must be"),
        ("[search.training]\nlearning_rate = { log = [0.0, 1.0] }", "low below high"),
        ("[search.training]\nlearning_rate = { between = [1.0, 0.5] }", "low below high"),
        ("[search.labels]\nN = { any = [1, 2] }", "names labels.N"),
        ("[search.training]\nwarmup = { between = [0, inf] }", "low below high"),
    ):
        path.write_text(SHORT + table)
        with pytest.raises(DataError, match=wanted) as caught:
            search.ranges(recipe.load(str(path)))
        assert caught.value.code == "bad_recipe"


def test_a_crop_that_val_does_not_see_is_not_looked_for_by_val(tmp_path: Path) -> None:
    path = tmp_path / "crop.toml"
    path.write_text(SHORT + "[search.preprocessing]\ncrop = { between = [0, 4] }\n")
    with pytest.raises(DataError, match="Say --leave-out") as caught:
        search.search(
            recipe.load(str(path)),
            np.empty((0, 16, 16), np.uint8),
            pd.DataFrame(),
            tmp_path / "run",
            1,
        )
    assert caught.value.code == "bad_recipe"
    assert not (tmp_path / "run").exists()


def test_values_are_put_in_their_places(plan: recipe.Recipe) -> None:
    other = search.changed(plan, {"training.batch": 32, "network.options.dropout": 0.4})
    assert (other.training.batch, other.network.options) == (32, {"dropout": 0.4})
    assert other.training.learning_rate == plan.training.learning_rate
    assert plan.network.options == {}
    with pytest.raises(DataError, match="unknown keys bach"):
        search.changed(plan, {"training.bach": 3})
    for path in ("network.foo.depth", "training.epochs.first"):
        with pytest.raises(DataError, match=f"names {path}") as refusal:
            search.changed(plan, {path: 3})
        assert refusal.value.code == "bad_recipe"


def _scored(plan: recipe.Recipe, run: Path, trials: int, score: object) -> optuna.Study:
    """A search that trains nothing."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "_by_val", lambda *_: score)
        films, frame = np.zeros((1, 16, 16), np.uint8), pd.DataFrame()
        return search.search(plan, films, frame, run, trials)


def test_a_killed_trial_is_begun_again_with_its_values_in_its_folder(
    plan: recipe.Recipe, tmp_path: Path
) -> None:
    asked: list[tuple[Path, float]] = []

    def score(tried: recipe.Recipe, folder: Path) -> float:
        asked.append((folder, tried.training.learning_rate))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return -abs(np.log10(tried.training.learning_rate) + 2)

    with pytest.raises(KeyboardInterrupt):
        _scored(plan, tmp_path / "run", 3, score)
    study = _scored(plan, tmp_path / "run", 3, score)
    assert asked[2] == asked[1]
    assert len({folder for folder, _ in asked}) == 3
    unbroken = _scored(plan, tmp_path / "other", 3, lambda tried, _: score(tried, Path()))
    assert [t.params for t in search._finished(study)] == [t.params for t in unbroken.trials]
    assert len(pd.read_csv(tmp_path / "run" / "trials.csv")) == 4


def test_values_that_do_not_go_together_are_passed_over(
    plan: recipe.Recipe, tmp_path: Path
) -> None:
    def score(tried: recipe.Recipe, _: Path) -> float:
        if tried.training.batch == 32:
            raise DataError("bad_recipe", "no")
        return 0.5

    study = _scored(plan, tmp_path / "run", 4, score)
    assert len(study.trials) == 4
    refused = [trial for trial in study.trials if trial.user_attrs.get("refused")]
    assert 0 < len(refused) < 4
    assert all(trial.params["training.batch"] == 32 for trial in refused)


def _with_search(table: str, path: Path) -> recipe.Recipe:
    path.write_text(f"{SHORT}\n[search.network.options]\n{table}")
    return recipe.load(str(path))


def test_a_network_that_cannot_be_built_costs_its_trial_alone(tmp_path: Path) -> None:
    plan = _with_search('decay = { any = [0.1, "much"] }', tmp_path / "r.toml")
    study = _scored(plan, tmp_path / "run", 4, lambda tried, _: training.build(tried) and 0.5)
    assert {trial.state.name for trial in study.trials} == {"COMPLETE", "PRUNED"}
    for trial in study.trials:
        said = trial.user_attrs.get("refused", "")
        assert ("decay must be a number" in said) == (trial.params[DECAY] == "much")


def test_a_score_that_is_no_number_costs_its_trial_alone(tmp_path: Path) -> None:
    plan = _with_search("decay = { any = [0.1, 0.2] }", tmp_path / "r.toml")
    study = _scored(
        plan, tmp_path / "run", 4, lambda tried, _: np.nan if _decay(tried) == 0.1 else 0.5
    )
    assert len(study.trials) == 4
    assert {trial.state.name for trial in study.trials} == {"COMPLETE", "PRUNED"}


def test_a_search_whose_every_trial_is_refused_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same again when it is asked again; nothing is left to begin once more."""
    data = make_data(tmp_path / "data")
    _with_search("depth = { between = [1, 3] }", tmp_path / "none.toml")
    command = ["search", "--recipe", str(tmp_path / "none.toml"), "--data", str(data)]
    command += ["--runs", str(tmp_path / "runs"), "--trials", "2"]
    for _ in range(2):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "None of 2 trials has a score" in said
        assert "thumbnail has no option depth" in said
        assert "[no_trials]" in said
    table = pd.read_csv(tmp_path / "runs" / "none-search" / "trials.csv")
    assert table.state.tolist() == ["PRUNED"] * 2


def test_no_trials_cannot_be_asked_for(plan: recipe.Recipe, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one trial") as refusal:
        _scored(plan, tmp_path / "run", 0, _half)
    assert refusal.value.code == "no_trials"


def test_a_study_goes_on_with_its_own_choices_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    _scored(_with_search("decay = { any = [0.1, 0.2] }", path), tmp_path / "run", 1, _half)
    with pytest.raises(DataError, match="other choices") as refusal:
        _scored(_with_search("decay = { any = [0.3, 0.2] }", path), tmp_path / "run", 2, _half)
    assert refusal.value.code == "bad_recipe"


def test_a_recipe_that_ships_can_be_searched() -> None:
    for name in recipe.variants("cnn_scratch"):
        plan = recipe.load(name)
        for end in (0, 1):
            values = {path: each.values[end] for path, each in search.ranges(plan).items()}
            tried = search.changed(plan, values)
            assert set(tried.network.options) <= set(networks.options(tried.network.architecture))
            assert tried != plan


def test_three_trials_on_drawn_films(
    plan: recipe.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the second trial's second epoch, the search goes on from there."""
    data, runs = make_data(tmp_path / "data"), tmp_path / "runs"
    command = ["search", "--recipe", str(tmp_path / "searched.toml"), "--data", str(data)]
    command += ["--runs", str(runs), "--trials", "3"]
    from train.fit.history import History

    begun: list[int] = []
    begin = History.on_epoch_begin

    def killed(self: History, epoch: int, logs: object = None) -> None:
        begun.append(epoch)
        if len(begun) == 4:
            raise KeyboardInterrupt
        begin(self, epoch, logs)

    monkeypatch.setattr(History, "on_epoch_begin", killed)
    with pytest.raises(KeyboardInterrupt):
        main(command)
    assert main(command) == 0
    assert begun == [0, 1, 0, 1, 1, 0, 1]
    run = runs / "searched-search"
    table = pd.read_csv(run / "trials.csv")
    scores = table.value[table.state == "COMPLETE"]
    assert len(scores) == 3
    assert scores.between(0, 1).all()
    assert not list(run.glob("**/backup*"))
    assert len(list(run.glob("trial*/history.csv"))) == 3


def test_a_search_by_a_left_out_site(plan: recipe.Recipe, tmp_path: Path) -> None:
    frame = manifest.load(make_data(tmp_path / "data"))
    films = np.random.default_rng(0).integers(0, 255, (len(frame), 16, 16)).astype(np.uint8)
    study = search.search(plan, films, frame, tmp_path / "run", 1, ("a",))
    assert 0 <= study.best_value <= 1
    assert (
        "a: P against N"
        in (tmp_path / "run" / "trial000" / "search-without-a" / "ledger.md").read_text()
    )
    only = frame.assign(label=frame.label.where(frame.source != "a", "N"))
    with pytest.raises(DataError, match="holds two labels"):
        search.search(plan, films, only, tmp_path / "never", 1, ("a",))
