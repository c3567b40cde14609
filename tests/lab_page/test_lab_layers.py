"""Layers, and the film's way through them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from appwalk import FILM, click, text, titles
from labpage import view
from streamlit.testing.v1 import AppTest

import cxr
from cxr.features.channels import activation, shares
from cxr.features.layers import answers
from cxr.teaching.preprocessing_stages import scores
from ui.base.formatting import score
from ui.lab import layers
from ui.lab.words import plain_number, signed


def channels(at: AppTest) -> list[str]:
    """What the channels beside the film are called."""
    grids = [e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_channels"]
    return [each["said"] for each in json.loads(grids[0].json)["maps"]]


def test_every_layer_can_be_looked_into(lab: AppTest, phantom_model: cxr.Classifier) -> None:
    view(lab, "Layers")
    read = cxr.read(FILM)
    found = answers(phantom_model, read)
    last, maps = list(found.items())[-1]
    for label in ("N", "T"):
        lab.segmented_control[-1].set_value(label).run()
        parts = shares(phantom_model, last, maps, label)
        assert parts is not None
        first = int(parts.argmax())
        assert titles(lab) == [
            "Film",
            f"features · channel {first} · black .00, white {plain_number(float(maps.max()))}",
        ]
        assert channels(lab)[0] == (
            f"Channel {first}, share of the logit of {label} {signed(float(parts[first]))}"
        )
    assert len(channels(lab)) == last.channels
    click(lab, "lab-layer-earlier")
    pooled, values = list(found.items())[-2]
    assert titles(lab)[1].startswith(f"{pooled.name} · channel {activation(values).argmax()} ·")
    assert "not for which class" in text(lab)


def test_layers_that_cannot_be_had_are_said_to_be(
    lab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise cxr.ExplainError("no_layers", "They cannot be looked into.")

    monkeypatch.setattr(layers, "answers", refuse)
    view(lab, "Layers")
    assert "They cannot be looked into" in lab.info[0].value
    assert titles(lab) == ["Film"]


def test_the_film_s_way_is_shown_and_can_be_changed(
    lab: AppTest, phantom_model: cxr.Classifier
) -> None:
    view(lab, "Input")
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
    assert lab.button(key="lab-own").disabled
    lab.slider[0].set_value(3.0).run()
    lab.select_slider[-1].set_value(15).run()
    lab.slider[2].set_value(4).run()
    how = replace(phantom_model.preprocessing, clahe_clip=3.0, blur=15, crop=4)
    after = scores(phantom_model, cxr.read(FILM), how)
    shown = dict(re.findall(r'aria-label="(\S+) \S+ → (\S+), [+−]?[.\d]+"', text(lab)))
    assert shown == {label: score(p) for label, p in after.items()}
    assert lab.segmented_control(key="lab-step").options == [
        "Reduced",
        "CLAHE",
        "Blurred",
        "Square",
        "Cropped",
    ]
    click(lab, "lab-step-earlier")
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
    click(lab, "lab-own")
    assert "→" not in text(lab)
    assert lab.slider[0].value == 0
    assert titles(lab) == ["As filed", "Square · 64 × 64"]
