"""A recipe's products on the schematic county: the first run, the next one, one layer changed.

    python benchmarks/race_press.py [--small] [--jobs 2]

Every lane is the whole command in a process of its own; what counts are the ratios of one run
of this script, since machines differ and are shared. ``--small`` leaves the villages' pages out.
Memory is that of the largest process of a lane: the last two make the county's products alone,
and the villages' alone (362 in one process). This script loads nothing large, since a process
begins with the memory of the one that started it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHANGE = """
import sys, geopandas, pyogrio
frame = geopandas.read_file(sys.argv[1], layer=sys.argv[2])
pyogrio.write_dataframe(frame.iloc[1:], sys.argv[1], layer=sys.argv[2])
"""
COUNTY = 'county = ["map", "roads", "parks", "layers", "villages", "scorecard", "summary"]'
TOWNS = 'each_town = ["map", "table"]'
VILLAGES = 'each_village = ["map", "reasons"]'


def run(recipe: Path, out: Path, *options: str) -> tuple[str, float, float, float]:
    """What a command says, its wall and CPU seconds, and the memory of its largest process."""
    command = [sys.executable, "-m", "deqing_geo", "report", str(recipe), "--out", str(out)]
    start = time.monotonic()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen([*command, *options], stdout=told, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        told.seek(0)
        said = told.read().decode().splitlines()
    if os.waitstatus_to_exitcode(status):
        raise SystemExit("\n".join(said))
    return (
        said[-1].split(": ")[-1].strip(),
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
    )


def show(lane: str, found: tuple[str, float, float, float], first: float) -> None:
    said, wall, cpu, memory = found
    print(
        f"{lane:<34} {wall:7.1f} s {cpu:7.1f} CPU s {wall / first:7.2f}  {memory:6.0f} MB  {said}"
    )


def changed(folder: Path, layer: str) -> None:
    """The layer without its first row, as next month's file."""
    file = str(folder / "county.gpkg")
    subprocess.run([sys.executable, "-c", CHANGE, file, layer], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--jobs", default="2")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "county"
        command = [sys.executable, "-m", "deqing_geo", "sample", "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        recipe, common = folder / "recipe.toml", (folder / "recipe.toml").read_text("utf-8")

        def write(*products: str) -> None:
            text = "\n".join([common.split("[products]")[0], "[products]", *products, ""])
            recipe.write_text(text, encoding="utf-8")

        every = [COUNTY, TOWNS, *([] if asked.small else [VILLAGES])]
        write(*every)
        out, other = Path(room) / "one", Path(room) / "several"
        print(f"{'lane':<34} {'wall':>9} {'':>13} {'of first':>8} {'largest':>9}")
        found = run(recipe, out)
        first = found[1]
        show("first run, 1 process", found, first)
        show(f"first run, {asked.jobs} processes", run(recipe, other, "--jobs", asked.jobs), first)
        same = {
            path.relative_to(out): path.read_bytes() == (other / path.relative_to(out)).read_bytes()
            for path in out.rglob("*")
            if path.is_file() and path.name not in ("times.json", "report.log")
        }
        print(f"  the same bytes: {all(same.values())} ({len(same)} files)")
        shutil.rmtree(other)
        show("second run, nothing changed", run(recipe, out), first)
        for layer in ("parks", "roads"):
            changed(folder, layer)
            show(f"{layer} changed", run(recipe, out), first)
        for lane, products in (
            ("county's products only", [COUNTY]),
            ("villages' pages only", [VILLAGES]),
        ):
            write(*products)
            show(lane, run(recipe, Path(room) / lane[:3]), first)


if __name__ == "__main__":
    main()
