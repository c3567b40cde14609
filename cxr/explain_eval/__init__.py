"""Evidence for and against a map: deletion and insertion, weight randomisation, localisation,
stability, and the words in which it is said. `explain` makes the maps and knows nothing of this."""

from .deletion import Faithfulness, faithfulness
from .fill_agreement import FillAgreement, answers_to_fills, compare_fills
from .weight_randomisation import Sanity, sanity

__all__ = [
    "Faithfulness",
    "FillAgreement",
    "Sanity",
    "answers_to_fills",
    "compare_fills",
    "faithfulness",
    "sanity",
]
