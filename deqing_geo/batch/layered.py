"""One layer of a GeoPackage by its content: a change of another layer beside it is none of it.

What a reader of the layer can see goes in: its rows and how its table was made, its geometry
column, the coordinate systems, and every table of the file that describes layers. What does
not: the hour at which a layer was last written.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENDING = ".gpkg"
# Of each layer the file keeps when it was written.
_HOURS = ("last_change",)
_OF_LAYERS = ("gpkg_", "layer_styles")
_ROWS_AT_ONCE = 10_000


def layer_digest(path: Path, layer: str) -> str | None:
    """A layer of a GeoPackage known again by its content.

    Parameters
    ----------
    path : Path
        The file.
    layer : str
        Its name.

    Returns
    -------
    str or None
        A SHA-256 in hexadecimal; None where the file is no GeoPackage, has no such table, or
        does not say its content alone (a log of changes lies beside it). Then the file's own
        bytes have to do.
    """
    beside = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-journal")]
    if path.suffix.lower() != ENDING or any(one.exists() for one in beside):
        return None
    digest = hashlib.sha256()
    try:
        where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as file:
            # Text as it lies there, whether or not it is sound.
            file.text_factory = bytes
            for piece in _pieces(file, layer):
                digest.update(repr(piece).encode())
    except (sqlite3.Error, LookupError, OSError, ValueError):
        return None
    return digest.hexdigest()


def _pieces(file: sqlite3.Connection, layer: str) -> Iterator[Any]:
    made = dict(file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if layer.encode() not in made or layer.startswith(_OF_LAYERS):
        raise LookupError(layer)
    yield made[layer.encode()]
    for name in sorted(made):
        if name.decode().startswith(_OF_LAYERS):
            yield name, made[name]
            yield from _rows(file, name.decode(), layer)
    quoted = layer.replace('"', '""')
    rows = file.execute(f'SELECT rowid, * FROM "{quoted}" ORDER BY rowid')
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        yield from some


def _rows(file: sqlite3.Connection, name: str, layer: str) -> list[Any]:
    """What a table that describes layers says of this one, or of none; whatever the order."""
    found = file.execute(f'SELECT * FROM "{name}"')
    columns = [one[0] for one in found.description]
    kept = [at for at, column in enumerate(columns) if column not in _HOURS]
    whose = columns.index("table_name") if "table_name" in columns else None
    rows = [
        tuple(row[at] for at in kept)
        for row in found
        if whose is None or row[whose] in (None, layer.encode())
    ]
    return sorted(rows, key=repr)
