"""Build the documentation into out/site, warnings as errors, and look at what came out.

    python scripts/build_site.py

The pages must open from a disk on a machine without a network: no script, style, font or
picture may lie elsewhere, every link must lead somewhere, and a Chinese word must be found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "out" / "site"
# What a browser fetches without being asked; a plain link waits for a click.
FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("link", "href"),
}
# Links of these kinds name a page, they fetch nothing.
NAMING = {"canonical", "prev", "next", "alternate"}
WORDS = ("盲区", "路网密度", "断头路", "审图号", "centre lines")
# The index cuts Chinese into words by marks of no width.
FOUND = """word => Array.from(document.querySelectorAll(".md-search-result__item")).some(
    item => item.textContent.replace(/\\u200b/g, "").includes(word))"""
NOTHING = "() => !document.querySelector('.md-search-result__item')"
SEARCH_MS = 30_000


class Page(HTMLParser):
    """What a page fetches, where it links to, and which places it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort one element's addresses."""
        values = dict(attrs)
        for key in ("id", "name"):
            if values.get(key):
                self.places.add(str(values[key]))
        if tag == "a" and values.get("href"):
            self.linked.append(str(values["href"]))
        if tag == "link" and set(str(values.get("rel")).split()) & NAMING:
            return
        self.fetched += [
            str(value) for key, value in attrs if (tag, key) in FETCHED and value is not None
        ]


def faults(site: Path) -> list[str]:
    """Everything that would not open from a disk without a network.

    Parameters
    ----------
    site : Path
        A built site.

    Returns
    -------
    list of str
        One line a fault: page, address, what is wrong.
    """
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    found = []
    for file, page in sorted(pages.items()):
        called = file.relative_to(site).as_posix()
        for address in page.fetched:
            if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
                found.append(f"{called}: asks {address} when opened")
        # The page of errors is served from anywhere and so has whole paths.
        if called == "404.html":
            continue
        for address in page.fetched + page.linked:
            if urlsplit(address).scheme or address.startswith(("//", "#__", "data:")):
                continue
            path, place = urldefrag(address)
            target = (file.parent / unquote(path)).resolve() if path else file
            if not target.is_file():
                found.append(f"{called}: leads to {address}, which is not there")
            elif place and target in pages and unquote(place) not in pages[target].places:
                found.append(f"{called}: leads to {address}, a place that is not there")
    return found


def searched(site: Path, browser: str) -> list[str]:
    """Words that the search of the page does not find, opened from the disk, network closed.

    Parameters
    ----------
    site : Path
        A built site.
    browser : str
        Chromium's program.

    Returns
    -------
    list of str
        One line a word, or an address that was asked.
    """
    from playwright.sync_api import TimeoutError, sync_playwright

    found = []
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_context(offline=True).new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        box = page.locator("input.md-search__input")
        box.click()
        for word in WORDS:
            # What the last word found must be gone before the next is asked.
            box.fill("")
            box.press("End")
            page.wait_for_function(NOTHING, timeout=SEARCH_MS)
            box.fill(word)
            # The page listens to keys.
            box.press("End")
            try:
                page.wait_for_function(FOUND, arg=word, timeout=SEARCH_MS)
            except TimeoutError:
                found.append(f"the search finds no page with {word}")
        chromium.close()
    found += [f"{url} was asked" for url in asked if not url.startswith(("file:", "data:"))]
    return found


def build(root: Path, site: Path) -> int:
    """Build the pages, warnings as errors; what is said of mistakes goes to the console.

    Parameters
    ----------
    root : Path
        Folder with ``mkdocs.yml``.
    site : Path
        Where the pages go.

    Returns
    -------
    int
        0 without a single warning.
    """
    # The theme's makers announce their next product on every run.
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1"}
    # Not --quiet: what is not said is not counted, and strict would let it pass.
    command = [sys.executable, "-W", "ignore::SyntaxWarning", "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*command, "--site-dir", str(site)],
        cwd=root,
        env=env,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    said = [line for line in done.stderr.splitlines() if line and not line.startswith("INFO ")]
    print(*said, sep="\n", end="\n" if said else "", file=sys.stderr, flush=True)
    return done.returncode


def main() -> int:
    """Build, then look.

    Returns
    -------
    int
        0 if the site is whole.
    """
    status = build(ROOT, SITE)
    if status:
        return status
    found = faults(SITE)
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next((path for name in names if (path := shutil.which(name))), None)
    if browser:
        found += searched(SITE, browser)
    for line in found:
        print(line, file=sys.stderr)
    pages = len(list(SITE.rglob("*.html")))
    print(f"{pages} pages in {SITE}" if not found else f"{len(found)} faults", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
