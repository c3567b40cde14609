import pytest

from ui.base.words import exact, site


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.7444, ".74"), (0.0011, ".0011"), (0.0, "0"), (1.0, "1"), (0.999, ">.99"), (0.05, ".05")],
)
def test_a_small_threshold_can_be_read(value: float, written: str) -> None:
    assert exact(value) == written


def test_a_site_that_nobody_named_keeps_its_own_name() -> None:
    assert site("elsewhere") == "elsewhere"
    assert site("sakha") == "Sakha (Yakutia)"
