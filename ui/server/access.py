"""Who may enter, and what they may see.

With an ``[auth]`` section in Streamlit's secrets people sign in by OpenID Connect; ``[roles]`` says
who has which role. Without the former whoever reaches the app is let in, and the first page says
so.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton

from ui.server import who

ROLES = ("reader", "instructor", "admin")
"""Each may all that those before it may."""
ANYBODY = "*"
OPEN = "There is no sign-in here: whoever reaches this address is let in."


def asks() -> bool:
    """Whether people have to sign in."""
    if secrets_singleton.load_if_toml_exists():
        return "auth" in st.secrets
    # Streamlit tells a file that it cannot parse as if there were none: nobody is let in by that.
    return any(Path(each).expanduser().exists() for each in config.get_option("secrets.files"))


def role() -> str:
    """Of whoever is here; "" without one. Without sign-in everybody has every role."""
    if not asks():
        return ROLES[-1]
    if not st.user.get("is_logged_in"):
        return ""
    return role_of(dict(st.user), st.secrets.get("roles", {}))


def role_of(person: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The highest role that the settings give.

    Parameters
    ----------
    person : mapping
        What the identity provider says of them.
    settings : mapping
        ``claim``: what of that is looked at, ``email`` by default, which counts only where the
        provider has verified it; a list, such as ``groups``, counts if any of it is named. Each
        role: a list of values, ``"*"`` for whoever can sign in.
    """
    claim = str(settings.get("claim", "email"))
    found = person.get(claim)
    values = {str(each) for each in found} if isinstance(found, list | tuple) else {str(found)}
    if not found or (claim == "email" and person.get("email_verified") is not True):
        values = set()
    if claim == "email":
        values = {value.casefold() for value in values}
    for name in reversed(ROLES):
        given = settings.get(name, ())
        named = [given] if isinstance(given, str) else [str(each) for each in given]
        if claim == "email":
            named = [each.casefold() for each in named]
        if ANYBODY in named or values & set(named):
            return name
    return ""


def may(least: str) -> bool:
    """Whether whoever is here has this role or a higher one."""
    own = role()
    return bool(own) and ROLES.index(own) >= ROLES.index(least)


def let_in() -> bool:
    """Show the way in to whoever has none yet."""
    if role():
        return True
    with st.container(key="gate"):
        st.title("CXR Lens", anchor=False)
        if not st.user.get("is_logged_in"):
            st.write("Sign in with your account of this hospital or school.")
            st.button("Sign in", key="sign-in", type="primary", on_click=st.login)
        else:
            st.html(
                f"<p>{escape(who.signed_in())} has no role here. Whoever runs this server gives "
                "one.</p>"
            )
            st.button("Sign out", key="sign-out", on_click=st.logout)
    return False


def show() -> None:
    """Who is signed in, and the way out."""
    if asks():
        st.sidebar.caption(f"{who.signed_in()} · {role()}")
        st.sidebar.button("Sign out", key="sign-out", type="tertiary", on_click=st.logout)
