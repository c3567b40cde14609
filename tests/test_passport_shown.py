"""Where passports are said: the command line, Read, its CSV, the metrics page, the review queue."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from films import film, png
from passports import bundle_with, by_hand, drawn
from streamlit.testing.v1 import AppTest
from tables import LABELS, raw, table

import cxr
import cxr.lungs
import cxr.passport
from cxr import slices
from cxr.__main__ import main
from cxr.review.cases import Wanted, queue
from train import passport_pictures
from ui.export import scores_csv
from ui.films import Film, Reading
from ui.review import address

pytestmark = pytest.mark.usefixtures("lungs_looked_for")

CHEST, PICTURE = png(drawn().pixels), png(film(300, 260))
Admit = Callable[..., cxr.Classifier]


@pytest.fixture
def model(phantom_model: cxr.Classifier, tmp_path: Path) -> Callable[..., cxr.Classifier]:
    """The phantom network with limits of a passport."""

    def made(**limits: float) -> cxr.Classifier:
        folder = tmp_path / "models" / "passported"
        return cxr.load(bundle_with(folder, phantom_model.bundle, by_hand(**limits)).folder)

    return made


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A chest and a picture of something else."""
    for name, data in (("chest.png", CHEST), ("picture.png", PICTURE)):
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / "chest.png"), str(tmp_path / "picture.png")]


def test_the_command_line_says_it(
    model: Admit, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(model(outside=0.0, noisy=0.0).bundle.folder)
    assert main(["predict", *files, "--json", "--model", folder]) == 1
    chest, picture = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert chest["passport"]["flags"] == ["outside", "noisy"]
    assert chest["passport"]["checks"]["noisy"][1] == 0
    assert picture["error"]["code"] == "not_chest"
    assert "label" not in picture
    main(["predict", *files, "--model", folder])
    scored, refused = capsys.readouterr().out.splitlines()[1:]
    assert scored.split()[-2:] == ["outside", "noisy"]
    assert "[not_chest]" in refused


def test_a_model_without_a_passport_refuses_a_picture_too(
    phantom_model: cxr.Classifier, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(phantom_model.bundle.folder)
    assert main(["predict", *files, "--json", "--model", folder]) == 1
    chest, picture = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(chest["passport"]["checks"]) == ["not_chest"]
    assert picture["error"]["code"] == "not_chest"


@pytest.fixture
def _fresh() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def read_page(*uploads: tuple[str, bytes]) -> AppTest:
    at = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=120).run()
    at.button(key="accept").click().run()
    at.file_uploader[0].set_value([(*each, "application/octet-stream") for each in uploads])
    at.run()
    assert not at.exception
    return at


@pytest.mark.usefixtures("_fresh")
def test_outside_outranks_the_scores(model: Admit, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = model(outside=0.0, child=-1.0).bundle.folder
    monkeypatch.setenv("CXR_MODELS", str(folder.parent))
    at = read_page(("chest.png", CHEST), ("picture.png", PICTURE))
    page = [each.value for each in at.get("html")]
    said = next(i for i, each in enumerate(page) if "Outside what this model knows" in each)
    called = next(i for i, each in enumerate(page) if "cxr-call" in each)
    assert said < called
    assert "cxr-muted" in page[called]
    assert "Before calibration" in page[called]
    assert any("A small child, it seems" in each and "All checks" in each for each in page)
    at.radio[0].set_value(2).run()
    assert "No lungs of a frontal chest film" in at.info[0].value
    at.radio[0].set_value(1).run()
    at.switch_page("pages/lab.py").run()
    assert any("Outside what this model knows" in each.value for each in at.get("html"))


def test_scores_leave_with_their_flags(model: Admit) -> None:
    asked = model(noisy=0.0)
    (prediction,) = asked.predict([drawn()])
    found = cxr.passport.inspect(drawn(), prediction.features, asked.passport, None)
    given = Film(1, "chest.png", CHEST, "0" * 64)
    out = scores_csv([(given, Reading(prediction=prediction, passport=found))], asked.bundle)
    (row,) = csv.DictReader(io.StringIO(out.decode("utf-8-sig")))
    assert row["passport"] == "noisy"
    assert "lungs is missing" in row["unchecked"]


def test_flags_are_slices_and_narrow_the_queue(tmp_path: Path) -> None:
    frame = raw(60)
    old = table(frame, tmp_path)
    assert [name for name, _ in slices.parts(old, "passport")] == ["unknown"]
    assert not address.flags_of(old)
    frame["passport"] = ["noisy;child" if i % 6 == 0 else "" for i in range(len(frame))]
    rows = table(frame, tmp_path)
    counts = {name: int(films.sum()) for name, films in slices.parts(rows, "passport")}
    assert counts == {"child": 10, "noisy": 10, "none": 50}
    assert address.flags_of(rows) == ["child", "noisy"]
    found = queue(rows, LABELS, Wanted("test", passport="noisy", shown="all"))
    assert len(found.rows) + found.hidden == 10
    assert set(found.rows.passport) == {"noisy;child"}


def test_what_is_no_chest_is_refused_in_every_form(
    cxr_data: Path, models: Path, finder: cxr.lungs.LungFinder
) -> None:
    """With the shipped networks, on every real picture there is."""
    shipped = cxr.load(models / "default")
    if shipped.passport is None:
        pytest.skip("models/default brings no passport")
    bench = passport_pictures.Bench(shipped, finder, shipped.passport, cxr_data)
    rows = list(passport_pictures.rows(bench, []))[2:6]
    for row in rows:
        name, shown, _, _, let_in, *_ = row.strip("| ").split(" | ")
        assert int(shown) > 20, name
        assert let_in == "0", name


@pytest.fixture(scope="module")
def finder() -> cxr.lungs.LungFinder:
    return cxr.lungs.load()
