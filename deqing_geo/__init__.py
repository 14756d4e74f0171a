"""deqing_geo: county planning measures that carry their definitions.

Boundaries, road density, park coverage and maps for the planners of Deqing County
(德清县), and of any county that counts as carefully. Importing this module loads nothing
else; every name below loads its part of the library when it is first touched.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deqing_geo import (
        columns,
        crs,
        divisions,
        errors,
        papers,
        sample,
        standards,
        tallies,
        weights,
    )
    from deqing_geo.atlas import export_atlas
    from deqing_geo.boundaries import read_counties, read_towns, read_villages, read_zone
    from deqing_geo.coverage import (
        coverage_band,
        gap_list,
        park_coverage,
        park_ledger,
        service_coverage,
    )
    from deqing_geo.crs import grid
    from deqing_geo.divisions import register
    from deqing_geo.export import save_layers, save_results, save_table
    from deqing_geo.faults import check_boundaries, repair_boundaries
    from deqing_geo.grades import road_classes
    from deqing_geo.inputs import (
        read_facilities,
        read_layer,
        read_overrides,
        read_village_table,
    )
    from deqing_geo.layers import read_homes, read_parks, read_roads
    from deqing_geo.maps import (
        add_basemap,
        add_coverage,
        add_dead_ends,
        add_density,
        add_imprint,
        add_layer,
        add_links,
        add_raster,
        add_reach,
        add_roads,
        add_sites,
        add_terrain,
        area_map,
        compare_maps,
        coverage_map,
        fault_map,
        road_map,
        save_map,
        timeline_map,
        use_palette,
        village_map,
    )
    from deqing_geo.network import (
        dead_ends,
        reach,
        road_graph,
        road_network,
        suggest_links,
        to_csr,
        travel_minutes,
    )
    from deqing_geo.notes import reading_notes
    from deqing_geo.papers import save_quality_report, save_village_papers
    from deqing_geo.progress import scorecard
    from deqing_geo.rasters import Raster
    from deqing_geo.received import read_received
    from deqing_geo.roads import (
        centre_lines,
        density_band,
        road_density,
        road_ledger,
    )
    from deqing_geo.siting import suggest_parks
    from deqing_geo.terrain import read_raster, slope, zonal
    from deqing_geo.villages import (
        classify_villages,
        read_opinions,
        scenario,
        village_facts,
    )

__version__ = "0.1.0"

_HOMES = {
    "read_counties": "boundaries",
    "read_towns": "boundaries",
    "read_villages": "boundaries",
    "read_zone": "boundaries",
    "read_facilities": "inputs",
    "read_layer": "inputs",
    "read_overrides": "inputs",
    "read_village_table": "inputs",
    "read_roads": "layers",
    "read_parks": "layers",
    "read_homes": "layers",
    "grid": "crs",
    "road_classes": "grades",
    "road_density": "roads",
    "road_ledger": "roads",
    "density_band": "roads",
    "centre_lines": "roads",
    "park_coverage": "coverage",
    "service_coverage": "coverage",
    "coverage_band": "coverage",
    "gap_list": "coverage",
    "park_ledger": "coverage",
    "Raster": "rasters",
    "area_map": "maps",
    "add_dead_ends": "maps",
    "coverage_map": "maps",
    "add_density": "maps",
    "add_layer": "maps",
    "add_links": "maps",
    "add_reach": "maps",
    "add_roads": "maps",
    "add_sites": "maps",
    "add_terrain": "maps",
    "add_coverage": "maps",
    "read_received": "received",
    "add_imprint": "maps",
    "use_palette": "maps",
    "add_basemap": "maps",
    "add_raster": "maps",
    "compare_maps": "maps",
    "timeline_map": "maps",
    "save_results": "export",
    "export_atlas": "atlas",
    "save_map": "maps",
    "fault_map": "maps",
    "road_map": "maps",
    "village_map": "maps",
    "check_boundaries": "faults",
    "repair_boundaries": "faults",
    "register": "divisions",
    "scorecard": "progress",
    "suggest_parks": "siting",
    "reach": "network",
    "road_graph": "network",
    "dead_ends": "network",
    "suggest_links": "network",
    "road_network": "network",
    "to_csr": "network",
    "travel_minutes": "network",
    "reading_notes": "notes",
    "read_raster": "terrain",
    "slope": "terrain",
    "zonal": "terrain",
    "scenario": "villages",
    "village_facts": "villages",
    "classify_villages": "villages",
    "read_opinions": "villages",
    "save_table": "export",
    "save_layers": "export",
    "save_quality_report": "papers",
    "save_village_papers": "papers",
}
_ROOMS = (
    "columns",
    "crs",
    "divisions",
    "errors",
    "sample",
    "standards",
    "tallies",
    "weights",
    "papers",
)

__all__ = [
    "Raster",
    "add_basemap",
    "add_coverage",
    "add_dead_ends",
    "add_density",
    "add_imprint",
    "add_layer",
    "add_links",
    "add_raster",
    "add_reach",
    "add_roads",
    "add_sites",
    "add_terrain",
    "area_map",
    "centre_lines",
    "check_boundaries",
    "classify_villages",
    "columns",
    "compare_maps",
    "coverage_band",
    "coverage_map",
    "crs",
    "dead_ends",
    "density_band",
    "divisions",
    "errors",
    "export_atlas",
    "fault_map",
    "gap_list",
    "grid",
    "papers",
    "park_coverage",
    "park_ledger",
    "reach",
    "read_counties",
    "read_facilities",
    "read_homes",
    "read_layer",
    "read_opinions",
    "read_overrides",
    "read_parks",
    "read_raster",
    "read_received",
    "read_roads",
    "read_towns",
    "read_village_table",
    "read_villages",
    "read_zone",
    "reading_notes",
    "register",
    "repair_boundaries",
    "road_classes",
    "road_density",
    "road_graph",
    "road_ledger",
    "road_map",
    "road_network",
    "sample",
    "save_layers",
    "save_map",
    "save_quality_report",
    "save_results",
    "save_table",
    "save_village_papers",
    "scenario",
    "scorecard",
    "service_coverage",
    "slope",
    "standards",
    "suggest_links",
    "suggest_parks",
    "tallies",
    "timeline_map",
    "to_csr",
    "travel_minutes",
    "use_palette",
    "village_facts",
    "village_map",
    "weights",
    "zonal",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        found = getattr(importlib.import_module(f"deqing_geo.{_HOMES[name]}"), name)
    elif name in _ROOMS:
        found = importlib.import_module(f"deqing_geo.{name}")
    else:
        raise AttributeError(f"module 'deqing_geo' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
