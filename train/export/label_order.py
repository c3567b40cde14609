"""Whether a foreign network's outputs come in the order that was said, and whether they tell the
labels apart at all: asked of films of val whose labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import mannwhitneyu

from cxr.errors import BundleError
from cxr.model.calibration import TEMPERATURES, fit_temperature, log_loss

SURELY = 5e-3
"""How seldom chance alone may order films as well by the score of an output that a label gets."""
AHEAD = 0.1
"""By how much the mean AUROC of another order must be higher."""
CHANCE = 0.025
"""If chance alone orders films as well by a label's score more often, that score says nothing."""
LEAST_AUROC = 0.6
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

    def areas(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How well each output tells each label from the others, (labels, outputs): AUROC, and how
        often chance alone reaches it. Of biased scores, too, whose calls are all of one label."""
        classes = self.logits.shape[1]
        area, chance = np.empty((classes, classes)), np.empty((classes, classes))
        for output in range(classes):
            score = self.logits[:, output] - np.delete(self.logits, output, 1).max(1)
            for label in range(classes):
                these, others = score[self.truth == label], score[self.truth != label]
                test = mannwhitneyu(these, others, alternative="greater", method="asymptotic")
                area[label, output] = test.statistic / (len(these) * len(others))
                chance[label, output] = test.pvalue
        return area, np.nan_to_num(chance, nan=1)


def check(tries: Mapping[str, Try], names: Mapping[str, str]) -> None:
    """Refuse an order of labels that another one surely beats.

    Parameters
    ----------
    tries : mapping
        Scaling → what the network said; those that are to be chosen from.
    names : mapping
        See :func:`train.export.adopt.adopt`.

    Raises
    ------
    BundleError
        ``other_order``
    """
    said = max(float(np.trace(each.areas()[0])) for each in tries.values())
    best, order = -1.0, tuple(range(len(set(names.values()))))
    for each in tries.values():
        area, chance = each.areas()
        # Of two that are as good, the one that was said.
        outputs = linear_sum_assignment(-area - 1e-9 * np.eye(len(area)))[1]
        places = np.arange(len(area))
        moved, found = outputs != places, float(area[places, outputs].sum())
        surely = moved.any() and (chance[places, outputs][moved] < SURELY).all()
        if surely and found > best:
            best, order = found, tuple(int(k) for k in outputs)
    labels = tuple(dict.fromkeys(names.values()))
    if best < said + AHEAD * len(labels):
        return
    fits = [labels[order.index(output)] for output in range(len(labels))]
    pairs = [
        theirs if theirs == label else f"{theirs}={label}"
        for label in fits
        for theirs, ours in names.items()
        if ours == label
    ]
    raise BundleError(
        "other_order",
        f"The labels seem to be in another order. As {', '.join(labels)} the network's scores tell "
        f"labels apart with an AUROC of {said / len(labels):.2f} (their mean, on val; .5 is "
        f"chance), as {', '.join(fits)} with {best / len(labels):.2f}. If that is their order, "
        f"say --labels {','.join(pairs)}; if it is not, --keep-order adopts the network as it was "
        "said.",
    )


def warnings(found: Try, labels: tuple[str, ...]) -> list[str]:
    """One sentence for each label that the network does not tell from the others, and one if no
    temperature calibrates it."""
    said = []
    area, chance = found.areas()
    for k, label in enumerate(labels):
        if area[k, k] < LEAST_AUROC or chance[k, k] > CHANCE:
            said.append(
                f"{label} is not told from the others: AUROC {area[k, k]:.2f} on "
                f"{len(found.truth)} films of val, where .5 is chance. Its scores mean nothing "
                "here."
            )
        elif not (found.logits.argmax(1) == k).any():
            said.append(f"No film of val is called {label}: its scores are too low to be called.")
    if found.temperature > 0.99 * TEMPERATURES[1]:
        said.append(
            f"No temperature calibrates it (it stands at its bound, {found.temperature:.0f}): the "
            "surer the network, the more often it is wrong on val. Look at the order of the "
            "labels, the scaling and the films."
        )
    return said
