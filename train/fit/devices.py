"""Several devices, of one machine or several, for one training: Keras' ``DataParallel``, which of
the backends JAX has.

Each step's batch is shared out; gradients and batch normalisation are those of the whole batch. On
the devices of one process the run is, up to rounding, the one that a single device would make.
"""

from __future__ import annotations

import os

import keras

from cxr.errors import DataError

HOSTS = "KERAS_DISTRIBUTION_NUM_PROCESSES"
"""One of the variables by which Keras finds the other processes: docs/training.md."""


def spread(devices: int) -> None:
    """Share every batch from now on among `devices` devices, those of all processes counted.

    Raises
    ------
    DataError
        ``no_devices`` where the backend can't or there are fewer.
    """
    if keras.backend.backend() != "jax":
        raise DataError(
            "no_devices",
            "Only JAX shares batches among devices here: set KERAS_BACKEND=jax, or leave out "
            "--devices.",
        )
    if HOSTS in os.environ:
        keras.distribution.initialize()
    there = keras.distribution.list_devices()
    if len(there) < devices:
        raise DataError(
            "no_devices", f"Only {len(there)} of the {devices} devices asked for can be found."
        )
    among = keras.distribution.DataParallel(devices=there[:devices], auto_shard_dataset=False)
    keras.distribution.set_distribution(among)


def share() -> tuple[int, int]:
    """Which part of each batch this process feeds, and of how many."""
    if keras.backend.backend() != "jax":
        return 0, 1
    import jax

    return jax.process_index(), jax.process_count()
