"""What a page may work out about a film's map: the map, and the evidence for and against it.

Each is a task that is kept under what it depends on, so that no page works out again what another
has."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.explain import drill_down, make_map, methods_of, overlay
from cxr.explain_eval import faithfulness, sanity
from cxr.explain_eval.shuffled_weights import with_shuffled_weights
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.model.lungs import Probability
from ui.session import models
from ui.viewer.encoding import shrunk
from ui.work.long_work import Task
from ui.work.session_cache import ProgressCall, workspace


@dataclass(frozen=True)
class MapRequest:
    """A map, by what it depends on: the film's hash, all that scores come from, class, method."""

    sha256: str
    model: Hashable
    label: str
    method: str

    @property
    def name(self) -> str:
        return f"{self.label} · {overlay.KINDS[self.method].title}"

    @property
    def title(self) -> str:
        """What stands over it: what its colours say, too."""
        return overlay.title(self.method, self.label)


@dataclass(frozen=True, eq=False)
class ComputedMap:
    """A map as it is shown.

    Attributes
    ----------
    values : float32 (h, w)
        As coarse as the viewer shows it: no method's grid is finer.
    passes, full : int
        Forward passes that an occlusion map took so far, and those of the full one; else 0.
    """

    values: NDArray[np.float32]
    passes: int = 0
    full: int = 0


def passes(drawn: ComputedMap) -> str:
    """How far an occlusion map is; "" for other methods."""
    if drawn.passes < drawn.full:
        return f"{drawn.passes} of {drawn.full} forward passes; the rest is interpolated."
    return f"{drawn.full} forward passes." if drawn.full else ""


def wanted(film: Radiograph, model: Classifier, label: str, method: str) -> MapRequest:
    return MapRequest(film.sha256, model.identity, label, method)


def map_task(film: Radiograph, model: Classifier, what: MapRequest) -> Task:
    """The map; gives :class:`ComputedMap`. Occlusion gives coarser ones on its way."""

    def refine(step: ProgressCall) -> ComputedMap:
        for partial in drill_down(model, film, what.label, progress=step):
            drawn = ComputedMap(shrunk(partial.values), partial.forwards, partial.full)
            step(partial.forwards / partial.full, drawn)
        return drawn

    def draw(step: ProgressCall) -> ComputedMap:
        return ComputedMap(shrunk(make_map(model, film, what.label, what.method, progress=step)))

    work = refine if what.method == "occlusion" else draw
    return Task(("map", what), what.name, work, lambda drawn: drawn.values.nbytes)


def tested_task(film: Radiograph, model: Classifier, what: MapRequest, drawn: ComputedMap) -> Task:
    """Is the map faithful? Gives :class:`cxr.explain.Faithfulness`."""
    return Task(
        ("tested", what),
        f"whether the map of {what.name} is faithful",
        lambda step: faithfulness(model, film, what.label, drawn.values, progress=step),
        lambda _: 4096,
    )


def randomisation_task(
    film: Radiograph, model: Classifier, what: MapRequest, drawn: ComputedMap
) -> Task:
    """The map under shuffled weights; gives :class:`cxr.explain.Sanity`."""

    def compare(step: ProgressCall) -> object:
        found = sanity(model, film, what.label, what.method, drawn.values, progress=step)
        return replace(found, randomised=shrunk(found.randomised))

    return Task(
        ("randomisation", what),
        f"{what.name} under shuffled weights",
        compare,
        lambda found: found.randomised.nbytes,
    )


def randomised_map_task(film: Radiograph, model: Classifier, what: MapRequest) -> Task:
    """One network with shuffled weights, without a measure; gives its :class:`ComputedMap`."""
    return Task(
        ("randomised map", what),
        f"{what.name}, shuffled weights",
        lambda step: ComputedMap(
            shrunk(
                make_map(with_shuffled_weights(model), film, what.label, what.method, progress=step)
            )
        ),
        lambda drawn: drawn.values.nbytes,
    )


def method_key(key: str, model: Classifier) -> str:
    """Of the chooser in the session: models offer different methods."""
    return f"{key}-{'-'.join(methods_of(model))}"


def choose_method(model: Classifier, key: str) -> str:
    """The methods that the model can be asked for; it says where there is no Grad-CAM."""
    methods = methods_of(model)
    chosen = st.segmented_control(
        "Method",
        methods,
        default=methods[0],
        format_func=lambda method: overlay.KINDS[method].title,
        required=True,
        key=method_key(key, model),
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen)


def lungs_of(film: Radiograph) -> Probability | None:
    """Where the film's lungs are; None where none are found, or nothing is there to find them."""
    finder = models.finder()
    if finder is None:
        return None
    found: Probability = workspace().shelf.get(
        ("lungs", film.sha256), lambda: finder.find(film), lambda found: found.nbytes
    )
    return found if finder.has_lungs(found) else None
