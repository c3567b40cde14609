"""Whether a foreign network's outputs come in the order that was said, and whether they tell the
labels apart at all: asked of films of val whose labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest, mannwhitneyu

from cxr.calibration import log_loss
from cxr.errors import BundleError
from cxr.trust import TEMPERATURES, fit_temperature

SURELY = 1e-3
"""How seldom chance alone may put another order as far ahead."""
CHANCE = 0.025
"""If chance alone orders films as well by a label's score more often, that score says nothing."""
WEAK = 0.6
"""AUROC below which a label is hardly told from the others."""


@dataclass(frozen=True, eq=False)
class Try:
    """What a network says of films that were scaled in one way.

    Attributes
    ----------
    logits : float (n, classes)
    truth : int (n,)
    """

    logits: NDArray[np.float64]
    truth: NDArray[np.int64]

    @property
    def loss(self) -> float:
        """Cross-entropy in nats, at the temperature that is best for it."""
        return float(log_loss(self.logits, self.truth, self.temperature).mean())

    @property
    def temperature(self) -> float:
        return fit_temperature(self.logits, self.truth)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which films are called by their label."""
        found: NDArray[np.bool_] = self.logits.argmax(1) == self.truth
        return found

    def reordered(self) -> tuple[Try, tuple[int, ...]]:
        """In the order of outputs in which most films of a label are called so, in the mean over
        labels; and, for each label, its output."""
        classes = self.logits.shape[1]
        counts = np.zeros((classes, classes))
        np.add.at(counts, (self.truth, self.logits.argmax(1)), 1)
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        shares += 1e-9 * np.eye(classes)  # of two that are as good, the one that was said
        order = linear_sum_assignment(-shares)[1]
        return Try(self.logits[:, order], self.truth), tuple(int(k) for k in order)


def check(tries: Mapping[str, Try], names: Mapping[str, str]) -> None:
    """Refuse an order of labels that another one surely beats.

    Parameters
    ----------
    tries : mapping
        Scaling → what the network said; those that are to be chosen from.
    names : mapping
        See :func:`train.adopt.adopt`.

    Raises
    ------
    BundleError
        ``other_order``
    """
    said = min(tries.values(), key=lambda each: each.loss)
    others = [each.reordered() for each in tries.values()]
    other, order = min(others, key=lambda each: each[0].loss)
    better, worse = (
        int((a & ~b).sum()) for a, b in ((other.right, said.right), (said.right, other.right))
    )
    if better <= worse or binomtest(better, better + worse).pvalue > SURELY:
        return
    labels = list(dict.fromkeys(names.values()))
    fits = [labels[order.index(output)] for output in range(len(labels))]
    pairs = [
        theirs if theirs == label else f"{theirs}={label}"
        for label in fits
        for theirs, ours in names.items()
        if ours == label
    ]
    raise BundleError(
        "other_order",
        f"The labels seem to be in another order: as {', '.join(labels)} the network is right on "
        f"{_percent(said)} of {len(said.truth)} films of val, as {', '.join(fits)} on "
        f"{_percent(other)}. If that is their order, say --labels {','.join(pairs)}; if it is not, "
        "--keep-order adopts the network as it was said.",
    )


def _percent(found: Try) -> str:
    return f"{100 * found.right.mean():.0f} %"


def warnings(found: Try, labels: tuple[str, ...]) -> list[str]:
    """One sentence for each label that the network does not tell from the others, and one if no
    temperature calibrates it."""
    said = []
    for k, label in enumerate(labels):
        score = found.logits[:, k] - np.delete(found.logits, k, 1).max(1)
        these, others = score[found.truth == k], score[found.truth != k]
        test = mannwhitneyu(these, others, alternative="greater", method="asymptotic")
        area = test.statistic / (len(these) * len(others))
        if area < WEAK or not test.pvalue < CHANCE:
            said.append(
                f"{label} is not told from the others: AUROC {area:.2f} on {len(score)} films of "
                "val, where .5 is chance. Its scores mean nothing here."
            )
    if found.temperature > 0.99 * TEMPERATURES[1]:
        said.append(
            f"No temperature calibrates it (it stands at its bound, {found.temperature:.0f}): the "
            "surer the network, the more often it is wrong on val. Look at the order of the "
            "labels, the scaling and the films."
        )
    return said
