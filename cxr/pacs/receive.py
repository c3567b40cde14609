"""Films that a PACS or a modality sends by C-STORE, each written whole or not at all."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..dicomweb.reference import is_uid
from ..errors import PacsError
from ..imaging.decode_limits import MAX_BYTES

STORED, NO_ROOM, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xC000
"""What a sender is told. It keeps a film that was not stored, and sends it again."""

_FILMS = (
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # digital X-ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # the same, for processing
)
_MOST_AT_ONCE = 5
_PATIENCE = 60.0


def keep(folder: Path, instance: str, data: bytes) -> Path:
    """Write a film under its SOP Instance UID, whole or not at all; a film that is there stays.

    Raises
    ------
    PacsError
        ``not_kept``
    """
    path = folder / f"{instance}.dcm"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            return path
        handle, name = tempfile.mkstemp(prefix=".", dir=folder)  # what begins so is no film
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PacsError("not_kept", f"A film cannot be written: {error.strerror}.") from None
    return path


def _try_to_write(folder: Path) -> None:
    """Write a file there and take it away.

    Raises
    ------
    PacsError
        ``not_kept``
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".", dir=folder) as file:
            file.write(b"a film would stand here")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PacsError(
            "not_kept",
            f"Films cannot be written to this folder: {error.strerror}. Name one where they can.",
        ) from None


def listen(folder: Path, port: int, address: str, title: str, senders: Sequence[str] = ()) -> Any:
    """Start to take films; gives pynetdicom's server, with ``shutdown()``.

    Parameters
    ----------
    folder : Path
        Where they are written.
    senders : sequence of str
        AE titles that may send; none: whoever reaches the port. A title is no password.

    Raises
    ------
    PacsError
        ``no_pynetdicom``, ``not_kept``, ``port_taken``
    """
    try:
        from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
    except ModuleNotFoundError:
        raise PacsError(
            "no_pynetdicom", "Films are received by the extra pacs: pip install cxr-lens[pacs]."
        ) from None
    _try_to_write(folder)
    logging.getLogger("pynetdicom").disabled = True  # it quotes what is sent, and that has names
    entity = AE(title)
    entity.maximum_associations = _MOST_AT_ONCE
    entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = _PATIENCE
    entity.require_called_aet = True
    entity.require_calling_aet = list(senders)
    entity.add_supported_context("1.2.840.10008.1.1")  # an echo
    for film in _FILMS:
        entity.add_supported_context(film, ALL_TRANSFER_SYNTAXES)
    try:
        return entity.start_server(
            (address, port),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, lambda event: _stored(event, folder))],
        )
    except OSError as error:
        raise PacsError(
            "port_taken", f"Films cannot be received at this address: {error.strerror}."
        ) from None


def _stored(event: Any, folder: Path) -> int:
    instance = str(event.request.AffectedSOPInstanceUID)
    sent = event.encoded_dataset()  # as it came, with the head of a file
    if not is_uid(instance) or len(sent) > MAX_BYTES:
        _say("It has no number of its own, or is larger than a film can be.")
        return NOT_UNDERSTOOD
    try:
        keep(folder, instance, sent)
    except PacsError as refusal:
        _say(str(refusal))
        return NO_ROOM
    return STORED


def _say(why: str) -> None:
    """A line of a film that was not kept, without its name or number."""
    print(f"A film was not kept, and its sender was told so. {why}", file=sys.stderr, flush=True)


def serve(folder: Path, port: int, address: str, title: str, senders: Sequence[str]) -> int:
    """Take films until the process is told to end."""
    import signal
    import threading

    ended = threading.Event()
    server = listen(folder, port, address, title, senders)
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: ended.set())
    print(f"{title} takes films at {address}:{server.server_address[1]}", flush=True)
    ended.wait()
    server.shutdown()
    return 0
