"""The ground under a result: heights as shaded relief, amounts, kinds and photographs.

A picture is laid cell by cell where its cells are: its points are equally spaced on the map, in
Web Mercator, so nothing is stretched. It shows; no figure is taken from it.
"""

from __future__ import annotations

import base64
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from branca.element import MacroElement
from folium.map import Layer
from jinja2 import Template
from pyproj import CRS

from deqing_geo import columns as names
from deqing_geo.crs import CGCS2000, identify, moved, to_degrees
from deqing_geo.errors import BoundaryFileError, CRSError, InputError
from deqing_geo.files import RASTERS, local_file
from deqing_geo.maps import parts
from deqing_geo.maps.basemaps import add_script
from deqing_geo.maps.page import page_of
from deqing_geo.maps.tints import classed, shaded
from deqing_geo.rasters import Raster
from deqing_geo.terrain import read_raster
from deqing_geo.text import script_json

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

# A picture of the ground has at most so many points; finer ground is drawn coarser. Packed, a
# relief of this size takes about 1 MB, and a photograph of three times as many points as well.
MOST_POINTS = 1_300_000
MOST_PHOTO_POINTS = 4_000_000
# A coarse raster gets up to so many points in all, and so many for each cell.
FEW_POINTS = 250_000
FINER = 64
MERCATOR_RADIUS = 6_378_137.0
# Shades in steps the eye does not see: the picture becomes a third as large.
SHADE = 6
# Nobody sees the difference from 90, which is half as large again.
PHOTO_QUALITY = 80
LOOKS = ("photo", "values", "relief")
# How results lie on each: pictures show through all of them, amounts through what is white.
_UNDER = {"photo": "fade", "values": "multiply", "relief": ""}
_UNITS = {"m": "米", "metre": "米", "degree": "度"}


class Picture(Layer, MacroElement):
    """One switchable picture under all shapes.

    Parameters
    ----------
    name : str
        What the layer is called.
    payload : dict
        ``picture``, a data address; ``bounds``, degrees; ``opacity`` and ``under``.
    show : bool
        Whether it is switched on at first.
    """

    group = "ground"
    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = DeqingBackdrop.picture({{ this._parent.get_name() }},"
        " {{ this.payload }});"
        "{% endmacro %}"
    )

    def __init__(self, name: str, payload: dict[str, Any], *, show: bool = True) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = "Picture"
        self.payload = script_json(
            {"name": name, "words": dict(names.phrases("map_fade")), **payload}
        )

    def render(self, **kwargs: Any) -> None:
        """Add the script of backgrounds to the figure, once, and this picture's own."""
        add_script(self.get_root())
        super().render(**kwargs)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Coloured cells and where they lie."""

    colours: Bytes
    transform: Affine
    crs: Any
    most: int


def add_terrain(
    m: folium.Map, terrain: Raster, *, name: str | None = None, show: bool = True
) -> folium.Map:
    """Draw heights as shaded relief under everything else.

    The same as `add_raster` with ``look="relief"``, under the name 地形.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    terrain : Raster
        Heights in metres, in a projected CRS in metres.
    name : str, optional
        What the layer is called.
    show : bool
        Whether the layer is switched on at first.

    Returns
    -------
    folium.Map
        The same map; the picture is part of the page.

    Raises
    ------
    InputError
        If `terrain` is no Raster or has no height in it.
    CRSError
        If its CRS is not projected.

    Notes
    -----
    Light from the north-west, half-way up; slopes by Horn's eight neighbours (Horn 1981).
    Points of the picture are equally spaced on the map (Web Mercator), each with the height of
    the nearest cell; above 1.3 million points the picture is drawn coarser.

    Examples
    --------
    >>> import numpy as np
    >>> from deqing_geo import area_map, sample
    >>> plane = np.add.outer(np.arange(40.0), np.arange(150.0))
    >>> terrain = Raster(plane, 500_000, 3_381_200, 30, sample.CRS)
    >>> m = add_terrain(area_map(sample.villages()), terrain)
    >>> "data:image/png;base64," in m.get_root().render()
    True
    """
    if not isinstance(terrain, Raster):
        raise InputError("`terrain` is no Raster of heights.")
    if not terrain.known.any():
        raise InputError("`terrain` has no height in it: every cell is without a value.")
    if not CRS.from_user_input(terrain.crs).is_projected:
        raise CRSError("`terrain` is not in metres: give it in a projected system.")
    return _lay(m, terrain, "relief", name or names.word("layer.terrain"), None, 1.0, show)


def add_raster(
    m: folium.Map,
    raster: Raster | str | os.PathLike[str],
    *,
    name: str,
    look: str | None = None,
    classes: Mapping[float, str] | Sequence[float] | None = None,
    within: gpd.GeoDataFrame | None = None,
    assume_crs: Any = None,
    opacity: float = 1.0,
    show: bool = True,
) -> folium.Map:
    """Lay a raster of your own under a map (影像、栅格): a photograph, amounts, kinds or heights.

    Parameters
    ----------
    m : folium.Map
        Of `area_map`, or any.
    raster : Raster or path
        Cells in memory, or a GeoTIFF: three or four bands of 8 bits or one with a colour table
        are a photograph or a scanned map, one band of numbers is amounts or kinds.
    name : str
        What the layer is called.
    look : str, optional
        ``photo``, ``values`` or ``relief`` (heights in metres, shaded). By default a photograph
        where the file is one, else values.
    classes : mapping or sequence, optional
        Of values. Names of kinds, ``{1: "耕地", 2: "林地"}``; or class limits, ``[5, 15, 25]``.
        By default five even steps, or, of up to eight whole numbers, each a kind.
    within : GeoDataFrame, optional
        Draw only the cells around these areas: a small part is drawn finer than the whole.
    assume_crs : optional
        The system of a file that does not say its own.
    opacity : float
        0 to 1; the reader can change it on the page.
    show : bool
        Whether the layer is switched on at first.

    Returns
    -------
    folium.Map
        The same map; the picture is part of the page. Cells without a value are not drawn.

    Raises
    ------
    InputError
        If there is nothing to draw, or the look, the classes or the opacity cannot be.
    CRSError
        If it does not say where it lies, or, as relief, is not in metres.
    BoundaryFileError
        If the file is refused or unreadable.

    Notes
    -----
    Points of the picture are equally spaced in Web Mercator, each with the colour of the cell it
    lies in, at most 1.3 million of them, of a photograph 4 million: a coarser picture, never a
    moved one.

    Examples
    --------
    >>> from deqing_geo import area_map, sample
    >>> cover = np.repeat([[1, 2]], 10, axis=0).repeat(20, axis=1)
    >>> cells = Raster(cover, 500_000, 3_381_000, 100, sample.CRS, nodata=0)
    >>> m = area_map(sample.villages(), fill=False)
    >>> m = add_raster(m, cells, name="土地覆被", classes={1: "耕地", 2: "林地"})
    >>> "林地" in m.get_root().render()
    True
    """
    if not isinstance(name, str) or not name:
        raise InputError("`name` is what the layer is called on the map.")
    if look is not None and look not in LOOKS:
        raise InputError(f"There is no look {look!r}; there are {', '.join(LOOKS)}.")
    if isinstance(opacity, bool) or not 0 <= opacity <= 1:
        raise InputError(f"opacity= is a number from 0 to 1, not {opacity!r}.")
    if isinstance(raster, (str, os.PathLike)):
        photo = None if look in ("values", "relief") else _photo(raster, within, assume_crs, look)
        if photo is not None:
            cells, file = photo
            return _draw(m, cells, name, "photo", [], "", opacity, show, file)
        raster = read_raster(raster, within=within, assume_crs=assume_crs)
    elif isinstance(raster, Raster):
        if assume_crs is not None:
            raise InputError("assume_crs= is for a file; the raster says its system itself.")
        raster = _cut(raster, within)
    else:
        raise InputError("`raster` is no Raster and no path of a GeoTIFF.")
    if look == "photo":
        raise InputError(
            "A photograph has three or four bands of 8 bits, or one with a colour table; this has "
            "one of numbers. Leave look= out."
        )
    if not raster.known.any():
        raise InputError("`raster` has nothing in it: every cell is without a value.")
    if look == "relief" and not CRS.from_user_input(raster.crs).is_projected:
        raise CRSError("`raster` is not in metres: as relief give it in a projected system.")
    return _lay(m, raster, look or "values", name, classes, float(opacity), show)


def _lay(
    m: folium.Map,
    raster: Raster,
    look: str,
    name: str,
    classes: Mapping[float, str] | Sequence[float] | None,
    opacity: float,
    show: bool,
) -> folium.Map:
    """Numbers on a map: coloured by their class, or as the ground they are the heights of."""
    if look == "relief":
        colours, entries = shaded(raster)
        colours[..., :3] = colours[..., :3] // SHADE * SHADE
        unit = "米"
    else:
        colours, entries = classed(raster, classes)
        unit = _UNITS.get(str(raster.attrs.get("unit", "")), str(raster.attrs.get("unit", "")))
    cells = _Cells(colours, raster.transform, raster.crs, MOST_POINTS)
    file = str(raster.attrs.get("file", ""))
    m = _draw(m, cells, name, look, entries, unit, opacity, show, file)
    if raster.attrs.get("notice") == names.word("notice.schematic"):
        page_of(m).contents.warn(names.word("notice.schematic"))
    return m


def _draw(
    m: folium.Map,
    cells: _Cells,
    name: str,
    look: str,
    entries: list[tuple[str, str]],
    unit: str,
    opacity: float,
    show: bool,
    file: str,
) -> folium.Map:
    image, bounds = _drape(cells)
    payload = {
        "picture": _address(image, photo=look == "photo"),
        "bounds": bounds,
        "opacity": opacity,
        "under": _UNDER[look],
        "crisp": look == "values",
    }
    m.add_child(Picture(name, payload, show=show))
    contents = page_of(m).contents
    if contents.bounds is None:
        (south, west), (north, east) = bounds
        parts.look_at(m, np.array([shapely.box(west, south, east, north)]))
    if entries:
        told = [{"fill": fill, "color": fill, "label": label} for fill, label in entries]
        contents.legends.append({"layer": name, "title": name, "unit": unit, "entries": told})
    if file:
        parts.credit(contents, [file])
    return m


# ---------------------------------------------------------------- where the cells lie


def _drape(cells: _Cells) -> tuple[Bytes, list[list[float]]]:
    """The picture as the map wants it, and its corners in degrees.

    Leaflet stretches a picture evenly between its corners in Web Mercator, so rows are spaced
    evenly there and not in degrees.
    """
    rows, columns = cells.colours.shape[:2]
    # Along the edges, which are no straight lines in degrees.
    ring = [(0, 0), (columns, 0), (columns, rows), (0, rows), (0, 0)]
    outline = shapely.transform(
        shapely.segmentize(shapely.Polygon(ring), max(rows, columns) / 16),
        lambda at: np.column_stack(_applied(cells.transform, at[:, 0], at[:, 1])),
    )
    x0, y0, x1, y1 = shapely.bounds(to_degrees(np.array([outline]), cells.crs, CGCS2000)[0])
    top, bottom = _mercator(y1), _mercator(y0)
    wide, high = math.radians(x1 - x0) * MERCATOR_RADIUS, top - bottom
    # As many points as cells; of few cells more, or their edges would lie half a cell off.
    count = max(rows * columns, min(rows * columns * FINER, FEW_POINTS))
    step = math.sqrt(wide * high / min(count, cells.most))
    across, down = max(2, round(wide / step)), max(2, round(high / step))
    lon = x0 + (np.arange(across) + 0.5) * (x1 - x0) / across
    lat = _latitude(top - (np.arange(down) + 0.5) * high / down)
    points = shapely.linestrings(np.column_stack([one.ravel() for one in np.meshgrid(lon, lat)]))
    back = shapely.get_coordinates(moved(np.array([points]), CGCS2000, cells.crs, "raster"))
    column, row = _applied(~cells.transform, back[:, 0], back[:, 1])
    column, row = np.floor(column).astype(int), np.floor(row).astype(int)
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    image = np.zeros((down * across, 4), dtype=np.uint8)
    image[inside] = cells.colours[row[inside], column[inside]]
    corners = [[float(y0), float(x0)], [float(y1), float(x1)]]
    return image.reshape(down, across, 4), corners


def _applied(place: Affine, x: Any, y: Any) -> tuple[Any, Any]:
    """Columns and rows to places; the operator for it changes with affine's version."""
    return place.a * x + place.b * y + place.c, place.d * x + place.e * y + place.f


def _mercator(latitude: float) -> float:
    return float(MERCATOR_RADIUS * np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))


def _latitude(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.degrees(2 * np.arctan(np.exp(y / MERCATOR_RADIUS)) - np.pi / 2))


def _address(image: Bytes, *, photo: bool) -> str:
    """A picture as a data address: PNG, or, of a photograph, a tenth as large, WebP."""
    kind = "WEBP" if photo and _can("WEBP") else "PNG"
    packed = _packed(image, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(packed).decode()}"


def _can(driver: str) -> bool:
    import rasterio

    with rasterio.Env() as environment:
        return driver in environment.drivers()


def _packed(image: Bytes, kind: str) -> bytes:
    import rasterio
    from rasterio.io import MemoryFile

    rows, columns, bands = image.shape
    size = {"height": rows, "width": columns, "count": bands, "dtype": "uint8"}
    how = {"QUALITY": PHOTO_QUALITY} if kind == "WEBP" else {"zlevel": 9}
    with warnings.catch_warnings(), MemoryFile() as memory:
        # A picture has no place of its own; the page gives it one.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with memory.open(driver=kind, **size, **how) as out:
            out.write(np.moveaxis(image, -1, 0))
        return bytes(memory.read())


def _cut(raster: Raster, within: gpd.GeoDataFrame | None) -> Raster:
    """The cells around some areas."""
    from dataclasses import replace

    if within is None:
        return raster
    west, south, east, north = _box(within, raster.crs)
    rows, columns = raster.values.shape
    first = max(0, math.floor((west - raster.west) / raster.cell) - 1)
    last = min(columns, math.ceil((east - raster.west) / raster.cell) + 1)
    top = max(0, math.floor((raster.north - north) / raster.high) - 1)
    bottom = min(rows, math.ceil((raster.north - south) / raster.high) + 1)
    if last <= first or bottom <= top:
        raise InputError("`raster` does not cover `within`: it lies elsewhere.")
    return replace(
        raster,
        values=raster.values[top:bottom, first:last],
        west=raster.west + first * raster.cell,
        north=raster.north - top * raster.high,
    )


def _box(within: gpd.GeoDataFrame, crs: Any) -> tuple[float, float, float, float]:
    if within.crs is None:
        raise CRSError("`within` has no coordinate system, so it has no place on a map.")
    areas = moved(np.asarray(within.geometry.array, dtype=object), within.crs, crs, "within")
    box = shapely.total_bounds(areas)
    if not np.isfinite(box).all():
        raise InputError("`within` has no shape in it.")
    west, south, east, north = (float(one) for one in box)
    return west, south, east, north


# ---------------------------------------------------------------- photographs


def _photo(
    path: str | os.PathLike[str], within: gpd.GeoDataFrame | None, assume_crs: Any, look: str | None
) -> tuple[_Cells, str] | None:
    """A photograph read no finer than it will be drawn; None where the file is none."""
    import rasterio
    from rasterio.enums import ColorInterp, Resampling

    file, kind = local_file(path, RASTERS)
    try:
        with rasterio.open(file, driver=kind.driver) as opened:
            table = opened.colorinterp[0] == ColorInterp.palette and opened.count == 1
            bytes_ = set(opened.dtypes[:3]) == {"uint8"}
            if not table and opened.count < 3:
                return None
            if not bytes_:
                raise InputError(
                    f"{file.name} has {opened.count} bands of {opened.dtypes[0]}; a photograph has "
                    "bands of 8 bits. Stretch it to 8 bits, or read one band: "
                    "add_raster(m, read_raster(path, band=1), ...)."
                )
            if opened.crs is None and assume_crs is None:
                raise CRSError(
                    f"{file.name} does not say its coordinate system. Pass assume_crs= with the "
                    "one it was made in."
                )
            crs = identify(opened.crs.to_wkt() if assume_crs is None else assume_crs)
            window = _window(opened, within, crs, file.name)
            thin = max(1.0, math.sqrt(window.width * window.height / MOST_PHOTO_POINTS))
            shape = (max(1, round(window.height / thin)), max(1, round(window.width / thin)))
            # A colour table holds names of colours, and their mean is another colour.
            way = Resampling.nearest if table else Resampling.average
            options = {"window": window, "out_shape": shape}
            there = opened.dataset_mask(**options)
            bands = [1] if table else [1, 2, 3]
            read = opened.read(bands, window=window, out_shape=(len(bands), *shape), resampling=way)
            colours = np.empty((*shape, 4), dtype=np.uint8)
            if table:
                known = opened.colormap(1)
                tints = np.array([known.get(value, (0, 0, 0, 0)) for value in range(256)])
                colours[:] = tints[read[0]]
                there = np.minimum(there, colours[..., 3])
            else:
                colours[..., :3] = np.moveaxis(read, 0, -1)
            colours[..., 3] = there
            # What is not drawn has no colour either, which packs better.
            colours[colours[..., 3] == 0] = 0
            if not colours[..., 3].any():
                raise InputError(f"{file.name} has nothing in it there: every cell is empty.")
            whole = opened.transform
            x, y = _applied(whole, window.col_off, window.row_off)
            wide, high = window.width / shape[1], window.height / shape[0]
            place = Affine(whole.a * wide, whole.b * high, x, whole.d * wide, whole.e * high, y)
    except rasterio.errors.RasterioError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error}). Ask for it again.") from error
    return _Cells(colours, place, crs, MOST_PHOTO_POINTS), file.name


def _window(opened: Any, within: gpd.GeoDataFrame | None, crs: CRS, name: str) -> Any:
    from rasterio.windows import Window

    if opened.transform.is_identity:
        raise CRSError(f"{name} does not say where it lies: it has no corner and no cell size.")
    if within is None:
        return Window(0, 0, opened.width, opened.height)
    west, south, east, north = _box(within, crs)
    corners = [(west, south), (west, north), (east, south), (east, north)]
    at = np.column_stack(_applied(~opened.transform, *np.array(corners).T))
    left, top = np.maximum(np.floor(at.min(axis=0)).astype(int) - 1, 0).tolist()
    right, bottom = np.minimum(
        np.ceil(at.max(axis=0)).astype(int) + 1, (opened.width, opened.height)
    ).tolist()
    if right <= left or bottom <= top:
        raise InputError(f"{name} does not cover `within`: it lies elsewhere.")
    return Window(left, top, right - left, bottom - top)
