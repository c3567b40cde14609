"""A real PACS for tests: Debian's Orthanc with its DICOMweb plugin, empty, at a free port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from cxr.dicomweb.settings import Pacs

USER, PASSWORD = "cxr", "only-for-tests"
_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_PATIENCE = 60.0


@contextmanager
def running(folder: Path) -> Iterator[tuple[Pacs, int]]:
    """The server, its database in `folder`, and the port where it takes C-STORE."""
    program = shutil.which("Orthanc", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or not _PLUGIN.is_file():
        pytest.skip("Orthanc is not installed (Debian: apt-get install orthanc orthanc-dicomweb)")
    web, dicom = _free(), _free()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(_PLUGIN)],
        "HttpPort": web,
        "DicomPort": dicom,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(file)], stdout=log, stderr=log)
    pacs = Pacs(f"http://127.0.0.1:{web}/dicom-web", USER, PASSWORD)
    try:
        _wait(process, pacs)
        yield pacs, dicom
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], pacs: Pacs) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "Orthanc has ended"
        try:
            requests.get(f"{pacs.url}/studies", auth=(USER, PASSWORD), timeout=5).raise_for_status()
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("Orthanc does not answer")
