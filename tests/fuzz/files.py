"""Altered file number `index` of `seed`: the same bytes in every process, until the seed files, the
alterations or the list of tags that are read change."""

from __future__ import annotations

from random import Random

from tests.fuzz import alter_bytes, alter_dicom, alter_images
from tests.fuzz.seeds import APART, SEEDS, seed_file

EVERY_APART = 40  # one in so many is decoded apart, at some 60 ms instead of 1
_KNOWING = {"png": alter_images.png, "jpeg": alter_images.jpeg, "dicom": alter_dicom.dicom}


def kind_of(index: int) -> str:
    """The name of the seed that a file is made from."""
    names = list(SEEDS) if index % EVERY_APART else list(APART)
    return names[(index // EVERY_APART if index % EVERY_APART == 0 else index) % len(names)]


def altered_file(seed: int, index: int) -> bytes:
    """The bytes of one altered file.

    Three in four are altered by what knows the format, one in four by what does not; some are
    then crossed with another seed file.
    """
    rng = Random(f"{seed}/{index}")
    name = kind_of(index)
    data = seed_file(name)
    if rng.random() < 0.75:
        data = _KNOWING[name.split()[0]](data, rng)
    else:
        data = alter_bytes.altered(data, rng)
    if rng.random() < 0.05:
        other = seed_file(rng.choice(list(SEEDS)))
        data = data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]
    if data[128:132] == b"DICM" and rng.random() < 0.05:
        data = data[132:]  # as a data set that stands alone
    return data
