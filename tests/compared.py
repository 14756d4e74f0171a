"""Sixty villages on a lattice, of which every fact is known: what comparisons are tried on."""

from __future__ import annotations

import functools
import warnings
from datetime import date

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo import errors, sample, standards
from deqing_geo.network import road_network
from deqing_geo.villages import classify_villages, village_facts

WIDE, HIGH, SIDE_M = 10, 6, 1000.0
DAY = date(2026, 6, 1)
CRS = "EPSG:4549"


def facts(seed=0, wide=WIDE, high=HIGH):
    """Villages of one level: minutes and people run from west to east, the rest is drawn."""
    rng = np.random.default_rng(seed)
    count = wide * high
    column, row = np.arange(count) % wide, np.arange(count) // wide
    x, y = 480_000 + column * SIDE_M, 3_370_000 + row * SIDE_M
    minutes = 8 + 3.1 * column + rng.uniform(0, 1, count)
    return gpd.GeoDataFrame(
        {
            "village_name": [f"{at}号村" for at in range(count)],
            "town_name": np.where(row < high / 2, "南镇", "北镇"),
            "unit_kind": "village_committee",
            "urban_rural_code": "220",
            "pop_resident": np.round(2400 - 1900 * column / wide + rng.uniform(0, 300, count)),
            "hh_resident": np.round(800 - 600 * column / wide + rng.uniform(0, 90, count)),
            "pop_chg5_pct": np.round(rng.uniform(-20, 10, count), 1),
            "fac_count": rng.integers(0, 9, count),
            "tt_county_min": minutes,
            "tt_subcentre_min": minutes + 9,
            "tt_centre_min": minutes,
            "tt_town_min": rng.uniform(2, 25, count),
            "udb_res_share": np.where(column == 0, 0.7, 0.0),
            "dist_udb_m": 400.0 * column,
            "redline_res_share": np.where((column == 9) & (row == 0), 0.6, 0.0),
            "slope_res_mean_deg": rng.uniform(0, 14, count),
            "hazard_class": "none",
            "heritage_list": [("中国传统村落2019" if at == 33 else None) for at in range(count)],
            "is_central_village": np.arange(count) == 27,
            "villager_consent": "not_asked",
            "consent_on": None,
        },
        geometry=shapely.box(x, y, x + SIDE_M, y + SIDE_M),
        index=[f"3305219{at:05d}" for at in range(count)],
        crs=CRS,
    )


def judge(table, **options):
    """Their types; that an indicator was left out is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        return classify_villages(table, **{"as_of": DAY, "draws": 0, **options})


@functools.cache
def county():
    """The types of the practice county, made once in a process."""
    made, law = sample.county(0), standards.load()
    network = road_network(made.roads, speeds=law.speeds)
    found = village_facts(
        made.villages,
        table=made.village_table,
        homes=made.homes,
        network=network,
        seats=made.seats,
        terrain=made.terrain,
        boundaries=made.development_boundaries,
        redline=made.redline,
        water_source=made.water_source,
        hazards=made.hazards,
    )
    return judge(found, law=law)
