"""A small PACS in memory that speaks DICOMweb (PS3.18), and its faults."""

from __future__ import annotations

import base64
import fnmatch
import io
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydicom import dcmread
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from cxr.dicomweb.settings import Pacs

_ROOT = "/dicom-web"
_LEVELS = {
    "studies": (
        "StudyDate StudyTime AccessionNumber PatientName PatientID StudyInstanceUID StudyID",
        "StudyInstanceUID",
    ),
    "series": (
        "Modality SeriesDescription BodyPartExamined StudyInstanceUID SeriesInstanceUID",
        "SeriesInstanceUID",
    ),
    "instances": ("SOPClassUID SeriesInstanceUID SOPInstanceUID Rows Columns", "SOPInstanceUID"),
}


class Server(ThreadingHTTPServer):
    """What it holds, what it was asked, and how it fails.

    Attributes
    ----------
    held : dict of str to bytes
        By SOP Instance UID.
    heads : dict of str to Dataset
        What is searched in, by the same.
    counts : bool
        Whether it says how many images a series has.
    asked : list of str
        Method and path of each request.
    stored : list of str
        Each instance that was sent to it, however often.
    login : str
        "user:password", "" for none.
    faults : list of str
        One a request, in their order; then it works. "" is no fault.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: dict[str, bytes] = {}
        self.heads: dict[str, Dataset] = {}
        self.counts = True
        self.asked: list[str] = []
        self.stored: list[str] = []
        self.login = ""
        self.faults: list[str] = []
        self.ended = threading.Event()

    def pacs(self, scheme: str = "http", **settings: Any) -> Pacs:
        """How it is reached."""
        return Pacs(f"{scheme}://127.0.0.1:{self.server_address[1]}{_ROOT}", **settings)

    def prove(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def hold(self, *files: bytes) -> None:
        """Films that are there already."""
        for data in files:
            ds = dcmread(io.BytesIO(data), stop_before_pixels=True)
            self.held[str(ds.SOPInstanceUID)] = data
            self.heads[str(ds.SOPInstanceUID)] = ds


@contextmanager
def serving() -> Iterator[Server]:
    """The server at a free port of this machine."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body of an answer in one piece

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        fault = self._begin()
        if fault is None:
            return
        at = urlsplit(self.path)
        parts = at.path.removeprefix(_ROOT).strip("/").split("/")
        within = dict(zip(parts[::2], parts[1::2], strict=False))
        if len(parts) % 2:  # a search for parts[-1]
            self._search(parts[-1], within, parse_qs(at.query), fault)
        else:
            self._film(within.get("instances", ""), fault)

    def do_POST(self) -> None:
        body = self._body()  # read first: the answer to a request must not overtake it
        fault = self._begin()
        if fault is None:
            return
        kind = self.headers["Content-Type"]
        message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        kept = Dataset()
        kept.ReferencedSOPSequence = []
        for part in message.get_payload():
            data = part.get_payload(decode=True)
            ds = dcmread(io.BytesIO(data), stop_before_pixels=True)
            self.server.stored.append(str(ds.SOPInstanceUID))
            if fault in ("refuses", "forgets"):
                continue
            self.server.hold(data)
            item = Dataset()
            item.ReferencedSOPClassUID = ds.SOPClassUID
            item.ReferencedSOPInstanceUID = ds.SOPInstanceUID
            kept.ReferencedSOPSequence.append(item)
        if fault == "loses":
            self.close_connection = True
            self.connection.close()
        elif fault == "refuses":
            self._answer(409, "application/dicom+json", b"{}")
        else:
            self._answer(200, "application/dicom+json", kept.to_json().encode())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _begin(self) -> str | None:
        """The fault of this request; None where the answer was given already."""
        self.server.asked.append(f"{self.command} {self.path}")
        login = self.server.login
        if login and self.headers.get("Authorization") != _basic(login):
            self._answer(401, "text/plain", b"")
            return None
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault.isdecimal():
            self._answer(int(fault), "text/plain", b"")
        elif fault == "web page":
            self._answer(200, "text/html", b"<html>Please log in</html>")
        elif fault == "silent":
            self.server.ended.wait(20)
            self.close_connection = True
        elif fault == "drips":
            self._drip()
        else:
            return fault
        return None

    def _drip(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/dicom+json")
        self.end_headers()
        try:
            while not self.server.ended.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass  # whoever asked has had enough

    def _search(
        self, level: str, within: dict[str, str], asked: dict[str, list[str]], fault: str
    ) -> None:
        fields, name = _LEVELS[level]
        found: dict[str, Dataset] = {}
        modalities: dict[str, set[str]] = {}
        counts: Counter[str] = Counter()
        for ds in self.server.heads.values():
            if any(ds[_LEVELS[each][1]].value != uid for each, uid in within.items()):
                continue
            modalities.setdefault(str(ds.StudyInstanceUID), set()).add(str(ds.Modality))
            counts[str(ds.SeriesInstanceUID)] += 1
            found.setdefault(str(ds[name].value), ds)
        answers = []
        for ds in found.values():
            here = Dataset()
            for keyword in fields.split():
                setattr(here, keyword, ds.get(keyword, "") or None)
            if level == "studies":
                here.ModalitiesInStudy = sorted(modalities[str(ds.StudyInstanceUID)])
            elif level == "series" and self.server.counts:
                here.NumberOfSeriesRelatedInstances = counts[str(ds.SeriesInstanceUID)]
            if all(_matches(here, key, values[0]) for key, values in asked.items()):
                answers.append(here.to_json_dict())
        start = int(asked.get("offset", ["0"])[0])
        page = answers[start:][: int(asked.get("limit", ["1000"])[0])]
        if page:
            self._answer(200, "application/dicom+json", json.dumps(page).encode(), fault)
        else:
            self._answer(204, "application/dicom+json", b"", fault)

    def _film(self, instance: str, fault: str) -> None:
        if fault == "other":
            instance = next(each for each in self.server.held if each != instance)
        data = self.server.held.get(instance)
        if data is None:
            self._answer(404, "text/plain", b"")
            return
        start = b"--part\r\nContent-Type: application/dicom\r\n\r\n"
        kind = 'multipart/related; type="application/dicom"; boundary="part"'
        self._answer(200, kind, start + data + b"\r\n--part--\r\n", fault)

    def _answer(self, status: int, kind: str, body: bytes, fault: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if fault in ("half", "half, unsaid"):
            self.close_connection = True
        if fault != "half, unsaid":
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault.startswith("half") else body)


def _basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


def _matches(ds: Dataset, key: str, wanted: str) -> bool:
    """Whether an answer fits one key of a search (PS3.18, 8.3.4)."""
    tag = tag_for_keyword(key) or (int(key, 16) if key.isalnum() and len(key) == 8 else None)
    if tag is None:
        return True  # includefield, limit, offset
    value = ds.get(keyword_for_tag(tag)) or ""
    values = list(map(str, value)) if isinstance(value, MultiValue) else [str(value)]
    if keyword_for_tag(tag) == "StudyDate" and "-" in wanted:
        first, last = wanted.split("-")
        return (first or "0") <= values[0] <= (last or "9")
    return any(fnmatch.fnmatchcase(each, wanted) for each in values)
