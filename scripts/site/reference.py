"""Reference pages: every public name, room by room, from its docstring."""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from types import ModuleType
from typing import Any

import deqing_geo as dg
from deqing_geo import columns

# What a planner calls each room, in the order of the work.
ROOMS = {
    "boundaries": "界线 Areas read",
    "received": "收到的界线 As received",
    "layers": "道路、公园、住宅 Layers read",
    "inputs": "表格与其他图层 Tables read",
    "terrain": "高程与栅格 Rasters",
    "rasters": "栅格 Raster",
    "notes": "读入说明 Notes",
    "faults": "边界检查与修复 Faults",
    "roads": "路网密度 Roads",
    "grades": "道路等级 Road classes",
    "network": "路网分析 Network",
    "coverage": "公园覆盖 Coverage",
    "siting": "选址 Siting",
    "villages": "村庄分类 Villages",
    "weights": "权重 Weights",
    "tallies": "小指标 Tallies",
    "progress": "完成情况 Scorecard",
    "maps": "地图 Maps",
    "atlas": "图集 Atlas",
    "export": "导出 Export",
    "papers": "报送材料 Papers",
    "batch": "批量 Batch",
    "sample": "示意县 Sample",
    "standards": "口径与依据 Standards",
    "columns": "字段与用词 Columns",
    "divisions": "名称与代码 Divisions",
    "crs": "坐标 Coordinates",
    "errors": "错误 Errors",
}


@cache
def rooms() -> dict[str, list[str]]:
    """The public names of each room: those of the library, and what the room offers itself."""
    found: dict[str, set[str]] = {room: set() for room in dg._ROOMS}
    found["batch"] = set()
    for name, room in dg._HOMES.items():
        found.setdefault(room, set()).add(name)
    unknown = sorted(set(found) - set(ROOMS))
    if unknown:
        raise LookupError(f"scripts/site/reference.py has no title for: {', '.join(unknown)}")
    for room, names in found.items():
        module = importlib.import_module(f"deqing_geo.{room}")
        names |= set(getattr(module, "__all__", _own(module) if room in dg._ROOMS else ()))
    return {room: sorted(found[room], key=_by_kind) for room in ROOMS if room in found}


def _by_kind(name: str) -> tuple[bool, str]:
    return (not name[0].islower(), name.lower())


def _own(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def pages() -> dict[str, str]:
    """Page and title of every room."""
    return {f"reference/{room}.md": ROOMS[room] for room in rooms()}


@cache
def known() -> dict[str, str]:
    """Where each name is explained: ``dg.road_density``, ``road_density()`` to its true path."""
    found: dict[str, str] = {}
    for room, names in rooms().items():
        for name in names:
            path = home(room, name)
            if path is None:
                continue
            found[f"{room}.{name}"] = path
            if name in dg.__all__:
                found[f"dg.{name}"] = path
            # Called, a name is a function; alone it may be a column, a layer or a plain word.
            alone = [name] if is_clear(name) else []
            for key in (f"{name}()", *alone):
                if found.setdefault(key, path) != path:
                    found[key] = ""
    # Of two things with one name none is linked.
    return {key: path for key, path in found.items() if path}


def is_clear(name: str) -> bool:
    """Whether the name alone says that it is one of ours: ``RoadDensity``, not ``roads``."""
    return (name[0].isupper() or "_" in name) and name not in columns.registry()


def home(room: str, name: str) -> str | None:
    """The module that defines it; None for what has no docstring of its own."""
    value: Any = getattr(importlib.import_module(f"deqing_geo.{room}"), name)
    if inspect.ismodule(value) or not (inspect.isfunction(value) or inspect.isclass(value)):
        return None
    return f"{value.__module__}.{name}"


def texts() -> dict[str, str]:
    """The pages, as instructions to fill in docstrings."""
    made = {"reference/index.md": index()}
    for room, names in rooms().items():
        blocks = [f"# {ROOMS[room]}\n", f"`deqing_geo.{room}`\n", summary(room)]
        constants = []
        for name in names:
            path = home(room, name)
            if path is None:
                constants.append(name)
            else:
                blocks.append(f"::: {path}\n")
        if constants:
            blocks.append("## Constants\n")
            blocks += [f"- `{room}.{name}`" for name in constants]
        made[f"reference/{room}.md"] = "\n".join(blocks) + "\n"
    return made


def summary(room: str) -> str:
    """The module's own words."""
    return (inspect.getdoc(importlib.import_module(f"deqing_geo.{room}")) or "") + "\n"


def index() -> str:
    """All names of the library on one page."""
    lines = [
        "# 函数参考 Reference\n",
        "`import deqing_geo as dg` 之后可以直接用的全部名称,按用途分组;结果类(例如 "
        "`RoadDensity`)在各自的页面上。Every name of `dg`, by room, with the classes that come "
        "back.\n",
        "| 用途 room | 名称 names |",
        "|---|---|",
    ]
    for room, names in rooms().items():
        listed = []
        for name in names:
            path = home(room, name)
            shown = f"`{'dg.' if name in dg.__all__ else ''}{name}`"
            listed.append(f"[{shown}][{path}]" if path else shown)
        lines.append(f"| [{ROOMS[room]}]({room}.md) | {', '.join(listed)} |")
    return "\n".join(lines) + "\n"
