"""What the peers say of the drawn cases in tests/oracles/case.py, for tests to hold ours against.

    benchmarks/.venv/bin/python -m benchmarks.oracles xplique
    python -m benchmarks.oracles captum        # in an environment with torch and captum 0.9.0

Each writes tests/oracles/PEER.json. Run again only when the cases change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ORACLES = Path(__file__).parents[1] / "tests" / "oracles"
sys.path.insert(0, str(ORACLES))

import case  # noqa: E402 - lies beside the tests that read it


def xplique() -> dict[str, Any]:
    """Deletion and insertion of probabilities; Grad-CAM, Grad-CAM++ and integrated gradients of
    logits; occlusion of probabilities, summed over cover as it comes."""
    import keras
    import tensorflow as tf
    from xplique.attributions import GradCAM, GradCAMPP, IntegratedGradients, Occlusion
    from xplique.metrics import Deletion, Insertion

    model = case.network()
    scores = keras.Model(model.inputs, keras.layers.Softmax()(model.outputs[0]))
    films = case.squares()[..., None].astype(np.float32)
    one_hot = np.eye(case.CLASSES, dtype=np.float32)[[case.COLUMN] * len(films)]
    found: dict[str, Any] = {}
    for name, metric in (("deletion", Deletion), ("insertion", Insertion)):
        for baseline in case.BASELINES:
            key = f"{name} {baseline}"
            found[key] = {"areas": [], "curves": []}
            for k in range(len(films)):
                test = metric(
                    scores,
                    films[k : k + 1],
                    one_hot[:1],
                    steps=case.STEPS,
                    baseline_mode=float(baseline),
                )
                found[key]["areas"].append(float(test.evaluate(case.maps()[k : k + 1])))
                curve = test.detailed_evaluate(case.maps()[k : k + 1])
                found[key]["curves"].append([float(v) for v in curve.values()])
    films = tf.constant(films)
    explainers = {
        "gradcam": GradCAM(model, conv_layer="maps"),
        "gradcam_pp": GradCAMPP(model, conv_layer="maps"),
        "integrated": IntegratedGradients(model, steps=100, baseline_value=0.0),
        "occlusion": Occlusion(scores, patch_size=case.PATCH, patch_stride=case.STRIDE),
    }
    for name, explainer in explainers.items():
        found[name] = np.array(explainer(films, one_hot)).reshape(len(films), -1).tolist()
    return found


def captum() -> dict[str, Any]:
    """Grad-CAM and integrated gradients of logits; occlusion of probabilities, averaged."""
    import torch
    from captum.attr import IntegratedGradients, LayerGradCam, Occlusion

    model, maps = _torch_network()
    films = torch.from_numpy(case.squares()[:, None].astype(np.float32))
    cam = LayerGradCam(model, maps).attribute(films, target=case.COLUMN, relu_attributions=True)
    shares = IntegratedGradients(model).attribute(
        films, target=case.COLUMN, n_steps=100, method="riemann_middle"
    )
    occluded = Occlusion(lambda x: model(x).softmax(1)).attribute(
        films,
        sliding_window_shapes=(1, case.PATCH, case.PATCH),
        strides=(1, case.STRIDE, case.STRIDE),
        target=case.COLUMN,
        baselines=0,
    )
    found = {"gradcam": cam, "integrated": shares, "occlusion": occluded}
    return {k: v.detach().numpy().reshape(len(films), -1).tolist() for k, v in found.items()}


def _torch_network() -> tuple[Any, Any]:
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.maps = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
            self.relu = nn.ReLU()
            self.logits = nn.Linear(8, case.CLASSES)

        def forward(self, film: Any) -> Any:
            x = torch.relu(self.first(film / 32 - 4))
            return self.logits(self.relu(self.maps(x)).mean((2, 3)))

    network = Network().eval()
    w = [torch.from_numpy(each) for each in case.weights()]
    with torch.no_grad():
        network.first.weight.copy_(w[0].permute(3, 2, 0, 1))
        network.maps.weight.copy_(w[2].permute(3, 2, 0, 1))
        network.logits.weight.copy_(w[4].T)
        for layer, bias in zip((network.first, network.maps, network.logits), w[1::2], strict=True):
            layer.bias.copy_(bias)
    return network, network.relu


if __name__ == "__main__":
    peer = sys.argv[1]
    numbers = {"xplique": xplique, "captum": captum}[peer]()
    (ORACLES / f"{peer}.json").write_text(
        json.dumps(json.loads(json.dumps(numbers), parse_float=lambda x: round(float(x), 7))) + "\n"
    )
