"""Write the API reference of ``cxr``, from its docstrings, to docs/api: ``make api``."""

from __future__ import annotations

from pathlib import Path

import pdoc

import cxr

HERE = Path(__file__).parent
ROOT = HERE.parent


def modules() -> list[str]:
    """Every module of the library but its command line, the package first."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("cxr/**/*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted(name for name in names if not name.endswith("__main__"))


def main() -> None:
    for name in cxr.__all__:  # looked up on first use, which pdoc would not make
        setattr(cxr, name, getattr(cxr, name))
    pdoc.render.configure(docformat="numpy")
    pdoc.pdoc(*modules(), output_directory=HERE / "api")
    print(HERE / "api" / "index.html")


if __name__ == "__main__":
    main()
