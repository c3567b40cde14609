"""Profiles that are kept: saved under a name, imported, deleted, told apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from auditlog import told
from hospitalpage import drop, give, ran, text
from sites import hospital, profile
from streamlit.testing.v1 import AppTest

import cxr
from cxr.site import diagnostic_yield, to_bytes
from cxr.site_profiles import store
from ui.session import hospitals


def unescaped(at: AppTest) -> str:
    return text(at).replace("\\", "")


def bring(at: AppTest, *files: bytes) -> AppTest:
    return drop(at, "A profile’s file", *((f"{i}.json", data) for i, data in enumerate(files)))


def test_a_profile_is_saved_under_a_name_and_used(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    ran(at.text_input(key="hospital-name").set_value("  St  Anna ").run())
    ran(at.button(key="hospital-keep").click().run())
    (saved,) = store.kept().profiles
    assert saved.name == "St Anna"
    assert at.session_state["hospital"] == saved.identity
    said = text(at)
    assert "<b>St Anna</b>" in said
    assert "Saved, and in use from now on: St Anna." in said
    assert [link.proto.label for link in at.get("page_link")] == ["Read films by it"]
    assert "Saved, and in use" not in text(ran(at.run())), "said once"
    assert "on 20 N and 20 T · for a specificity of 70 % · " in said
    assert " · in use" in said


def test_two_versions_of_one_day_are_told_apart(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    """The picker goes by what it shows: two alike, and the wrong threshold is used."""
    at = give(page, phantom_model, *hospital(phantom_model, 40, 40, apart=3))
    (fitted,) = [at.session_state["hospital-fit"][1]]
    ran(at.button(key="hospital-keep").click().run())
    ran(at.select_slider[0].set_value(diagnostic_yield.tried(fitted)[5]).run())
    for _ in range(2):  # saved twice, it is one version
        ran(at.button(key="hospital-keep").click().run())
    moved, first = store.kept().profiles
    assert (moved.wanted, first.threshold) == ({"threshold": moved.threshold}, fitted.threshold)
    assert store.find(moved.name).identity == moved.identity == at.session_state["hospital"]
    assert hospitals._line(moved) != hospitals._line(first)
    alike = {hospitals._line(replace(first, report={"why": why})) for why in ("", "another")}
    assert len(alike) == 2
    ran(at.button(key="hospital-preset-As fitted").click().run())
    ran(at.button(key="hospital-keep").click().run())
    last = store.find(moved.name)
    assert last.threshold == fitted.threshold, "what was saved last is the newest"
    assert last.identity == at.session_state["hospital"]


def test_no_name_is_no_profile(page: AppTest, phantom_model: cxr.Classifier) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    for name in ("  ", "a\u0000b"):
        ran(at.text_input(key="hospital-name").set_value(name).run())
        assert at.button(key="hospital-keep").disabled
        assert "[bad_request]" in unescaped(at)
    assert not store.kept().profiles


def test_a_folder_that_cannot_be_written_loses_nothing(
    page: AppTest, phantom_model: cxr.Classifier, sites: Path
) -> None:
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    sites.write_text("in the way")
    ran(at.button(key="hospital-keep").click().run())
    assert "[profile_not_kept]" in unescaped(at)
    assert "Fitted:" in text(at)


def test_a_delete_is_asked_for_twice(page: AppTest, phantom_model: cxr.Classifier) -> None:
    site = profile(phantom_model)
    store.save(site)
    at = ran(page.run())
    short = site.identity[:12]
    ran(at.button(key=f"hospital-ask-{short}").click().run())
    ran(at.button(key=f"hospital-spare-{short}").click().run())
    assert store.kept().profiles
    at.session_state["hospital"] = site.identity
    ran(at.button(key=f"hospital-ask-{short}").click().run())
    ran(at.button(key=f"hospital-delete-{short}").click().run())
    assert not store.kept().profiles
    assert at.session_state["hospital"] != site.identity
    assert "Deleted: Drawn hospital" in unescaped(at)


def test_a_profile_comes_in_and_bad_ones_do_not(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    good = to_bytes(profile(phantom_model))
    altered = good.replace(b'"threshold": 0.25', b'"threshold": 0.75')
    other = to_bytes(profile(phantom_model, network="another"))
    at = bring(page, good, altered, other, b"nothing")
    assert [each.name for each in store.kept().profiles] == ["Drawn hospital"]
    said = unescaped(at)
    assert "Imported: Drawn hospital." in said
    for code in ("altered_profile", "other_network", "bad_profile"):
        assert f"[{code}]" in said


def test_a_name_is_shown_as_it_is(page: AppTest, phantom_model: cxr.Classifier) -> None:
    store.save(profile(phantom_model, name="<b>&*_"))
    assert "<b>&lt;b&gt;&amp;*_</b>" in text(ran(page.run()))


def test_a_file_that_cannot_be_used_is_told(
    page: AppTest, phantom_model: cxr.Classifier, sites: Path
) -> None:
    path = sites / store.save(profile(phantom_model))
    path.write_bytes(path.read_bytes()[:-50])
    assert "[bad_profile]" in unescaped(ran(page.run()))


def test_a_profile_of_another_model_is_named_so(
    page: AppTest, phantom_model: cxr.Classifier
) -> None:
    store.save(profile(phantom_model, network="another"))
    assert "of another model" in text(ran(page.run()))
    store.save(profile(phantom_model, preprocessing={"side": 32}))
    said = unescaped(ran(page.run()))
    assert said.count("of another model [other_network]") == 2


def test_what_is_done_to_profiles_is_told_to_the_log(
    page: AppTest, phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    at = give(page, phantom_model, *hospital(phantom_model, 20, 20))
    ran(at.button(key="hospital-keep").click().run())
    (saved,) = store.kept().profiles
    foreign = profile(phantom_model)
    bring(at, to_bytes(foreign), b"nothing")
    short = foreign.identity[:12]
    ran(at.button(key=f"hospital-ask-{short}").click().run())
    ran(at.button(key=f"hospital-delete-{short}").click().run())
    told_of = [
        {"what": what, "hospital": of.identity, "hospital_threshold": of.threshold}
        for what, of in (("saved", saved), ("imported", foreign), ("deleted", foreign))
    ]
    rows = told(tmp_path / "audit.sqlite3", "profile")
    assert [{name: row[name] for name in told_of[0]} for row in rows] == told_of
    assert {row["network"] for row in rows} == {phantom_model.bundle.digest}
