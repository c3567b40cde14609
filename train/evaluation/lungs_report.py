"""What a lungs bundle is worth: the tables of docs/lungs.md, measured anew on each call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.model import lungs
from cxr.model.bundle import Bundle

Film = NDArray[np.uint8]


def _crop(image: Film) -> Film:
    top, left = (round(side / 16) for side in image.shape)
    return image[top : image.shape[0] - top, left : image.shape[1] - left]


def _turn(image: Film) -> Film:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1)
    return cv2.warpAffine(image, turn, (width, height)).astype(np.uint8)


def _box(film: Film) -> Film:
    film = film.copy()
    height, width = film.shape
    film[int(height * 0.88) :, int(width * 0.3) : int(width * 0.7)] = 255
    film[: int(height * 0.08), : int(width * 0.3)] = 255
    return film


def _noise(film: Film) -> Film:
    grain = np.random.default_rng(0).normal(0, 20, film.shape)
    return np.clip(film + grain, 0, 255).astype(np.uint8)


def _jpeg(film: Film) -> Film:
    packed = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 15])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def _same(image: Film) -> Film:
    return image


def _gamma(exponent: float) -> Callable[[Film], Film]:
    table = np.rint(np.linspace(0, 1, 256) ** exponent * 255).astype(np.uint8)
    return lambda film: table[film]


# What is done to the film, and what to the mask.
DISTURBANCES: dict[str, tuple[Callable[[Film], Film], Callable[[Film], Film]]] = {
    "as published": (_same, _same),
    "inverted": (lambda film: 255 - film, _same),
    "gamma 0.5": (_gamma(0.5), _same),
    "gamma 2": (_gamma(2), _same),
    "noise, sd 20 of 255": (_noise, _same),
    "JPEG quality 15": (_jpeg, _same),
    "two white boxes": (_box, _same),
    "middle 87.5 %": (_crop, _crop),
    "turned by 10°": (_turn, _turn),
    "mirrored": (lambda film: film[:, ::-1], lambda mask: mask[:, ::-1]),
    "a quarter of the pixels": (
        lambda film: cv2.resize(film, None, None, 0.5, 0.5, cv2.INTER_AREA).astype(np.uint8),
        _same,
    ),
}


def disturbed(finder: lungs.LungFinder, frame: pd.DataFrame, data: Path) -> Iterator[str]:
    """Rows of a table: mean Dice of the test films of each source under each disturbance."""
    test = frame[(frame.split == "test") & (frame.lung_mask != "")]
    sources = sorted(test.source.unique())
    yield f"| test films | {' | '.join(sources)} |"
    yield f"| --- |{' --- |' * len(sources)}"
    pairs = {
        source: [(read(data / row.image), read(data / row.lung_mask).eight_bit) for row in rows]
        for source in sources
        for rows in [list(test[test.source == source].itertuples())]
    }
    for name, (film_too, mask_too) in DISTURBANCES.items():
        cells = []
        for source in sources:
            found = []
            for film, drawn in pairs[source]:
                shown = np.ascontiguousarray(film_too(film.eight_bit))
                truth = mask_too(drawn) >= 128
                called = lungs.mask(finder.find(_of(film, shown)), *truth.shape)
                found.append(2 * (called & truth).sum() / (called.sum() + truth.sum()))
            cells.append(f"{np.mean(found):.3f}")
        yield f"| {name} | {' | '.join(cells)} |"


def _of(film: Radiograph, pixels: Film) -> Radiograph:
    return replace(film, pixels=pixels, bits=8, voi=None, window=None)


def presence(finder: lungs.LungFinder, frame: pd.DataFrame, data: Path) -> Iterator[str]:
    """Rows of a table: presence and refusals of each source's films and of what is no chest."""
    threshold = finder.bundle.operating_points["lung"]["threshold"]
    yield (
        "| shown | n | lungs' share, median | presence, least | median | greatest | "
        f"below {threshold:.3f} |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for split in ("val", "test", "external"):
        for source, rows in frame[frame.split == split].groupby("source"):
            yield _row(f"{split}, {source}", finder, [read(data / i) for i in rows.image])
    if (data / "not_chest").is_dir():
        yield _row("not_chest, in grey", finder, list(_not_chest(data / "not_chest")))


def _not_chest(folder: Path) -> Iterator[Radiograph]:
    """What no reading of bytes would let through, forced through: colours become grey, DICOM is
    taken by its pixels alone."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".dcm":
            import pydicom

            stored = pydicom.dcmread(path).pixel_array.astype(np.float32)
            grey = np.interp(stored, (stored.min(), stored.max()), (0, 255)).astype(np.uint8)
        else:
            grey = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
        yield Radiograph(pixels=grey, bits=8, sha256="", format="PNG")


def _row(name: str, finder: lungs.LungFinder, films: list[Radiograph]) -> str:
    found = [finder.find(film) for film in films]
    sure = np.array([lungs.presence(p) for p in found])
    area = np.median([(p >= 0.5).mean() for p in found])
    refused = int(sum(not finder.has_lungs(p) for p in found))
    return (
        f"| {name} | {len(films)} | {area:.2f} | {sure.min():.3f} | {np.median(sure):.3f} | "
        f"{sure.max():.3f} | "
        f"{refused} ({refused / len(films):.1%}) |"
    )


def speed(finder: lungs.LungFinder, calls: int = 1000) -> str:
    """Milliseconds of the network for one preprocessed film."""
    side = finder.bundle.preprocessing.size
    square = np.full((side, side), 128, np.uint8)
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        finder.square(square)
        took.append(time.perf_counter() - began)
    fastest, median = min(took) * 1000, np.median(took) * 1000
    return f"{fastest:.1f} ms a film at its fastest, {median:.1f} ms the median of {calls} calls"


def report(folder: Path, frame: pd.DataFrame, data: Path) -> Iterator[str]:
    """The lines of the report, in Markdown."""
    finder = lungs.load(folder)
    yield f"Network `{finder.bundle.digest[:12]}`, {speed(finder)}"
    yield ""
    yield from _dice(finder.bundle)
    yield ""
    yield from disturbed(finder, frame, data)
    yield ""
    yield from presence(finder, frame, data)


def _dice(bundle: Bundle) -> Iterator[str]:
    yield "| films | n | mean Dice (95 %) | median | least |"
    yield "| --- | --- | --- | --- | --- |"
    for split in ("val", "test"):
        for source, figures in bundle.metrics[split]["sources"].items():
            mean = figures["dice"]
            yield (
                f"| {split}, {source} | {figures['n']} | {mean['value']:.3f} "
                f"({mean['low']:.3f} to {mean['high']:.3f}) | {figures['median']:.3f} | "
                f"{figures['least']:.3f} |"
            )
