"""One case: its film, or why there is none, its scores, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from cxr.errors import BundleError, CxrError
from cxr.features import neighbours
from cxr.imaging.radiograph import Radiograph
from cxr.input_checks import Finding, limits_of
from cxr.model.classifier import Classifier, Prediction
from cxr.review.folder import Boxes, DataFolder
from cxr.screening.own_films import OWN
from cxr.screening.standing import standing_of
from ui.base.formatting import WAY_OUT, flags, site
from ui.panels import findings, full_screen, input_checks
from ui.review import source
from ui.session import hospitals, studies, tables
from ui.session.models import line
from ui.work.session_cache import workspace

NO_FOLDER = (
    "Films are shown where the app is started with CXR_DATA set to their folder, or where that "
    "folder is named in the sidebar. Verdicts can be given without them."
)
NOT_TO_SHOW = (
    "The model’s table does not let this film be shown: what is written on it may be a name. "
    + WAY_OUT
)


@dataclass(frozen=True, eq=False)
class Case:
    """A case and what can be shown of it.

    Attributes
    ----------
    row : Series
        Of :func:`cxr.metrics.predictions.table`.
    classes : (str, str)
        The two that it lies between.
    folder : DataFolder or None
    film : Radiograph or None
    why : str
        Where there is no film: why.
    marks : tuple of boxes
        Where readers saw what they judged.
    """

    row: pd.Series
    classes: tuple[str, str]
    folder: DataFolder | None
    film: Radiograph | None
    why: str = ""
    marks: Boxes = ()

    @property
    def told(self) -> list[str]:
        """What full screen says of it: label, call, scores."""
        names = [str(name).removeprefix("p_") for name in self.row.index if str(name)[:2] == "p_"]
        return [
            f"Labelled {self.row.label}, called {self.row.called}",
            full_screen.scores({name: float(self.row[f"p_{name}"]) for name in names}),
        ]

    @property
    def outlined(self) -> Boxes:
        """What is drawn on the film when it is asked for."""
        return (*self.boxes, *self.marks)

    @property
    def boxes(self) -> Boxes:
        """Lesions, where the data folder knows them."""
        row = self.folder.rows.get(str(self.row.image)) if self.folder else None
        return row.boxes if row else ()


def case_of(row: pd.Series, model: Classifier) -> Case:
    """Find the case's film, or why there is none."""
    folder = source.folder()
    between = neighbours.classes(row, model.labels)
    if not row.display:
        return Case(row, between, folder, None, NOT_TO_SHOW)
    if folder is None:
        return Case(row, between, None, None, NO_FOLDER)
    own = row.split == OWN
    if not own and (why := source.wrong(folder, tables.key_of(model.bundle.folder))):
        return Case(row, between, None, None, why)
    try:
        return Case(row, between, folder, film_of(folder, str(row.image)))
    except CxrError as refusal:
        return Case(row, between, folder, None, str(refusal))


def in_study(case: Case) -> bool:
    """Whether it waits for a reader study, by its path or by its file."""
    held = case.film is not None and studies.holds(case.film.sha256)
    return held or case.row.case in studies.cases()


def film_of(folder: DataFolder, image: str) -> Radiograph:
    """A film of the folder, from the session's shelf or read again.

    Raises
    ------
    CxrError
    """
    return workspace().shelf.get(
        ("case", folder.root, folder.fingerprint, image),
        lambda: folder.film(image),
        lambda r: 2 * r.pixels.nbytes,
    )


def scores(row: pd.Series, model: Classifier) -> None:
    """The table's scores, and before them whether its passport put the film outside."""
    p = {label: float(row[f"p_{label}"]) for label in model.labels}
    logits = {label: float(row[f"logit_{label}"]) for label in model.labels}
    unknown = "outside" in str(row["passport"]).split(";")
    if unknown:
        input_checks.first({"outside": _distance(row, model)})
    tabled = row.split != OWN
    if tabled:
        called, home, stands = str(row.called), row.split != "external", None
        prediction = Prediction(called, p, logits, None)
    else:
        home = hospitals.all_at_home()
        prediction = Prediction(max(p, key=lambda label: p[label]), p, logits, None)
        by_place = model.site is not None or not home
        stands = standing_of(prediction, model) if by_place else None
    findings.show_scores(prediction, model, stands, muted=unknown, home=home, judged=tabled)


def _distance(row: pd.Series, model: Classifier) -> str:
    """How far outside, and the limit; "" where the bundle doesn't say."""
    try:
        fitted = limits_of(model)
    except BundleError:
        return ""
    limit = fitted.limits.get("outside") if fitted else None
    if limit is None or np.isnan(row.check_outside):
        return ""
    return Finding("outside", row.check_outside, limit).measured


def facts(case: Case, model: Classifier) -> None:
    """What is known of the film, and by which model it was called."""
    row = case.row
    where = "your own film" if row.split == OWN else f"split {row.split}"
    known = [f"Source {site(str(row.source))}", where]
    for name, title in (("view", "view"), ("sex", "sex"), ("age_group", "")):
        value = str(row[name])
        if value not in ("", "unknown"):
            known.append(f"{title} {value}".strip())
    if not np.isnan(row.age):
        known.append(f"{row.age:g} years")
    if row.age_unread:
        known.append("its age cannot be read")
    if row["flags"] not in ("", "unknown"):
        known.append(f"flags: {row['flags']}")
    if row["passport"] not in ("", "unknown"):
        known.append(f"passport: {flags(str(row['passport']))}")
    if case.boxes:
        known.append(f"{len(case.boxes)} lesion box{'es' if len(case.boxes) > 1 else ''} (key b)")
    lines = [" · ".join(known), f"Model {line(model.bundle)}"]
    if (profile := model.site) is not None:
        lines.append(f"Hospital profile {profile.name} · {profile.identity[:12]}")
    if not _scores_alike(case, model):
        lines.insert(0, "The folder’s film does not give the table’s scores: it may be another.")
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
    st.html(
        f'<div class="cxr-heading">Film and model</div><div class="cxr-quiet">{paragraphs}</div>'
    )


def _scores_alike(case: Case, model: Classifier) -> bool:
    """Whether the folder's film gives the table's scores: it may be another film of that name."""
    film = case.film
    if film is None:
        return True
    found: Prediction = workspace().shelf.get(
        ("scored", film.sha256, model.identity),
        lambda: model.predict([film])[0],
        lambda p: 1000 if p.features is None else p.features.nbytes,
    )
    given = [float(case.row[f"logit_{label}"]) for label in model.labels]
    return bool(np.allclose(given, [found.logits[label] for label in model.labels], atol=0.05))
