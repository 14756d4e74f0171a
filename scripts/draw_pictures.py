"""Draw docs/pictures from the made-up county: its map, a page of its atlas, its scorecard.

    python scripts/draw_pictures.py

What is drawn is invented and says so (示意). It needs Chromium; the pictures are looked at, then
committed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import deqing_geo as dg
from deqing_geo.batch import measure, schematic_county
from deqing_geo.papers.board import save_scorecard

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
# Small enough for a page of text; 64 colours are enough for maps.
MOST_BYTES = 150_000
COLOURS = 64


def main() -> int:
    """Draw all three.

    Returns
    -------
    int
        0, or 1 if a picture came out too large.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    job = schematic_county(0)
    results = measure(job)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        place = Path(folder)
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        made = dg.sample.county(0)
        drawn = dg.village_map(results.types, title="村庄分类与公园覆盖(示意)")
        drawn = dg.add_coverage(
            dg.add_density(drawn, results.density, show=False), results.coverage, show=False
        )
        screenshot(browser, dg.save_map(drawn, place / "map.html"), place / "map.png", 1200, 800)
        atlas = dg.export_atlas(
            [results.types],
            None,
            place / "atlas",
            paper="A4",
            formats=["png"],
            dpi=96,
            stage="征求意见稿",
            made_by="示例单位",
            made_on="2025-12-31",
            county=made.towns.dissolve(),
            towns=made.towns,
        )
        page = next(file for file in sorted(atlas.out.glob("*.png")) if "分类" in file.name)
        shutil.copy(page, place / "atlas.png")
        card = save_scorecard(results.card, place / "scorecard.html")
        screenshot(browser, card, place / "scorecard.png", 1000, 900)
        browser.close()
        too_large = 0
        for name in ("map", "atlas", "scorecard"):
            size = small(place / f"{name}.png", FOLDER / f"{name}.png")
            print(f"{name}.png {size} bytes")
            too_large += size > MOST_BYTES
    return 1 if too_large else 0


def screenshot(browser: Browser, page: Path, to: Path, width: int, height: int) -> None:
    """A page as a reader first sees it."""
    opened = browser.new_context(
        offline=True, viewport={"width": width, "height": height}
    ).new_page()
    opened.goto(page.as_uri())
    opened.wait_for_timeout(1500)
    opened.screenshot(path=to)


def small(picture: Path, to: Path) -> int:
    """Write with few colours; returns the bytes."""
    with Image.open(picture) as opened:
        opened.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)
    return to.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
