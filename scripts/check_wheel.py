"""Build the wheel, install it in a fresh environment outside the checkout, run the main job.

What a user gets is the wheel, not the checkout: data files that were not packed and imports
that only work beside the sources show here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKED = ("deqing_geo", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info")
EXPECTED = {
    "map.html",
    "manifest.json",
    "results.gpkg",
    "scorecard.csv",
    "summary.json",
    "towns",
    "villages.csv",
    "villages.gpkg",
}


def main() -> int:
    """Return 0 when the wheel works."""
    with tempfile.TemporaryDirectory(prefix="deqing-wheel-") as folder:
        outside = Path(folder)
        # A copy of what belongs to the project, so that no old build slips into the wheel.
        source = outside / "source"
        source.mkdir()
        for name in PACKED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=IGNORED)
            else:
                shutil.copy(ROOT / name, source / name)
        _run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, str(source))
        (wheel,) = outside.glob("*.whl")
        venv.create(outside / "env", with_pip=True)
        scripts = outside / "env" / ("Scripts" if os.name == "nt" else "bin")
        _run(str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel))
        away = outside / "elsewhere"
        away.mkdir()
        _run(str(scripts / "deqing-geo"), "demo", "--out", "out", "--each", "town", cwd=away)
        made = {file.name for file in (away / "out").iterdir()}
        if not made >= EXPECTED:
            print(f"missing from the wheel's run: {sorted(EXPECTED - made)}", file=sys.stderr)
            return 1
        _run(str(scripts / "deqing-geo"), "sample", "--out", "county", "--seed", "1", cwd=away)
        recipe = str(away / "county" / "recipe.toml")
        _run(str(scripts / "deqing-geo"), "report", recipe, "--out", "report", cwd=away)
        check = "import deqing_geo as dg; print(dg.__version__, len(dg.register()))"
        _run(str(scripts / "python"), "-I", "-c", check, cwd=away)
    print("the wheel works outside the checkout")
    return 0


def _run(*command: str, cwd: Path | None = None) -> None:
    subprocess.run(command, check=True, cwd=cwd)


if __name__ == "__main__":
    sys.exit(main())
