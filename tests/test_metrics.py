import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, recall_score

from cxr.metrics import bootstrap, confusion
from cxr.model.calibration import fit_temperature
from cxr.model.decision import choose_operating_point


@pytest.fixture
def calls(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, 3, 400)
    return truth, np.where(rng.random(400) < 0.7, truth, rng.integers(0, 3, 400))


def test_per_class_figures_equal_scikit_learns(calls: tuple[np.ndarray, np.ndarray]) -> None:
    truth, called = calls
    ours = confusion.per_class(truth, called, 3, np.ones(400))
    precision, recall, f1, _ = precision_recall_fscore_support(truth, called)
    np.testing.assert_allclose(ours["precision"], precision)
    np.testing.assert_allclose(ours["recall"], recall)
    np.testing.assert_allclose(ours["f1"], f1)
    for k in range(3):
        expected = recall_score(truth != k, called != k)
        assert ours["specificity"][k] == pytest.approx(expected)


def test_weights_are_repetitions(calls: tuple[np.ndarray, np.ndarray]) -> None:
    truth, called = calls
    times = np.arange(400) % 3
    again = confusion.macro_f1(
        np.repeat(truth, times), np.repeat(called, times), 3, np.ones(times.sum())
    )
    assert confusion.macro_f1(truth, called, 3, times) == pytest.approx(again)


def test_patients_are_drawn_whole() -> None:
    patients = np.array([0, 1, 0, 2, 1])
    counts = bootstrap.draw(patients, 50)
    assert (counts.sum(1) == 3).all()
    assert len(np.unique(counts[:, 0])) > 2
    films = np.eye(5)
    drawn = bootstrap.sums(counts, patients, films)
    np.testing.assert_array_equal(drawn, counts[:, patients])


def test_source_recall_sees_a_network_that_tells_the_site() -> None:
    source = ["both"] * 60 + ["only N"] * 40 + ["small 1"] * 4 + ["small 2"] * 4
    truth = np.array([0] * 30 + [1] * 30 + [0] * 40 + [0] * 4 + [1] * 4)
    site = np.array([0] * 60 + [0] * 40 + [0] * 8)
    assert confusion.source_recall(truth, truth, source) == 1
    assert confusion.source_recall(truth, site, source) == pytest.approx((0.5 + 1 + 0.5) / 3)


def test_temperature_is_recovered(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (20_000, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (rng.random((20_000, 1)) > p.cumsum(1)).sum(1)
    assert fit_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.05)


def test_operating_point_is_the_most_specific_that_is_sensitive_enough() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.65, 0.4, 0.3, 0.2, 0.1])
    positive = np.arange(10) < 5
    point = choose_operating_point(score, positive, sensitivity=0.8)
    assert (point.threshold, point.sensitivity, point.specificity) == (0.6, 0.8, 0.8)
    for threshold in score[score > point.threshold]:
        assert (score[positive] >= threshold).mean() < 0.8
