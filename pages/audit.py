"""Audit: the log of what was shown and said, for the role admin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pandas as pd
import streamlit as st

from cxr.audit.chain import AuditRow, breaks, told_of
from cxr.audit.log import Log, exists, setting
from cxr.errors import ReviewError
from ui.base import frame
from ui.base.formatting import plain
from ui.server import access

SHOWN = 500


def main() -> None:
    frame.require_notice()
    if not access.may("admin"):
        st.stop()
    st.subheader("Audit log", anchor=False)
    if not exists(setting()):
        st.info("Nothing has been written to the audit log yet.")
        st.stop()
    try:
        found, last, rows = looked_at()
    except ReviewError as refusal:
        st.info(plain(str(refusal)))
        st.stop()
    if found:
        st.error(plain(" ".join(found[:20])))
    else:
        st.write(f"{rows:,} rows, none edited, taken out or moved.")
    st.caption("A log that was written anew as a whole is found by exports alone: docs/audit.md.")
    table = pd.DataFrame([brief(row) for row in reversed(last)])
    st.dataframe(table, hide_index=True, height=480)
    st.caption(f"The last {len(last):,} rows. All: python -m cxr audit show")


def looked_at() -> tuple[list[str], list[AuditRow], int]:
    """What is wrong with the log, its last rows, and how many there are."""
    last: deque[AuditRow] = deque(maxlen=SHOWN)
    log = Log(setting())
    try:
        with log.whole() as (rows, head):

            def passed() -> Iterator[AuditRow]:
                for row in rows:
                    last.append(row)
                    yield row

            found = list(breaks(passed(), head))
    finally:
        log.close()
    return found, list(last), head.seq


def brief(row: AuditRow) -> dict[str, object]:
    told = told_of(row)
    drawn = told.get("map") or {}
    return {
        "row": row.seq,
        "time": str(told.get("time", ""))[:19],
        "who": told.get("who"),
        "session": told.get("session"),
        "what": told.get("kind"),
        "film or case": str(told.get("film") or told.get("case") or "")[:12],
        "map": f"{drawn['class']} {drawn['method']}" if drawn else "",
        "seconds": told.get("seconds"),
        "said": told.get("verdict") or told.get("refused") or "",
        "network": str(told.get("network", ""))[:12],
    }


main()
