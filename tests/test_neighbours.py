"""The films that a network finds most alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import phantom

import cxr
from cxr.errors import Cancelled, ExplainError, UnreadableFile
from cxr.features import neighbours
from cxr.features.neighbours import Vectors, classes, held, nearest, references, shelf, work_out
from cxr.imaging.radiograph import Radiograph

IMAGES = tuple(f"{i}.png" for i in range(10))


@pytest.fixture(scope="module")
def films() -> dict[str, Radiograph]:
    """Every second one has a lesion."""
    rng = np.random.default_rng(5)
    drawn = {name: phantom(rng, bool(i % 2))[0] for i, name in enumerate(IMAGES)}
    return {name: Radiograph(pixels, 8, name, "PNG") for name, pixels in drawn.items()}


@pytest.fixture
def place(phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shards of four films."""
    monkeypatch.setenv("CXR_CACHE", str(tmp_path))
    monkeypatch.setattr(neighbours, "SHARD", 4)
    return shelf(phantom_model.bundle, "data", IMAGES)


def test_vectors_are_the_averaged_feature_maps(
    phantom_model: cxr.Classifier, films: dict[str, Radiograph], place: Path
) -> None:
    found = work_out(phantom_model, IMAGES, films.__getitem__, place)
    for image, vector in zip(IMAGES, found.values, strict=True):
        features = phantom_model.predict([films[image]])[0].features
        assert features is not None
        mean = features.mean((0, 1))
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-3)
    again = held(place, IMAGES)
    assert again is not None
    np.testing.assert_array_equal(again.values, found.values)


def test_stopped_work_goes_on_where_it_was(
    phantom_model: cxr.Classifier, films: dict[str, Radiograph], place: Path
) -> None:
    shares: list[float] = []

    def stop(share: float) -> bool:
        shares.append(share)
        return share < 0.6

    with pytest.raises(Cancelled):
        work_out(phantom_model, IMAGES, films.__getitem__, place, stop)
    assert shares[0] == 0
    assert held(place, IMAGES) is None
    read: list[str] = []

    def film(name: str) -> Radiograph:
        read.append(name)
        return films[name]

    work_out(phantom_model, IMAGES, film, place)
    assert read == list(IMAGES[4:])


def test_a_damaged_shard_is_worked_out_again(
    phantom_model: cxr.Classifier, films: dict[str, Radiograph], place: Path
) -> None:
    whole = work_out(phantom_model, IMAGES, films.__getitem__, place)
    shard = place / "00001.npy"
    shard.write_bytes(shard.read_bytes()[:-5])
    assert held(place, IMAGES) is None
    again = work_out(phantom_model, IMAGES, films.__getitem__, place)
    np.testing.assert_array_equal(again.values, whole.values)
    np.save(shard, np.array([{}] * 4, object), allow_pickle=True)
    assert held(place, IMAGES) is None


def test_a_film_that_cannot_be_read_has_no_neighbour_and_is_none(
    phantom_model: cxr.Classifier, films: dict[str, Radiograph], place: Path
) -> None:
    def film(name: str) -> Radiograph:
        if name in IMAGES[:4]:
            raise UnreadableFile("not_an_image", "The file is not an image.")
        return films[name]

    found = work_out(phantom_model, IMAGES, film, place)
    everything = np.ones(len(IMAGES), bool)
    assert nearest(found, IMAGES[0], everything) is None
    answer = nearest(found, IMAGES[5], everything)
    assert answer is not None
    assert answer[0] >= 4


def test_another_network_or_folder_has_another_shelf(
    phantom_model: cxr.Classifier, models: Path, place: Path
) -> None:
    other = cxr.load(models / "thumbnail").bundle
    places = {
        place,
        shelf(other, "data", IMAGES),
        shelf(phantom_model.bundle, "other", IMAGES),
        shelf(phantom_model.bundle, "data", IMAGES[1:]),
    }
    assert len(places) == 4


def test_a_network_without_feature_maps_says_so(models: Path, place: Path) -> None:
    model = cxr.load(models / "thumbnail")
    with pytest.raises(ExplainError) as refusal:
        work_out(model, IMAGES, {}.__getitem__, place)
    assert refusal.value.code == "no_convolution"


def test_a_cache_that_cannot_be_written_is_said(
    phantom_model: cxr.Classifier, films: dict[str, Radiograph], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplainError) as refusal:
        work_out(phantom_model, IMAGES, films.__getitem__, tmp_path / "file" / "below")
    assert refusal.value.code == "cache_unwritable"


def table(n: int, rng: np.random.Generator) -> pd.DataFrame:
    def categories(values: list[str]) -> pd.Categorical:
        return pd.Categorical(rng.choice(values, n), categories=values)

    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(n)],
            "source": categories(["a", "b"]),
            "patient": categories(["", "1", "2", "3"]),
            "label": categories(["N", "T"]),
            "called": categories(["N", "T"]),
            "display": rng.random(n) > 0.2,
            "p_N": rng.random(n),
            "p_T": rng.random(n),
        }
    )


def test_references_are_right_calls_of_other_patients(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", 7)
    rows = table(120, rng)
    images = neighbours.films_of(rows)
    values = rng.normal(size=(len(images), 8))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    vectors = Vectors(images, values.astype(np.float16))
    by_image = dict(zip(images, values, strict=True))
    for at in np.flatnonzero(rows.display)[:30]:
        case = rows.iloc[at]
        found = references(vectors, rows, at, ("T", "N"))
        for label in "NT":
            right = rows[rows.display & (rows.label == label) & (rows.called == label)]
            kin = (right.source == case.source) & (right.patient == case.patient)
            others = right[~(kin & (case.patient != "")) & (right.image != case.image)]
            likeness = [float(by_image[i] @ by_image[case.image]) for i in others.image]
            assert found[label].likeness == pytest.approx(max(likeness), abs=2e-3)
            assert found[label].row in others.index
    assert references(vectors, rows[rows.label == "N"], 0, ("T",)) == {}


@pytest.mark.parametrize(
    ("truth", "called", "between"),
    [("T", "N", ("T", "N")), ("P", "T", ("P", "T")), ("N", "N", ("N", "P"))],
)
def test_a_case_lies_between_two_classes(truth: str, called: str, between: tuple[str, str]) -> None:
    row = pd.Series({"label": truth, "called": called, "p_N": 0.5, "p_P": 0.3, "p_T": 0.2})
    assert classes(row, ("N", "P", "T")) == between
