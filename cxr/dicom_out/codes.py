"""The words of a structured report as codes: DICOM's where it has one, else our own scheme."""

from __future__ import annotations

import hashlib

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.coding import Code

from ..dicomweb.reference import uid_of

SCHEME = "99CXRLENS"
MANUFACTURER = "CXR Lens"
DEVICE = uid_of("CXR Lens", "device")
"""The software as the observer: the same in every report."""

CHEST_FILM = Code("399208008", "SCT", "Plain chest X-ray")
NO_UNIT = Code("1", "UCUM", "no units")
THRESHOLD = Code("THRESHOLD", SCHEME, "Threshold of the hospital's profile, log-odds")
SCORES = Code("SCORES", SCHEME, "Scores of a network")
HIDDEN = Code("HIDDEN", SCHEME, "Region that was hidden from a network")


def scheme() -> CodingSchemeIdentificationItem:
    """Whose the codes are that are not DICOM's."""
    return CodingSchemeIdentificationItem(
        designator=SCHEME, name="CXR Lens", responsible_organization="CXR Lens"
    )


def probability(label: str) -> Code:
    """Calibrated probability of a label."""
    return Code(f"P_{_short(label)}", SCHEME, f"Probability of {label}"[:64])


def log_odds(positive: str, negative: str) -> Code:
    """Of a label against another."""
    said = f"Log-odds of {positive} against {negative}"
    return Code(f"LO_{_short(positive + negative)}", SCHEME, said[:64])


def effect(label: str) -> Code:
    """How far a label's probability falls when a region is hidden."""
    return Code(f"FALL_{_short(label)}", SCHEME, f"Fall of the probability of {label}"[:64])


def _short(label: str) -> str:
    """As much of it as a code holds, and never the same for two labels."""
    if label.isascii() and label.isalnum() and len(label) <= 10:
        return label
    return hashlib.sha256(label.encode()).hexdigest()[:10].upper()
