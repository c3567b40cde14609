"""How the check of a department treats the images that a department may be running from."""

from __future__ import annotations

from subprocess import CompletedProcess
from typing import Any

import pytest

from deploy import check


class Podman:
    """A podman that holds names of images; a compose build that gives some of them anew."""

    def __init__(self, names: dict[str, str], built: dict[str, str]) -> None:
        self.names, self._built = dict(names), built

    def __call__(self, command: list[str], **_: Any) -> CompletedProcess[str]:
        told, code = "", 0
        match list(command):
            case ["podman", "image", "inspect", "--format", "{{.Id}}", name]:
                told, code = self.names.get(name, ""), int(name not in self.names)
            case ["podman", "untag", image, name]:
                assert image == name, "without a name all of an image's go"
                del self.names[name]
            case ["podman", "tag", image, name]:
                self.names[name] = image
            case ["podman-compose", "build"]:
                self.names |= self._built  # it ends well, whatever became of it
            case _:
                raise AssertionError(f"not to be run here: {command}")
        return CompletedProcess(command, code, told, "")


RUNNING = {name: f"old {name}" for name in check.IMAGES}


@pytest.mark.parametrize("before", [RUNNING, {}])
@pytest.mark.parametrize("built", [RUNNING, dict.fromkeys(check.IMAGES, "new")])
def test_a_build_removes_no_image(
    before: dict[str, str], built: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    podman = Podman(before, built)
    monkeypatch.setattr(check.subprocess, "run", podman)
    check.build(["podman-compose"], {})
    assert podman.names == built


def test_a_build_that_failed_is_said_and_leaves_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = check.IMAGES
    podman = Podman(RUNNING, {first: "new"})
    monkeypatch.setattr(check.subprocess, "run", podman)
    with pytest.raises(SystemExit, match=others[0]):
        check.build(["podman-compose"], {})
    assert podman.names == RUNNING
