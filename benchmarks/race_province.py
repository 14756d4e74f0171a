"""Race: thirty counties by one list, by one process and by two, and what one broken file costs.

The schematic county thirty times side by side, each under a code of its own, with its villages,
zone, seats and table, and one layer of roads, of parks and of homes for all, of which every county
reads its own box and a halo. What is timed is the command from its start to its end. Growth is
told by processor seconds, which hang less on what else the machine does; the speed-up of two
processes by the clock, and it means something only where two processors are free. Memory is the
most a process that makes counties ever held.

Run it with ``python benchmarks/race_province.py``; ``--small`` takes one, two and four counties.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from lanes import exponent

from deqing_geo import sample
from deqing_geo.sample import writing

SIZES, SMALL = (1, 3, 10, 30), (1, 2, 4)
# The county is 52 km by 26 km; five columns about the central meridian stay in their zone.
WIDE_M, HIGH_M, COLUMNS, FIRST = 53_000.0, 27_000.0, 5, -2
OWN, FOR_ALL = ("villages", "zone", "seats"), ("roads", "parks", "homes")
RECIPE = """
[recipe.villages]
file = "{code}/villages.gpkg"
[recipe.zone]
file = "{code}/zone.gpkg"
source = "schematic"
as_of = 2025-12-31
[recipe.seats]
file = "{code}/seats.gpkg"
[recipe.village_table]
file = "villages.csv"
[shared.roads]
file = "roads.gpkg"
[shared.parks]
file = "parks.gpkg"
[shared.homes]
file = "homes.gpkg"
"""
MOST = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: its end, its seconds and the processes' memory."""

    status: int
    wall: float
    cpu: float
    peaks: list[float]
    arrived: int
    broken: int


def write(folder: Path, count: int) -> list[str]:
    """The province as files, and the lists of its first counties; returns the codes."""
    made = sample.county(0)
    # The practice files have the table as towns fill it in.
    shutil.copy(writing.write(folder / "practice") / writing.CSV, folder / "villages.csv")
    together: dict[str, list[gpd.GeoDataFrame]] = {name: [] for name in FOR_ALL}
    codes = [f"99{at // 100:02d}{at % 100 + 1:02d}" for at in range(count)]
    for at, code in enumerate(codes):
        (folder / code).mkdir()
        by = ((FIRST + at % COLUMNS) * WIDE_M, at // COLUMNS * HIGH_M)
        for name in (*OWN, *FOR_ALL):
            frame = getattr(made, name)
            frame = frame.set_geometry(frame.geometry.translate(*by))
            if name in together:
                together[name].append(frame)
            else:
                keep = frame.index.name is not None
                pyogrio.write_dataframe(
                    frame.reset_index(drop=not keep), folder / code / f"{name}.gpkg"
                )
    for name, frames in together.items():
        whole = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
        pyogrio.write_dataframe(whole, folder / f"{name}.gpkg")
    return codes


def listed(folder: Path, codes: list[str]) -> Path:
    """A list of some of the counties."""
    named = "".join(f'[[county]]\ncode = "{one}"\nname = "S{one}"\n' for one in codes)
    file = folder / f"counties{len(codes)}.toml"
    file.write_text(f'title = "schematic"\n{named}{RECIPE}', encoding="utf-8")
    return file


def run(counties: Path, out: Path, jobs: int) -> Run:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "deqing_geo", "province", str(counties), "--out", str(out)]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    times = json.loads((out / "times.json").read_text(encoding="utf-8"))["counties"]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    missing = len(manifest["missing"])
    return Run(
        process.returncode, wall, used.ru_utime + used.ru_stime,
        [one["peak_mb"] for one in times.values() if one["peak_mb"]],
        len(manifest["counties"]) - missing, missing,
    )  # fmt: skip


def main() -> int:
    """Print the table; 1 if growth is steeper than it may be, or a county is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    sizes = SMALL if parser.parse_args().small else SIZES
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        codes = write(folder, sizes[-1])
        print(f"{'counties':>8}{'processes':>11}{'wall s':>9}{'CPU s':>8}{'s/county':>10}"
              f"{'MB, least to most':>20}{'arrived':>9}")  # fmt: skip
        runs: dict[tuple[int, int], Run] = {}
        for size in sizes:
            for jobs in (1, 2) if size == sizes[-1] else (1,):
                one = run(listed(folder, codes[:size]), folder / f"out{size}-{jobs}", jobs)
                runs[size, jobs] = one
                spread = f"{min(one.peaks):.0f} to {max(one.peaks):.0f}"
                print(f"{size:>8}{jobs:>11}{one.wall:>9.1f}{one.cpu:>8.1f}{one.cpu / size:>10.2f}"
                      f"{spread:>20}{one.arrived:>9}", flush=True)  # fmt: skip
        most = sizes[-1]
        growth = exponent(list(sizes), [runs[size, 1].cpu for size in sizes])
        print(f"growth with the number of counties: exponent {growth:.2f} (at most {MOST})")
        print(f"two processes: {runs[most, 1].wall / runs[most, 2].wall:.2f}x by the clock, "
              f"{runs[most, 2].cpu / runs[most, 1].cpu:.2f}x processor seconds")  # fmt: skip
        out, again = folder / f"out{most}-2", listed(folder, codes)
        idle = run(again, out, 2)
        print(f"nothing changed: {idle.wall:.1f} s, {idle.wall / runs[most, 2].wall:.3f} of the "
              "first run")  # fmt: skip
        (folder / codes[most // 2] / "villages.gpkg").write_bytes(b"SQLite format 3\0")
        broken = run(again, out, 2)
        print(f"one file broken: {broken.arrived} arrive, {broken.broken} told, exit status "
              f"{broken.status}")  # fmt: skip
    told = (broken.arrived, broken.broken, broken.status) == (most - 1, 1, 4)
    whole = all(one.arrived == size for (size, _), one in runs.items())
    return 0 if growth <= MOST and told and whole else 1


if __name__ == "__main__":
    sys.exit(main())
