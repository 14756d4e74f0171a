"""Starting up costs nothing: third parties load when something is touched."""

import json
import subprocess
import sys

import pytest

HEAVY = {"geopandas", "pandas", "numpy", "shapely", "pyproj", "pyogrio", "folium", "rich"}


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import deqing_geo",
        "import deqing_geo; dir(deqing_geo); deqing_geo.__version__",
        "from deqing_geo import standards; standards.load('deqing')",
        "from deqing_geo import columns; columns.label('road_density')",
        "from deqing_geo.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass",
    ],
)
def test_third_parties_stay_asleep(statement):
    assert loaded_after(statement) & HEAVY == set()


def test_a_measure_does_not_wake_the_drawing():
    loaded = loaded_after("import deqing_geo as dg; dg.road_density; dg.sample.roads()")

    assert "geopandas" in loaded
    assert loaded & {"folium", "branca", "matplotlib", "rich"} == set()


def test_importing_leaves_warnings_and_logging_alone():
    code = (
        "import warnings, logging; before = list(warnings.filters);"
        "import deqing_geo; deqing_geo.columns.label('road_km');"
        "assert warnings.filters == before; assert logging.getLogger().handlers == []"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
