"""Export one offline map and one table for every town (分镇图、分镇表), by a recipe.

    python scripts/export_town_maps.py RECIPE.toml OUT

OUT/towns holds, for each town, a map that opens without a network and a table for Excel and WPS,
and a manifest with the checksum of each; OUT itself holds the whole county's. Everything arrives
whole or not at all, and a second run replaces the first. The recipe is the one of
``deqing-geo report``; it needs [villages].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deqing_geo import batch
from deqing_geo.errors import DeqingGeoError


def main() -> int:
    """Return 0 when every town has its map."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="which layers, counted how")
    parser.add_argument("out", type=Path, help="folder for the products")
    asked = parser.parse_args()

    def tell(what: str, done: int, of: int) -> None:
        if what:
            print(f"{done + 1}/{of} {what}", file=sys.stderr, flush=True)

    try:
        job = batch.open_recipe(batch.load_recipe(asked.recipe), tell)
        report = batch.run(job, asked.out, tell, each="town")
    except DeqingGeoError as error:
        said = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
        print("\n".join(said), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing half-written was left", file=sys.stderr)
        return 130
    maps = [name for name in report.files if name.startswith("towns/") and name.endswith(".html")]
    print(f"{len(maps)} maps in {asked.out / 'towns'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
