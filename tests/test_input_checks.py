"""What a film is, as far as can be told: measures, limits, refusals, what is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import dicom, film
from passports import CHANNELS, altered, bundle_with, by_hand, drawn

import cxr
from cxr import input_checks
from cxr.errors import BundleError, NotARadiograph
from cxr.imaging.corruptions import corrupted
from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.input_checks import CODES, fitted, measures
from cxr.model import lungs
from cxr.model.bundle import manifest_values, write_manifest
from cxr.model.lungs import LungFinder

SMALL = drawn().pixels
FEATURES = np.ones((2, 2, CHANNELS), np.float32)


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    return lungs.load()


def flags(constants: input_checks.Fitted, finder: LungFinder | None, shown: Radiograph) -> set[str]:
    return set(input_checks.inspect(shown, FEATURES, constants, finder).flags)


def test_grain_is_the_noise_s_deviation(rng: np.random.Generator) -> None:
    y, x = np.mgrid[:200, :200]
    smooth = 60 + 0.4 * x + 0.2 * y
    for deviation in (2.0, 10.0):
        noisy = np.clip(smooth + rng.normal(0, deviation, smooth.shape), 0, 255).astype(np.uint8)
        assert measures.grain(noisy) == pytest.approx(deviation, rel=0.1)
    assert measures.grain(smooth.astype(np.uint8)) < 0.5


def test_words_are_strokes_and_ribs_are_none() -> None:
    plain = measures.strokes(np.ascontiguousarray(SMALL[:230]))  # without the drawing's own words
    few, many = (measures.strokes(corrupted(SMALL, "text", strength)) for strength in (2, 5))
    assert plain < few < many


@pytest.mark.parametrize("strength", [2, 4])
@pytest.mark.parametrize("kind", ["jpeg", "light", "noise"])
def test_a_copy_is_nearer_than_another_film(kind: str, strength: int) -> None:
    own, other = measures.fingerprint(SMALL), measures.fingerprint(film(256, 220))
    copy = measures.fingerprint(corrupted(SMALL, kind, strength if kind == "jpeg" else 1))
    apart = measures.bits_apart(np.stack([own, other]), copy)
    assert apart[0] <= 12 < 30 < apart[1]


def test_bits_are_counted() -> None:
    hashes = np.zeros((2, 18), np.uint8)
    hashes[1, :2] = 0xFF, 0x01
    assert measures.bits_apart(hashes, hashes[0]).tolist() == [0, 9]


def test_the_distance_is_what_the_axes_leave() -> None:
    constants = by_hand(channels=3)  # axes 0 and 1 are explained, the third isn't
    found = constants.distance(np.array([[4.0, 9.0, 0.0], [1.0, 1.0, 16.0]]))
    np.testing.assert_allclose(found, [0, 4], atol=1e-6)


def test_every_check_is_made_and_each_limit_counts(finder: LungFinder) -> None:
    found = input_checks.inspect(drawn(), FEATURES, by_hand(), finder)
    assert [each.code for each in found.findings] == list(CODES)
    assert not found.flags
    assert not found.unchecked
    beyond = {
        each.code: each.score + (1 if input_checks.CHECKS[each.code].below else -1)
        for each in found.findings
    }
    beyond.pop("not_chest")  # whose limit the lungs' bundle keeps
    assert flags(by_hand(**beyond), finder, drawn()) == set(beyond)


def test_what_each_check_is_for() -> None:
    noisy = input_checks.film_scores(corrupted(SMALL, "noise", 3), by_hand())
    sound = input_checks.film_scores(SMALL, by_hand())
    assert noisy["noisy"] > sound["noisy"] + 10
    assert sound["known_film"] > 0
    known = input_checks.film_scores(drawn("upper").pixels, by_hand())
    assert known["known_film"] == 0
    dark = input_checks.film_scores(corrupted(SMALL, "dark", 4), by_hand())
    assert dark["over_exposed"] < sound["over_exposed"]


def test_a_picture_without_lungs_is_refused_with_its_score(finder: LungFinder) -> None:
    shown = Radiograph(np.ascontiguousarray(drawn().pixels.T), 8, "", "PNG")
    found = input_checks.inspect(shown, FEATURES, by_hand(), finder)
    score = found.findings[0].score
    with pytest.raises(NotARadiograph) as refusal:
        input_checks.refuse(found)
    assert refusal.value.code == "not_chest"
    assert f"{score:.3f} of the" in refusal.value.message
    input_checks.refuse(input_checks.inspect(drawn(), FEATURES, by_hand(), finder))


def test_what_cannot_be_checked_is_said(finder: LungFinder) -> None:
    nothing = input_checks.inspect(drawn(), FEATURES, None, finder)
    assert [each.code for each in nothing.findings] == ["not_chest"]
    assert not input_checks.inspect(drawn(), FEATURES, None, None).findings
    assert "No input checks" in nothing.unchecked[0]
    blind = input_checks.inspect(drawn(), FEATURES, by_hand(outside=0.0), None)
    assert {"not_chest", "rotated", "cropped"}.isdisjoint(f.code for f in blind.findings)
    assert "lungs is missing" in blind.unchecked[0]
    assert blind.outside
    bare = input_checks.inspect(drawn(), None, by_hand(channels=0), finder)
    assert {"outside", "child"}.isdisjoint(each.code for each in bare.findings)
    assert "no feature maps" in bare.unchecked[0]


@pytest.mark.parametrize(
    ("stated", "years", "child"),
    [("017Y", 17, True), ("018Y", 18, False), ("018M", 1.5, True), ("", None, False)],
)
def test_a_stated_age_outweighs_the_guess(
    finder: LungFinder, stated: str, years: float | None, child: bool
) -> None:
    shown = read(dicom(SMALL, PatientAge=stated))
    assert shown.age_years == years
    assert ("child" in flags(by_hand(), finder, shown)) == child


def test_constants_survive_the_folder(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    constants = by_hand(noisy=3.5)
    bundle = bundle_with(tmp_path / "with", phantom_model.bundle, constants)
    back = fitted.load(bundle, CHANNELS)
    assert back is not None
    assert dict(back.limits) == dict(constants.limits)
    for name in ("mean", "axes", "known"):
        np.testing.assert_array_equal(getattr(back, name), getattr(constants, name))
    assert back.lines.keys() == constants.lines.keys()
    assert fitted.load(phantom_model.bundle, CHANNELS) is None


@pytest.mark.parametrize(
    "changes", [{"network": "0" * 64}, {"format": 2}, {"limits": {"noisy": 1.0}}, {"limits": None}]
)
def test_constants_of_another_network_are_refused(
    phantom_model: cxr.Classifier, tmp_path: Path, changes: dict[str, object]
) -> None:
    bundle = bundle_with(tmp_path / "with", phantom_model.bundle, by_hand())
    with pytest.raises(BundleError, match="bad_passport"):
        fitted.load(altered(bundle, **changes), CHANNELS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"axes": np.zeros((3, 2), np.float32)},
        {"known": np.zeros((1, 8), np.uint8)},
        {"mean": np.full(CHANNELS, np.nan, np.float32)},
        {"lines": {"inverted": np.zeros(257, np.float32)}},
        {"lines": {k: v for k, v in by_hand().lines.items() if k != "child"}},
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    phantom_model: cxr.Classifier, tmp_path: Path, wrong: dict[str, object]
) -> None:
    constants = replace(by_hand(), **wrong)  # type: ignore[arg-type]
    bundle = bundle_with(tmp_path / "with", phantom_model.bundle, constants)
    with pytest.raises(BundleError, match="bad_passport"):
        fitted.load(bundle, CHANNELS)


@pytest.mark.parametrize("channels", [0, CHANNELS - 1])
def test_constants_for_another_number_of_feature_maps_are_refused(
    phantom_model: cxr.Classifier, tmp_path: Path, channels: int
) -> None:
    bundle_with(tmp_path / "with", phantom_model.bundle, by_hand(channels))
    model = cxr.load(tmp_path / "with")
    with pytest.raises(BundleError, match="bad_passport"):
        cxr.input_checks.limits_of(model)


def broken(whole: bytes, how: str) -> bytes:
    """An archive of arrays that looks whole from outside."""
    data, at = bytearray(whole), 0
    if how == "damaged":
        name, extra = (int.from_bytes(data[i : i + 2], "little") for i in (26, 28))
        begins = 30 + name + extra
        data[begins : begins + 20] = b"\xff" * 20
    elif how == "encrypted":
        while (at := data.find(b"PK\x01\x02", at)) >= 0:
            data[at + 8] |= 1
            at += 4
    return bytes(data[: len(data) // 2] if how == "cut" else b"" if how == "empty" else data)


@pytest.mark.parametrize("how", ["damaged", "encrypted", "cut", "empty", "nested"])
def test_files_that_cannot_be_read_are_refused(
    phantom_model: cxr.Classifier, tmp_path: Path, how: str
) -> None:
    folder = bundle_with(tmp_path / "with", phantom_model.bundle, by_hand()).folder
    values = manifest_values(folder)
    if how == "nested":
        (folder / fitted.TEXT).write_text("[" * 100_000)
    else:
        arrays = folder / fitted.ARRAYS
        arrays.write_bytes(broken(arrays.read_bytes(), how))
    write_manifest(folder, values)
    with pytest.raises(BundleError, match="bad_passport"):
        cxr.input_checks.limits_of(cxr.load(folder))
