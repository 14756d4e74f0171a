"""Counties' tables as one file each: streamed, one county a row group, in the order of codes.

Counties lie in different zones of three degrees, so places are in degrees of CGCS2000
(EPSG:4490), in which all of them are at home; metres were measured in each county's own zone.
The bytes hang on the counties alone, not on who made them in what order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CODE, NAME = "county_code", "county_name"
# What the file says of who is in it, beside what GeoParquet asks for.
SAID = b"deqing_geo"


@dataclass(frozen=True, slots=True)
class Piece:
    """One county's table.

    Attributes
    ----------
    code, name : str
        Of the county.
    file : Path
        GeoParquet in degrees, or a plain table.
    """

    code: str
    name: str
    file: Path


def merge(pieces: Sequence[Piece], target: Path, said: Mapping[str, Any]) -> int:
    """Write one table of all counties.

    Parameters
    ----------
    pieces : sequence of Piece
        In the order they are written; one at least.
    target : Path
        Where.
    said : mapping
        Written into the file's own notes, as JSON under ``deqing_geo``.

    Returns
    -------
    int
        How many rows.

    Raises
    ------
    ValueError
        If a county's table has no places where others have, or in another system.
    """
    schemas = [pq.read_schema(piece.file) for piece in pieces]
    notes = {SAID: json.dumps(said, ensure_ascii=False, sort_keys=True).encode()}
    geo = _geo([schema.metadata or {} for schema in schemas])
    if geo is not None:
        notes[b"geo"] = json.dumps(geo, sort_keys=True).encode()
    together = _together(schemas).with_metadata(notes)
    rows = 0
    with pq.ParquetWriter(target, together, compression="zstd") as writer:
        for piece in pieces:
            for part in _parts(piece, together):
                rows += part.num_rows
                writer.write_table(part, row_group_size=max(part.num_rows, 1))
    return rows


def _parts(piece: Piece, schema: pa.Schema) -> Iterator[pa.Table]:
    with pq.ParquetFile(piece.file) as file:
        for at in range(file.num_row_groups):
            part = file.read_row_group(at)
            arrays: list[Any] = []
            for field in schema:
                if field.name in (CODE, NAME):
                    word = piece.code if field.name == CODE else piece.name
                    arrays.append(pa.array([word] * part.num_rows, pa.string()))
                elif field.name in part.column_names:
                    arrays.append(_cast(part.column(field.name), field.type))
                else:
                    arrays.append(pa.nulls(part.num_rows, field.type))
            yield pa.Table.from_arrays(arrays, schema=schema)


def _cast(column: Any, kind: Any) -> Any:
    return column if column.type.equals(kind) else pc.cast(column, kind)


def _together(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """All columns of all counties, each of a kind that holds every county's cells."""
    kinds: dict[str, list[Any]] = {}
    for schema in schemas:
        for field in schema:
            # A table that knows of counties does not know better which it is of.
            if field.name not in (CODE, NAME):
                kinds.setdefault(field.name, []).append(field.type)
    places = kinds.pop("geometry", None)
    fields = [pa.field(CODE, pa.string()), pa.field(NAME, pa.string())]
    fields += [pa.field(name, _widest(found)) for name, found in kinds.items()]
    fields += [pa.field("geometry", pa.binary())] if places else []
    return pa.schema(fields)


def _widest(kinds: Sequence[Any]) -> Any:
    found = pa.schema([pa.field("x", kinds[0])])
    for kind in kinds[1:]:
        try:
            found = pa.unify_schemas(
                [found, pa.schema([pa.field("x", kind)])], promote_options="permissive"
            )
        except pa.ArrowInvalid:
            return pa.string()
        except pa.ArrowTypeError:
            # A field that holds numbers here and words there: words hold both.
            return pa.string()
    kind = found.field("x").type
    return pa.string() if pa.types.is_null(kind) or pa.types.is_large_string(kind) else kind


def _geo(notes: Sequence[Mapping[bytes, bytes]]) -> dict[str, Any] | None:
    """What GeoParquet asks of the whole, from what the parts say."""
    found = [json.loads(one[b"geo"]) for one in notes if b"geo" in one]
    if not found:
        return None
    shapes = [one["columns"]["geometry"] for one in found]
    if len(found) < len(notes) or any(one["crs"] != shapes[0]["crs"] for one in shapes):
        raise ValueError("tables to be merged have no places, or not all in one system")
    boxes = [one["bbox"] for one in shapes if one.get("bbox") and None not in one["bbox"]]
    boxes = [box for box in boxes if all(value == value for value in box)]
    whole = {
        "encoding": "WKB",
        "crs": shapes[0]["crs"],
        "geometry_types": sorted({kind for one in shapes for kind in one["geometry_types"]}),
    }
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        whole["bbox"] = [min(west), min(south), max(east), max(north)]
    return {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": whole}}
