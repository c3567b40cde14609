"""How many words stand beside every film alike."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from appwalk import accepted, pick, upload
from streamlit.testing.v1 import AppTest


def beside(at: AppTest) -> str:
    """The scores, as HTML."""
    return next(each.value for each in at.get("html") if 'class="cxr-bars"' in each.value)


def words(html: str) -> list[str]:
    """What is read of them before anything is asked for."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"</summary>.*?</details>", "", html)).split()


def test_what_is_the_same_beside_every_film_is_said_in_few_words(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(models))
    monkeypatch.delenv("CXR_DATA", raising=False)
    samples = models.parent / "samples"
    given = [(f"{n}.jpg", (samples / f"child-0{n}.jpg").read_bytes()) for n in (1, 2)]
    at = upload(accepted(), *given)
    first, second = (beside(pick(at, number)) for number in (1, 2))
    assert first != second
    alike = [word for word in words(first) if word in words(second)]
    assert len(alike) < 70
    said = " ".join(words(first))
    called = json.loads((models / "default" / "calls.json").read_text())["other"]["lung nodule"]
    of = f"{called['N']} of {sum(called.values())} films with a lung nodule are called so"
    assert f"none of these, not healthy; {of}" in said
    assert "pneumonia, or another abnormality that it was never taught" in said
    assert "A score, never a diagnosis." in first
    assert "in hospitals that it knows" in first, "the rest is behind Why?"
