"""Race: an atlas as PDF and as pictures for print, by one process and by two, and what it holds.

The made-up county with its village types: a page of the whole, one of each town, then one of
each village until there are enough. Each lane runs in a process of its own; what is timed is
`export_atlas` alone, the reading and judging before it is not. The most memory a lane held is
that of its own process, without those that draw for it. Trust the ratios, not the seconds: two
processes win only where two processors are free.

Run it with ``python benchmarks/race_atlas.py``; ``--small`` leaves the 200 pages out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

import deqing_geo as dg
from deqing_geo import sample
from deqing_geo.atlas import export_atlas

# Name: pages of areas, formats, paper, dpi, processes.
LANES = {
    "A4 pdf": (13, ["pdf"], "A4", 150, 1),
    "A4 png 150": (13, ["png"], "A4", 150, 1),
    "A3 pdf": (13, ["pdf"], "A3", 300, 1),
    "A3 jpg 300": (13, ["jpg"], "A3", 300, 1),
    "A3 pdf jpg 300": (13, ["pdf", "jpg"], "A3", 300, 1),
    "A3 pdf jpg 300, 2 processes": (13, ["pdf", "jpg"], "A3", 300, 2),
    "20 pages A4 pdf": (20, ["pdf"], "A4", 150, 1),
    "200 pages A4 pdf": (200, ["pdf"], "A4", 150, 1),
}


def lane(name: str) -> None:
    count, formats, paper, dpi, jobs = LANES[name]
    county = sample.county(0)
    villages, towns = county.villages, county.towns
    villages["udb_res_share"] = np.where(np.arange(len(villages)) % 9 == 0, 0.8, 0.1)
    types = dg.classify_villages(villages, draws=0)
    areas = towns
    if count > len(towns):
        again = np.resize(np.arange(len(villages)), count)
        areas = villages.iloc[again].reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        started, busy = time.perf_counter(), time.process_time()
        atlas = export_atlas(
            types, areas, folder, paper=paper, formats=formats, dpi=dpi, jobs=jobs, towns=towns,
            county=county.outline, around={"water": county.water},
        )  # fmt: skip
        seconds = time.perf_counter() - started
    busy = time.process_time() - busy
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"pages": len(atlas.table), "seconds": seconds, "busy": busy, "mb": held}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--lane", choices=LANES)
    arguments = parser.parse_args()
    if arguments.lane:
        lane(arguments.lane)
        return
    heads = f"{'pages':>5} {'s a page':>9} {'pages a s':>9} {'pages a CPU s':>13} {'MB held':>8}"
    print(f"{'lane':30} {heads}")
    for name in LANES:
        if arguments.small and name.startswith("200"):
            continue
        told = subprocess.run(
            [sys.executable, __file__, "--lane", name], capture_output=True, text=True, check=True
        ).stdout
        found = json.loads(told.splitlines()[-1])
        each = found["seconds"] / found["pages"]
        # Of one process; those that draw for it have theirs.
        busy = found["pages"] / found["busy"]
        said = f"{found['pages']:5d} {each:9.3f} {1 / each:9.2f} {busy:13.2f} {found['mb']:8.0f}"
        print(f"{name:30} {said}")


if __name__ == "__main__":
    main()
