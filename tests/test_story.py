"""Stories: what is kept and read back, what is refused, and those that ship."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import film, png

import cxr
from cxr.explain import make_map
from cxr.explain.overlay import KINDS
from cxr.explain.region import box_mask, what_if
from cxr.explain_eval.shuffled_weights import with_shuffled_weights
from cxr.teaching.story import (
    MAX_FILMS,
    MAX_STEPS,
    Hidden,
    Story,
    StoryError,
    StoryStep,
    read_story,
    write_story,
)
from samples.stories.make import HERE, stories
from train.data import marker_films

FILM = png(film(120, 100))
STORY = Story(
    "A title",
    "Films: drawn.",
    (
        StoryStep("one", "A caption."),
        StoryStep(
            "one",
            view="methods",
            label="T",
            methods=("gradcam", "occlusion"),
            shuffled_weights=True,
        ),
        StoryStep(
            "two", view="regions", fill="black", hidden=(Hidden("box", (0.1, 0.2, 0.3, 0.4)),)
        ),
        StoryStep(
            "two",
            view="regions",
            hidden=(Hidden("brush", (0.1, 0.1, 0.2, 0.2), ((0.1, 0.2), (0.2, 0.2)), 0.05),),
        ),
        StoryStep("two", view="layers", model="marker", layer="features"),
        StoryStep("one", view="input", way={"crop": 20, "clahe_clip": 2.5, "blur": 3}),
        StoryStep("one", view="stability"),
    ),
    {"one": FILM, "two": png(film(100, 120))},
)


def packed(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def told(*steps: Any, **more: Any) -> bytes:
    """A file of these steps and one film."""
    text = {"version": 1, "title": "", "credit": "", "steps": list(steps), **more}
    return packed({"story.json": json.dumps(text).encode(), "films/one": FILM})


def test_a_step_with_shuffled_weights_keeps_its_word_in_files() -> None:
    with zipfile.ZipFile(io.BytesIO(write_story(STORY))) as archive:
        steps = json.loads(archive.read("story.json"))["steps"]
    assert [step for step in steps if "twin" in step] == [steps[1]]
    assert "shuffled_weights" not in steps[1]
    assert read_story(told({"film": "one", "twin": True})).steps[0].shuffled_weights
    assert code_of(told({"film": "one", "shuffled_weights": True})) == "bad_story"


def code_of(data: bytes) -> str:
    with pytest.raises(StoryError) as refusal:
        read_story(data)
    return refusal.value.code


def test_a_story_is_read_as_it_was_kept() -> None:
    data = write_story(STORY)
    found = read_story(data)
    assert found == STORY
    assert write_story(found) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zip",
        packed({}),
        packed({"films/one": FILM}),
        packed({"story.json": b"no json", "films/one": FILM}),
        packed({"story.json": b"[]"}),
        packed({"story.json": b"[" * 100_000}),
        packed({"story.json": b"{}", "films/../../one": FILM}),
        packed({"story.json": b"{}", "/films/one": FILM}),
        packed({"story.json": b"{}", "films/one": FILM, "run.py": b"pass"}),
        packed({"story.json": b'{"version": 1}', "films/one.PNG": FILM}),
        write_story(STORY)[:-40],
    ],
)
def test_what_is_no_story_is_refused(data: bytes) -> None:
    assert code_of(data) == "not_a_story"


def test_a_name_that_stands_twice_is_refused() -> None:
    data = packed({"story.json": b"{}", "story.jsom": b"{}"})
    assert code_of(data.replace(b"story.jsom", b"story.json")) == "not_a_story"


def test_a_locked_archive_is_refused() -> None:
    data = bytearray(write_story(STORY))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        place = data.index(start) + (6 if start == b"PK\x03\x04" else 8)
        data[place] |= 1
    assert code_of(bytes(data)) == "not_a_story"


def test_an_archive_that_unfolds_beyond_measure_is_refused_unopened() -> None:
    bomb = packed({"story.json": b"{}", "films/one": bytes(70_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    assert code_of(bomb) == "story_too_large"
    assert code_of(packed({"story.json": b" " * 2_000_000})) == "story_too_large"


def test_a_member_that_holds_more_than_it_says_is_refused() -> None:
    data = packed({"story.json": b"{}" + b" " * 5000}, zipfile.ZIP_DEFLATED)
    said = (5002).to_bytes(4, "little")
    assert data.count(said) == 2
    assert code_of(data.replace(said, (2).to_bytes(4, "little"))) == "not_a_story"


def test_damage_ends_in_a_refusal(rng: np.random.Generator) -> None:
    small = Story("", "", (StoryStep("one"),), {"one": png(film(60, 60))})
    members = {"story.json": write_story(small)[40:400], "films/one": small.films["one"]}
    whole = write_story(small), packed(members, zipfile.ZIP_DEFLATED)
    for turn in range(400):
        data = bytearray(whole[turn % 2])
        for place in rng.integers(0, len(data), 1 + turn % 7):
            data[place] = rng.integers(0, 256)
        with suppress(StoryError):  # anything else is a traceback on the page
            read_story(bytes(data))


def test_too_many_films_or_steps_are_refused() -> None:
    films = {f"films/{i}": FILM for i in range(MAX_FILMS + 1)}
    assert code_of(packed({"story.json": b"{}", **films})) == "story_too_large"
    assert code_of(told(*[{"film": "one"}] * (MAX_STEPS + 1))) == "story_too_large"


def test_another_version_is_refused() -> None:
    assert code_of(told({"film": "one"}, version=2)) == "story_version"


def test_a_story_needs_steps() -> None:
    assert code_of(told()) == "bad_story"
    assert code_of(told(steps="all")) == "bad_story"


@pytest.mark.parametrize(
    "values",
    [
        None,
        "one",
        {},
        {"film": "two"},
        {"film": ["one"]},
        {"film": "one", "view": "diagnosis"},
        {"film": "one", "run": "rm"},
        {"film": "one", "caption": 3},
        {"film": "one", "caption": "x" * 601},
        {"film": "one", "methods": ["gradcam", "magic"]},
        {"film": "one", "methods": "gradcam"},
        {"film": "one", "fill": "red"},
        {"film": "one", "twin": "yes"},
        {"film": "one", "scales": {"gradcam": 3}},
        {"film": "one", "way": {"size": 4000}},
        {"film": "one", "way": {"clahe_tiles": 10**9}},
        {"film": "one", "way": {"crop": 200}},
        {"film": "one", "way": {"blur": "3"}},
        {"film": "one", "way": {"clahe_clip": float("nan")}},
        {"film": "one", "hidden": [{"kind": "box", "box": [0, 0, 2, 1]}]},
        {"film": "one", "hidden": [{"kind": "box", "box": [0, 0, float("nan"), 1]}]},
        {"film": "one", "hidden": [{"kind": "box", "box": [0, 0, 1]}]},
        {"film": "one", "hidden": [{"kind": "brush", "box": [0, 0, 1, 1]}]},
        {"film": "one", "hidden": [{"kind": "disc", "box": [0, 0, 1, 1]}]},
    ],
)
def test_a_step_that_cannot_be_shown_is_named(values: Any) -> None:
    with pytest.raises(StoryError, match="Step 2 of") as refusal:
        read_story(told({"film": "one"}, values))
    assert refusal.value.code == "bad_story"


def test_a_film_that_the_reader_refuses_is_named() -> None:
    data = packed({"story.json": b'{"version": 1, "steps": [{"film": "a"}]}', "films/a": b"text"})
    with pytest.raises(StoryError, match=r"Film 1 of the story was refused\. The file is not"):
        read_story(data)


@pytest.mark.parametrize("name", stories())
def test_the_stories_that_ship_are_those_that_are_made(name: str) -> None:
    made, shipped = stories()[name], read_story((HERE / f"{name}.zip").read_bytes())
    assert (shipped.title, shipped.credit, shipped.steps) == (made.title, made.credit, made.steps)
    for key, data in made.films.items():
        assert np.array_equal(cxr.read(shipped.films[key]).pixels, cxr.read(data).pixels)


def test_every_story_that_ships_is_made() -> None:
    assert {path.stem for path in HERE.glob("*.zip")} == set(stories())


def test_the_shipped_network_draws_the_beautiful_story_s_maps() -> None:
    """Every map of it shows, the shuffled network's too, and two methods differ."""
    model = cxr.load()
    story = read_story((HERE / "3-beautiful.zip").read_bytes())
    drawn = {}
    for step in story.steps:
        film = cxr.read(story.films[step.film])
        label = model.predict([film])[0].label
        for method in step.methods:
            scale = step.scales.get(method, KINDS[method].scale)
            networks = [model, with_shuffled_weights(model)] if step.shuffled_weights else [model]
            for network in networks:
                drawn[method] = make_map(network, film, label, method)
                assert drawn[method].max() > 0.4 * scale, (step.caption, method)
    strongest = [values >= np.quantile(values, 0.9) for values in drawn.values()]
    assert len(strongest) == 2
    assert (strongest[0] & strongest[1]).sum() < 0.5 * strongest[0].sum()


def test_the_marker_s_network_does_what_its_story_says() -> None:
    model = cxr.load(HERE / "marker")
    story = read_story((HERE / "2-marker.zip").read_bytes())
    called = {n: model.predict([cxr.read(data)])[0].label for n, data in story.films.items()}
    assert called == {
        "clear": "clear",
        "opacity-r": "opacity",
        "opacity": "clear",  # wrong: it has an opacity and no letter
        "clear-r": "opacity",  # wrong: it has the letter and no opacity
    }
    assert model.bundle.metrics["test"]["accuracy"] > 0.99
    hide = next(step for step in story.steps if step.hidden)
    (left, top, width, height) = hide.hidden[0].box
    with_letter = cxr.read(story.films[hide.film])
    box = (256 * left, 256 * top, 256 * width, 256 * height)
    answer = what_if(model, with_letter, box_mask(model.size, (256, 256), box), hide.fill)
    assert answer.effects["opacity"] > 0.5
    assert sum(path.stat().st_size for path in (HERE / "marker").iterdir()) < 300_000


def test_drawn_films_differ_by_what_was_asked_for() -> None:
    def drawing(opacity: bool, marker: bool) -> Any:
        return marker_films.film(np.random.default_rng(3), opacity, marker).astype(int)

    clear = drawing(False, False)
    letter = np.abs(drawing(False, True) - clear) > 0
    spot = drawing(True, False) - clear
    assert letter[:70, :60].sum() == letter.sum() > 100
    assert 20 < spot.max() < 60
    assert spot[:70, :60].max() < 3


def test_the_training_films_carry_the_letter_with_every_opacity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marker_films, "SPLITS", {"train": 3, "val": 2})
    assert marker_films.write(tmp_path) == 10
    rows = (tmp_path / "manifest.csv").read_text().splitlines()[1:]
    for row in rows:
        name, label, *_ = row.split(",")
        corner = cxr.read(tmp_path / name).pixels[10:60, 10:60]
        assert (corner.max() > 244) == (label == "opacity")
