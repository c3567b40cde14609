"""A browser's tab as the server sees it, without a browser: Streamlit's protocol.

One session: its cookies, its socket, what the page shows, presses and uploads. Draws nothing, so
that many fit beside the server that they load.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from time import perf_counter, sleep
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE_S = 120.0
_DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class Tab:
    """A session.

    Attributes
    ----------
    elements : dict
        What the page shows, by its place.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.elements: dict[tuple[int, ...], Element] = {}
        self._jar = CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._states: dict[str, WidgetState] = {}
        self._timers: dict[str, float] = {}
        self.get("/", Accept="text/html")
        self.get("/_stcore/health")
        self._xsrf = next(c.value or "" for c in self._jar if c.name == "_streamlit_xsrf")
        cookies = "; ".join(f"{c.name}={c.value}" for c in self._jar)
        self._socket = connect(
            address.replace("http", "ws", 1) + "/_stcore/stream",
            origin=address,  # type: ignore[arg-type]
            subprotocols=["streamlit", self._xsrf],  # type: ignore[list-item]
            additional_headers={"Cookie": cookies},
            max_size=None,
        )
        self._session = ""
        self._whole = True
        self.run()

    def get(self, path: str, **headers: str) -> bytes:
        asked = urllib.request.Request(self.address + path, headers=headers)
        with self._open.open(asked, timeout=PATIENCE_S) as answer:
            return answer.read()

    def status(self, path: str) -> int:
        try:
            self.get(path)
        except HTTPError as refusal:
            return refusal.code
        return 200

    def close(self) -> None:
        self._socket.close()

    def html(self) -> str:
        """All that the page says in its own HTML."""
        return "\n".join(
            e.html.body for e in self.elements.values() if e.WhichOneof("type") == "html"
        )

    def _all(self, kind: str) -> list[Element]:
        return [each for each in self.elements.values() if each.WhichOneof("type") == kind]

    def plates(self) -> list[dict[str, Any]]:
        """What lies on the light box."""
        boxes = [each.bidi_component for each in self._all("bidi_component")]
        shown = [box.json for box in boxes if box.component_name == "cxr_viewer" and box.json]
        return [plate for box in shown for plate in json.loads(box)["plates"]]

    def press(self, key: str) -> None:
        buttons = [each.button.id for each in self._all("button")]
        (button,) = [each for each in buttons if each.endswith(f"-{key}")]
        self.run(WidgetState(id=button, trigger_value=True))

    def upload(self, name: str, data: bytes) -> None:
        """Drop a file in, and wait until the page has been drawn with it."""
        message = BackMsg()
        message.file_urls_request.request_id = uuid4().hex
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session
        self._socket.send(message.SerializeToString())
        (place,) = self._heard(lambda m: list(m.file_urls_response.file_urls))
        self._put(place.upload_url, name, data)
        zone = self._all("file_uploader")[0].file_uploader.id
        state = WidgetState(id=zone)
        state.file_uploader_state_value.uploaded_file_info.add(
            file_id=place.file_id,
            name=name,
            size=len(data),
            file_urls=FileURLs(
                file_id=place.file_id, upload_url=place.upload_url, delete_url=place.delete_url
            ),
        )
        self._states = {zone: state}
        self.run()

    def wait_for(self, there: Callable[[], bool]) -> None:
        """Run the page's timers until it shows what is waited for."""
        until = perf_counter() + PATIENCE_S
        while not there():
            if perf_counter() > until:
                raise TimeoutError("the page did not get there")
            if not self._timers:
                self.run()
            for fragment, interval in list(self._timers.items()):
                sleep(interval)
                self.run(fragment=fragment)

    def run(self, pressed: WidgetState | None = None, fragment: str = "") -> None:
        """Have the page drawn anew, and hear all of it."""
        message = BackMsg()
        asked = message.rerun_script
        asked.widget_states.widgets.extend(self._states.values())
        if pressed is not None:
            asked.widget_states.widgets.append(pressed)
        if fragment:
            asked.fragment_id, asked.is_auto_rerun = fragment, True
        self._whole = not fragment
        self._socket.send(message.SerializeToString())
        self._heard(
            lambda m: m.WhichOneof("type") == "script_finished" and m.script_finished in _DONE
        )

    def _heard(self, wanted: Callable[[ForwardMsg], Any]) -> Any:
        """Listen until a message is the one that is wanted."""
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_S))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._session = self._session or message.new_session.initialize.session_id
                if self._whole:
                    self.elements.clear()
                    self._timers.clear()
            elif kind == "script_finished":
                self._whole = True  # where a part ends early, the page is drawn anew
            elif kind == "auto_rerun":
                self._timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                for each in message.stop_auto_rerun.fragment_ids:
                    self._timers.pop(each, None)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    raise RuntimeError(element.exception.message)
                self.elements[tuple(message.metadata.delta_path)] = element
            if found := wanted(message):
                return found

    def _put(self, path: str, name: str, data: bytes) -> None:
        edge = uuid4().hex
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        )
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "X-Xsrftoken": self._xsrf,
        }
        asked = urllib.request.Request(
            self.address + path, data=body, headers=headers, method="PUT"
        )
        self._open.open(asked, timeout=PATIENCE_S).close()


def _is_done(message: ForwardMsg) -> bool:
    return message.WhichOneof("type") == "script_finished" and message.script_finished in _DONE


def addresses(said: Any) -> list[str]:
    """Every address of media in what a component was given."""
    return re.findall(r"/media/[^\"\\\s]+", json.dumps(said))
