import pytest

from cxr.spreadsheet import inert, original

CELLS = ["", "a", "-1", "=1+1", "+x", "@x", "\tx", "\rx", "'=1", "''", "a=b"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_made_inert_and_comes_back(cell: str) -> None:
    assert not inert(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert original(inert(cell)) == cell


def test_a_plain_cell_stays_as_it_is() -> None:
    assert [inert(cell) for cell in ("", "a", "a=b")] == ["", "a", "a=b"]
