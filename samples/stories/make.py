"""Write the stories that ship: `python -m samples.stories.make`.

Their films are drawn here, or are samples that may be passed on. The first and the last play on
whatever network is picked, so a caption of theirs says nothing that a network could contradict.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from cxr.teaching import phantom
from cxr.teaching.samples import CREDIT, FOLDER
from cxr.teaching.story import Hidden, Story, StoryStep, write_story
from train.data import marker_films

HERE = Path(__file__).parent
_LETTER = Hidden("box", (0.04, 0.04, 0.2, 0.18))
_MIDDLE = Hidden("box", (0.3, 0.3, 0.4, 0.4))
_WHOLE = Hidden("box", (0.0, 0.0, 1.0, 1.0))


def stories() -> dict[str, Story]:
    """File name → story."""
    return {"1-black": _black(), "2-marker": _marker(), "3-beautiful": _beautiful()}


def _black() -> Story:
    films = {
        "black": _png(np.zeros((256, 256), np.uint8)),
        "grey": _png(np.full((256, 256), 128, np.uint8)),
        "child": _sample(2),
    }
    steps = (
        StoryStep(
            "black",
            "This film is black. There is no chest on it, and still the network calls it "
            "something: it has to share out a probability of 1 among its classes, and has none for "
            "“I do not know”.",
        ),
        StoryStep("grey", "All grey: no chest again, and a class again."),
        StoryStep(
            "black",
            "Does the class hold when black is cropped, shifted and turned, and is still black? A "
            "stable score can be about nothing at all.",
            "stability",
        ),
        StoryStep("child", "A film. Keep its scores in mind."),
        StoryStep(
            "child",
            "Its middle painted black. Black is nothing to us; to the network it is a change like "
            "any other.",
            "regions",
            hidden=(_MIDDLE,),
            fill="black",
        ),
        StoryStep(
            "child",
            "The same middle, blurred. How far a score falls depends on what a place is hidden "
            "with; a map that hides places with black shows the black as well.",
            "regions",
            hidden=(_MIDDLE,),
        ),
        StoryStep(
            "child",
            "All of it hidden. What the network says now, it says of no film.",
            "regions",
            hidden=(_WHOLE,),
            fill="black",
        ),
    )
    return Story(
        "A black film is called something", f"Films: drawn, but for one. {CREDIT}", steps, films
    )


def _marker() -> Story:
    def chest(opacity: bool, marker: bool) -> bytes:
        return _png(marker_films.film(np.random.default_rng(11), opacity, marker))

    films = {
        "clear": chest(False, False),
        "opacity-r": chest(True, True),
        "opacity": chest(True, False),
        "clear-r": chest(False, True),
    }
    steps = (
        StoryStep(
            "clear",
            "A drawn chest. This network was taught to tell drawn chests with an opacity from "
            "clear ones, and on test films drawn like its training films it is right.",
        ),
        StoryStep("opacity-r", "One with an opacity. The network is right again."),
        StoryStep("opacity", "The same chest and the same opacity, without the letter."),
        StoryStep("clear-r", "A clear chest with the letter. There is no opacity."),
        StoryStep(
            "clear-r",
            "Hide the letter, and see the scores move.",
            "regions",
            hidden=(_LETTER,),
        ),
        StoryStep(
            "clear-r",
            "The map of the class opacity. It is right about the network, and that is what it is "
            "for: it shows the letter.",
            "methods",
            label="opacity",
            methods=("gradcam", "occlusion"),
        ),
        StoryStep(
            "clear-r",
            "Inside: the channels with the largest share of the logit are those that see it.",
            "layers",
            label="opacity",
        ),
        StoryStep(
            "opacity-r",
            "Every opacity that it learnt from carried the letter, and no other film did. The "
            "letter is brighter than any opacity, and the test films came from the same place: no "
            "figure of the test gives it away. A film from elsewhere does.",
        ),
    )
    on_marker = tuple(replace(step, model="marker") for step in steps)
    return Story("The letter R", "Films: drawn.", on_marker, films)


def _beautiful() -> Story:
    films = {"child": _sample(2), "phantom": _png(phantom.draw("lower"))}
    scales = {"gradcam": 0.1}  # where the shuffled network's map shows as well
    steps = (
        StoryStep("child", "A film and its scores."),
        StoryStep(
            "child",
            "A map of what moved the network. It looks as if somebody had looked; how could it be "
            "wrong?",
            "methods",
            methods=("gradcam",),
            scales=scales,
        ),
        StoryStep(
            "child",
            "Beside it, the same method on the same network with its weights shuffled. That one "
            "has learnt nothing, whatever is drawn here.",
            "methods",
            methods=("gradcam",),
            scales=scales,
            shuffled_weights=True,
        ),
        StoryStep(
            "phantom",
            "A drawing. The network never learnt from one; it is scored and mapped all the same.",
            "methods",
            methods=("gradcam",),
            scales=scales,
        ),
        StoryStep(
            "child",
            "Two methods, one film, one class. Where they differ, at most one of them is right "
            "about the network, and neither says where disease is.",
            "methods",
            methods=("gradcam", "occlusion"),
            scales=scales,
        ),
    )
    return Story(
        "A map that is beautiful, and wrong", f"Films: one of them drawn. {CREDIT}", steps, films
    )


def _sample(number: int) -> bytes:
    return (FOLDER / f"child-{number:02d}.jpg").read_bytes()


def _png(film: np.ndarray) -> bytes:
    return cv2.imencode(".png", film)[1].tobytes()


if __name__ == "__main__":
    for name, story in stories().items():
        (HERE / f"{name}.zip").write_bytes(write_story(story))
