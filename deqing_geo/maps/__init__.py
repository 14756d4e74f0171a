"""Results on a map: plain `folium.Map` objects that open without a network.

Maps show and decide nothing: no length, ratio or threshold is computed here. Colours are
in ``style.toml``; labels come from `columns`; definitions and notices come with the results
and stay on the page. This is the only part of the library that knows folium.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deqing_geo.files import whole_file
from deqing_geo.maps import parts
from deqing_geo.maps.areas import area_map
from deqing_geo.maps.backdrop import add_layer
from deqing_geo.maps.basemaps import add_basemap
from deqing_geo.maps.compare import compare_maps
from deqing_geo.maps.faults import fault_map
from deqing_geo.maps.ground import add_raster, add_terrain
from deqing_geo.maps.network import add_dead_ends, add_links, add_reach
from deqing_geo.maps.page import page_of
from deqing_geo.maps.parks import add_coverage, add_sites, coverage_map
from deqing_geo.maps.roads import add_density, add_roads, road_map
from deqing_geo.maps.timeline import timeline_map
from deqing_geo.maps.villages import village_map

if TYPE_CHECKING:
    import folium

__all__ = [
    "add_basemap",
    "add_coverage",
    "add_dead_ends",
    "add_density",
    "add_layer",
    "add_links",
    "add_raster",
    "add_reach",
    "add_roads",
    "add_sites",
    "add_terrain",
    "area_map",
    "compare_maps",
    "coverage_map",
    "fault_map",
    "road_map",
    "save_map",
    "timeline_map",
    "village_map",
]

NAME_COLUMNS = parts.NAME_COLUMNS


def save_map(
    m: folium.Map,
    path: str | os.PathLike[str],
    *,
    offline: bool = True,
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
    allow_key : bool
        Whether the file may carry the key of a basemap: whoever has the file has the key.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OfflineAssetError
        If the map asks for something that is not installed, naming it.
    ExportError
        If the file cannot be written, would carry a key that it was not allowed, or lays true
        coordinates on a map service that draws shifted ones.

    Notes
    -----
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
    page = page_of(m)
    root = page.get_root()
    html = root.render(offline=offline, allow_key=allow_key)
    with whole_file(path) as draft:
        draft.write_text(html, encoding="utf-8", newline="\n")
    return Path(path)
