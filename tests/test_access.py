"""Which role the settings give to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from appwalk import start, text

from ui.server import access
from ui.server.access import OPEN, role_of

BY_MAIL = {"admin": ["Chief@clinic.example"], "instructor": ["t@clinic.example"], "reader": ["*"]}
BY_GROUP = {"claim": "groups", "reader": ["xray"], "admin": ["it"]}


def by_mail(address: str, verified: object = True) -> dict[str, Any]:
    return {"email": address, "email_verified": verified}


@pytest.mark.parametrize(
    ("person", "settings", "role"),
    [
        (by_mail("chief@Clinic.example"), BY_MAIL, "admin"),
        (by_mail("t@clinic.example"), BY_MAIL, "instructor"),
        (by_mail("else@clinic.example"), BY_MAIL, "reader"),
        (by_mail("chief@clinic.example", False), BY_MAIL, "reader"),
        (by_mail("chief@clinic.example", "true"), BY_MAIL, "reader"),
        (by_mail("chief@clinic.example"), {"admin": []}, ""),
        ({"groups": ["xray", "it"]}, BY_GROUP, "admin"),
        ({"groups": ["xray"]}, BY_GROUP, "reader"),
        ({"groups": ["IT"]}, BY_GROUP, ""),
        ({"groups": "it"}, BY_GROUP, "admin"),
        ({"groups": ["visitors"]}, {"claim": "groups", "admin": "*@it"}, ""),
        ({"groups": ["it"]}, {"claim": "groups", "admin": "it"}, "admin"),
        ({}, BY_GROUP, ""),
        ({"email": None}, BY_MAIL, "reader"),
        (by_mail("x@y"), {}, ""),
    ],
)
def test_roles(person: dict[str, Any], settings: dict[str, Any], role: str) -> None:
    assert role_of(person, settings) == role


def test_without_sign_in_the_first_page_says_so() -> None:
    assert OPEN in text(start())


def test_secrets_that_cannot_be_read_let_nobody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    monkeypatch.setattr(access.config, "get_option", lambda name: [str(secrets)])
    monkeypatch.setattr(access.secrets_singleton, "load_if_toml_exists", lambda: False)
    assert not access.asks(), "no file: no sign-in"
    secrets.write_text('[auth]\nclient_id = "x')
    assert access.asks()
