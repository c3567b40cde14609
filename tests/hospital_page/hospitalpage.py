"""The hospital page without a browser: films given, buttons pressed, words read."""

from __future__ import annotations

from collections.abc import Sequence

from streamlit.testing.v1 import AppTest

import cxr
from cxr.site.films import SiteFilm
from ui.hospital.profile_films import ProfileFilm, ProfileFilms


def ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def text(at: AppTest) -> str:
    """All that the page says."""
    return "\n".join(e.value for e in [*at.get("html"), *at.info, *at.caption, *at.markdown])


def drop(at: AppTest, zone: str, *files: tuple[str, bytes]) -> AppTest:
    """Give files to the zone whose label is `zone`; the page runs until they are read."""
    uploader = next(each for each in at.file_uploader if each.label == zone)
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    return ran(at.run())


def profile_films_of(at: AppTest) -> ProfileFilms:
    (found,) = at.session_state["hospital-profile-films"].values()
    return found


def give(
    at: AppTest,
    model: cxr.Classifier,
    films: Sequence[SiteFilm],
    labels: Sequence[str],
    columns: Sequence[dict[str, str]] | None = None,
) -> AppTest:
    """The page with films that were read before."""
    held = {
        film.identity: ProfileFilm(
            film,
            (f"{place}.png",),
            (label,) if label else (),
            columns=columns[place] if columns else {},
        )
        for place, (film, label) in enumerate(zip(films, labels, strict=True))
    }
    at.session_state["hospital-profile-films"] = {model.identity: ProfileFilms(model.labels, held)}
    return ran(at.run())
