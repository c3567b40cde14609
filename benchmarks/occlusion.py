"""Claim: occlusion with patches of 32 every 16 pixels at 224, against xplique 2.0.2 and a batched
tf.function loop.

Ours is timed with its default fill, the blurred surroundings, and stretches the map over the film;
peers fill with black. Their maps are compared on black. The goal: 4 times faster.
"""

from __future__ import annotations

from . import harness
from .case import Case
from .harness import Contender, Findings, Plan

LOOP = "batched tf.function loop"
XPLIQUE = "xplique 2.0.2"


def measure(case: Case, plan: Plan) -> Findings:
    n = max(1, plan.repeats // 3)
    contenders = [
        Contender("ours", harness.warm(harness.OURS, "ours.occlusion", 2 * n)),
        Contender(XPLIQUE, harness.warm(harness.PEERS, "peers.occlusion_xplique", n)),
        Contender(LOOP, harness.warm(harness.PEERS, "peers.occlusion_loop", n)),
    ]
    found = harness.by_turns(contenders, plan.rounds)
    ours = found["ours"]
    mine = ours[0].answer
    rows, agreements, forwards = [], [], [f"ours {mine['forwards']}"]
    for name in (XPLIQUE, LOOP):
        peer = found[name]
        rows.append(
            harness.row(
                "occlusion, patch 32, stride 16, 224 px",
                name,
                harness.seconds(ours),
                harness.seconds(peer),
                "s",
                4,
            )
        )
        theirs = peer[0].answer
        agreements.append(
            harness.same_map(
                f"{name}, effects of black patches summed over cover",
                mine["effects"],
                theirs["effects"],
            )
        )
        forwards.append(f"{name} {theirs['forwards']}")
    findings = Findings(
        rows, agreements, [f"Forward passes of an occlusion: {', '.join(forwards)}."]
    )
    harness.keep("occlusion", findings, found)
    return findings
