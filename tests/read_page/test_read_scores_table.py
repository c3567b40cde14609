"""The table of scores that leaves the first page, as a spreadsheet opens it."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from appwalk import FILM

import cxr
from cxr.model.bundle import manifest_values, write_manifest
from ui.session import films as ui_films
from ui.transfer.export import scores_csv


@pytest.mark.parametrize("sign", "=+-@")
def test_no_name_in_the_table_is_run_by_a_spreadsheet(
    sign: str, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    folder = shutil.copytree(phantom_model.bundle.folder, tmp_path / "odd")
    values = manifest_values(folder)
    (folder / "bundle.json").unlink()
    labels = [sign + label for label in phantom_model.labels]
    sets = {"0.9": dict.fromkeys(labels, 0.0)}
    write_manifest(folder, {**values, "name": f"{sign}1+1", "labels": labels, "conformal": sets})
    model = cxr.load(folder)
    given = ui_films.Film(1, f"{sign}1.png", FILM, "0" * 64, "N", "somewhere known")
    reading = ui_films.Reading(prediction=cxr.assess(FILM, model).prediction)
    table = scores_csv([(given, reading)], model, f"{sign}log").decode("utf-8-sig")
    names, cells = csv.reader(io.StringIO(table, newline=""))
    row = dict(zip(names, cells, strict=True))
    for name in ("file", "class", "set_0.9", "model", "log_head"):
        assert row[name].startswith(f"'{sign}"), name
    assert not [name for name in names if name.startswith(sign)]
    assert row["margin"] == f"{reading.prediction.margin:.6g}"
