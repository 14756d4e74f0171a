"""The files of the whole: a table of each kind, and one row for every county of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.batch.province.merging import Piece, merge
from deqing_geo.batch.tables import TABLES
from deqing_geo.errors import ExportError
from deqing_geo.export import save_table

if TYPE_CHECKING:
    from deqing_geo.batch.province.listing import Listing
    from deqing_geo.batch.province.whole import State

SUMMARY = "counties"
NUMBERS = ("road_km", "area_km2", "road_density", "demand_ha", "served_ha", "gap_ha",
           "park_coverage")  # fmt: skip


def write_tables(
    listing: Listing,
    arrived: Sequence[State],
    missing: Sequence[Mapping[str, Any]],
    notices: Sequence[str],
    folder: Path,
    draft: Path,
) -> list[dict[str, Any]]:
    """Merge the counties' tables, and list the counties.

    Parameters
    ----------
    listing : Listing
        Of the counties.
    arrived : sequence
        Counties whose tables are merged, by code.
    missing : sequence of mapping
        The others, and why.
    notices : sequence of str
        Sentences the tables must not travel without.
    folder : Path
        Where the counties' folders stand.
    draft : Path
        An empty folder, where the files go.

    Returns
    -------
    list of dict
        ``table``, ``file``, ``rows``, and who is ``in`` it, ``without`` such a layer, or
        ``missing``.

    Raises
    ------
    ExportError
        If tables do not fit together.
    """
    out = []
    gone = [dict(one) for one in missing]
    for name in TABLES:
        file = f"{name}.parquet"
        having = [one for one in arrived if file in one.files]
        if not having:
            continue
        within = [one.county.code for one in having]
        without = [one.county.code for one in arrived if file not in one.files]
        said = {
            "title": listing.title, "table": name, "counties": within, "without": without,
            "missing": gone, "notices": list(notices),
        }  # fmt: skip
        pieces = [
            Piece(one.county.code, one.county.name, folder / "counties" / one.county.stem / file)
            for one in having
        ]
        try:
            rows = merge(pieces, draft / file, said)
        except ValueError as error:
            raise ExportError(f"{file}: {error}.") from error
        out.append({
            "table": name, "file": file, "rows": rows, "in": within, "without": without,
            "missing": [one["county_code"] for one in missing],
        })  # fmt: skip
    table = _counties(listing, arrived, missing, notices)
    _write(table, draft, {"title": listing.title, "table": SUMMARY, "missing": gone,
                          "notices": list(notices)})  # fmt: skip
    quarantine = table[table["county_state"] != "arrived"]
    for_people = quarantine[["county_name", "county_reason", "county_cure"]]
    save_table(for_people, draft / "quarantine.csv")
    out.append({
        "table": SUMMARY, "file": f"{SUMMARY}.parquet", "rows": len(table),
        "in": [str(code) for code in table.index], "without": [], "missing": [],
    })  # fmt: skip
    return out


def _counties(
    listing: Listing,
    arrived: Sequence[State],
    missing: Sequence[Mapping[str, Any]],
    notices: Sequence[str],
) -> pd.DataFrame:
    """One row for every county of the list, whether it arrived or not."""
    here = {one.county.code: one for one in arrived}
    gone = {one["county_code"]: one for one in missing}
    rows = []
    for county in listing.counties:
        state, why = here.get(county.code), gone.get(county.code, {})
        told: Mapping[str, Any] = {} if state is None else state.row["figures"]
        by: Mapping[str, str] = {} if state is None else state.row["by"]
        rows.append(
            {
                "county_code": county.code,
                "county_name": county.name,
                "county_state": "quarantined" if state is None else "arrived",
                "reported_on": told.get("reported_on"),
                **{name: told.get(name) for name in (*NUMBERS, "village_count", "village_types")},
                "road_density_by": by.get("road_density"),
                "park_coverage_by": by.get("park_coverage"),
                "county_reason": why.get("reason"),
                "county_cure": why.get("cure"),
            }
        )
    table = pd.DataFrame(rows).set_index("county_code")
    kinds = {**dict.fromkeys(NUMBERS, "float64"), "village_count": "Int64"}
    table = table.astype({name: kinds.get(str(name), "string") for name in table.columns})
    if notices:
        table.attrs["notice"] = ";".join(notices)
    return table


def _write(table: pd.DataFrame, draft: Path, said: Mapping[str, Any]) -> None:
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    from deqing_geo.batch.province.merging import SAID

    plain = pa.Table.from_pandas(table.reset_index(), preserve_index=False)
    notes = {SAID: json.dumps(dict(said), ensure_ascii=False, sort_keys=True).encode()}
    pq.write_table(plain.replace_schema_metadata(notes), draft / f"{SUMMARY}.parquet",
                   compression="zstd")  # fmt: skip
    for ending in ("csv", "xlsx"):
        save_table(table, draft / f"{SUMMARY}.{ending}")
