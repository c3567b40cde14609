"""A bundle at work: films in, scores out, on LiteRT."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .bundle import Bundle, open_bundle
from .errors import BundleError
from .preprocess import Preprocessing, preprocess
from .radiograph import Radiograph


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
    def margin(self) -> float:
        """Distance from the highest to the second highest probability, 0 to 1."""
        second, first = sorted(self.probabilities.values())[-2:]
        return first - second


class _Network:
    """One LiteRT interpreter for a fixed batch; one caller at a time."""

    def __init__(self, content: bytes, size: int, batch: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._lock = threading.Lock()
        self._interpreter = Interpreter(
            model_content=content, num_threads=min(4, os.cpu_count() or 1)
        )
        (film,) = self._interpreter.get_input_details()
        self._interpreter.resize_tensor_input(film["index"], (batch, size, size, 1), strict=True)
        self._run = self._interpreter.get_signature_runner()
        self.shape = (batch, size, size, 1)

    def __call__(self, squares: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name, for exactly as many squares as the batch holds."""
        with self._lock:
            outputs = self._run(film=squares[..., None].astype(np.float32))
            return {name: np.array(value) for name, value in outputs.items()}


class Classifier:
    """A checked bundle, loaded once and safe to share between threads.

    Attributes
    ----------
    bundle : Bundle
    head_weights : float32 (K, classes) or None
        The last layer's weights where the head is linear on averaged feature maps.
    """

    BATCH = 8
    """Films that :meth:`squares` runs before it lets another thread in: about 60 ms of work."""

    def __init__(self, folder: str | Path) -> None:
        self.bundle: Bundle = open_bundle(folder)
        self.head_weights = _head_weights(self.bundle)
        self._content = (self.bundle.folder / "model.tflite").read_bytes()
        self._many: _Network | None = None
        self._many_lock = threading.Lock()
        try:
            self._one = _Network(self._content, self.size, 1)
            blank = self._one(np.zeros((1, self.size, self.size), np.uint8))
        except (ValueError, RuntimeError, TypeError) as error:
            raise BundleError(
                "bad_model", "model.tflite does not take the film that bundle.json describes."
            ) from error
        if "logits" not in blank or blank["logits"].shape != (1, len(self.labels)):
            raise BundleError(
                "wrong_shape",
                f"model.tflite does not give one logit for each of {', '.join(self.labels)}.",
            )
        if self.head_weights is not None and (
            "features" not in blank or blank["features"].shape[-1] != len(self.head_weights)
        ):
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

        Returns
        -------
        list of Prediction, in the order of `films`
        """
        return [self._predict(preprocess(f.eight_bit, self.preprocessing)) for f in films]

    def _predict(self, square: NDArray[np.uint8]) -> Prediction:
        outputs = self._one(square[None])
        logits = outputs["logits"]
        probabilities = self.calibrate(logits)[0]
        features = outputs.get("features")
        return Prediction(
            label=self.labels[int(probabilities.argmax())],
            probabilities=dict(zip(self.labels, probabilities.tolist(), strict=True)),
            logits=dict(zip(self.labels, logits[0].tolist(), strict=True)),
            features=None if features is None else features[0],
        )

    def squares(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits of films that are preprocessed already, float32 (n, classes).

        Runs :attr:`BATCH` films at a time on an interpreter of its own, so that a session that
        waits for one prediction does not wait for another's occlusion.

        Parameters
        ----------
        squares : uint8 (n, size, size)
        """
        with self._many_lock:
            if self._many is None:
                self._many = _Network(self._content, self.size, self.BATCH)
        parts = []
        for i in range(0, len(squares), self.BATCH):
            part = squares[i : i + self.BATCH]
            if missing := self.BATCH - len(part):
                padded = np.concatenate([part, np.repeat(part[-1:], missing, 0)])
            else:
                padded = part
            parts.append(self._many(padded)["logits"][: len(part)])
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)), np.float32)

    def calibrate(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """``softmax(logits / temperature)`` over the last axis, float64, sums to 1."""
        scaled = np.asarray(logits, np.float64) / self.bundle.temperature
        scaled -= scaled.max(-1, keepdims=True)
        exp = np.exp(scaled)
        return exp / exp.sum(-1, keepdims=True)


def _head_weights(bundle: Bundle) -> NDArray[np.float32] | None:
    if bundle.head != "gap_linear":
        return None
    try:
        weights = np.load(bundle.folder / "head.npy", allow_pickle=False).astype(np.float32)
    except ValueError as error:
        raise BundleError("wrong_shape", "head.npy is not an array of numbers.") from error
    if weights.ndim != 2 or weights.shape[1] != len(bundle.labels):
        raise BundleError("wrong_shape", "head.npy does not have one column for each label.")
    return weights


def load(folder: str | Path) -> Classifier:
    """Load a bundle.

    Raises
    ------
    BundleError
        When anything is off: a file missing or altered, labels or shapes that do not fit.
    """
    return Classifier(folder)
