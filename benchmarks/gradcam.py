"""Claim: a film's scores and its Grad-CAM, warm, against Keras' own example and xplique 2.0.2.

Ours starts from the film's pixels and ends with a map of the film's size; Keras' example starts
from the square and ends with 7×7 cells, xplique with 224×224. The goal: 25 times faster.

A goal is set against each peer as it is commonly used; the other rows say what it costs when its
user takes care, or none.
"""

from __future__ import annotations

from . import harness
from .case import BenchmarkCase
from .harness import Contender, Findings, Plan

EXAMPLE = "tf.GradientTape, Keras' example"
XPLIQUE = "xplique 2.0.2"
CLAIM = "prediction + Grad-CAM, warm"
PEERS = (  # what it is called, module, how, goal
    (EXAMPLE, "gradcam_example", "example", 25),
    (f"{EXAMPLE}, model built and scored once", "gradcam_example", "once", None),
    (XPLIQUE, "gradcam_xplique", "usual", 25),
    (f"{XPLIQUE}, explainer made for each film", "gradcam_xplique", "anew", None),
    (f"{XPLIQUE}, scores from a tf.function", "gradcam_xplique", "compiled", None),
)


def measure(case: BenchmarkCase, plan: Plan) -> Findings:
    n = plan.repeats
    contenders = [Contender("ours", harness.warm(harness.OURS, "ours.gradcam", 5 * n))]
    for name, module, how, _ in PEERS:
        command = harness.warm(harness.PEERS, f"peers.{module}", n, how)
        contenders.append(Contender(name, command))
    found = harness.by_turns(contenders, plan.rounds)
    ours = found["ours"]
    rows, agreements = [], []
    for name, _, _, goal in PEERS:
        peer = found[name]
        taken = harness.seconds(ours), harness.seconds(peer)
        rows.append(harness.row(CLAIM, name, *taken, "s", goal))
        mine, theirs = ours[0].answer, peer[0].answer
        agreements += [
            harness.same_numbers(f"{name}, logits", mine["logits"], theirs["logits"], 0.05),
            harness.same_map(f"{name}, Grad-CAM 7×7", mine["cells"], theirs["cells"]),
        ]
    findings = Findings(rows, agreements, [])
    harness.keep("gradcam", findings, found)
    return findings
