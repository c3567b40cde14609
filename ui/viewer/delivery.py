"""How a film's bytes reach one browser and no other.

They are kept by Streamlit's own store of media, which hands a file to whoever knows its address
and drops it after the first run that does not name it again. An address is the hash of the bytes,
and the bytes begin with a salt that only this session has: nobody can work out the address of a
film that they hold themselves and so learn that another session has it open.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit import runtime

from cxr.imaging.radiograph import Radiograph
from ui.viewer import encoding

SALT_BYTES = 16


class Parcels:
    """What one viewer has sent; films are packed once a session."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._salt: bytes = _held("viewer-salt", lambda: secrets.token_bytes(SALT_BYTES))
        self._films: WeakKeyDictionary[Radiograph, tuple[bytes, dict[str, Any]]] = _held(
            "viewer-films", WeakKeyDictionary
        )
        self.base = _base()

    def film(self, film: Radiograph) -> dict[str, Any]:
        """Address, depth and windows of a film."""
        if film not in self._films:
            steps, curved = encoding.steps_of(film)
            about = {
                "depth": steps.itemsize,
                "windows": encoding.windows(film, steps, curved),
                "unit": "after the film’s own curve" if curved else "",
            }
            self._films[film] = self._salt + encoding.pack(steps), about
        data, about = self._films[film]
        return {**self._address(data), **about}

    def map(self, values: NDArray[np.float32]) -> dict[str, Any]:
        """Address, size and step of a map."""
        steps, step = encoding.levels(values)
        size = {"height": steps.shape[0], "width": steps.shape[1], "step": step}
        return {**self._address(self._salt + encoding.pack(steps)), **size}

    def file(self, data: bytes, kind: str) -> str:
        """Address of a file as it is."""
        identity = hashlib.sha256(self._salt + data).hexdigest()[:32]
        return self._add(data, kind, identity)

    def _address(self, data: bytes) -> dict[str, Any]:
        identity = hashlib.sha256(data).hexdigest()[:32]
        url = self._add(data, "application/octet-stream", identity)
        return {"id": identity, "url": url, "bytes": len(data)}

    def _add(self, data: bytes, kind: str, identity: str) -> str:
        if not runtime.exists():
            return ""
        manager = runtime.get_instance().media_file_mgr
        return self.base + manager.add(data, kind, f"viewer.{self._key}.{identity}")


def _held(name: str, make: Any) -> Any:
    if name not in st.session_state:
        st.session_state[name] = make()
    return st.session_state[name]


def _base() -> str:
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
