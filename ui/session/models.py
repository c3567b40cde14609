"""Which model is in use: the bundles in one folder, picked in the sidebar."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

import streamlit as st

from cxr.errors import BundleError
from cxr.metrics.calls import calls_of
from cxr.model.bundle import MANIFEST, Bundle, bundles_in, demonstrates
from cxr.model.classifier import Classifier, load
from cxr.model.lungs import LungFinder
from cxr.screening import assess
from cxr.shipped import folder
from ui.base.formatting import plain

REPOSITORY = Path(__file__).resolve().parents[2]
TRAIN = "python -m train fit --recipe default --data DIR --out models/NAME"


def bundles() -> list[Path]:
    """Those that are offered, in their order."""
    return bundles_in(folder())


def mark(bundle: Path) -> str:
    """What stands behind a bundle's name if it is no model to read films with."""
    return " (demonstration)" if demonstrates(bundle) else ""


def marked(bundle: Path) -> str:
    """A bundle's name with its mark."""
    return f"{bundle.name}{mark(bundle)}"


def pick() -> None:
    """The sidebar's picker; pages ask :func:`current` for what it says."""
    found = {path.name: path for path in bundles()}
    if not found:
        st.session_state.pop("bundle", None)
        return
    _follow_address(found)
    name = st.sidebar.selectbox(
        "Model",
        list(found),
        key="model",
        persist_state="session",
        format_func=lambda name: marked(found[name]) if name in found else name,
    )
    if mark(found[name]):
        st.sidebar.caption(
            "A demonstration: it sees 16 × 16 pixels, in which no lesion survives. It shows what "
            "is had without looking at a lung; it is no model to read films with."
        )
    st.session_state["bundle"] = str(found[name])


def _follow_address(found: Collection[str]) -> None:
    """An address that names a model picks it, until another is picked by hand."""
    asked = st.query_params.get("model")
    if asked in found and asked != st.session_state.get("model_address"):
        st.session_state["model"] = asked
    st.session_state["model_address"] = asked


def current() -> Classifier:
    """The picked model; ends the page with a sentence where there is none that works."""
    chosen = st.session_state.get("bundle")
    if chosen is None:
        st.subheader("No model", anchor=False)
        st.write("The models folder holds no bundle. Train one:")
        st.code(TRAIN, language=None)
        st.stop()
    try:
        return load_from(Path(chosen))
    except OSError:
        _refuse("The model’s folder can no longer be read.")
    except BundleError as refusal:
        _refuse(f"This model cannot be used. {refusal}")


def _refuse(why: str) -> NoReturn:
    st.info(plain(why))
    st.stop()


def load_from(bundle: Path) -> Classifier:
    """The model in a bundle's folder.

    Raises
    ------
    OSError, BundleError
    """
    manifest = (bundle / MANIFEST).read_bytes()
    return _load(str(bundle), hashlib.sha256(manifest).hexdigest())


# Keyed by the manifest, which holds every file's hash: a bundle that is replaced is loaded anew.
@st.cache_resource(max_entries=4, show_spinner="Loading the model")
def _load(chosen: str, manifest: str) -> Classifier:
    model = load(chosen)
    calls_of(model.bundle)  # refused here with its sentence, not on a page
    return model


def finder() -> LungFinder | None:
    """The network that finds lungs; None where its bundle is missing or altered."""
    return assess.shipped_lungs()


def line(bundle: Bundle) -> str:
    """Name, date and hash."""
    name = f"{bundle.name}{mark(bundle.folder)}"
    return f"{name} · {bundle.created} · {bundle.digest[:12]}"
