import re
from dataclasses import replace
from pathlib import Path

from cxr.bundle import open_bundle
from cxr.card import card
from cxr.notice import NOTICE

SCORED = {"value": 0.9, "low": 0.85, "high": 0.95}


def test_the_card_is_made_from_the_bundle_alone(models: Path) -> None:
    bundle = open_bundle(models / "default")
    text = card(bundle)
    assert NOTICE in text
    assert bundle.digest in text
    test = bundle.metrics["test"]
    assert f"{test['macro_f1']['value']:.3f}" in text
    for cell, found in test["sources"].items():
        source, label = cell.split()
        line = next(x for x in text.splitlines() if x.startswith(f"| {source} | "))
        assert f"{label} {found['recall']:.3f}" in line
    assert "| shenzhen | 290 |" in text
    tables = [x for x in text.splitlines() if x.startswith("|")]
    assert all(x.count("|") >= 3 for x in tables)


def test_unseen_sites_are_never_pooled(models: Path) -> None:
    text = card(open_bundle(models / "default"))
    external = text.split("## In hospitals that it does not know")[1].split("\n## ")[0]
    assert "macro" not in external
    assert re.findall(r"^\| (\w+) \| \d+", external, re.M) == ["hannover", "shenzhen", "tbx11k"]


def test_words_of_the_recipe_and_the_verdict_of_the_audit_are_in_it(models: Path) -> None:
    bundle = open_bundle(models / "default")
    audit = dict.fromkeys(("sound", "thumbnail", "border", "lungs_erased"), SCORED)
    audit |= {"borders_erased": SCORED, "verdict": "Shortcuts are likely.", "sites": {}}
    told = replace(
        bundle,
        metrics={**bundle.metrics, "audit": audit},
        provenance={"recipe": {"card": {"limits": "- Children."}}},
    )
    text = card(told)
    assert "**Shortcuts are likely.**" in text
    assert "| the network, lungs erased | 0.900 (0.850 to 0.950) |" in text
    assert "## Known limits\n\n- Children." in text
    plain = card(replace(bundle, metrics={k: v for k, v in bundle.metrics.items() if k != "audit"}))
    assert "Not asked yet: `python -m train audit" in plain
