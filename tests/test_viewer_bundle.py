"""The viewer's bundle as it is committed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
FRONT = ROOT / "ui" / "viewer" / "front"
BUILT = ROOT / "static" / "viewer"


def test_the_bundle_was_built_from_these_sources() -> None:
    sources = hashlib.sha256()
    for path in [*sorted((FRONT / "src").iterdir()), FRONT / "package-lock.json"]:
        sources.update(path.read_bytes())
    wanted = (BUILT / "sources.sha256").read_text().strip()
    assert sources.hexdigest() == wanted, "run `npm ci && npm run build` in ui/viewer/front"


def test_every_package_in_it_has_its_licence() -> None:
    lock = json.loads((FRONT / "package-lock.json").read_text())["packages"]
    text = (BUILT / "LICENSES.txt").read_text()
    for name in ("openseadragon", "d3-contour", "d3-array"):  # the rest is not in the bundle
        assert f"{name} {lock[f'node_modules/{name}']['version']}" in text
