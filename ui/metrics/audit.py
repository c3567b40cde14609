"""Does it read lungs or tell the hospital: the bundle's shortcut audit."""

from __future__ import annotations

from html import escape
from typing import Any

from cxr.metrics.bootstrap import Estimate
from cxr.metrics.model_card import AUDITED
from cxr.model.bundle import Bundle
from ui.metrics.blocks import Block, beside, heading, quiet, ranged, said, share, table


def blocks(bundle: Bundle) -> list[Block]:
    """The verdict and its figures; where there is no audit, how it is made."""
    title = heading("Does it read lungs, or tell the hospital? The shortcut audit")
    found = bundle.metrics.get("audit")
    if not found:
        name = escape(bundle.folder.name)
        command = f"python -m train audit --data DIR --out models/{name}"
        return [title, quiet(f"Not asked yet of this network. <code>{command}</code> does.")]
    return [
        title,
        said(escape(str(found["verdict"]))),
        beside(_scores(found), *([_sites(found["sites"])] if found.get("sites") else [])),
        quiet(
            "On test; probes are logistic regressions fitted on train. Lungs are erased where the "
            "segmentation network sees them, borders are the outer eighth at each edge (44 % of "
            "the film); what is erased is filled from what is left. A network that reads lungs "
            "falls to guessing without them."
        ),
    ]


def _scores(found: dict[str, Any]) -> str:
    rows = [
        (
            name[0].upper() + name[1:],
            ranged(Estimate(*(found[key][x] for x in ("value", "low", "high")))),
        )
        for key, name in AUDITED.items()
        if key in found
    ]
    return table(["What is scored", "Macro-F1"], rows)


def _sites(sites: dict[str, dict[str, float]]) -> str:
    rows = [
        (escape(label), f"{each['sites']:.0f}", share(each["accuracy"]), share(each["chance"]))
        for label, each in sites.items()
    ]
    return table(["Among films of", "Hospitals", "Told right from its features", "By chance"], rows)
