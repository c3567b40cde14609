"""Claim: occlusion with patches of 32 every 16 pixels at 224, against xplique 2.0.2 and a batched
tf.function loop.

Ours is timed with its default fill, the blurred surroundings, and stretches the map over the film;
peers fill with black. Their maps are compared on black. The goal: 4 times faster; for a drill-down,
which measures a part of the patches and interpolates the others, 10 times. What a drill-down's map
is worth: ``drill_down.py``.
"""

from __future__ import annotations

from . import harness
from .case import BenchmarkCase
from .harness import Contender, Findings, Plan

LOOP = "batched tf.function loop"
XPLIQUE = "xplique 2.0.2"


CLAIM = "occlusion, patch 32, stride 16, 224 px"
OURS = (  # what it is called, how, goal
    (CLAIM, "full", 4),
    (f"{CLAIM}, drill-down to the strongest quarter", "quarter", 10),
    (f"{CLAIM}, drill-down's first map", "first", None),
)


def measure(case: BenchmarkCase, plan: Plan) -> Findings:
    n = max(1, plan.repeats // 3)
    contenders = [
        *(Contender(c, harness.warm(harness.OURS, "ours.occlusion", 2 * n, h)) for c, h, _ in OURS),
        Contender(XPLIQUE, harness.warm(harness.PEERS, "peers.occlusion_xplique", n)),
        Contender(LOOP, harness.warm(harness.PEERS, "peers.occlusion_loop", n)),
    ]
    found = harness.by_turns(contenders, plan.rounds)
    rows, agreements = [], []
    forwards = [f"{claim}: {found[claim][0].answer['forwards']}" for claim, _, _ in OURS]
    mine = found[CLAIM][0].answer
    for name in (XPLIQUE, LOOP):
        peer = found[name]
        for claim, _, goal in OURS:
            taken = harness.seconds(found[claim]), harness.seconds(peer)
            rows.append(harness.row(claim, name, *taken, "s", goal))
        theirs = peer[0].answer
        agreements.append(
            harness.same_map(
                f"{name}, effects of black patches summed over cover",
                mine["effects"],
                theirs["effects"],
            )
        )
        forwards.append(f"{name}: {theirs['forwards']}")
    findings = Findings(rows, agreements, [f"Forward passes. {'; '.join(forwards)}."])
    harness.keep("occlusion", findings, found)
    return findings
