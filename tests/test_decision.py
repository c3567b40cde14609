import numpy as np
import pytest

from cxr.model.decision import conformal_limits, coverage, prediction_set


def _scores(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A mediocre network on three classes, the third of them rare."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    logits = rng.normal(0, 1.5, (n, 3))
    logits[np.arange(n), truth] += 1
    odds = np.exp(logits)
    return odds / odds.sum(1, keepdims=True), truth


@pytest.mark.parametrize("wanted", [0.9, 0.95])
def test_each_class_is_covered_as_promised_on_new_films(wanted: float) -> None:
    got = []
    for seed in range(60):
        probabilities, truth = _scores(2000, seed)
        limits = conformal_limits(probabilities[:1000], truth[:1000], wanted)
        new = probabilities[1000:]
        got.append(
            [
                coverage(new[truth[1000:] == k], truth[1000:][truth[1000:] == k], limits)["covered"]
                for k in range(3)
            ]
        )
    mean, error = np.mean(got, 0), np.std(got, 0) / np.sqrt(len(got))
    assert (mean > wanted - 3 * error).all(), "at least what was promised"
    assert (mean < wanted + 0.02 + 3 * error).all(), "and hardly more"


def test_the_limit_is_the_ranked_score_that_the_definition_names() -> None:
    probabilities = np.c_[np.linspace(0.05, 0.95, 19), 1 - np.linspace(0.05, 0.95, 19)]
    limits = conformal_limits(probabilities, np.zeros(19, int), 0.9)
    assert limits[0] == probabilities[1, 0], "the 18th of 19 from above: ceil(20 × .9)"
    assert limits[1] == 0, "a class without films is never ruled out"


def test_too_few_films_promise_nothing() -> None:
    probabilities = np.full((8, 2), 0.5)
    assert conformal_limits(probabilities, np.zeros(8, int), 0.9)[0] == 0


def test_a_set_can_hold_several_classes_or_none() -> None:
    limits = {"N": 0.4, "P": 0.5, "T": 0.3}
    assert prediction_set({"N": 0.5, "P": 0.1, "T": 0.4}, limits) == ("N", "T")
    assert prediction_set({"N": 0.36, "P": 0.36, "T": 0.28}, limits) == ()


def test_coverage_counts_sizes_and_empty_sets() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    found = coverage(probabilities, np.array([0, 1, 0]), np.array([0.4, 0.6]))
    assert found == pytest.approx({"covered": 1 / 3, "size": 1.0, "empty": 0.0})
    assert np.isnan(coverage(probabilities[:0], np.array([], int), np.zeros(2))["covered"])
