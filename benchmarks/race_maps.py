"""Race: a map as a file that opens, against stock folium and ``GeoDataFrame.explore``.

Made-up villages and roads, the same for every lane: villages of a bent grid that share their
borders, streets of six points. The usual ways are a `folium.GeoJson` with its
``style_function`` and a tooltip, and ``GeoDataFrame.explore`` of one column. Every lane shows
names at the pointer and colours by class; ours also writes names, tells a story at a click and
explains itself.

Each page is built and saved once in a process of its own, then opened in Chromium from the
disk, with the processor throttled four times (`Emulation.setCPUThrottlingRate`): from the
request until two frames are drawn after everything is loaded, then the frame time of a drag.
Pages of the peers ask addresses for their scripts; there is no network here, so the installed
Leaflet and jQuery are served in their place and everything else they ask for is served empty,
which flatters them. ``explore`` imports mapclassify, which a column of categories does not use:
where it is not installed an empty module stands in its place. Trust the ratios, not the seconds.

A page that has not opened after two minutes is given up. Run it with
``python benchmarks/race_maps.py``; ``--small`` leaves the largest out, ``--ours`` leaves the
peers out, ``--case`` runs one case. It needs playwright and Chromium.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from lanes import CRS, ORIGIN, SEED

import deqing_geo as dg
from deqing_geo.maps.figure import JQUERY, LEAFLET, _asset

WAYS = ("ours", "folium.GeoJson", "explore")
CASES = ("county", "villages 5000", "areas 50000", "roads 200000")
# What each may take: megabytes, and seconds to open at a quarter of the speed.
BUDGET = {
    "county": (3, 3),
    "villages 5000": (2, 4),
    "areas 50000": (5, 15),
    "roads 200000": (5, 15),
}
COLOURS = {"a": "#eecf9c", "b": "#f6e7c4"}
THROTTLE = 4
GIVE_UP_MS = 120_000


def areas(count: int, steps: int, side_m: float) -> gpd.GeoDataFrame:
    """Areas on a shaken lattice; neighbours share the points of their border."""
    rng = np.random.default_rng([SEED, count])
    wide = int(np.ceil(np.sqrt(count)))
    high = -(-count // wide)
    shape = (high * steps + 1, wide * steps + 1)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float) / steps
    x += 0.15 * np.sin(1.7 * y) + rng.uniform(-0.2, 0.2, shape) / steps
    y += 0.15 * np.sin(1.3 * x) + rng.uniform(-0.2, 0.2, shape) / steps
    points = np.stack([x, y], axis=-1) * side_m + ORIGIN
    along = np.arange(steps)
    rows = np.concatenate([0 * along, along, 0 * along + steps, steps - along])
    columns = np.concatenate([along, 0 * along + steps, steps - along, 0 * along])
    at = np.arange(count)
    rings = points[(at // wide * steps)[:, None] + rows, (at % wide * steps)[:, None] + columns]
    return gpd.GeoDataFrame(
        {
            "village_name": [f"第{one}村" for one in at],
            "home_class": np.where(at % 3 == 0, "urban_residential", "homestead"),
            "kind": np.where(at % 3 == 0, "a", "b"),
        },
        geometry=shapely.polygons(rings),
        crs=CRS,
    )


def roads(count: int) -> gpd.GeoDataFrame:
    """Streets of six points, some 150 m each, all over the county."""
    rng = np.random.default_rng([SEED, count])
    start = rng.uniform(0, 40_000, (count, 1, 2))
    turn = rng.uniform(0, 2 * np.pi, (count, 1)) + np.cumsum(
        rng.normal(0, 0.15, (count, 5)), axis=1
    )
    steps = 30 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    xy = np.concatenate([start, start + np.cumsum(steps, axis=1)], axis=1) + ORIGIN
    at = np.arange(count)
    return gpd.GeoDataFrame(
        {
            "road_name": [f"第{one % 997}路" for one in at],
            "road_class": np.where(at % 3 == 0, "subarterial", "branch"),
            "kind": np.where(at % 3 == 0, "a", "b"),
        },
        geometry=shapely.linestrings(xy),
        crs=CRS,
    )


def frame_of(case: str) -> gpd.GeoDataFrame:
    """What a case draws."""
    kind, count = case.split()
    if kind == "roads":
        return roads(int(count))
    return areas(int(count), *((12, 400.0) if kind == "villages" else (3, 200.0)))


def ours(case: str, frame: gpd.GeoDataFrame) -> folium.Map:
    """A map of the library."""
    if case.startswith("villages"):
        return dg.area_map(frame, title="示意")
    box = [shapely.box(*frame.total_bounds)]
    hull = gpd.GeoDataFrame({"zone_name": ["示意"]}, geometry=box, crs=CRS)
    m = dg.area_map(hull, title="示意", fill=False)
    return dg.add_roads(m, frame) if case.startswith("roads") else dg.add_layer(m, frame, "home")


def stock(case: str, frame: gpd.GeoDataFrame) -> folium.Map:
    """The same as folium's manual has it."""
    west, south, east, north = frame.to_crs(4326).total_bounds
    m = folium.Map(tiles=None, prefer_canvas=True)
    name = "road_name" if case.startswith("roads") else "village_name"
    folium.GeoJson(
        frame[[name, "kind", "geometry"]],
        style_function=lambda one: {
            "color": "#555",
            "fillColor": COLOURS[one["properties"]["kind"]],
            "weight": 1,
        },
        tooltip=folium.GeoJsonTooltip([name]),
    ).add_to(m)
    m.fit_bounds([[south, west], [north, east]])
    return m


def explore(case: str, frame: gpd.GeoDataFrame) -> folium.Map:
    """The same as geopandas' manual has it."""
    try:
        import mapclassify  # noqa: F401
    except ImportError:
        empty: Any = types.ModuleType("mapclassify")
        empty.classify = None
        sys.modules["mapclassify"] = empty
    name = "road_name" if case.startswith("roads") else "village_name"
    return frame[[name, "kind", "geometry"]].explore("kind", tiles=None, prefer_canvas=True)


def county(kept: Path) -> folium.Map:
    """Every layer of the demo county on one map."""
    from deqing_geo.batch import report, schematic_county, showing

    made: dict[str, Any] = {}
    build = showing.county_map

    def timed(job: Any, results: Any) -> folium.Map:
        start = time.perf_counter()
        m = build(job, results)
        made["seconds"], made["map"] = time.perf_counter() - start, m
        return m

    showing.county_map = timed
    with tempfile.TemporaryDirectory() as folder:
        report.run(schematic_county(), folder)
    kept.write_text(str(made["seconds"]), encoding="utf-8")
    m: folium.Map = made["map"]
    return m


def build(case: str, way: str, file: Path) -> dict[str, Any]:
    """Build and save one page."""
    warnings.simplefilter("ignore")
    if case == "county":
        kept = file.with_suffix(".seconds")
        m = county(kept)
        start = time.perf_counter()
        dg.save_map(m, file)
        spent = time.perf_counter() - start + float(kept.read_text(encoding="utf-8"))
        return {"build_s": spent, "mb": file.stat().st_size / 1e6}
    frame = frame_of(case)
    make = {"ours": ours, "folium.GeoJson": stock, "explore": explore}[way]
    start = time.perf_counter()
    m = make(case, frame)
    if way == "ours":
        dg.save_map(m, file)
    else:
        m.save(str(file))
    return {"build_s": time.perf_counter() - start, "mb": file.stat().st_size / 1e6}


def serve(route: Any) -> None:
    """What a peer's page asks for: the installed script, or nothing."""
    name = route.request.url.rsplit("/", 1)[-1]
    if name in ("leaflet.js", "leaflet.css"):
        route.fulfill(body=_asset(LEAFLET, name))
    elif name.startswith("jquery"):
        route.fulfill(body=_asset(JQUERY, "jquery.min.js"))
    else:
        route.fulfill(body="")


def open_page(browser: Any, file: Path, throttle: int = THROTTLE) -> dict[str, float]:
    """Seconds until a page is drawn, and the frame time of a drag; for ever past two minutes."""
    from playwright.sync_api import TimeoutError

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(GIVE_UP_MS)
    page.route(re.compile("^https?://"), serve)
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    start = time.perf_counter()
    try:
        page.goto(file.as_uri(), wait_until="load")
    except TimeoutError:
        return {"open_s": math.inf, "pan_s": math.inf}
    two = "() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(() => go())))"
    page.evaluate(two)
    opened = time.perf_counter() - start
    page.mouse.move(640, 450)
    page.mouse.down()
    start = time.perf_counter()
    for step in range(10):
        page.mouse.move(640 + 20 * step, 450 + 10 * step)
        page.evaluate(two)
    page.mouse.up()
    page.evaluate(two)
    drag = (time.perf_counter() - start) / 10
    context.close()
    return {"open_s": opened, "pan_s": drag}


def main() -> int:
    """Run the race, or one lane of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lane", nargs=3, metavar=("CASE", "WAY", "FILE"))
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.lane:
        case, way, file = asked.lane
        print(json.dumps(build(case, way, Path(file))))
        return 0
    from playwright.sync_api import sync_playwright

    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    rows, late = [], False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for case in asked.case or (CASES[:2] if asked.small else CASES):
            for way in WAYS[:1] if asked.ours or case == "county" else WAYS:
                file = (asked.keep or Path(folder)) / f"{case} {way}.html".replace(" ", "_")
                command = [sys.executable, __file__, "--lane", case, way, str(file)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                row = {"case": case, "way": way, **json.loads(done.stdout.splitlines()[-1])}
                # A browser of its own: what one page left behind slows no other.
                browser = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox", "--disable-gpu"]
                )
                row |= open_page(browser, file)
                browser.close()
                rows.append(row)
                if way == "ours":
                    most_mb, most_s = BUDGET[case]
                    late |= row["mb"] > most_mb or row["open_s"] > most_s
                print(
                    f"{case} {way}: {row['mb']:.2f} MB, built in {row['build_s']:.1f} s, opens in"
                    f" {row['open_s']:.1f} s, {row['pan_s']:.2f} s a frame",
                    flush=True,
                )
    table = pd.DataFrame(rows).set_index(["case", "way"])
    print(table.round(2).to_string())
    print(
        "a page of ours is past its budget" if late else "every page of ours is within its budget"
    )
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
