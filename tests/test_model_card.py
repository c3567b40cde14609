import re
from dataclasses import replace
from pathlib import Path

from cxr.metrics.model_card import card
from cxr.metrics.predictions import table
from cxr.model import reference
from cxr.model.bundle import open_bundle
from cxr.notice import NOTICE

DOCS = Path(__file__).parents[1] / "docs"
SCORED = {"value": 0.9, "low": 0.85, "high": 0.95}


def test_the_card_is_made_from_the_bundle_alone(models: Path) -> None:
    bundle = open_bundle(models / "default")
    text = card(bundle)
    assert text == (DOCS / "model_card.md").read_text(encoding="utf-8")
    assert NOTICE in text
    assert bundle.digest in text
    test = bundle.metrics["test"]
    assert f"{test['macro_f1']['value']:.3f}" in text
    for cell, found in test["sources"].items():
        source, label = cell.split()
        line = next(x for x in text.splitlines() if x.startswith(f"| {source} | "))
        assert f"{label} {found['recall']:.3f}" in line
    for site, figures in bundle.metrics["external"].items():
        assert f"| {site} | {figures['n']} |" in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_an_operating_point_is_told_where_the_network_is_new(models: Path) -> None:
    bundle = open_bundle(models / "default")
    rows = table(bundle)
    site = rows[rows.source == "montgomery"]
    called = site.p_T >= bundle.operating_points["T"]["threshold"]
    ill = site.label == "T"
    start = f"| T | montgomery | {len(site)} |"
    line = next(x for x in card(bundle).splitlines() if x.startswith(start))
    of_t, of_others = re.findall(r"(\S+) \(\S+ to \S+\) of (\d+)", line)
    assert of_t == (f"{called[ill].mean():.3f}", str(ill.sum()))
    assert of_others == (f"{1 - called[~ill].mean():.3f}", str((~ill).sum()))


def test_thresholds_of_left_out_hospitals_are_tried_on_external_ones(models: Path) -> None:
    bundle = open_bundle(models / "default")
    known = reference.load(bundle)
    assert known is not None
    rows = table(bundle)
    site = rows[(rows.source == "tbx11k") & rows.label.isin(["N", "T"])]
    odds = (site.logit_T - site.logit_N) / bundle.temperature
    text = card(bundle)
    for wish, asked in (("specificity 0.7", "N"), ("sensitivity 0.9", "T")):
        line = next(x for x in text.splitlines() if wish in x and "| tbx11k |" in x)
        threshold = float(re.findall(r"-?\d+\.\d+", line.split(":")[1])[0])
        found = float(line.split("|")[4].split()[0])
        assert abs(found - (odds >= threshold)[site.label == "T"].mean()) < 0.03, "two decimals"
        if asked == "N":
            assert abs((known.unseen_negatives < threshold).mean() - 0.7) < 0.02
        else:
            assert abs((known.unseen_positives >= threshold).mean() - 0.9) < 0.02


def test_unseen_sites_are_never_pooled(models: Path) -> None:
    bundle = open_bundle(models / "default")
    external = card(bundle).split("## In hospitals that it does not know")[1].split("\n## ")[0]
    assert "macro" not in external
    assert re.findall(r"^\| (\w+) \| \d+", external, re.M) == sorted(bundle.metrics["external"])


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
