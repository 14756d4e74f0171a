"""Write data/boundaries from the code that draws the schematic county, so that neither drifts."""

from __future__ import annotations

import sys
from pathlib import Path

from deqing_geo import sample, save_layers
from deqing_geo.columns import word
from deqing_geo.files import sha256
from deqing_geo.sample import schematic

FOLDER = Path(__file__).resolve().parent.parent / "data" / "boundaries"
FILE = "deqing_schematic.gpkg"
SEED = 0
LAYERS = {
    "outline": "the county",
    "towns": "13 towns (镇、街道), real names and codes of 2023",
    "villages": "villages and communities (村、社区), all invented",
}


def main() -> int:
    """Write the boundaries and the page beside them."""
    made = sample.county(SEED)
    frames = {name: getattr(made, name) for name in LAYERS}
    file = save_layers(FOLDER / FILE, frames)
    rows = {name: len(frame) for name, frame in frames.items()}
    page = readme(rows, sha256(file))
    (FOLDER / "README.md").write_text(page, encoding="utf-8", newline="\n")
    return 0


def readme(rows: dict[str, int], checksum: str) -> str:
    """The page beside the file."""
    layers = "\n".join(f"| `{name}` | {rows[name]} | {about} |" for name, about in LAYERS.items())
    return f"""\
# Boundaries the project ships

This page and the file are written by `scripts/write_boundaries.py`; do not edit them here.

No public layer of Deqing's towns and villages may be shipped. What stands here is the library's
own schematic county, of which only the names and codes of the county and its towns are real:

**{word("notice.schematic")}。**

## `{FILE}`

| layer | rows | what it is |
|---|---:|---|
{layers}

- Source: the code of this library (`deqing_geo.sample`), seed {SEED}. Towns lie about their seats,
  in sizes after published areas; no line of any map, survey or service went into it.
- Date: the layers stand at {schematic.TODAY}, like everything in the schematic county.
- Coordinate system: {sample.CRS} (CGCS2000 / 3-degree Gauss-Kruger CM 120E), metres.
- Licence: BSD-3-Clause, like the code.
- sha256: `{checksum}`

Made again: `python scripts/write_boundaries.py`. Other versions of GDAL or SQLite may write other
bytes; the shapes are the code's to a millimetre (`tests/test_shipped_boundaries.py`). The checksum
proves the file, not the shapes. All other layers: `deqing-geo sample --out DIR`.
"""


if __name__ == "__main__":
    sys.exit(main())
