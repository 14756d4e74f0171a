"""Results on a map: plain `folium.Map` objects that open without a network.

Maps show and decide nothing: no length, ratio or threshold is computed here. Colours are
in `looks`; labels come from `columns`; definitions and notices come with the results
and stay on the page. This is the only part of the library that knows folium.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from deqing_geo.errors import DeqingGeoWarning, ExportError, InputError
from deqing_geo.files import whole_file
from deqing_geo.looks.palette import Palette, read_palette, use_palette
from deqing_geo.looks.simplify import SIMPLIFY_M
from deqing_geo.maps.areas import area_map
from deqing_geo.maps.backdrop import add_layer
from deqing_geo.maps.basemaps import add_basemap
from deqing_geo.maps.compare import compare_maps
from deqing_geo.maps.faults import add_faults, fault_map
from deqing_geo.maps.ground import add_raster, add_terrain
from deqing_geo.maps.imprint import add_imprint
from deqing_geo.maps.network import add_dead_ends, add_links, add_reach
from deqing_geo.maps.page import page_of
from deqing_geo.maps.parks import add_coverage, add_sites, coverage_map
from deqing_geo.maps.roads import add_density, add_roads, road_map
from deqing_geo.maps.targets import add_targets
from deqing_geo.maps.timeline import timeline_map
from deqing_geo.maps.villages import village_map

if TYPE_CHECKING:
    import folium

__all__ = [
    "Palette",
    "add_basemap",
    "add_coverage",
    "add_dead_ends",
    "add_density",
    "add_faults",
    "add_imprint",
    "add_layer",
    "add_links",
    "add_raster",
    "add_reach",
    "add_roads",
    "add_sites",
    "add_targets",
    "add_terrain",
    "area_map",
    "compare_maps",
    "coverage_map",
    "fault_map",
    "read_palette",
    "road_map",
    "save_map",
    "timeline_map",
    "use_palette",
    "village_map",
]

MEGABYTE = 1_000_000
# What opens in some 15 seconds on an office machine of ten years, a quarter as fast as ours.
LARGE_MB = 5
# Mail of most offices takes no more, and such a machine runs out of memory before it shows it.
MOST_MB = 15


def save_map(
    m: folium.Map,
    path: str | os.PathLike[str],
    *,
    offline: bool = True,
    simplify_m: float = SIMPLIFY_M,
    allow_key: bool = False,
) -> Path:
    """Write a map to one HTML file, whole or not at all, the same bytes on every run.

    Parameters
    ----------
    m : folium.Map
        Any map.
    path : path
        Where; ``.html``.
    offline : bool
        Whether scripts and styles are written into the file, which then asks for nothing but
        the tiles of a basemap that was added by name.
    simplify_m : float
        How far borders may move so that the file stays small, in metres; the page says so. Areas
        and lengths are those of the shapes as they were. 0 draws every point.
    allow_key : bool
        Whether the file may carry the key of a basemap: whoever has the file has the key.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If `simplify_m` is no distance.
    OfflineAssetError
        If the map asks for something that is not installed, naming it.
    ExportError
        If the file would be larger than 15 MB, cannot be written, would carry a key that it was
        not allowed, or lays true coordinates on a map service that draws shifted ones.

    Warns
    -----
    DeqingGeoWarning
        If the file is larger than 5 MB.

    Notes
    -----
    All layers are simplified together: neighbours keep one border, and so do a town and its
    villages where their shapes share points. A layer of faults stays as it is.

    Every text that came in through this library is data, not code. Texts of folium's own
    elements (a Marker's popup, a Tooltip) are folium's: it runs them as templates when a map
    is saved, so do not put names there that others wrote.

    See Also
    --------
    folium.Map.save : asks ten addresses when opened, and runs names as code when saved.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_map(area_map(sample.town()), f"{folder}/map.html")
    ...     file.stat().st_size < 250_000
    True
    """
    if not (isinstance(simplify_m, int | float) and 0 <= simplify_m < float("inf")):
        raise InputError(
            f"simplify_m={simplify_m!r} is no distance: give metres, 0 to draw every point."
        )
    page = page_of(m)
    root = page.get_root()
    body = root.render(offline=offline, simplify_m=float(simplify_m), allow_key=allow_key).encode(
        "utf-8"
    )
    size = len(body) / MEGABYTE
    cure = (
        f"Simplify more (simplify_m={max(2 * simplify_m, SIMPLIFY_M):g}), draw fewer layers, or "
        "make one map per town."
    )
    if size > MOST_MB:
        raise ExportError(
            f"The map would be a file of {size:.1f} MB; above {MOST_MB} MB it would not open on an "
            f"office machine. {cure}"
        )
    if size > LARGE_MB:
        warnings.warn(
            f"The map is a file of {size:.1f} MB; above {LARGE_MB} MB it opens slowly. {cure}",
            DeqingGeoWarning,
            stacklevel=2,
        )
    with whole_file(path) as draft:
        draft.write_bytes(body)
    return Path(path)
