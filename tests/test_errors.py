import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
RAISED = re.compile(r"(?:Error|UnreadableFile|NotARadiograph)\(\s*\"([a-z_]+)\"")


def test_every_code_is_documented() -> None:
    code = "\n".join(
        p.read_text() for room in ("cxr", "train", "ui") for p in ROOT.glob(f"{room}/**/*.py")
    )
    documented = "\n".join(p.read_text() for p in ROOT.glob("docs/*.md"))
    raised = set(RAISED.findall(code))
    assert len(raised) > 20
    assert {c for c in raised if f"`{c}`" not in documented} == set()
