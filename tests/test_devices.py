"""Training on several devices: only JAX can, and requirements.txt leaves it out for its
380 MB; `make test` installs it."""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr.errors import DataError
from train.fit import devices

HERE = Path(__file__).parent
wants_jax = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed: make jax")


def test_a_backend_that_shares_no_batches_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(DataError, match="KERAS_BACKEND=jax") as caught:
        devices.spread(2)
    assert caught.value.code == "no_devices"


def _begin(folder: Path, *devices: int, **settings: str) -> subprocess.Popen[str]:
    folder.mkdir()
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    return subprocess.Popen(
        [sys.executable, str(HERE / "data_parallel.py"), str(folder), *map(str, devices)],
        env={**os.environ, "PYTHONPATH": paths, "JAX_PLATFORMS": "cpu", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    printed, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@wants_jax
def test_two_devices_and_two_processes_train_what_one_device_does(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    quick = "--xla_backend_optimization_level=0"  # what is compiled here runs for a moment
    two = f"--xla_force_host_platform_device_count=2 {quick}"
    alone = _begin(tmp_path / "alone", 1, 2, XLA_FLAGS=two)
    hosts = [
        _begin(
            tmp_path / f"host{i}",
            2,
            XLA_FLAGS=quick,
            KERAS_DISTRIBUTION_JOB_ADDRESSES=address,
            KERAS_DISTRIBUTION_NUM_PROCESSES="2",
            KERAS_DISTRIBUTION_PROCESS_ID=str(i),
        )
        for i in range(2)
    ]
    one, *found = (answer for process in (alone, *hosts) for answer in _end(process))
    assert len(found) == 3
    assert (one["devices"], one["on_gpu"]) == (1, False)
    assert np.ptp(one["logits"]) > 0.01
    for other in found:
        assert other["devices"] == 2, "the weights are on both"
        np.testing.assert_allclose(other["logits"], one["logits"], atol=1e-5)
        np.testing.assert_allclose(other["losses"], one["losses"], atol=1e-5)
