import csv
import io
import re
from pathlib import Path

import pytest

from cxr.spreadsheet import Number, inert, original, write

CELLS = ["", "a", "-1", "=1+1", "+x", "@x", "\tx", "\rx", "'=1", "''", "a=b"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_made_inert_and_comes_back(cell: str) -> None:
    assert not inert(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert original(inert(cell)) == cell


def test_a_plain_cell_stays_as_it_is() -> None:
    assert [inert(cell) for cell in ("", "a", "a=b")] == ["", "a", "a=b"]
    assert original("'a") == "'a"  # which no guard was put before


def test_a_table_guards_its_texts_and_leaves_its_numbers() -> None:
    out = io.StringIO()
    write(out, ("=a", "b", "c", "d"), [("+x", -1, Number(-0.5, ".3f"), "-0.5")])
    names, cells = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert names == ["'=a", "b", "c", "d", "notice"]
    assert cells[:4] == ["'+x", "-1", "-0.500", "'-0.5"]


def test_only_numbers_pass_unguarded() -> None:
    with pytest.raises(ValueError, match="format code"):
        Number("=1+1", ".6f")  # type: ignore[arg-type]


def test_nothing_leaves_as_csv_but_by_the_guard() -> None:
    root = Path(__file__).parents[1]
    writes = re.compile(r"csv\.(writer|DictWriter)\(|\.to_csv\([^)]*index=")
    found = {
        path.relative_to(root).as_posix()
        for room in ("cxr", "ui", "pages")
        for path in (root / room).rglob("*.py")
        if writes.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"cxr/spreadsheet.py"}
