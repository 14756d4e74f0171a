"""Parks and residential land as files give them, in the library's own words."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.errors import ColumnError, DeqingGeoWarning
from deqing_geo.landuse import LandUse, decide
from deqing_geo.layers.saying import seen
from deqing_geo.reading import POLYGONS, OsmQuery, note, read, read_status

if TYPE_CHECKING:
    import geopandas as gpd

CODE_AND_NAME = ("landuse_code", "landuse_name")
WANTED_OF_PARKS = (
    "park_name", "park_class", "park_status", "opened_on", "osm_id", *CODE_AND_NAME,
)  # fmt: skip
WANTED_OF_HOMES = ("home_class", "osm_id", *CODE_AND_NAME)
OSM_PARKS = OsmQuery("multipolygons", "leisure = 'park'", ("leisure",))
OSM_HOMES = OsmQuery("multipolygons", "landuse = 'residential'", ("landuse",))


def read_parks(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """Parks (公园绿地) with their class in the library's vocabulary.

    A land-use layer is reduced to its park codes (三调 0810, 用地用海 1401 and what lies
    beside it); OpenStreetMap's ``leisure=park`` is a proxy and says so. A layer without
    any class is taken at its word: parks, of no known class.

    Parameters
    ----------
    path, layer, columns, assume_crs, datum, like
        As for `read_roads`; the class column is ``park_class``.
    landuse : {"sandiao", "guide"}, optional
        Whose land-use codes the layer holds (第三次国土调查, or the 用地用海 guide of 2023),
        where the field's name does not say.

    Returns
    -------
    GeoDataFrame of Polygon, one row per park
        Metres; columns ``park_class``, and ``park_name`` and ``park_status`` where the
        file has them.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If classes are not understood, codes are damaged, or their system is undecided.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "parks.gpkg"
    ...     sample.parks().to_file(file)
    ...     parks = read_parks(file)
    >>> parks["park_class"].to_list()
    ['G11', 'G14', 'G14']
    """
    frame = read(
        path,
        name="parks",
        kind=POLYGONS,
        wanted=WANTED_OF_PARKS,
        osm=OSM_PARKS,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    frame = read_status(_classed(frame, "park", "parks", landuse), "park_status")
    if "park_name" in frame:
        frame["park_name"] = names.clean_text(frame["park_name"])
    return frame


def read_homes(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    assume_crs: Any = None,
    datum: str | None = None,
    like: gpd.GeoDataFrame | None = None,
    landuse: str | None = None,
) -> gpd.GeoDataFrame:
    """Residential land (居住用地), the denominator of park coverage.

    A land-use layer is reduced to its residential codes (三调 0701 and 0702, 用地用海 0701,
    0702 and 0703); which of them count is for the definition to say. OpenStreetMap's
    ``landuse=residential`` is a proxy and says so. A layer without any class is taken at
    its word: residential land.

    Parameters
    ----------
    path, layer, columns, assume_crs, datum, like, landuse
        As for `read_parks`; the class column is ``home_class``.

    Returns
    -------
    GeoDataFrame of Polygon, one row per block
        Metres; column ``home_class``.

    Raises
    ------
    BoundaryFileError
        If the file is refused or unreadable, or its layer must be named.
    CRSError
        If the coordinate system is absent or contradicted.
    GeometryError
        If it holds anything but polygons.
    ColumnError
        If classes are not understood, codes are damaged, or their system is undecided.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "DLTB.gpkg"
    ...     sample.homes()[["geometry"]].assign(DLBM=["0701", "0702", "1003"]).to_file(file)
    ...     homes = read_homes(file)
    >>> homes["home_class"].to_list()  # 0702 is a homestead here, and shops in the other system
    ['urban_residential', 'homestead']
    """
    frame = read(
        path,
        name="homes",
        kind=POLYGONS,
        wanted=WANTED_OF_HOMES,
        osm=OSM_HOMES,
        layer=layer,
        columns=columns,
        assume_crs=assume_crs,
        datum=datum,
        like=like,
    )
    return _classed(frame, "home", "homes", landuse)


def _classed(
    frame: gpd.GeoDataFrame, what: str, name: str, landuse: str | None
) -> gpd.GeoDataFrame:
    """Parks or homes with a class: by land-use code, by class column, by the layer's word."""
    column = f"{what}_class"
    codes = decide(frame, name, landuse, renamed=frame.attrs["reading"]["renamed"])
    if codes is None and (landuse is not None or (column not in frame and _named_landuse(frame))):
        known = ", ".join(names.crosswalk("landuse_field"))
        fields = ", ".join(str(field) for field in frame.columns if field != "geometry")
        raise ColumnError(
            f"`{name}` is a land-use layer without a field of codes: {known}. Its fields: "
            f"{fields}. Pass columns={{'landuse_code': '…'}}, and landuse='sandiao' (三调) or "
            "landuse='guide' (用地用海) if the field's name does not say."
        )
    if codes is not None and column not in frame:
        return _by_code(frame, what, name, codes)
    if column not in frame:
        unspecified = {"park": "park_unspecified", "home": "residential_proxy"}[what]
        note(frame, proxy=column, taken_as=unspecified)
        return frame.assign(**{column: unspecified})
    raw = names.clean_text(frame[column])
    osm = names.crosswalk(f"osm_{what}")
    classes = names.read_values(raw, column, extra=osm)
    if len(frame) and classes.isna().all():
        raise ColumnError(
            f"Not one value of `{column}` is understood: {seen(raw)}. "
            f"It may hold {'、'.join(names.vocabulary(column).values())}."
        )
    if raw.isin(list(osm)).any():
        note(frame, proxy=column, credit="OpenStreetMap")
    odd = classes.isna()
    if what == "home":
        # What is not residential is not the denominator; a land-use layer is mostly that.
        note(frame, left_out=int(odd.sum()))
        return frame.assign(**{column: classes})[~odd].reset_index(drop=True)
    note(frame, classes_not_understood=tuple(sorted(set(raw[odd & raw.notna()].astype(str)))[:20]))
    return frame.assign(**{column: classes.where(~odd, names.UNKNOWN)})


def _by_code(frame: gpd.GeoDataFrame, what: str, name: str, found: LandUse) -> gpd.GeoDataFrame:
    blank = int(found.codes.isna().sum())
    if blank:
        warnings.warn(
            f"`{name}`: {found.field} is blank in {blank} rows, which were left out.",
            DeqingGeoWarning,
            stacklevel=3,
        )
    table = names.crosswalk(f"{found.system}_{what}")
    # 0810A or 070101: a subclass belongs to its class unless it is listed itself.
    classes = found.codes.map(
        lambda code: None if code is None else table.get(code, table.get(str(code)[:4]))
    )
    kept = classes.notna().to_numpy(dtype=bool)
    note(
        frame,
        landuse_system=found.system,
        landuse_field=found.field,
        landuse_why=found.why,
        left_out=int((~kept).sum()),
    )
    out = frame.assign(**{f"{what}_class": classes})[kept].reset_index(drop=True)
    if len(frame) and not len(out):
        warnings.warn(
            f"`{name}`: not one of {len(frame)} rows has a code of {what}s in {found.field}.",
            DeqingGeoWarning,
            stacklevel=3,
        )
    return out


def _named_landuse(frame: gpd.GeoDataFrame) -> bool:
    """Whether a layer gives land use by name only: its roads would pass for homes."""
    known = {names.fold(said) for said in names.crosswalk("landuse_name").values()}
    return any(names.fold(str(field)) in known for field in frame.columns)
