"""The folder of films that a review shows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from films import film, png

from cxr.errors import CxrError, DataError
from cxr.review.folder import open_folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one film, its manifest pointing at that and at what it must not."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    content = png(film(60, 50))
    (root / "images" / "1.png").write_bytes(content)
    (tmp_path / "secret.png").write_bytes(content)
    (root / "images" / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "images" / "in.png").symlink_to(root / "images" / "1.png")
    names = ["images/1.png", "images/in.png", "images/out.png", "../secret.png", "images/gone.png"]
    names += [str(tmp_path / "secret.png"), "images", "images/\0.png"]
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split", "source", "display", "boxes"])
        for name in names:
            writer.writerow([name, "T", "test", "a", "1", "[[0.1, 0.2, 0.3, 0.4], [1, 2], 5]"])
        writer.writerow(["images/hidden.png", "T", "test", "a", "0", "[[0.1, 0.2, 0.3, 0.4]]"])
    return root


def test_films_are_read_from_inside_the_folder_only(data: Path) -> None:
    folder = open_folder(data)
    for name in ("images/1.png", "images/in.png"):
        assert folder.film(name).pixels.shape == (60, 50)
    for name, code in (
        ("images/out.png", "film_outside"),
        ("../secret.png", "film_outside"),
        (str(data.parent / "secret.png"), "film_outside"),
        ("images/gone.png", "film_missing"),
        ("images", "film_missing"),
        ("images/hidden.png", "not_to_show"),
        ("images/unlisted.png", "not_to_show"),
    ):
        with pytest.raises(CxrError) as refusal:
            folder.film(name)
        assert refusal.value.code == code, name
        assert "secret" not in str(refusal.value)


def test_lesions_that_are_none_are_left_out(data: Path) -> None:
    rows = (data / "manifest.csv").read_text()
    (data / "manifest.csv").write_text(rows.replace("[1, 2], 5]", "[1, 2], [0, 0, 1e999, 1]]"))
    folder = open_folder(data)
    assert folder.rows["images/1.png"].boxes == ((0.1, 0.2, 0.3, 0.4),)


@pytest.mark.parametrize("manifest", [None, b"image,label\n", b"\xff\xfe", b'"'])
def test_a_folder_without_a_manifest_is_refused(tmp_path: Path, manifest: bytes | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.csv").write_bytes(manifest)
    with pytest.raises(DataError) as refusal:
        open_folder(tmp_path)
    assert refusal.value.code == ("bad_manifest" if manifest else "no_manifest")


def test_a_manifest_that_links_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("image,label,split,source,display\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "manifest.csv").symlink_to(tmp_path / "real.csv")
    with pytest.raises(DataError):
        open_folder(inside)
