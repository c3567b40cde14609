"""What is offered, fitted and shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hospitalpage import give, profile_films_of, ran, text
from sites import hospital, profile, reference
from streamlit.testing.v1 import AppTest

import cxr
from cxr.site import diagnostic_yield, to_bytes
from cxr.site_profiles import store
from ui.hospital import words


def test_an_empty_page_says_what_is_offered(page: AppTest) -> None:
    assert "10 films of N</b>" in text(page)
    assert "10 films of N and of T</b>" in text(page)
    assert "50 films without a label</b>" in text(page)
    assert "None yet" in text(page)


@pytest.mark.parametrize(
    ("negatives", "positives", "label", "counted", "code"),
    [
        (4, 0, None, "(4 N and 0 T so far)", "too_few_films"),
        (4, 4, None, "(4 N and 4 T so far)", "too_few_films"),
        (0, 4, None, "(0 N and 4 T so far)", "one_label"),
        (4, 0, "", "(4 so far)", "too_few_films"),
    ],
)
def test_too_few_films_are_counted_and_refused_as_python_refuses_them(
    page: AppTest,
    phantom_model: cxr.Classifier,
    negatives: int,
    positives: int,
    label: str | None,
    counted: str,
    code: str,
) -> None:
    films, labels = hospital(phantom_model, negatives, positives)
    labels = labels if label is None else [label] * len(labels)
    at = give(page, phantom_model, films, labels)
    assert counted in text(at)
    with pytest.raises(cxr.errors.SiteError) as refused:
        cxr.site.fit(phantom_model, films, labels)
    assert refused.value.code == code
    assert [info.value.replace("\\", "") for info in at.info] == [str(refused.value)]


def test_no_film_is_no_refusal(page: AppTest) -> None:
    assert not page.info


def test_n_alone_give_a_threshold(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 0))
    assert "Fitted: a threshold, on 20 N" in text(at)
    assert "needs films of T" in text(at)
    assert "Specificity" in text(at)
    assert "PPV" not in text(at)
    assert not [each for each in at.number_input if each.key == "hospital-cost"]


def test_t_alone_are_refused_and_kept(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 0, 12))
    assert any("one_label" in info.value.replace("\\", "") for info in at.info)
    assert "12 T" in text(at)


def test_both_give_a_head_a_strip_and_a_curve(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 40, 40, apart=3))
    said = text(at)
    assert "a head of its own and a threshold, on 40 N and 40 T" in said
    assert "Nothing crude tells the two piles apart" in said
    assert "Cost per" not in said
    assert "100 more" in said
    assert len(at.get("plotly_chart")) == 2
    ran(at.number_input(key="hospital-cost").set_value(20.0).run())
    assert "Cost per T found" in text(at)


def test_piles_that_differ_by_a_marker_are_told(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 60, 60, apart=3, crude=2))
    assert "differ by something other than disease" in text(at)
    assert "same months and the same device" in text(at)


def test_a_thumbnail_alone_may_have_seen_the_disease(phantom_model: cxr.Classifier) -> None:
    found = [{"what": what, "trips": what == "thumbnail"} for what in ("thumbnail", "rim")]
    told = words.shortcuts(profile(phantom_model, report={"why": "", "shortcuts": found}))
    assert "or by disease so large that it shows there" in told
    found[1]["trips"] = True
    told = words.shortcuts(profile(phantom_model, report={"why": "", "shortcuts": found}))
    assert "by the thumbnail and the rim alone" in told
    assert "so large" not in told


def test_a_moved_threshold_moves_the_figures_and_is_saved(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 40, 40, apart=3))
    (curve,) = [at.session_state["hospital-fit"][1]]
    assert "Out of fold" in text(at)
    slider = at.select_slider[0]
    assert slider.value == curve.threshold
    to = diagnostic_yield.tried(curve)[5]
    ran(slider.set_value(to).run())
    assert "Moved by hand" in text(at)
    ran(at.button(key="hospital-keep").click().run())
    (saved,) = store.kept().profiles
    assert saved.threshold == to
    assert saved.identity == at.session_state["hospital"]
    assert saved.identity != curve.identity
    assert saved.report["sensitivity"] != curve.report["sensitivity"]
    ran(at.button(key="hospital-preset-As fitted").click().run())
    assert "Out of fold" in text(at)


def test_a_wanted_sensitivity_is_gone_by(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 30, 30))
    low = at.session_state["hospital-fit"][1]
    ran(at.segmented_control(key="hospital-figure").set_value("sensitivity").run())
    assert "a sensitivity of 90 %" in text(at)
    high = at.session_state["hospital-fit"][1]
    assert high.wanted == {"sensitivity": 0.9}
    assert high.threshold != low.threshold


def test_films_without_labels_are_an_assumption(
    page: AppTest, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.site.alignment.reference_of", reference)
    monkeypatch.setattr("ui.hospital.fitted.reference_of", reference)
    films, _ = hospital(phantom_model, 30, 30)
    at = give(page, phantom_model, films, [""] * 60)
    said = text(at)
    assert "An assumption, not a measurement" in said
    for share in ("10 %", "<b>20 %</b>", "40 %"):
        assert share in said
    ran(at.button(key="hospital-keep").click().run())
    assert store.kept().profiles[0].kind == "aligned"


def test_films_outside_are_left_out_on_a_tick(page: AppTest, phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 20, 20)
    films = [replace(film, outside=place < 3) for place, film in enumerate(films)]
    at = give(page, phantom_model, films, labels)
    assert "on 20 N and 20 T" in text(at)
    assert "none was left out. [outside]" in text(at)
    ran(at.checkbox(key="hospital-outside").check().run())
    assert "on 17 N and 20 T" in text(at)
    assert "they were left out" in text(at)


def test_groups_of_the_table_are_told_apart(page: AppTest, phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 20, 20)
    columns = [
        {"age": str(30 + 2 * i), "hiv": "+" if i % 2 else "-", "id": str(i)} for i in range(40)
    ]
    at = give(page, phantom_model, films, labels, columns)
    said = text(at)
    assert "By group" in said
    assert "over 55" in said
    assert "Counted on the films that the threshold was chosen by" in said
    assert "<td class=ev-text>hiv</td>" in said
    assert "<td class=ev-text>id</td>" not in said
    assert "T found" in said
    assert "were its prevalence" in said
    assert "Cost per T found" not in said
    ran(at.number_input(key="hospital-cost").set_value(10.0).run())
    assert text(at).count("Cost per T found") == 2


def test_the_curve_has_a_band_unless_a_patient_has_several_films(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    def traces(patients: list[str]) -> int:
        said = zip(films, patients, strict=True)
        own = [replace(film, patient=patient) for film, patient in said]
        at = give(page, phantom_model, own, labels)
        return len(json.loads(at.get("plotly_chart")[1].proto.spec)["data"])

    films, labels = hospital(phantom_model, 20, 20)
    each = [str(i) for i in range(40)]
    with_band = traces([""] * 40)
    assert traces(each) == with_band
    assert "40 known patients" in text(page)
    assert traces([*each[:39], "38"]) < with_band


def test_many_films_are_fitted_on_a_press(
    page: AppTest, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.hospital.fitted.AT_ONCE", 30)
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    assert "Fitted:" not in text(at)
    ran(at.button(key="hospital-go").click().run())
    assert "Fitted:" in text(at)
    ran(at.run())
    assert "Fitted:" in text(at)


def test_films_of_one_patient_are_too_few_for_a_sensitivity(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    ran(at.segmented_control(key="hospital-figure").set_value("sensitivity").run())
    here = profile_films_of(at)
    here.held = {name: replace(held, patient="one") for name, held in here.held.items()}
    ran(at.run())
    assert any("too_few_films" in info.value.replace("\\", "") for info in at.info)
    assert "20 N · 20 T" in text(at)


def test_any_two_labels_can_be_told_apart(page: AppTest, models: Path) -> None:
    page.session_state["bundle"] = str(models / "default")
    at = ran(page.run())
    assert "10 films of N and of T</b>" in text(at)
    ran(at.radio(key="hospital-pairs").set_value(("N", "P")).run())
    assert "10 films of N and of P</b>" in text(at)
    assert [each.label for each in at.file_uploader][:2] == [
        "N films · no findings",
        "P films · pneumonia",
    ]
    model = cxr.load(models / "default")
    films, labels = hospital(model, 12, 12, apart=4)
    at = give(at, model, films, [label.replace("T", "P") for label in labels])
    assert "on 12 N and 12 P" in text(at)
    assert "WHO" not in text(at)  # its least values are for tuberculosis


def test_films_stay_with_the_model_that_read_them(
    page: AppTest, phantom_model: cxr.Classifier, models: Path
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 12, 0))
    at.session_state["bundle"] = str(models / "default")
    ran(at.run())
    assert "12 films were read by another model" in text(at)
    assert "[other_network]" in text(at).replace("\\", "")
    at.session_state["bundle"] = str(phantom_model.bundle.folder)
    assert "Fitted: a threshold, on 12 N" in text(ran(at.run()))


def test_a_reference_that_cannot_be_used_is_a_sentence(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: cxr.Classifier) -> None:
        raise cxr.BundleError("bad_reference", "The reference is another network’s.")

    monkeypatch.setattr("ui.hospital.fitted.reference_of", refuse)
    at = ran(page.run())
    assert "another network" in at.info[0].value


def test_what_is_exported_is_research_only(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    found = at.session_state["hospital-fit"][1]
    assert "Research and teaching only" in json.loads(to_bytes(found))["notice"]
