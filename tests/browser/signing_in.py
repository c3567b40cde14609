"""The app's settings for whichever provider of sign-in."""

from __future__ import annotations

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
