"""How films come in: what is taken, skipped, refused, and left to the person to decide."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

import pytest
from appwalk import FILM, OTHER, click, upload
from films import dicom, film, png
from hospitalpage import drop, profile_films_of, ran, text
from reviews import verdict
from streamlit.testing.v1 import AppTest

import cxr
from cxr.review.store import ReviewStore
from ui.hospital import intake
from ui.hospital.profile_films import ProfileFilms
from ui.session import studies

N, T, NONE, FOLDER = "N films", "T films", "Films without a label", "A folder"
THIRD = png(film(260, 240))


def labels(at: AppTest) -> dict[str, str | None]:
    return {held.names[0]: held.label for held in profile_films_of(at).held.values()}


def unescaped(at: AppTest) -> str:
    return text(at).replace("\\", "")


def test_each_zone_gives_its_label(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    at = drop(at, T, ("b.png", OTHER))
    at = drop(at, NONE, ("c.png", THIRD))
    assert labels(at) == {"a.png": "N", "b.png": "T", "c.png": ""}
    assert "1 N · 1 T · 1 without a label" in text(at)
    assert not profile_films_of(at).waiting


def test_no_file_is_kept(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    held = next(iter(profile_films_of(at).held.values()))
    assert not any(isinstance(value, bytes) for value in vars(held).values())
    assert not any(isinstance(value, bytes) for value in vars(held.film).values())


def test_dicom_files_say_whose_films_they_are_and_a_table_says_it_first(page: AppTest) -> None:
    taken = [dicom(film(300, 260 + i), PatientID="4711") for i in range(2)]
    at = drop(page, N, ("a.dcm", taken[0]), ("b.dcm", taken[1]), ("c.png", THIRD))
    assert "3 N · 1 known patient" in text(at)
    assert "4711" not in text(at)
    people = {held.names[0]: held.person for held in profile_films_of(at).held.values()}
    assert people["a.dcm"] == people["b.dcm"] != ""
    assert people["c.png"] == ""
    at = drop(at, N, ("films.csv", b"file,patient\na.dcm,one\n"))
    assert "2 known patients" in text(at)


def test_folders_name_the_label(page: AppTest) -> None:
    at = drop(
        page,
        FOLDER,
        ("ours/n/a.png", FILM),
        ("ours/T/2019/b.png", OTHER),
        ("ours/other/c.png", THIRD),
    )
    assert labels(at) == {"ours/n/a.png": "N", "ours/T/2019/b.png": "T", "ours/other/c.png": ""}
    assert "does not have the labels other." in unescaped(at)
    assert "[unknown_label]" in unescaped(at)


def test_folders_of_patients_are_no_labels(page: AppTest) -> None:
    at = drop(page, FOLDER, ("ours/p7/a.png", FILM), ("ours/unlabelled/b.png", OTHER))
    assert labels(at) == {"ours/p7/a.png": "", "ours/unlabelled/b.png": ""}
    assert "[unknown_label]" not in unescaped(at)


@pytest.mark.parametrize("first", [True, False])
def test_a_table_labels_by_name_before_and_after(page: AppTest, first: bool) -> None:
    table = ("list.csv", b"File;Label;Age\na.png;n;40\nb.png;T;60\nc.png;X;1\n")
    films = [("a.png", FILM), ("b.png", OTHER), ("c.png", THIRD)]
    at = page
    for files in ([table], films) if first else (films, [table]):
        at = drop(at, NONE, *files)
    assert labels(at) == {"a.png": "N", "b.png": "T", "c.png": ""}
    assert [held.columns["age"] for held in profile_films_of(at).held.values()] == ["40", "60", "1"]
    assert "[unknown_label]" in unescaped(at)
    assert "The table names 3 films; 3 are here." in text(at)


def test_a_film_that_is_there_is_skipped_and_said(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    at = drop(at, N, ("again.png", FILM), ("b.png", OTHER))
    assert "2 N · 1 there already" in text(at)
    assert "again.png" in text(at)
    assert "[film_twice]" in text(at)
    at = drop(at, NONE, ("unlabelled.png", FILM))
    assert "2 N · 2 there already" in text(at)


def test_a_label_that_comes_later_is_taken(page: AppTest) -> None:
    at = drop(page, NONE, ("a.png", FILM))
    at = drop(at, T, ("a.png", FILM))
    assert labels(at) == {"a.png": "T"}


def test_two_labels_wait_until_one_is_chosen(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM), ("b.png", OTHER))
    at = drop(at, T, ("a.png", FILM), ("b.png", OTHER))
    assert set(labels(at).values()) == {None}
    assert "[two_labels]" in unescaped(at)
    ran(at.segmented_control[0].set_value("T").run())
    assert list(labels(at).values()) == ["T", None]
    ran(at.button(key="hospital-all-N").click().run())
    assert list(labels(at).values()) == ["T", "N"]
    assert "[two_labels]" not in unescaped(at)
    ran(at.segmented_control[1].set_value("left out").run())
    assert list(labels(at).values()) == ["T", None]
    assert "[two_labels]" not in unescaped(at)


def test_what_is_refused_is_listed_and_the_rest_taken(page: AppTest) -> None:
    at = drop(page, N, ("bad.png", b"no film"), ("a.png", FILM), ("bad.csv", b"x,y\n1,2\n"))
    said = unescaped(at)
    assert "1 N · 2 refused" in said
    assert "bad.png" in said
    assert "[bad_table]" in said
    assert "no column is called file" in said


def test_reading_that_is_stopped_goes_on(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    here = profile_films_of(at)
    here.wait("b.png", OTHER, "T")
    here.stopped = True
    ran(at.run())
    assert "Stopped: 1 not read" in text(at)
    assert labels(at) == {"a.png": "N"}
    ran(at.button(key="hospital-go-on").click().run())
    assert labels(at) == {"a.png": "N", "b.png": "T"}


def test_what_was_not_read_can_be_left(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    profile_films_of(at).wait("b.png", OTHER, "T")
    profile_films_of(at).stopped = True
    ran(at.run())
    ran(at.button(key="hospital-leave").click().run())
    assert "not read" not in text(at)
    assert labels(at) == {"a.png": "N"}


def test_more_than_a_session_takes_is_refused(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.hospital.profile_films.MOST_BYTES", len(FILM))
    at = drop(page, N, ("a.png", FILM), ("b.png", OTHER))
    assert "1 N · 1 refused" in text(at)
    assert "[too_many_files]" in unescaped(at)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two films, one a hospital, and a database of verdicts that holds none."""
    for name, data in (("a.png", FILM), ("b.png", OTHER)):
        (tmp_path / name).write_bytes(data)
    rows = ("image,label,split,source,display,patient_id", "a.png,N,test,home,1,p1")
    (tmp_path / "manifest.csv").write_text("\n".join([*rows, "b.png,N,test,away,1,p2"]) + "\n")
    monkeypatch.setenv("CXR_DATA", str(tmp_path))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    return tmp_path


def judge_both(folder: Path) -> None:
    """Both are said to be T."""
    store = ReviewStore(str(folder / "review.sqlite3"))
    for name in ("a.png", "b.png"):
        store.record(verdict(image=name, verdict="label_wrong", correction="T"))
    store.close()


def test_films_are_taken_as_they_were_judged_on_review(page: AppTest, data_folder: Path) -> None:
    at = ran(page.run())
    assert not [each for each in at.button if each.key == "hospital-from-review"]
    judge_both(data_folder)
    at.session_state[studies.HELD] = {"study": frozenset({sha256(b"b.png").hexdigest()})}
    ran(at.run())
    ran(at.selectbox(key="hospital-review").select("away").run())
    waits = at.button(key="hospital-from-review").label
    assert waits == "Take the 0 judged on Review", "a reader study waits for it"
    ran(at.selectbox(key="hospital-review").select("home").run())
    ran(at.button(key="hospital-from-review").click().run())
    assert labels(at) == {"a.png": "T"}
    (held,) = profile_films_of(at).held.values()
    assert held.patient == "p1"


def test_a_judged_film_that_the_folder_does_not_give_out_is_listed(
    page: AppTest, data_folder: Path
) -> None:
    manifest = data_folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("away,1", "home,0"))
    judge_both(data_folder)
    at = ran(page.run())
    ran(at.button(key="hospital-from-review").click().run())
    assert labels(at) == {"a.png": "T"}
    assert "1 T · 1 known patient · 1 refused" in text(at)
    assert "b.png" in text(at)


def test_films_of_read_are_taken(page: AppTest) -> None:
    at = page.switch_page("pages/read.py").run()
    upload(at, ("a.png", FILM))
    at.switch_page("pages/hospital.py").run()
    ran(at.button(key="hospital-from-read").click().run())
    assert labels(at) == {"a.png": ""}


def test_a_sample_on_read_is_no_film_of_this_hospital(page: AppTest) -> None:
    at = page.switch_page("pages/read.py").run()
    click(at, "take-child-02")
    assert "hospital-from-read" not in [
        each.key for each in at.switch_page("pages/hospital.py").run().button
    ]
    at.switch_page("pages/read.py").run()
    click(at, "samples")
    upload(at, ("a.png", FILM))
    at.switch_page("pages/hospital.py").run()
    assert at.button(key="hospital-from-read").label == "Take the 1 of Read"
    ran(at.button(key="hospital-from-read").click().run())
    assert list(labels(at)) == ["a.png"]


def test_a_film_of_an_unfinished_study_is_not_taken(page: AppTest) -> None:
    at = page.switch_page("pages/read.py").run()
    upload(at, ("a.png", FILM), ("b.png", OTHER))
    held = {"0" * 16: frozenset({sha256(FILM).hexdigest()})}
    at.session_state[studies.HELD] = held
    at.switch_page("pages/hospital.py").run()
    assert at.button(key="hospital-from-read").label == "Take the 1 of Read"
    ran(at.button(key="hospital-from-read").click().run())
    assert list(labels(at)) == ["b.png"]


def test_all_films_can_be_removed(page: AppTest) -> None:
    at = drop(page, N, ("a.png", FILM))
    ran(at.button(key="hospital-clear").click().run())
    assert "1 N" not in text(at)


def test_a_run_that_is_interrupted_loses_no_film_and_takes_none_twice(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press starts the page anew while the earlier run is still at its film."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(*given: object) -> cxr.Assessment:
        begun.set()
        go_on.wait(10)
        return cxr.assess(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "assess", slow)
    here = ProfileFilms(phantom_model.labels)
    for name, data in (("a.png", FILM), ("b.png", OTHER)):
        here.wait(name, data, "N")
    earlier = threading.Thread(target=intake.read_one, args=(here, phantom_model))
    earlier.start()
    assert begun.wait(10)
    later = threading.Thread(target=intake.read_one, args=(here, phantom_model))
    later.start()
    go_on.set()
    earlier.join()
    later.join()
    assert sorted(held.names[0] for held in here.held.values()) == ["a.png", "b.png"]
    assert (here.again, len(here.waiting)) == (0, 0)


def test_a_zone_that_is_emptied_leaves_the_others_as_they_are(page: AppTest) -> None:
    before = {each.label: each.key for each in page.file_uploader}
    at = drop(page, N, ("a.png", FILM))
    after = {each.label: each.key for each in at.file_uploader}
    assert {zone for zone in (N, T, NONE) if before[zone] != after[zone]} == {N}
