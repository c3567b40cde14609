"""Data folders made from what sources publish: trees, tables, archives, and a manifest to match."""

import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from films import jpeg, png

from cxr.errors import DataError
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.reader import read
from train.__main__ import main
from train.data import manifest
from train.prepare import duplicates, perceptual_hash, prepare
from train.prepare.prepare import PreparePlan
from train.prepare.prepared import summary
from train.prepare.sources import Naming, Source

LABELS = {"NORMAL": "N", "PNEUMONIA": "P"}


def drawn(seed: int, height: int = 170, width: int = 150) -> np.ndarray:
    """A smooth film unlike any of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two films a patient, in the folders of a home that split them itself."""
    root = tmp_path / "home"
    for i in range(24):
        folder = root / ("train", "test")[i % 2] / ("NORMAL", "PNEUMONIA")[i // 12]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"person{i // 2}_{i}.png").write_bytes(png(drawn(i)))
    (root / "train" / "NORMAL" / "twice.jpg").write_bytes(jpeg(drawn(0)))
    (root / "train" / "NORMAL" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no film")
    (root / "train" / "LATERAL").mkdir()
    (root / "train" / "LATERAL" / "side.png").write_bytes(png(drawn(99)))
    (root / "readme.txt").write_text("of no interest")
    return root


def plan_of(path: Path, **more: object) -> PreparePlan:
    naming = Naming(labels=LABELS, patient=r"(person\d+)_")
    return PreparePlan((Source("home", path),), **{"naming": naming, "longer_side": 128, **more})  # type: ignore[arg-type]


def test_a_tree_becomes_films_split_by_patient(tree: Path, tmp_path: Path) -> None:
    found = prepare.prepare(plan_of(tree), tmp_path / "out")
    frame = manifest.load(tmp_path / "out")
    assert len(frame) == 24
    assert manifest.problems(frame.assign(split="train"), tmp_path / "out", ("N", "P")) == [
        "val has no film labelled N",
        "val has no film labelled P",
    ], "every film is there, labelled, under its own name"
    assert frame.groupby("patient_id").split.nunique().max() == 1
    assert list(found.copies.of) == ["train/NORMAL/person0_0.png"], "whichever comes first stays"
    assert list(found.seen.refused[found.seen.refused != ""]) == ["damaged"]
    row = frame.iloc[0]
    film = read(tmp_path / "out" / row.image)
    assert (row.height, row.width) == ("170", "150")
    assert film.format == "JPEG"
    assert film.eight_bit.shape == (128, 113)
    lines = list(summary(found))
    assert "refused as damaged: 1" in lines
    assert "without a label that was asked for: 1" in lines
    assert "copies of another film: 1, of another label: 0 (copies.csv)" in lines


def test_archives_and_a_table_give_the_films_of_the_tree(tree: Path, tmp_path: Path) -> None:
    files = sorted(p for p in tree.rglob("*") if p.is_file())
    zipped, taped = tmp_path / "home.zip", tmp_path / "home.tar.gz"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in files:
            archive.write(file, file.relative_to(tree))
    with tarfile.open(taped, "w:gz") as archive:
        for file in files:
            archive.add(file, str(file.relative_to(tree)))
    rows = [
        {"Name": file.name, "Finding": file.parent.name, "Who": file.name.split("_")[0]}
        for file in files
        if file.parent.name in LABELS
    ]
    pd.DataFrame(rows).to_csv(tree / "list.csv", index=False)
    columns = {"image": "Name", "label": "Finding", "patient_id": "Who"}
    table = plan_of(tree / "list.csv", naming=Naming(LABELS, columns))
    plans = plan_of(tree), plan_of(zipped), plan_of(taped), table
    names = []
    for i, plan in enumerate(plans):
        frame = prepare.prepare(plan, tmp_path / f"out{i}").frame
        names.append(set(frame.split + frame.label + frame.phash))
    assert names[0] == names[1] == names[2] == names[3]
    naming = Naming(columns={**columns, "age": "Alter"})
    with pytest.raises(DataError, match="lacks the columns Alter") as caught:
        prepare.prepare(plan_of(tree / "list.csv", naming=naming), tmp_path / "none")
    assert caught.value.code == "bad_table"


def test_a_manifest_is_matched_by_hash_and_name(tmp_path: Path) -> None:
    home, like = tmp_path / "home", tmp_path / "like"
    home.mkdir()
    like.mkdir()
    rows = []
    for i in range(6):
        film = drawn(i, 500, 440)
        (home / f"{'renamed' if i == 1 else 'film'}{i}.png").write_bytes(png(film))
        shown = duplicates.middle(film) if i == 2 else film
        stored = read(jpeg(reduce_film(shown, 256))).eight_bit
        rows.append(
            {
                "image": f"images/home/film{i}.jpg",
                "label": "NP"[i % 2],
                "split": "external" if i == 5 else "train",
                "source": "home",
                "patient_id": f"p{i}",
                "recommended": "1",
                "prep": duplicates.CROPPED if i == 2 else "full",
                "phash": perceptual_hash.text(perceptual_hash.phash(stored)),
                "lung_mask": "masks/m.png",
            }
        )
    (home / "film3.png").unlink()
    (home / "film4.png").write_bytes(png(drawn(77, 500, 440)))  # of that name, but another film
    wanted = pd.DataFrame(rows)
    wanted.to_csv(like / "films.csv", index=False)
    plan = PreparePlan((Source("home", home),), like=like / "films.csv")
    frame = prepare.prepare(plan, tmp_path / "out").frame
    expected = wanted.drop(index=[3, 4]).assign(lung_mask="")
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    sizes = [max(read(tmp_path / "out" / image).eight_bit.shape) for image in frame.image]
    assert sizes == [256, 256, 256, 384]
    again = read(tmp_path / "out" / frame.image[2]).eight_bit
    exact = reduce_film(duplicates.middle(drawn(2, 500, 440)), 256)
    assert np.abs(again.astype(int) - exact).mean() < 2, "the middle, as the manifest has it"
    for other, wanted_text in (
        (PreparePlan((Source("away", home),), like=plan.like), "knows no source away"),
        (PreparePlan(plan.sources * 2), "Two sources have one name"),
        (PreparePlan(plan.sources, external=("far",)), "No source is called far"),
    ):
        with pytest.raises(DataError, match=wanted_text):
            prepare.prepare(other, tmp_path / "never")


def test_whoever_bears_the_name_wins_over_whoever_is_nearer() -> None:
    code = perceptual_hash.phash(drawn(1))
    digits = [perceptual_hash.text(code ^ np.uint64(bits)) for bits in (0b1111, 0b11)]
    files = pd.DataFrame({"source": "s", "member": ["a/x.png", "a/y.png"], "phash": digits})
    files["middle"] = files.phash
    rows = pd.DataFrame(
        {"source": "s", "image": ["i/x.jpg"], "phash": [perceptual_hash.text(code)]}
    )
    assert list(duplicates.alike(files, rows).member) == ["a/x.png"]
    rows["image"] = "i/z.jpg"
    assert list(duplicates.alike(files, rows).member) == ["a/y.png"]
    assert duplicates.alike(files.iloc[:1], rows).empty, "four bits and another name: another film"


def test_a_stopped_run_goes_on_and_overwrites_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    prepare.prepare(plan_of(tree), whole)
    monkeypatch.setattr(prepare, "TOGETHER", 4)
    real, calls = prepare._seen, []

    def stops(item: object) -> dict:
        calls.append(item)
        if len(calls) == 11:
            raise KeyboardInterrupt
        return real(item)  # type: ignore[arg-type]

    monkeypatch.setattr(prepare, "_seen", stops)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(plan_of(tree), out)
    with (out / "seen.csv").open("a") as file:
        file.write("home,half a li")
    assert not (out / "manifest.csv").exists()
    prepare.prepare(plan_of(tree), out)
    assert len(calls) - 12 < 27, "what was seen is not looked at again"
    for name in ("manifest.csv", "copies.csv"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    image = out / manifest.load(out).image[0]
    image.write_bytes(b"mine")
    prepare.prepare(plan_of(tree), out)
    assert image.read_bytes() == b"mine"
    (tree / "train" / "NORMAL" / "new_film.png").write_bytes(png(drawn(500)))
    for plan, where in (
        (plan_of(tree), out),
        (plan_of(tree, longer_side=64), out),
        (plan_of(tree), tree),
    ):
        with pytest.raises(DataError) as caught:
            prepare.prepare(plan, where)
        assert caught.value.code == "would_overwrite"


def test_sources_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK, but no archive")
    (tmp_path / "empty").mkdir()
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for i in range(30):
            content = png(drawn(i))
            info = tarfile.TarInfo(f"N/{i}.png")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    (tmp_path / "half.tar.gz").write_bytes(held.getvalue()[: len(held.getvalue()) // 2])
    plain = gzip.decompress(held.getvalue())
    head = plain.index(b"N/20.png")
    for name, tape in (
        ("before a head", plain[:head]),
        ("in a head", plain[: head + 100]),
        ("head broken", plain[: head + 148] + b"x" + plain[head + 149 :]),
    ):
        (tmp_path / f"{name}.tar").write_bytes(tape)
    for name, code in (
        ("nowhere", "no_source"),
        ("no.zip", "bad_archive"),
        ("half.tar.gz", "bad_archive"),
        ("before a head.tar", "bad_archive"),
        ("in a head.tar", "bad_archive"),
        ("head broken.tar", "bad_archive"),
        ("empty", "no_films"),
    ):
        with pytest.raises(DataError) as caught:
            prepare.prepare(plan_of(tmp_path / name), tmp_path / f"out {name}")
        assert caught.value.code == code
        assert name not in caught.value.message


def test_a_member_that_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    """Deflate64 is what Windows packs large files with; the other is damaged."""
    for kind, method, code in (
        (zipfile.ZIP_STORED, 9, "Unpack it and name the folder"),
        (zipfile.ZIP_LZMA, zipfile.ZIP_LZMA, "is damaged"),
    ):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr("N/a.png", png(drawn(1)))
        whole = bytearray(path.read_bytes())
        for header, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
            whole[whole.index(header) + place] = method
        if kind == zipfile.ZIP_LZMA:
            whole[120:200] = b"\xff" * 80
            with pytest.raises(lzma.LZMAError), zipfile.ZipFile(io.BytesIO(whole)) as archive:
                archive.read("N/a.png")
        path.write_bytes(whole)
        with pytest.raises(DataError, match=code) as caught:
            prepare.prepare(plan_of(path), tmp_path / f"out{method}")
        assert caught.value.code == "bad_archive"


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    for i, content in enumerate((b"image,label\n\xc9,N\n", b"", b"image,label\na,N\nb,N,P\n")):
        (tmp_path / "list.csv").write_bytes(content)
        with pytest.raises(DataError) as caught:
            prepare.prepare(plan_of(tmp_path / "list.csv"), tmp_path / f"out{i}")
        assert caught.value.code == "bad_table"


def test_a_name_that_no_file_can_have_is_a_film_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(drawn(1)))
    (tmp_path / "list.csv").write_text(f"image,label\na.png,NORMAL\n{'x' * 300},NORMAL\n")
    found = prepare.prepare(plan_of(tmp_path / "list.csv"), tmp_path / "out")
    assert list(found.seen.refused) == ["", "not_found"]


@pytest.mark.parametrize("name", ["../../outside", "..", ".", "a\\b", "", " "])
def test_no_source_s_name_leads_out_of_the_folder(tree: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="Say NAME=PATH") as caught:
        prepare.prepare(PreparePlan((Source(name, tree),)), tmp_path / "deep" / "er" / "out")
    assert caught.value.code == "bad_plan"
    assert sorted(tmp_path.iterdir()) == [tree], "nothing is written anywhere"


def test_the_command(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["prepare", f"a={tree / 'train'}", f"b={tree / 'test'}", "--out", str(out)]
    asked = ["--labels", "NORMAL=N,PNEUMONIA=P", "--external", "b", "--patient", r"(person\d+)_"]
    assert main([*command, *asked, "--shares", "train=.5,val=.5"]) == 0
    printed = capsys.readouterr().out
    assert "external b N: 6" in printed
    frame = manifest.load(out)
    assert set(frame.split[frame.source == "b"]) == {"external"}
    assert set(frame.split[frame.source == "a"]) <= {"train", "val"}
    assert main([*command, "--labels", "NORMAL=N,PNEUMONIA=T"]) == 2
    for bad in (
        ["--shares", "train=.5"],
        ["--shares", "train=nan"],
        ["--columns", "label"],
        ["--patient", "person"],
        ["--patient", "("],
        ["--longer-side", "0"],
        ["--longer-side", "-256"],
    ):
        with pytest.raises(SystemExit):
            main([*command, *bad])
