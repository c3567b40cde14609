"""The app's settings for whichever provider of sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving import ROOT, served

SECRETS = """
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "a secret of the tests alone, which nobody else has"
client_id = "cxr"
client_secret = "{secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
[roles]
reader = ["reader@clinic.example"]
instructor = ["instructor@clinic.example"]
admin = ["admin@clinic.example"]
"""


@contextmanager
def asking(home: Path, port: int, settings: str) -> Iterator[str]:
    """An app that asks who comes, by :data:`SECRETS` filled in; gives its address."""
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXR_AUDIT", str(home / "audit.sqlite3"))
        patch.setenv("CXR_REVIEW", str(home / "review.sqlite3"))
        with served(ROOT / "serve.py", home, port=port) as found:
            yield found
