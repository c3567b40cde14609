import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import film, png
from networks import phantoms

import cxr
from cxr.imaging.preprocessing import reduce_film


def test_probabilities_are_calibrated_and_sum_to_one(phantom_model: cxr.Classifier) -> None:
    p = phantom_model.predict([cxr.read(png(film()))])[0]
    assert sum(p.probabilities.values()) == pytest.approx(1)
    assert p.label == max(p.probabilities, key=p.probabilities.__getitem__)
    z = np.array(list(p.logits.values())) / phantom_model.bundle.temperature
    np.testing.assert_allclose(list(p.probabilities.values()), np.exp(z) / np.exp(z).sum())
    assert p.margin == pytest.approx(abs(p.probabilities["N"] - p.probabilities["T"]))


def test_the_same_bytes_give_the_same_scores_alone_or_among_others(
    phantom_model: cxr.Classifier,
) -> None:
    films = [cxr.read(png(film(90 + i, 80))) for i in range(5)]
    together = [p.logits for p in phantom_model.predict(films)]
    alone = [phantom_model.predict([f])[0].logits for f in reversed(films)][::-1]
    assert together == alone


def test_squares_agree_with_films(phantom_model: cxr.Classifier) -> None:
    squares, _ = phantoms(19, seed=5)
    batched = phantom_model.squares(squares)
    single = [list(phantom_model._predict(s).logits.values()) for s in squares]
    np.testing.assert_allclose(batched, single, atol=1e-4)
    assert phantom_model.squares(squares[:0]).shape == (0, 2)


def test_many_threads_give_what_one_gives(phantom_model: cxr.Classifier) -> None:
    films = [cxr.read(png(film(80 + i, 90))) for i in range(6)]
    expected = [p.logits for p in phantom_model.predict(films)]
    squares, _ = phantoms(40, seed=6)
    batch = phantom_model.squares(squares)
    wrong: list[str] = []

    def one_session(k: int) -> None:
        for _ in range(5):
            if phantom_model.predict([films[k]])[0].logits != expected[k]:
                wrong.append(f"film {k}")
            if not np.array_equal(phantom_model.squares(squares), batch):
                wrong.append(f"batch {k}")

    threads = [threading.Thread(target=one_session, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_predicting_imports_no_heavy_library(models: Path) -> None:
    code = (
        "import sys, cxr; from pathlib import Path\n"
        f"model = cxr.load({str(models / 'thumbnail')!r})\n"
        f"film = cxr.read({str(models.parent / 'samples' / 'child-01.jpg')!r})\n"
        "model.predict([film])\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'scipy', 'streamlit', 'pydicom'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["default", "thumbnail"])
def test_real_films_score_as_predictions_csv_says(models: Path, cxr_data: Path, name: str) -> None:
    model = cxr.load(models / name)
    rows = pd.read_csv(models / name / "predictions.csv")
    here = rows[[(cxr_data / image).is_file() for image in rows.image]]
    if gone := len(rows) - len(here):
        warnings.warn(f"{gone} of {len(rows)} films of models/{name} are not here", stacklevel=1)
    assert len(here) > len(rows) / 2
    for row in here.groupby(["split", "source", "label"]).head(2).itertuples():
        p, _ = cxr.assess(cxr_data / str(row.image), model, let_in=True).scored
        expected = [getattr(row, f"logit_{label}") for label in model.labels]
        np.testing.assert_allclose(list(p.logits.values()), expected, atol=1e-3)


def test_a_film_scores_alike_at_native_size_and_at_256_pixels(models: Path) -> None:
    model = cxr.load(models / "default")
    differences = []
    for path in sorted((models.parent / "samples").glob("*.jpg")):
        native = cxr.read(path)
        small = cxr.read(png(reduce_film(native.eight_bit, 256)))
        a, b = (model.predict([f])[0].probabilities for f in (native, small))
        differences.append(max(abs(a[k] - b[k]) for k in model.labels))
    assert len(differences) == 16
    assert max(differences) < 0.03, f"worst {max(differences):.4f}"
