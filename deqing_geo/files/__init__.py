"""Files as bytes: what they are, whether they may be opened, and writing them whole.

`kinds` judges a file by name and first bytes; `sources` finds the parts of a layer, in a
folder or inside a zip; `encodings` how its text was written; `writing` leaves files whole, and
`naming` gives them names every disk takes.
Nothing here reads a geometry.
"""

from __future__ import annotations

from deqing_geo.files.encodings import BY_ELIMINATION, dbf_encoding, table_text, text_encoding
from deqing_geo.files.kinds import (
    ARCHIVES,
    KINDS,
    RASTERS,
    TABLES,
    FileKind,
    kind_of,
    local_file,
)
from deqing_geo.files.sources import Source, sources
from deqing_geo.files.writing import (
    parts,
    sha256,
    stands_other,
    undated,
    whole_file,
    whole_folder,
    write_json,
)

__all__ = [
    "ARCHIVES",
    "BY_ELIMINATION",
    "KINDS",
    "RASTERS",
    "TABLES",
    "FileKind",
    "Source",
    "dbf_encoding",
    "kind_of",
    "local_file",
    "parts",
    "sha256",
    "sources",
    "stands_other",
    "table_text",
    "text_encoding",
    "undated",
    "whole_file",
    "whole_folder",
    "write_json",
]
