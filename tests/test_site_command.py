"""Hospital profiles from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import film, png
from reviews import verdict
from sites import profile, reference, some_head

import cxr
from cxr.__main__ import main
from cxr.report.page import page_of
from cxr.review.store import ReviewStore
from cxr.site import diagnostic_yield
from cxr.site_profiles import store
from cxr.teaching import samples


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    return tmp_path


def _drawn(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 12, (96, 80))
    return png(np.clip(film().astype(float) * 0.8 + grain, 0, 255).astype(np.uint8))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder for each label: twelve films of N, one of T, and one that is none."""
    for label, seeds in (("N", range(12)), ("T", [99])):
        (tmp_path / "films" / label).mkdir(parents=True)
        for seed in seeds:
            (tmp_path / "films" / label / f"{seed:02}.png").write_bytes(_drawn(seed))
    (tmp_path / "films" / "N" / "note.txt").write_text("no film")
    return tmp_path / "films"


def _at(model: cxr.Classifier) -> list[str]:
    return ["--model", str(model.bundle.folder)]


def test_a_folder_becomes_a_profile_that_scores_go_by(
    phantom_model: cxr.Classifier, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["site", "fit", str(films), "--name", "Drawn", "--specificity", "0.8"]
    assert main([*asked, *_at(phantom_model)]) == 1  # a file was refused, and said
    told = capsys.readouterr()
    assert "refused" in told.err
    assert "12 N + 1 T" in told.out
    assert "specificity, out of fold" in told.out
    assert "T of fewer than 10 patients" in told.out
    kept = store.find("Drawn")
    one = str(films / "T" / "99.png")
    assert main(["predict", one, "--json", "--site", "Drawn", *_at(phantom_model)]) == 0
    (answer,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["standing"]["hospital"] == "Drawn"
    assert answer["standing"]["threshold"] == kept.threshold
    assert answer["standing"]["called"] == (answer["standing"]["log_odds"] >= kept.threshold)
    assert main(["predict", one, "--site", "Drawn", *_at(phantom_model)]) == 0
    assert answer["called"] == ("T" if answer["standing"]["called"] else "N")
    told_by = f"99.png  {answer['called']} "
    line = capsys.readouterr().out
    assert told_by in line
    assert "the T threshold of Drawn" in line
    assert main(["site", "list"]) == 0
    assert "Drawn" in capsys.readouterr().out
    assert main(["site", "show", "Drawn"]) == 0
    assert kept.identity in capsys.readouterr().out
    store.save(replace(diagnostic_yield.moved(kept, kept.threshold + 1), name="Moved"))
    report = {**kept.report, "outside": 3, "left_out": 2, "aside": 1}
    store.save(replace(kept, name="Mixed", report=report))
    assert main(["site", "show", "Mixed"]) == 0
    told = capsys.readouterr().out
    assert "outside what the model knows: 3 films [outside]\n" in told
    assert "left out: 2 films\n" in told
    assert "of another label, or without one, so set aside: 1 film\n" in told
    assert main(["site", "show", "Moved"]) == 0
    told = capsys.readouterr().out
    assert "specificity, moved by hand, counted on its own films: " in told
    assert "specificity, out of fold" not in told


def test_a_class_that_the_profile_calls_has_its_map_however_little_it_scores(
    phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hospital's threshold may lie where the probability is far below a tenth."""
    path = samples.shipped()[0].path
    assert path is not None
    scores = phantom_model.predict([cxr.read(path)])[0]
    assert scores.probabilities["N"] < 0.1, "the film that this test wants"
    low = scores.log_odds("N", "T") - 1
    site = profile(phantom_model, positive="N", negative="T", threshold=low)
    store.save(site)
    asked = ["explain", str(path), "--class", "N", "--method", "gradcam", "--untested"]
    asked += ["--out", str(tmp_path / "map.png"), *_at(phantom_model)]
    assert main(asked) == 2
    assert "[unlikely_class]" in capsys.readouterr().err
    assert main([*asked, "--site", site.name]) == 0
    assert main(["predict", str(path), "--json", "--site", site.name, *_at(phantom_model)]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["called"], answer["label"]) == ("N", "T")
    report = cxr.report.make(path, phantom_model.at(site))
    assert report.content["map"]["label"] == "N"
    assert not [line for line in report.content["map"]["said"] if "false alarm" in line]
    assert [bar.label for bar in page_of(report).bars if bar.called] == ["N"]


def test_a_folder_that_names_no_label_is_not_passed_over(
    phantom_model: cxr.Classifier, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (films / "T").rename(films / "TB")
    (films / "N").rename(films / "n")
    asked = ["site", "fit", str(films), "--name", "Drawn", *_at(phantom_model)]
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert "no label 'TB'" in told
    assert "[unknown_label]" in told
    assert store.kept().profiles == ()
    (films / "TB").rename(films / "__TB")
    assert main(asked) == 1  # the note among the films was refused
    assert store.find("Drawn").films == {"N": 12, "T": 0}


def test_a_table_names_films_labels_and_patients(
    phantom_model: cxr.Classifier, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"N/{seed:02}.png,N,p{seed // 2 if seed < 4 else seed}" for seed in range(12)]
    table = films / "films.csv"
    table.write_text("\n".join(["file,label,patient", *rows]))
    assert main(["site", "fit", str(table), "--name", "Table", *_at(phantom_model)]) == 0
    assert store.find("Table").films == {"N": 12, "T": 0}
    table.write_text("\n".join(["file,label,patient", *rows, "N/00.png,T,"]))
    assert main(["site", "fit", str(table), "--name", "Table", *_at(phantom_model)]) == 2
    assert "[two_labels]" in capsys.readouterr().err
    table.write_text("height,label\nN/00.png,N")
    assert main(["site", "fit", str(table), "--name", "Table", *_at(phantom_model)]) == 2
    assert "[bad_table]" in capsys.readouterr().err
    empty = films / "nothing"
    empty.mkdir()
    assert main(["site", "fit", str(empty), "--name", "Table", *_at(phantom_model)]) == 2
    assert "[no_films]" in capsys.readouterr().err


def test_a_file_goes_out_and_comes_in(
    phantom_model: cxr.Classifier, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = profile(phantom_model, some_head(phantom_model))
    store.save(site)
    out = folder / "out.json"
    assert main(["site", "export", "Drawn hospital", "--out", str(out)]) == 0
    assert main(["site", "delete", site.identity[:8]]) == 0
    assert store.kept().profiles == ()
    assert main(["site", "import", str(out)]) == 2
    assert "[other_network]" in capsys.readouterr().err
    assert store.kept().profiles == ()
    assert main(["site", "import", str(out), *_at(phantom_model)]) == 0
    assert store.find("Drawn hospital").identity == site.identity
    out.write_bytes(out.read_bytes().replace(b"0.25", b"0.26"))
    assert main(["site", "import", str(out)]) == 2
    assert "[altered_profile]" in capsys.readouterr().err
    assert main(["site", "import", str(folder / "gone")]) == 2
    assert main(["site", "export", "Drawn hospital", "--out", str(folder / "no" / "where")]) == 2
    assert main(["site", "show", "Nowhere"]) == 2
    assert "[no_profile]" in capsys.readouterr().err


def test_another_networks_profile_scores_nothing(
    phantom_model: cxr.Classifier, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save(profile(phantom_model, network="0" * 64))
    one = str(films / "T" / "99.png")
    assert main(["predict", one, "--site", "Drawn hospital", *_at(phantom_model)]) == 2
    assert "[other_network]" in capsys.readouterr().err


def test_films_without_labels_need_a_stated_share(
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "films" / "unlabelled").mkdir(parents=True)
    for seed in range(50):
        (tmp_path / "films" / "unlabelled" / f"{seed}.png").write_bytes(_drawn(seed))
    monkeypatch.setattr("cxr.site.alignment.reference_of", reference)
    asked = ["site", "fit", str(tmp_path / "films"), "--name", "Moved", *_at(phantom_model)]
    assert main(asked) == 2
    assert "[bad_request]" in capsys.readouterr().err
    assert main([*asked, "--share", "0.2"]) == 0
    told = capsys.readouterr().out
    assert "at a share of 0.2 (as stated): " in told
    assert "at a share of 0.1 (were it so): " in told
    assert "at a share of 0.4 (were it so): " in told


def test_verdicts_of_review_are_labels(
    phantom_model: cxr.Classifier,
    films: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Labelled T and judged N, unless it is said otherwise."""
    names = [f"N/{i:02}.png" for i in range(12)]
    rows = [f"{name},T,train,{'away' if name == names[11] else 'home'},1,7" for name in names]
    header = "image,label,split,source,display,patient_id"
    (films / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    asked = ["site", "fit", str(films), "--name", "Judged", "--verdicts", *_at(phantom_model)]
    assert main(asked) == 2
    assert "no_films" in capsys.readouterr().err
    judged = ReviewStore(str(tmp_path / "review.sqlite3"))
    wrong = {"verdict": "label_wrong", "correction": "N"}
    for name in names:
        judged.record(verdict(image=name, **wrong))
    judged.record(verdict("B", image=names[0], verdict="model_wrong"))
    judged.record(verdict("B", image=names[1], verdict="unsure"))
    judged.close()
    assert main(asked) == 2
    assert "'away', 'home'" in capsys.readouterr().err
    assert main([*asked, "--source", "home"]) == 2
    told = capsys.readouterr().err
    assert "1 judged films have no agreed label" in told
    assert "films of N of 1 patients" in told, "the manifest's patients"
    (films / "manifest.csv").write_text("\n".join([header, *(x[:-1] for x in rows)]) + "\n")
    assert main([*asked, "--source", "home"]) == 0
    assert store.find("Judged").films == {"N": 10, "T": 0}
    assert main(["site", "fit", str(films), "--name", "x", "--source", "home"]) == 2
