"""Which PACS is asked, from `CXR_PACS`: its address, or a small TOML file with a login."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import PacsError

VARIABLE = "CXR_PACS"
IN_VAIN = {"pacs_down", "pacs_login", "pacs_certificate", "no_pacs", "bad_pacs"}
"""Codes of refusals that the next film would meet too: nothing more is asked."""


@dataclass(frozen=True)
class Pacs:
    """A server that speaks DICOMweb.

    Attributes
    ----------
    url : str
        Below which ``/studies`` is.
    user, password : str
        Of HTTP's basic login; "" for none.
    token : str
        Sent as a bearer's instead.
    ca : str
        File of the authority that signed its certificate; "" for those that the system knows.
    seconds : float
        To wait for a word from it. A whole answer may take ten times as long.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca: str = ""
    seconds: float = 20.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and not (parts.query or parts.fragment or parts.port == 0)
        except ValueError:
            raise _bad("its address is no web address") from None
        if not good:
            raise _bad("its address must begin with http:// or https://, and name a server")
        if parts.username or parts.password:
            raise _bad("a login belongs into the file, not into the address")
        if not 0 < self.seconds <= 600:
            raise _bad("seconds must be above 0, and 600 at most")


def configured() -> Pacs | None:
    """The PACS that `CXR_PACS` names; None where it names none.

    Raises
    ------
    PacsError
        ``bad_pacs``
    """
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return None
    return Pacs(said) if "://" in said else from_file(Path(said))


def needed() -> Pacs:
    """The same where there must be one.

    Raises
    ------
    PacsError
        ``no_pacs``, ``bad_pacs``
    """
    if (pacs := configured()) is None:
        raise PacsError(
            "no_pacs", f"No PACS is set up. Set {VARIABLE} to its DICOMweb address, or to a file."
        )
    return pacs


def from_file(path: Path) -> Pacs:
    """The settings of a TOML file with the keys of :class:`Pacs`.

    Raises
    ------
    PacsError
        ``bad_pacs``
    """
    import tomllib  # scoring starts without it

    try:
        with path.open("rb") as file:
            said: dict[str, Any] = tomllib.load(file)
    except OSError as error:
        raise _bad(f"the file that {VARIABLE} names cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise _bad("its file is no TOML") from None  # the parser's message may quote a password
    kinds = {"url": str, "user": str, "password": str, "token": str, "ca": str}
    for name, value in said.items():
        if name == "seconds" and isinstance(value, int | float):
            continue
        if name not in kinds or not isinstance(value, str):
            raise _bad(f"{name} is no setting, or not of the right kind")
    if "url" not in said:
        raise _bad("the file does not say its url")
    return Pacs(**said)


def _bad(why: str) -> PacsError:
    return PacsError("bad_pacs", f"The PACS is not set up as it should be: {why}.")
