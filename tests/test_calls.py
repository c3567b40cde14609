"""What a network's calls have meant, counted on drawn films and read again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import film, png

import cxr
from cxr.errors import BundleError
from cxr.metrics.calls import FILE, Calls, calls_of
from cxr.model.bundle import manifest_values, open_bundle, write_manifest
from train.__main__ import main
from train.evaluation import calls
from ui.panels import track_record

LABELS = "NPT"


@pytest.fixture
def bundle(phantom_model: cxr.Classifier, tmp_path: Path) -> Path:
    """The phantom network; of its table's 60 films of a far hospital, T has the higher log-odds."""
    folder = tmp_path / "bundle"
    shutil.copytree(phantom_model.bundle.folder, folder)
    rng = np.random.default_rng(0)
    rows = [
        (f"{split}{i}.png", split, source, "NT"[i % 2], 1.0, (i % 2) * 4 + rng.normal())
        for split, source in (("test", "near"), ("external", "far"))
        for i in range(60)
    ]
    columns = ["image", "split", "source", "label", "logit_N", "logit_T"]
    values = manifest_values(folder)
    pd.DataFrame(rows, columns=columns).to_csv(folder / "predictions.csv", index=False)
    write_manifest(folder, values)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.png").write_bytes(png(film(90, 80)))
    (folder / "c.png").write_bytes(b"no film")
    table = "image,finding\na.png,nodule\nb.png,nodule\nc.png,nodule\n"
    (folder / "other.csv").write_text(table)
    return folder


def test_the_command_counts_and_the_bundle_keeps(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calls", "--data", str(data), "--out", str(bundle)]) == 0
    found = calls_of(open_bundle(bundle))
    assert found is not None
    assert sum(found.test["N"].values()) == sum(found.test["T"].values()) == 30
    assert found.test["T"]["T"] > found.test["N"]["T"]
    label = cxr.load(bundle).predict([cxr.read(data / "a.png")])[0].label
    assert found.other["nodule"][label] == 2  # the file that is no film is not counted
    (far,) = found.unseen
    assert far.films == {"N": 30, "T": 30}
    assert far.against.low < far.against.value < far.against.high
    assert far.abnormal == far.against  # with two labels they are one
    assert "| nodule | 2 |" in capsys.readouterr().out


def test_a_folder_without_other_diseases_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calls", "--data", str(tmp_path), "--out", str(bundle)]) == 2
    assert calls.OTHER in capsys.readouterr().err
    assert calls_of(open_bundle(bundle)) is None


@pytest.mark.parametrize("change", [{"network": "0" * 64}, {"test": {"N": {}}}, {"unseen": [{}]}])
def test_a_file_that_is_none_is_refused(
    bundle: Path, data: Path, change: dict[str, object]
) -> None:
    main(["calls", "--data", str(data), "--out", str(bundle)])
    values = manifest_values(bundle)
    kept = json.loads((bundle / FILE).read_text())
    (bundle / FILE).write_text(json.dumps(kept | change))
    write_manifest(bundle, values)
    with pytest.raises(BundleError, match="python -m train calls"):
        calls_of(open_bundle(bundle))


def test_beside_a_label_stands_what_is_mostly_called_so_and_why_tells_the_rest() -> None:
    taught = {"N": {"N": 9, "P": 1}, "P": {"N": 3, "P": 1}}
    found = Calls(taught, {"lung nodule": {"N": 78, "P": 3}}, ())
    assert track_record.others("N", found) == "; 78 of 81 films with a lung nodule are called so", (
        "most of them: it is missed"
    )
    assert track_record.others("P", found) == ""
    assert track_record.others("N", None) == ""
    assert track_record.called_so(None) == ""
    why = track_record.called_so(found).replace("\N{NO-BREAK SPACE}", " ")
    known = "films with a lung nodule, in hospitals that it knows"
    assert f"Called N: 78 of 81 {known} 75 % of P" in why
    assert f"Called P: 3 of 81 {known} 10 % of N" in why


def test_the_shipped_bundle_has_them(models: Path) -> None:
    found = calls_of(open_bundle(models / "default"))
    assert found is not None
    assert found.other
