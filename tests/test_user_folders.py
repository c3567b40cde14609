import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS

from cxr.user_folders import NAME, cache_home, data_home


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "CXR_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    return tmp_path


def test_the_system_s_own_places(home: Path) -> None:
    assert data_home() == home / "Library" / "Application Support" / NAME
    assert cache_home() == home / "Library" / "Caches" / NAME


def test_a_folder_of_an_earlier_version_is_used_on(home: Path) -> None:
    for place, found in ((".local/share", data_home), (".cache", cache_home)):
        earlier = home / place / NAME
        assert found() != earlier
        earlier.mkdir(parents=True)
        assert found() == earlier


def test_a_cache_can_be_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".cache" / NAME).mkdir(parents=True)
    monkeypatch.setenv("CXR_CACHE", str(home / "own"))
    assert cache_home() == home / "own"


@pytest.mark.skipif(sys.platform != "linux", reason="these are Linux's own variables")
def test_linux_follows_its_variables_unless_they_are_relative(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CXR_CACHE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "kept"))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data_home() == home / "kept" / NAME
    assert cache_home() == home / ".cache" / NAME
