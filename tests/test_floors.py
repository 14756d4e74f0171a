"""A module imports only from floors below; neighbours exchange arguments, not imports."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "deqing_geo"
FLOORS = {
    0: ("errors", "text"),
    1: ("columns", "files", "shifts", "ellipsoid", "rasters", "tracing"),
    2: (
        "standards",
        "crs",
        "checks",
        "cutting",
        "provenance",
        "divisions",
        "notes",
        "grades",
        "sheets",
        "weights",
    ),
    3: ("reading", "radii", "alongside", "landuse", "tables", "opened", "looks"),
    4: (
        "boundaries",
        "layers",
        "inputs",
        "roads",
        "network",
        "terrain",
        "faults",
        "received",
    ),
    5: ("tallies", "coverage"),
    6: ("villages", "progress", "siting"),
    7: ("maps", "export", "papers", "atlas"),
    8: ("sample",),
    9: ("batch",),
    10: ("cli",),
    11: ("__main__",),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
# Who may know which library.
ALONE = {
    "folium": "maps",
    "branca": "maps",
    "argparse": "cli",
    "rich": "cli",
    "docx": "papers",
    "matplotlib": "atlas",
}


def imports(source: str, module: str) -> set[str]:
    """Rooms and libraries a module imports at run time, in whatever form."""
    tree = ast.parse(source)
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped |= {id(inner) for part in node.body for inner in ast.walk(part)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: -node.level]
                base = ".".join([*parents, base]) if base else ".".join(parents)
            found.add(base)
            found |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            found |= {
                arg.value
                for arg in node.args
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            }
    return found


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def faults(module: str, source: str) -> list[str]:
    own = room_of(module)
    out = []
    for name in sorted(imports(source, module)):
        top = name.split(".")[0]
        if top in ALONE and own != ALONE[top]:
            out.append(f"{module} imports {name}, which only {ALONE[top]} may know")
        room = room_of(name) if top == "deqing_geo" else ""
        if room in FLOOR_OF and room != own and FLOOR_OF[room] >= FLOOR_OF[own]:
            out.append(f"{module} (floor {FLOOR_OF[own]}) imports {name} ({FLOOR_OF[room]})")
    return out


def modules():
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        if len(parts) > 2 and parts[-1] == "__init__":
            # Relative imports count from inside the package.
            yield ".".join(parts), file
        elif parts != ("deqing_geo", "__init__"):
            yield ".".join(parts), file


@pytest.mark.parametrize(("module", "file"), list(modules()), ids=str)
def test_a_module_imports_only_from_floors_below(module, file):
    assert faults(module, file.read_text(encoding="utf-8")) == []


def test_every_module_stands_on_a_floor():
    rooms = {room_of(module) for module, _ in modules()}

    assert rooms == set(FLOOR_OF)


@pytest.mark.parametrize(
    "line",
    [
        "import deqing_geo.maps",
        "import deqing_geo.maps.page as page",
        "from deqing_geo import maps",
        "from deqing_geo.maps import area_map",
        "from . import maps",
        "from .maps import area_map",
        "def f():\n    from deqing_geo import cli",
        "import importlib\nimportlib.import_module('deqing_geo.batch')",
        "from deqing_geo.network import road_network",
        "import folium",
        "from folium.map import Layer",
        "if True:\n    import rich.table",
    ],
)
def test_the_floor_test_sees_every_way_of_importing_upwards(line):
    assert faults("deqing_geo.roads", line) != []


@pytest.mark.parametrize(
    "line",
    [
        "from deqing_geo import crs, errors",
        "from deqing_geo.standards.model import Rule",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from deqing_geo.maps import x",
        "import numpy as np",
    ],
)
def test_the_floor_test_lets_pass_what_goes_down(line):
    assert faults("deqing_geo.roads", line) == []


def test_a_module_answers_one_question():
    """600 lines ask two; docstrings count, since they are read too."""
    long = {
        file.name: len(file.read_text(encoding="utf-8").splitlines())
        for _, file in modules()
        if len(file.read_text(encoding="utf-8").splitlines()) > 700
    }

    assert long == {}
