"""A province of Paper Towns side by side, as files; and what can end a process in a test."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from deqing_geo.batch.province.county import Done, Task

WIDE_M = 4_000.0
LIST = """\
title = "纸上省(示意)"
halo_m = 1000
{counties}
[recipe.towns]
file = "{{code}}/towns.gpkg"
[shared.roads]
file = "roads.gpkg"
[shared.parks]
file = "parks.gpkg"
[shared.homes]
file = "homes.gpkg"
"""


def write(folder: Path, count: int) -> Path:
    """Towns 33052x, each beside the last, and one layer of roads, parks and homes for all."""
    import geopandas as gpd
    import pandas as pd
    import pyogrio
    import shapely

    from deqing_geo import sample

    folder.mkdir(parents=True, exist_ok=True)
    together: dict[str, list[gpd.GeoDataFrame]] = {"roads": [], "parks": [], "homes": []}
    counties = ""
    for at in range(count):
        code = f"33052{at + 1}"
        counties += f'[[county]]\ncode = "{code}"\nname = "纸{"甲乙丙丁戊己"[at]}县"\n'
        (folder / code).mkdir(exist_ok=True)
        towns = moved(sample.villages(), at).rename(columns={"village_name": "town_name"})
        pyogrio.write_dataframe(towns, folder / code / "towns.gpkg")
        for name, frames in together.items():
            frames.append(moved(getattr(sample, name)(), at))
    west, south = sample.villages().total_bounds[:2]
    # One road from end to end, across every border.
    through = (
        sample.roads()
        .iloc[[0]]
        .assign(
            geometry=[
                shapely.LineString([(west, south + 400), (west + count * WIDE_M, south + 400)])
            ],
            road_name="省道",
        )
    )
    together["roads"].append(through)
    for name, frames in together.items():
        whole = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
        pyogrio.write_dataframe(whole.to_crs(4490), folder / f"{name}.gpkg")
    (folder / "counties.toml").write_text(LIST.format(counties=counties), encoding="utf-8")
    return folder / "counties.toml"


def moved(frame, at):
    return frame.set_geometry(frame.geometry.translate(at * WIDE_M, 0))


class Here:
    """Counties made in this process, one after another: the calls of `lanes` and no more."""

    def __init__(self, call, backwards=False):
        self.call, self.tasks, self.backwards = call, [], backwards
        self.begun, self.ended_in = [], []

    def room(self):
        return 99 if self.backwards else 1 - len(self.tasks)

    def start(self, task):
        self.tasks.append(task)
        self.begun.append(task.county.code)

    def ended(self):
        if not self.tasks:
            return []
        self.ended_in.append(self.tasks[-1].county.code)
        return [self.call(self.tasks.pop())]

    def close(self):
        self.tasks = []


def killed_once(task: Task) -> Done:
    """Ends its own process in the middle of the second county, the first time."""
    mark = Path(task.out) / f"killed{task.county.code}"
    if task.county.code == "330522" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Done(task.county.code, made=os.getpid(), said=("taken up",) * task.resume)


def killed_always(task: Task) -> Done:
    """No process outlives the second county."""
    if task.county.code == "330522":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return Done(task.county.code, made=os.getpid())
