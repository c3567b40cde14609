"""Whether films still look like those that a profile was fitted on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import film, png
from numpy.typing import NDArray
from sites import profile

import cxr
from cxr.input_checks import Fitted
from cxr.site import fit
from cxr.site_profiles import drift, store, watch


def _rows(rng: np.random.Generator, count: int, ill: float = 0.5, moved: float = 0.0) -> tuple:
    """Films on the axes; the ill lie two deviations along the first, and score higher."""
    positive = rng.random(count) < ill
    rows = rng.normal(size=(count, drift.NUMBERS))
    rows[positive, 0] += 2
    rows[positive, -1] += 2
    rows[:, 3] += moved
    order = np.argsort(positive, kind="stable")
    return rows[order].astype(np.float32), positive[order]


def test_films_alike_alarm_as_rarely_as_promised() -> None:
    false = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = drift.look(*_rows(rng, 60), _rows(rng, 200)[0][rng.permutation(200)])
        assert found.looks is not None
        assert found.share is not None
        false += bool(found.alarms)
    assert false <= 8  # of 60, where 3 are to be expected


@pytest.mark.parametrize("ill", [0.0, 0.1, 0.9, 1.0])
def test_another_mix_is_no_other_device(ill: float) -> None:
    looks = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        found = drift.look(*_rows(rng, 60), _rows(rng, 100, ill)[0])
        looks.append("looks" in found.alarms)
    assert sum(looks) <= 1  # without looking for the mix, most do


def test_of_a_profile_without_positives_only_what_scores_like_it_is_held_against_it() -> None:
    looks = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        found = drift.look(*_rows(rng, 60, 0.0), _rows(rng, 100, 0.5)[0])
        looks.append("looks" in found.alarms)
    assert sum(looks) <= 2  # held against all of it, most do


@pytest.mark.parametrize(("ill", "moved"), [(1.0, 0.0), (0.0, 9.0)])
def test_of_a_profile_without_positives_hardly_any_that_score_like_it_are_an_alarm_of_their_own(
    rng: np.random.Generator, ill: float, moved: float
) -> None:
    """Whether these films are ill or another device's is more than such a profile can know."""
    read, _ = _rows(rng, 100, ill)
    read[:, -1] += 2 * ill + moved
    found = drift.look(*_rows(rng, 60, 0.0), read)
    assert (found.looks, found.alarms) == (None, ("high",))
    told = watch.in_words(found)
    assert "most are ill, or" in told
    assert "no longer look like" not in told


def test_another_device_and_another_mix_are_told_apart(rng: np.random.Generator) -> None:
    seen, ill = _rows(rng, 60)
    assert drift.look(seen, ill, _rows(rng, 100, moved=1.5)[0]).alarms == ("looks",)
    few, many = _rows(rng, 100, 0.1)[0], _rows(rng, 100, 0.9)[0]
    assert drift.look(seen, ill, np.concatenate([few, many])).alarms == ("share",)


def test_nothing_is_said_before_a_window_is_full(rng: np.random.Generator) -> None:
    seen, ill = _rows(rng, 60)
    assert drift.look(seen, ill, _rows(rng, 99)[0]) == drift.DriftFinding(99)
    assert drift.look(seen[:10], ill[:10], _rows(rng, 100)[0]) == drift.DriftFinding(100)
    assert drift.look(np.zeros((0, 0), np.float32), None, _rows(rng, 100)[0]) == drift.DriftFinding(
        100
    )


@pytest.fixture
def watched_model(phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch) -> cxr.Classifier:
    """One with axes to watch films along."""
    axes, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(phantom_model.maps, drift.AXES)))
    nothing: NDArray[np.uint8] = np.zeros((0, 18), np.uint8)
    mean = np.zeros(phantom_model.maps, np.float32)
    fitted = Fitted({}, mean, axes.astype(np.float32), {}, nothing)
    monkeypatch.setattr("cxr.site_profiles.drift.limits_of", lambda model: fitted)
    return phantom_model


def test_a_film_leaves_numbers_once_and_no_name(
    watched_model: cxr.Classifier, tmp_path: Path
) -> None:
    site = profile(watched_model)
    there = watched_model.at(site)
    drawn = cxr.read(png(film(300, 260)))
    found = cxr.assess(drawn, there)
    for _ in range(3):
        watch.record(there, found, tmp_path)
    watch.record(there, cxr.assess(b"no film", there), tmp_path)
    watch.record(watched_model, cxr.assess(drawn, watched_model), tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.read_text().count("\n") == 1
    assert drawn.sha256 not in path.read_text()
    with path.open("a") as file:
        file.write('{"film": "cut o')
    assert watch.look(site, tmp_path).looks is None
    store.delete(site, tmp_path)
    assert not path.exists()
    blocked = tmp_path / "file"
    blocked.write_text("")
    watch.record(there, found, blocked)  # nothing can be kept there, and nothing fails


def test_what_a_profile_saw_is_in_order(watched_model: cxr.Classifier) -> None:
    from sites import hospital

    films, labels = hospital(watched_model, 25, 15)
    mixed = np.random.default_rng(0).permutation(40)
    site = fit(watched_model, [films[i] for i in mixed], [labels[i] for i in mixed])
    assert site.seen.shape == (40, drift.NUMBERS)
    assert site.seen_positive is not None
    assert site.seen_positive.sum() == 15
    odds = np.sort(site.seen[site.seen_positive, -1])
    assert odds == pytest.approx(site.positives, abs=1e-5)
    assert replace(site, films={"": 40}).seen_positive is None


def test_an_alarm_is_told(watched_model: cxr.Classifier, tmp_path: Path) -> None:

    site = profile(
        watched_model,
        seen=_rows(np.random.default_rng(0), 60)[0],
        films={"N": 30, "T": 30},
        name="Watched",
    )
    store.save(site, tmp_path)
    lines = (
        f'{{"film": "{i:012}", "n": {[round(float(x), 4) for x in row]}}}'
        for i, row in enumerate(_rows(np.random.default_rng(1), 130, moved=3)[0])
    )
    store.ProfileFolder(tmp_path).watched(site.identity).write_text("\n".join(lines) + "\n")
    found = watch.look(site, tmp_path)
    assert found.films == 130
    assert "looks" in found.alarms
    assert "no longer look like" in watch.in_words(found)
