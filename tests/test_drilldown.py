from __future__ import annotations

import numpy as np
import pytest
from networks import phantom

import cxr
from cxr.explain import FILLS, drill_down, occlusion
from cxr.explain.drilldown import _coarse_grid, _grid_distances, _interpolate
from cxr.explain.fill import whole
from cxr.explain_eval import compare_fills
from cxr.explain_eval.fill_agreement import answers_to_fills
from cxr.imaging.preprocessing import preprocess
from cxr.imaging.radiograph import Radiograph


@pytest.fixture
def drawn() -> Radiograph:
    return Radiograph(phantom(np.random.default_rng(11), True)[0], 8, "5" * 64, "PNG")


@pytest.mark.parametrize(
    ("patch", "stride", "fill"),
    [(16, 4, "blur"), (12, 3, "noise"), (8, 4, "mean"), (33, 33, "blur")],
)
def test_run_to_its_end_it_is_the_full_map(
    phantom_model: cxr.Classifier, drawn: Radiograph, patch: int, stride: int, fill: str
) -> None:
    *_, last = drill_down(phantom_model, drawn, "T", patch, stride, fill)
    assert last.exact
    full = occlusion(phantom_model, drawn, "T", patch, stride, fill)
    np.testing.assert_array_equal(last.values, full)


def test_the_first_map_comes_early_and_later_ones_are_better(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    full = occlusion(phantom_model, drawn, "T", 16, 2)
    stages = list(drill_down(phantom_model, drawn, "T", 16, 2))
    assert stages[0].forwards < stages[0].full / 8
    assert [s.forwards for s in stages] == sorted({s.forwards for s in stages})
    errors = [float(np.abs(s.values - full).mean()) for s in stages]
    assert errors[-1] == 0
    assert errors[0] > errors[len(stages) // 2] > 0
    assert np.corrcoef(stages[0].values.ravel(), full.ravel())[0, 1] > 0.5


def test_forwards_are_counted_as_they_are_run(
    phantom_model: cxr.Classifier, drawn: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    run = phantom_model.squares
    monkeypatch.setattr(phantom_model, "squares", lambda x: (runs.append(len(x)), run(x))[1])
    for share in (0.0, 0.25, 1.0):
        runs.clear()
        for stage in drill_down(phantom_model, drawn, "T", 16, 4, share=share):
            assert stage.forwards == sum(runs)
            assert stage.full == 13 * 13 + 1
        assert stage.exact == (share == 1)


def test_a_share_is_spent_where_the_effect_is(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    full = occlusion(phantom_model, drawn, "T", 16, 4)
    *_, some = drill_down(phantom_model, drawn, "T", 16, 4, share=0.25)
    first = next(drill_down(phantom_model, drawn, "T", 16, 4))
    strong = np.abs(full) > np.quantile(np.abs(full), 0.9)
    assert np.abs(some.values - full)[strong].mean() < np.abs(first.values - full)[strong].mean()


def test_it_can_be_stopped_and_tells_how_far_it_is(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    for share in (0.3, 1.0):
        shares: list[float] = []
        list(drill_down(phantom_model, drawn, "T", 16, 4, share=share, progress=shares.append))
        assert (shares[0] < 0.1, shares[-1]) == (True, 1)
        assert shares == sorted(shares)
    with pytest.raises(cxr.Cancelled):
        list(drill_down(phantom_model, drawn, "T", 16, 4, progress=lambda share: share < 0.5))


def test_refusals_are_those_of_occlusion(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    for options, code in (
        ({"label": "X"}, "unknown_class"),
        ({"label": "T", "patch": 65}, "bad_patch"),
        ({"label": "T", "fill": "white"}, "unknown_fill"),
    ):
        with pytest.raises(cxr.ExplainError) as refusal:
            next(drill_down(phantom_model, drawn, **options))
        assert refusal.value.code == code


def test_interpolation_is_linear_between_measured_places() -> None:
    y, x = np.mgrid[:8, :8]
    plane = 3.0 * y - 2.0 * x + 1
    known = _coarse_grid(8, 3)
    assert known.sum() == 16  # 0, 3, 6 and the last, 7
    effects = np.where(known, plane, 0)
    _interpolate(effects, known, known)
    np.testing.assert_allclose(effects, plane)


@pytest.mark.parametrize(
    ("n", "steps"), [(1, [1]), (7, [1]), (12, [1]), (13, [2, 1]), (49, [8, 4, 2, 1])]
)
def test_the_first_level_has_seven_places_a_side_where_it_can(n: int, steps: list[int]) -> None:
    assert _grid_distances(n) == steps


def test_fills_are_compared_by_rank(phantom_model: cxr.Classifier, drawn: Radiograph) -> None:
    shares: list[float] = []
    found = compare_fills(phantom_model, drawn, "T", patch=16, stride=8, progress=shares.append)
    assert found.fills == FILLS
    for fill, values in zip(found.fills, found.maps, strict=True):
        np.testing.assert_array_equal(values, occlusion(phantom_model, drawn, "T", 16, 8, fill))
    np.testing.assert_allclose(np.diag(found.rank), 1)
    np.testing.assert_allclose(found.rank, found.rank.T)
    assert np.abs(found.rank).max() <= 1 + 1e-9
    assert found.rank[0, 1] < 1
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_fill_alone_is_scored_as_a_film_of_it(
    phantom_model: cxr.Classifier, drawn: Radiograph
) -> None:
    square = preprocess(drawn.eight_bit, phantom_model.preprocessing)
    answers = answers_to_fills(phantom_model, drawn)
    assert len(answers) == len(FILLS)
    for fill, answer in zip(FILLS, answers, strict=True):
        alone = Radiograph(whole(square, fill, int("5" * 16, 16)), 8, "1" * 64, "PNG")
        expected = phantom_model.predict([alone])[0].probabilities
        assert answer == pytest.approx(expected, abs=1e-6)


def test_a_blurred_film_keeps_its_light_and_no_structure(drawn: Radiograph) -> None:
    blurred = whole(drawn.eight_bit, "blur")
    assert abs(float(blurred.mean()) - float(drawn.eight_bit.mean())) < 3
    assert np.abs(np.diff(blurred.astype(int), axis=0)).max() <= 4
    with pytest.raises(cxr.ExplainError):
        whole(drawn.eight_bit, "white")
