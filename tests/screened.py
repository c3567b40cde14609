"""Tables of results, as a screening run writes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr.batch.parquet import SUMMARY, ScreeningCounts
from cxr.batch.scores import Comparison

_TEXT = ("path", "sha256", "study", "view", "refusal", "reason", "flags", "decision")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _TEXT),
        *((name, pa.float64()) for name in ("p_T", "log_odds")),
        *((name, pa.string()) for name in ("network", "hospital")),
    ]
)


def row(path: str, log_odds: float | None = None, **more: Any) -> dict[str, Any]:
    """A film called T from log-odds of 0 on; without a score it was refused as empty."""
    scored = {"log_odds": log_odds, "p_T": 0.5, "flags": ""}
    if log_odds is None:
        scored = {"refusal": "empty", "reason": "The file is empty. Copy it again."}
    else:
        scored["decision"] = "T" if log_odds >= 0 else "not T"
    return {"path": path, "sha256": sha256(path.encode()).hexdigest(), **scored, **more}


def write(
    path: Path, rows: Sequence[dict[str, Any]], scores: Comparison | None = None, **about: Any
) -> Path:
    """A table with groups of three rows."""
    told = {"log_odds": ["T", "N"], "network": {"name": "drawn"}, "hospital": None, **about}
    counts = ScreeningCounts(
        decisions=Counter(each["decision"] for each in rows if each.get("decision")),
        flags=Counter(flag for each in rows for flag in each.get("flags", "").split()),
        refusals=Counter(each["refusal"] for each in rows if each.get("refusal")),
        scores=scores,
    )
    schema = _SCHEMA.with_metadata({"cxr": json.dumps(told), SUMMARY: json.dumps(counts.told())})
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path, row_group_size=3)
    return path
