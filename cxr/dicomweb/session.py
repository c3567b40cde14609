"""HTTP that can neither hang nor flood: every answer has a limit in time and size, and whatever
goes wrong becomes one sentence.

Messages of the libraries below carry addresses, and these carry numbers of patients: none is passed
on.
"""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from requests import exceptions as http
from urllib3 import exceptions as below

from ..errors import CxrError, PacsError
from ..imaging.decode_limits import MAX_BYTES
from .settings import Pacs

TRIES = 2
"""Of what changes nothing when it is asked again."""

PAUSE = 0.5
"""Seconds between them."""

_PIECE = 1 << 16
_BUSY = {408, 425, 429, 502, 503, 504}
_AGAIN = {"pacs_down", "pacs_slow", "pacs_busy", "half_an_answer"}
_A = TypeVar("_A")

logging.getLogger("dicomweb_client").disabled = True
for _part in ("web", "session_utils", "uri"):
    logging.getLogger(f"dicomweb_client.{_part}").disabled = True


class PacsSession(requests.Session):
    """Asks one PACS."""

    def __init__(self, pacs: Pacs) -> None:
        super().__init__()
        self.trust_env = False  # a .netrc would take the login's place
        self.verify = pacs.ca or True
        self.headers["Accept"] = "application/dicom+json"
        self.headers["Accept-Encoding"] = "identity"  # a small answer cannot unfold to a large one
        if pacs.token:
            self.headers["Authorization"] = f"Bearer {pacs.token}"
        elif pacs.user:
            login = base64.b64encode(f"{pacs.user}:{pacs.password}".encode()).decode()
            self.headers["Authorization"] = f"Basic {login}"
        self._patience = pacs.seconds

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """One request, its whole answer read."""
        request.headers.pop("Host", None)  # dicomweb-client's leaves out the port
        end = time.monotonic() + 10 * self._patience
        answer = super().send(
            request, **{**options, "stream": True, "timeout": self._patience, "verify": self.verify}
        )
        body = bytearray()
        with answer:
            while piece := answer.raw.read1(_PIECE, decode_content=True):
                body += piece
                if len(body) > 2 * MAX_BYTES:
                    raise PacsError("pacs_too_large", "The PACS sends more than a film can hold.")
                if time.monotonic() > end:
                    raise http.ReadTimeout
        answer._content = bytes(body)
        answer._content_consumed = True
        if answer.ok and not _whole(answer):
            raise http.ChunkedEncodingError
        return answer


def _whole(answer: requests.Response) -> bool:
    """Whether an answer that may have no stated length has come to its end."""
    stated = answer.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) != len(answer.content):
        return False
    kind = answer.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/"):
        return True
    boundary = re.search(r'boundary="?([^";]+)', kind, re.IGNORECASE)
    return boundary is None or f"--{boundary[1].strip()}--".encode() in answer.content[-512:]


def ask(call: Callable[[], _A], tries: int = TRIES) -> _A:
    """What `call` gives; asked again where that may help.

    Raises
    ------
    PacsError
        Nothing else, whatever the server does.
    """
    for left in reversed(range(tries)):
        try:
            return call()
        except CxrError as refusal:
            if not left or refusal.code not in _AGAIN:
                raise
        except (
            Exception
        ) as error:  # dicomweb-client raises whatever an answer makes it stumble over
            said = _said(error)
            if not left or said.code not in _AGAIN:
                raise said from None
        time.sleep(PAUSE)
    raise AssertionError("no try")


def status(error: Exception) -> int | None:
    """The HTTP status that an exception tells of."""
    answer = getattr(error, "response", None)
    return None if answer is None else int(answer.status_code)


def _said(error: Exception) -> PacsError:
    code = status(error)
    if code in (401, 403):
        return PacsError(
            "pacs_login", "The PACS refuses the login. Ask its keeper for the right one."
        )
    if code in (404, 410):
        return PacsError("not_in_pacs", "The PACS does not hold this, or not any more.")
    if code in _BUSY:
        return PacsError("pacs_busy", "The PACS is too busy to answer. Try again in a minute.")
    if code is not None:
        return PacsError("pacs_failed", f"The PACS failed at this (HTTP {code}).")
    if isinstance(error, http.SSLError | below.SSLError):
        return PacsError(
            "pacs_certificate",
            "The PACS cannot prove who it is: its certificate is not known here, or has run out.",
        )
    if isinstance(error, http.Timeout | below.TimeoutError | TimeoutError):
        return PacsError("pacs_slow", "The PACS took too long to answer. Try again.")
    unreached = isinstance(error, http.ConnectionError) and not _cut(error)
    if unreached or isinstance(error, http.InvalidURL | http.TooManyRedirects):
        return PacsError("pacs_down", "The PACS cannot be reached. Is it running, and where?")
    return PacsError("half_an_answer", "The PACS broke off, or its answer cannot be read.")


def _cut(error: Exception) -> bool:
    """Whether a connection that had been made broke off."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, below.ProtocolError)
