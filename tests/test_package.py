"""The library as a package: what the wheel holds, and that it predicts without the checkout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from email import message_from_string
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

import cxr

HERE = Path(__file__).parents[1]
SAMPLE = HERE / "samples" / "child-04.jpg"
ALONE = """
import sys
from importlib.metadata import packages_distributions
target, *base = sys.argv[1].split(",")
foreign = {
    package
    for package, homes in packages_distributions().items()
    if not {home.lower().replace("_", "-") for home in homes} & set(base)
}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in foreign:
            raise ModuleNotFoundError(f"{name} is not among the base dependencies")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, target)
"""
"""Leaves a process the wheel, the standard library and what the wheel depends on."""


def needed(requirements: list[str]) -> set[str]:
    """Distributions that these ask for without an extra, and those that they ask for in turn."""
    found: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        each = waiting.pop()
        name = each.name.lower().replace("_", "-")
        if name in found or (each.marker and not each.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        waiting += map(Requirement, distribution(name).requires or ())
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was installed into, alone and without a network."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, HERE]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "target"
    put = ["install", "--no-index", "--no-deps", "--no-compile", "--target", target, wheel]
    subprocess.run([*pip, *put], check=True)
    return target


def run(installed: Path, code: str, cwd: Path) -> str:
    (metadata,) = installed.glob("*.dist-info/METADATA")
    asked = [
        line.partition(": ")[2]
        for line in metadata.read_text(encoding="utf-8").splitlines()
        if line.startswith("Requires-Dist: ")
    ]
    allowed = ",".join([str(installed), *sorted(needed(asked))])
    command = [sys.executable, "-I", "-c", ALONE + code, allowed]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_alone_predicts_as_the_checkout_does(installed: Path, tmp_path: Path) -> None:
    code = (
        "from cxr.__main__ import main\n"
        f"assert main(['predict', {str(SAMPLE)!r}, '--json']) == 0\n"
        "import cxr; print(cxr.__file__)"
    )
    printed, place = run(installed, code, tmp_path).splitlines()
    assert Path(place).is_relative_to(installed)
    expected = cxr.load().predict([cxr.read(SAMPLE)])[0]
    found = json.loads(printed)
    assert found["probabilities"] == pytest.approx(expected.probabilities, abs=1e-3)
    assert found["passport"]["unchecked"] == []  # as it is where the lungs can be found


def test_the_wheel_alone_explains(installed: Path, tmp_path: Path) -> None:
    methods = ("gradcam", "gradcam_pp", "scorecam", "occlusion")
    asked = ["explain", str(SAMPLE), "--class", "N"]
    code = (
        "from cxr.__main__ import main\n"
        f"for method in {methods}:\n"
        f"    asked = {asked} + ['--method', method, '--out', method + '.png']\n"
        "    assert main(asked + ['--untested'] * (method != 'gradcam')) == 0"
    )
    run(installed, code, tmp_path)
    for method in methods:
        assert (tmp_path / f"{method}.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_else_is_within_its_reach(installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.util import find_spec\n"
        "for name in ('pandas', 'streamlit', 'tensorflow', 'pytest', 'ui'):\n"
        "    try:\n        print(name, find_spec(name) is None)\n"
        "    except ModuleNotFoundError:\n        print(name, True)"
    )
    assert run(installed, code, tmp_path).count("True") == 5


def test_the_wheel_brings_its_terms_and_its_readme(installed: Path) -> None:
    (folder,) = installed.glob("*.dist-info")
    found = message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
    assert found["License-Expression"] == "Apache-2.0 AND LicenseRef-CXR-Lens-Weights"
    for name in found.get_all("License-File"):
        text = (HERE / name).read_text(encoding="utf-8")
        assert (folder / "licenses" / name).read_text(encoding="utf-8") == text
    assert {"LICENSE", "LICENSE-WEIGHTS.md"} <= set(found.get_all("License-File"))
    assert found["Description-Content-Type"] == "text/markdown"
    assert found.get_payload().startswith("# CXR Lens")


def test_the_citation_names_the_version() -> None:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (HERE / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project['version']}\n" in citation


def test_what_is_declared_is_what_is_pinned() -> None:
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {each.name: each for some in lists for each in map(Requirement, some)}
    del declared[project["name"]]  # extras that hold another
    # No extras: pip takes none in a file of constraints.
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    # What few need, `make test` installs where it can be had.
    asked = re.findall(r'"([a-z0-9]+)(?:\[\w+\])?(==[^"]+)"', (HERE / "Makefile").read_text())
    pinned += [Requirement(name + pin) for name, pin in asked if name in declared]
    assert {each.name for each in pinned} == set(declared)
    assert not any(each.extras for each in pinned)
    for each in pinned:
        (pin,) = each.specifier
        assert pin.operator == "=="
        assert pin.version in declared[each.name].specifier, f"{each} is not {declared[each.name]}"


def test_what_is_pinned_is_listed_with_its_date() -> None:
    pinned = [
        line.split("==")
        for line in (HERE / "requirements.txt").read_text().splitlines()
        if "==" in line
    ]
    listed = (HERE / "docs" / "dependencies.md").read_text()
    assert [name for name, version in pinned if f"| {name} | {version} |" not in listed] == []


def test_what_is_needed_in_turn_is_pinned_too() -> None:
    def pins(name: str) -> dict[NormalizedName, Requirement]:
        lines = (HERE / name).read_text(encoding="utf-8").splitlines()
        found = [Requirement(line) for line in lines if line and not line.startswith("#")]
        return {canonicalize_name(each.name): each for each in found}

    named, whole = pins("requirements.txt"), pins("constraints.txt")
    assert {name: whole[name].specifier for name in named} == {
        name: each.specifier for name, each in named.items()
    }
    in_turn = map(canonicalize_name, needed([str(each) for each in named.values()]))
    assert set(in_turn) - set(whole) == set()
    for each in whole.values():
        (pin,) = each.specifier
        assert pin.operator == "=="
        assert not each.extras
        assert not each.url
