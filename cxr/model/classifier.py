"""A bundle at work: films in, scores out, on LiteRT."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError, SiteError
from ..imaging.preprocessing import Preprocessing, cropped, preprocess
from ..imaging.radiograph import Radiograph
from ..shipped import models
from .bundle import Bundle, open_bundle
from .calibration import softmax
from .interpreter import LiteRTNetwork
from .site_head import Site, log_odds


@dataclass(frozen=True, eq=False)
class Prediction:
    """A network's answer to one film. Scores, never a diagnosis.

    Attributes
    ----------
    label : str
        The label with the highest probability.
    probabilities : dict of str to float
        Calibrated, 0 to 1, sum 1.
    logits : dict of str to float
        Before calibration.
    features : float32 (h, w, K) or None
        The last feature maps, which closed-form Grad-CAM reads.
    """

    label: str
    probabilities: dict[str, float]
    logits: dict[str, float]
    features: NDArray[np.float32] | None

    @property
    def raw(self) -> dict[str, float]:
        """Probabilities before calibration, 0 to 1, sum 1."""
        values = softmax(np.array(list(self.logits.values())), 1.0)
        return dict(zip(self.logits, values.tolist(), strict=True))

    @property
    def margin(self) -> float:
        """Distance from the highest to the second highest probability, 0 to 1."""
        second, first = sorted(self.probabilities.values())[-2:]
        return first - second

    def log_odds(self, positive: str, negative: str) -> float:
        """Natural logarithm of the one label's calibrated probability over the other's; the third
        label, which takes from both, has no part in it."""
        return log_odds(self.probabilities, positive, negative)

    def abnormal(self, normal: str) -> float:
        """Natural logarithm of the odds of everything that is not `normal`."""
        others = sum(p for label, p in self.probabilities.items() if label != normal)
        return log_odds({"": others, normal: self.probabilities[normal]}, "", normal)


class Classifier:
    """A checked bundle, loaded once and safe to share between threads.

    Attributes
    ----------
    bundle : Bundle
    head_weights : float32 (K, classes) or None
        The last layer's weights where the head is linear on averaged feature maps; with a site's
        added, where it is :meth:`at` one.
    maps : int
        How many feature maps its network gives, K; 0 where it gives none.
    site : Site or None
        The hospital profile that its scores go by.
    """

    def __init__(self, folder: str | Path) -> None:
        self.bundle: Bundle = open_bundle(folder)
        if self.bundle.task != "classification":
            raise BundleError(
                "wrong_task", "This bundle's network gives no scores for films. Pick another model."
            )
        self.head_weights = self._shipped_weights = _head_weights(self.bundle)
        self._content = (self.bundle.folder / "model.tflite").read_bytes()
        self._many = _Later(self._content, self.size)
        self.site: Site | None = None
        self._origin = self
        try:
            self._one = LiteRTNetwork(self._content, self.size)
            blank = self._one(np.zeros((self.size, self.size), np.uint8))
        except (ValueError, RuntimeError, TypeError) as error:
            raise BundleError(
                "bad_model", "model.tflite does not take the film that bundle.json describes."
            ) from error
        if "logits" not in blank or blank["logits"].shape != (1, len(self.labels)):
            raise BundleError(
                "wrong_shape",
                f"model.tflite does not give one logit for each of {', '.join(self.labels)}.",
            )
        self.maps = int(blank["features"].shape[-1]) if "features" in blank else 0
        if self.head_weights is not None and self.maps != len(self.head_weights):
            raise BundleError("wrong_shape", "head.npy does not have one row for each feature map.")

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the logits."""
        return self.bundle.labels

    @property
    def size(self) -> int:
        """Side of the network's square, pixels."""
        return self.bundle.preprocessing.size

    @property
    def preprocessing(self) -> Preprocessing:
        return self.bundle.preprocessing

    def predict(self, films: Sequence[Radiograph]) -> list[Prediction]:
        """Score films one by one: the same film always runs alone, so always gives the same score.
        Whatever they show: what a film is, :func:`cxr.assess` asks before a score is believed.

        Returns
        -------
        list of Prediction, in the order of `films`
        """
        return [self._predict(preprocess(f.eight_bit, self.preprocessing)) for f in films]

    def _predict(self, square: NDArray[np.uint8]) -> Prediction:
        outputs = self._one(cropped(square, self.preprocessing.crop))
        logits = self._logits(outputs)
        probabilities = self.calibrate(logits)[0]
        features = outputs.get("features")
        return Prediction(
            label=self.labels[int(probabilities.argmax())],
            probabilities=dict(zip(self.labels, probabilities.tolist(), strict=True)),
            logits=dict(zip(self.labels, logits[0].tolist(), strict=True)),
            features=None if features is None else features[0],
        )

    def squares(
        self, squares: Iterable[NDArray[np.uint8]], crop: int | None = None
    ) -> NDArray[np.float32]:
        """Logits of films that are preprocessed already, float32 (n, classes).

        Runs on an interpreter of its own, so that a session that waits for one prediction does not
        wait for another's occlusion, and lets another thread in after each film.

        Parameters
        ----------
        squares : uint8 (n, size, size), or one (size, size) after the other
        crop : int, optional
            Pixels that are cut off, see :class:`cxr.imaging.preprocessing.Preprocessing`; the
            bundle's own where it is left out.
        """
        crop = self.preprocessing.crop if crop is None else crop
        logits = [self._logits(self._many()(cropped(square, crop)))[0] for square in squares]
        return np.array(logits, np.float32).reshape(-1, len(self.labels))

    def averages(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The last feature maps' averages of films that are preprocessed already, which is what a
        linear head goes by: float32 (n, K), with K = 0 for a network without feature maps.

        Parameters
        ----------
        squares : uint8 (n, size, size)
        """
        outputs = (self._many()(cropped(s, self.preprocessing.crop)) for s in squares)
        means = [o["features"][0].mean((0, 1)) for o in outputs if "features" in o]
        return np.array(means, np.float32).reshape(len(squares), -1)

    def _logits(self, outputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """(1, classes), a site's share added."""
        if self.site is None or self.site.head is None:
            return outputs["logits"]
        return outputs["logits"] + self.site.head.added(outputs["features"].mean((1, 2)))

    def at(self, site: Site | None) -> Classifier:
        """This model as a hospital profile has it; the network itself is shared. Every score, map
        and region of what is returned goes by the profile. None: the model as it was shipped.

        Raises
        ------
        SiteError
            ``other_network``: the profile was fitted on another network, or other preprocessing.
        """
        if site is None:
            return self._origin
        if site is self.site:
            return self
        fits = (site.network, site.labels) == (self.bundle.digest, self.labels)
        if not fits or not _same(site.preprocessing, self.preprocessing):
            raise SiteError(
                "other_network",
                "This hospital profile was fitted on another network or version, whose scores mean "
                "something else. Pick that model (--model DIR), or fit the profile anew.",
            )
        there = copy.copy(self)
        there.site, there.head_weights = site, self._shipped_weights
        if site.head is not None:
            if self._shipped_weights is None or site.head.weights.shape != (
                self.maps,
                len(self.labels),
            ):
                raise SiteError(
                    "other_network",
                    "This hospital profile has a head that does not fit the network. Fit it anew.",
                )
            there.head_weights = self._shipped_weights + site.head.weights
        return there

    @property
    def identity(self) -> tuple[str, float, tuple[str, ...], str]:
        """All that scores come from: network, calibration, labels, hospital profile."""
        site = "" if self.site is None else self.site.identity
        return self.bundle.digest, self.bundle.temperature, self.labels, site

    def calibrate(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """``softmax(logits / temperature)`` over the last axis, float64, sums to 1."""
        return softmax(logits, self.bundle.temperature)


class _Later:
    """A second interpreter, made when it is first asked for."""

    def __init__(self, content: bytes, size: int) -> None:
        self._arguments = content, size
        self._made: LiteRTNetwork | None = None
        self._lock = threading.Lock()

    def __call__(self) -> LiteRTNetwork:
        with self._lock:
            if self._made is None:
                self._made = LiteRTNetwork(*self._arguments)
            return self._made


def _same(stored: Mapping[str, Any], ours: Preprocessing) -> bool:
    """Whether a profile's preprocessing is `ours`; what this version does not know is not."""
    try:
        return Preprocessing.stored(stored) == ours
    except (ValueError, TypeError):
        return False


def _head_weights(bundle: Bundle) -> NDArray[np.float32] | None:
    if bundle.head != "gap_linear":
        return None
    try:
        with (bundle.folder / "head.npy").open("rb") as file:  # np.load would take archives too
            stored = np.lib.format.read_array(file, allow_pickle=False)
        weights = stored.astype(np.float32, casting="same_kind")
    except (ValueError, TypeError, OverflowError, MemoryError, RecursionError) as error:
        raise BundleError("wrong_shape", "head.npy is not an array of numbers.") from error
    if not np.isfinite(weights).all():
        raise BundleError("wrong_shape", "head.npy holds a number that is not finite.")
    if weights.ndim != 2 or weights.shape[1] != len(bundle.labels):
        raise BundleError("wrong_shape", "head.npy does not have one column for each label.")
    return weights


def load(folder: str | Path | None = None) -> Classifier:
    """Load a bundle: a network that scores whatever square it is given. Whether a film can be
    judged by it is asked by :func:`cxr.assess`.

    Parameters
    ----------
    folder : path, optional
        By default the network that comes with the library.

    Raises
    ------
    BundleError
        When anything is off: a file missing or altered, labels or shapes that do not fit.
    """
    return Classifier(models() / "default" if folder is None else folder)
