from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxr.model.bundle import open_bundle
from train.evaluation import shortcut_audit


def _films(rng: np.random.Generator, marked: str, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a light spot for class 1, in the middle ("inside") or in a corner ("border")."""
    truth = np.arange(n) % 2
    films = rng.integers(90, 130, (n, 64, 64)).astype(np.uint8)
    spot = slice(26, 38) if marked == "inside" else slice(0, 7)
    films[truth == 1, spot, spot] = 200
    return films, truth


@pytest.mark.parametrize(("marked", "seen"), [("inside", False), ("border", True)])
def test_a_planted_corner_mark_is_told_from_the_border_and_a_lesion_is_not(
    marked: str, seen: bool
) -> None:
    films, truth = _films(np.random.default_rng(0), marked)
    keep = shortcut_audit.border_mask(shortcut_audit.THUMBNAIL)
    pixels = shortcut_audit.thumbnails(films, keep)
    names = [str(t) for t in truth]
    told = np.array(shortcut_audit.linear_probe(pixels[:120], names[:120], pixels[120:]))
    right = (told == np.array(names[120:])).mean()
    assert right == 1 if seen else right < 0.7


def test_what_is_erased_leaves_no_trace() -> None:
    films, truth = _films(np.random.default_rng(1), "inside", 40)
    mask = np.zeros((64, 64), bool)
    mask[20:44, 20:44] = True
    gone = np.stack([shortcut_audit.erased(film, mask) for film in films])
    means = gone[:, 26:38, 26:38].mean((1, 2))
    assert abs(means[truth == 1].mean() - means[truth == 0].mean()) < 2
    np.testing.assert_array_equal(gone[:, ~mask], films[:, ~mask])
    assert (gone[:, mask].std(axis=1) < 6).all(), "smooth, as its surroundings are on average"


def test_the_page_is_the_shipped_network_s(models: Path) -> None:
    page = (models.parent / "docs" / "shortcuts.md").read_text(encoding="utf-8")
    assert page.splitlines() == list(shortcut_audit.report(open_bundle(models / "default")))


def test_erasing_nothing_or_everything() -> None:
    film = np.arange(64 * 64).reshape(64, 64).astype(np.uint8)
    np.testing.assert_array_equal(shortcut_audit.erased(film, np.zeros((64, 64), bool)), film)
    assert np.ptp(shortcut_audit.erased(film, np.ones((64, 64), bool))) == 0


class _Scales:
    """Calls a film 1 where its middle is lighter than its corner."""

    def squares(self, films: np.ndarray) -> np.ndarray:
        lead = films[:, 26:38, 26:38].mean((1, 2)) - films[:, :7, :7].mean((1, 2)) - 20
        return np.stack([-lead, lead], 1)


def test_a_network_that_reads_the_middle_calls_nothing_without_it() -> None:
    films, truth = _films(np.random.default_rng(2), "inside", 40)
    middle = np.zeros((40, 64, 64), bool)
    middle[:, 22:42, 22:42] = True
    assert not shortcut_audit.calls_without(_Scales(), films, middle).any(), (
        "what it goes by is gone"
    )
    nothing = np.zeros_like(middle)
    np.testing.assert_array_equal(shortcut_audit.calls_without(_Scales(), films, nothing), truth)


def test_a_site_that_shows_in_the_features_is_told_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(2)
    n = 400
    rows = pd.DataFrame({"label": rng.choice(["N", "T"], n), "source": rng.choice(["a", "b"], n)})
    features = rng.normal(size=(n, 20))
    learn = np.arange(n) < 250
    blind = shortcut_audit.identifiability(features, rows, learn)
    features[:, 3] += 4 * (rows.source == "b")
    told = shortcut_audit.identifiability(features, rows, learn)
    assert set(told) == {"N", "T"}
    assert told["N"]["accuracy"] > 0.85
    assert told["N"]["chance"] == 0.5
    assert blind["N"]["accuracy"] < 0.65


def _found(lungs_erased: float, ahead: float = 0.3, told: float = 0.3) -> dict:
    def scored(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.02, "high": value + 0.02}

    return {
        "sound": scored(0.9),
        "ahead_of_thumbnail": scored(ahead),
        "lungs_erased": scored(lungs_erased),
        "sites": {"N": {"sites": 3, "accuracy": told, "chance": 1 / 3}},
    }


def test_the_verdict_flips_with_the_evidence() -> None:
    assert "likely" in shortcut_audit.verdict(_found(0.8), 3)
    assert "in play" in shortcut_audit.verdict(_found(0.5), 3)
    clean = shortcut_audit.verdict(_found(0.33), 3)
    assert "shortcuts" not in clean
    assert clean.startswith("With the lungs erased it keeps 0 %")
    assert "not clearly better than 16" in shortcut_audit.verdict(_found(0.33, ahead=0.01), 3)
    assert "tell the hospital" in shortcut_audit.verdict(_found(0.33, told=0.95), 3)
