import pytest

from ui.base.formatting import exact, site, told_apart


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.7444, ".74"), (0.0011, ".0011"), (0.0, "0"), (1.0, "1"), (0.9987, ".9987"), (0.05, ".05")],
)
def test_a_small_threshold_can_be_read(value: float, written: str) -> None:
    assert exact(value) == written


def test_a_site_that_nobody_named_keeps_its_own_name() -> None:
    assert site("elsewhere") == "elsewhere"
    assert site("sakha") == "Sakha (Yakutia)"


@pytest.mark.parametrize(
    ("value", "threshold", "written"),
    [
        (0.00212, 0.0018, ".0021"),
        (0.99981, 0.9987, ".9998"),
        (0.7441, 0.74, ".744"),
        (0.31, 0.74, ".31"),
        (0.0018, 0.0018, ".0018"),
        (1.0, 0.9987, "1.0000"),
    ],
)
def test_a_score_is_told_from_its_threshold(value: float, threshold: float, written: str) -> None:
    assert told_apart(value, threshold) == written
