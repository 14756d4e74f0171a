"""The documentation: every page has a place, what is generated is true, what is linked is there."""

import importlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

import deqing_geo as dg
from deqing_geo import columns
from tests.conftest import ROOT
from tests.test_floors import FLOOR_OF, FLOORS, PACKAGE, modules, room_of

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
# Written when the site is built.
MADE = {"glossary.md", "commands.md", "changelog.md", "formats.md", "files.md"}
# Rooms of the site that are filled with pages.
FILLED = ("reference/index.md", "notebooks/index.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def outside_code(text):
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml as data, and makes nothing of what names a function."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def navigation():
    config = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader=_Loader)

    def walk(entry):
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            for below in entry.values():
                yield from walk(below)
        else:
            for below in entry:
                yield from walk(below)

    return list(walk(config["nav"]))


@pytest.fixture(scope="module")
def site():
    """The modules that write the site's pages."""
    folder = str(ROOT / "scripts" / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module


@pytest.fixture(scope="module")
def build():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        yield importlib.import_module("build_site")


def test_every_page_has_one_place_in_the_navigation():
    """A page that is in none: put it into `nav` of mkdocs.yml, where its reader would look."""
    pages = [page.relative_to(DOCS).as_posix() for page in PAGES]
    placed = [page for page in navigation() if not page.startswith(("reference/", "notebooks/"))]

    assert sorted(placed) == sorted([*pages, *MADE])


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / "README.md", ROOT / "README.zh.md", ROOT / "notebooks" / "README.md"],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_a_link_leads_to_a_file_of_the_repository(page):
    made = {DOCS / name for name in MADE} | {
        DOCS / "reference/index.md",
        DOCS / "notebooks/index.md",
    }
    for target in LINK.findall(outside_code(page.read_text("utf-8"))):
        assert not target.startswith("http"), target
        path = target.partition("#")[0]
        if path:
            file = (page.parent / path).resolve()
            assert file.exists() or file in made, target


def test_the_two_readmes_say_the_same():
    """Their code is one, so running the English one runs both."""
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))

    def blocks(text):
        found = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
        return [(kind, re.sub(r" +#.*| practice\b| 练习", "", body)) for kind, body in found]

    def links(text):
        return sorted(set(LINK.findall(text)) - {"README.md", "README.zh.md"})

    assert blocks(english) == blocks(chinese) and len(blocks(english)) == 3
    assert links(english) == links(chinese)
    assert english.count("\n## ") == chinese.count("\n## ")
    assert english.count("\n- **") == chinese.count("\n- **")
    assert "README.zh.md" in english and "README.md" in chinese


def test_pictures_are_small_and_shown():
    pictures = sorted((DOCS / "pictures").iterdir())
    readme = (ROOT / "README.md").read_text("utf-8")

    assert [picture.name for picture in pictures] == ["atlas.png", "map.png", "scorecard.png"]
    for picture in pictures:
        assert picture.stat().st_size < 150_000
        assert f"docs/pictures/{picture.name}" in readme


def test_the_page_of_the_house_has_every_room_on_its_floor():
    text = (DOCS / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", text, re.MULTILINE)
    shown = {int(floor): set(re.findall(r"`(\w+)`", rooms)) for floor, rooms in rows}

    assert sorted(shown) == [floor for floor in FLOORS if floor != FLOOR_OF["__main__"]]
    for floor, rooms in shown.items():
        assert rooms - {"__main__"} == set(FLOORS[floor]), floor


def test_files_the_page_of_the_house_names_are_there():
    text = (DOCS / "architecture.md").read_text("utf-8")
    for room, module in re.findall(r"`(\w+)\.(?!toml|csv)(\w+)`", text):
        if (PACKAGE / room).is_dir() and not hasattr(
            importlib.import_module(f"deqing_geo.{room}"), module
        ):
            assert (PACKAGE / room / f"{module}.py").is_file(), f"{room}.{module}"
    named = set(re.findall(r"`([\w/]+\.(?:toml|csv|py|md))`", text))
    there = {file.name for file in (ROOT / "deqing_geo").rglob("*") if file.is_file()}

    missing = {
        name
        for name in named
        if not (ROOT / name).is_file()
        and not (DOCS / name).is_file()
        and not (ROOT / "deqing_geo" / name).is_file()
        and ("/" in name or name not in there)
    }
    assert missing == set()


def test_the_drawing_has_every_room_with_its_size(site):
    floors = site("floors")
    drawn = floors.drawing({"roads": "reference/roads.html"})

    for rooms in FLOORS.values():
        for room in rooms:
            assert f">{room}</text>" in drawn
    assert floors.floors() == FLOORS
    files = sum(room_of(module) == "roads" for module, _ in modules())
    assert floors.size("roads")[0] == files and f">{files} files, " in drawn
    assert 'href="reference/roads.html"' in drawn
    assert "| `roads/density.py` | " in floors.page()


def test_every_public_name_is_on_a_page_of_the_reference(site):
    reference = site("reference")
    rooms = reference.rooms()
    listed = {name for names in rooms.values() for name in names} | set(rooms)

    assert set(dg.__all__) <= listed
    for name in ("RoadDensity", "Coverage", "VillageTypes", "Scorecard", "Siting"):
        assert name in listed, name
    assert "::: deqing_geo.roads.density.road_density" in reference.texts()["reference/roads.md"]


def test_names_in_the_text_find_their_page_and_other_words_do_not(site):
    links, known = site("links"), site("reference").known()

    for text in ("dg.road_density", "road_density(zone, roads)", "roads.road_density"):
        assert links.target_of(text, known) == "deqing_geo.roads.density.road_density", text
    assert links.target_of("RoadDensity", known) == "deqing_geo.roads.result.RoadDensity"
    # A column, layers, rooms: words of the trade and not the functions of that name.
    for text in ("road_density", "roads", "villages", "columns", "sample", "pip install ."):
        assert links.target_of(text, known) is None, text


def test_lines_of_chinese_are_joined_and_what_was_typed_stays(site):
    joined = site("hooks").on_page_content

    html = "<p>按口径测算,\n写明依据。\n不让一个数\n离开,\nwords\nof it</p><pre>路\n网</pre>"
    assert joined(html, None, None, None) == (
        "<p>按口径测算,写明依据。不让一个数离开,\nwords\nof it</p><pre>路\n网</pre>"
    )


def test_the_page_of_law_says_what_the_standards_say():
    text = (DOCS / "law.md").read_text("utf-8")
    row = next(line for line in text.splitlines() if "`export.public_shift`" in line)
    rule = dg.standards.load()["export.public_shift"]

    assert f"| {rule.evidence} |" in row and f"{rule.value:g} 米" in row
    assert rule.document.partition("(")[2].rpartition("(")[2].rstrip(")") in row


def test_the_glossary_has_every_column_and_word(site):
    page = site("glossary").page()

    for name, column in columns.registry().items():
        assert f"| `{name}` |" in page and site("glossary").cell(column.zh) in page, name
    for group in columns.vocabularies():
        for word in columns.vocabulary(group):
            assert f"| `{word}` |" in page, (group, word)


def test_a_cell_of_a_table_stays_one_cell(site):
    assert site("glossary").cell("a|b\n<c> d_e") == "a\\|b &lt;c> d\\_e"


def test_the_page_of_commands_has_each(site):
    page = site("commands").page()

    for command in ("demo", "report", "check", "roads", "parks", "classify", "export", "submit"):
        assert f"## deqing-geo {command}\n" in page


def test_the_page_of_formats_has_what_is_opened_refused_and_written(site):
    page = site("formats").page()

    for ending in (".gpkg", ".gdb", ".dxf", ".xls", ".tif", ".zip", ".lyrx"):
        assert f"`{ending}`" in page
    assert re.search(r"`\.dwg` \| 在 CAD/CASS 中另存为 DXF", page)
    assert "| `.xls` | 表格没有图形" not in page


def test_a_notebook_becomes_a_page_with_its_maps_beside_it(site):
    import nbformat

    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# 标题\n[a](../docs/roads.md) [b](02_road_density.ipynb)"),
        nbformat.v4.new_code_cell("show()"),
    ]
    made.cells[1].outputs = [
        nbformat.v4.new_output(
            "display_data", {"text/html": '<div><iframe srcdoc="&lt;p&gt;map&lt;/p&gt;"></iframe>'}
        ),
        nbformat.v4.new_output("display_data", {"text/html": "<table>\n\n<tr></tr></table>"}),
        nbformat.v4.new_output("stream", text="said\n"),
    ]
    pages = site("books").page("01_x", made)

    assert pages["notebooks/01_x-1.html"] == "<p>map</p>"
    text = pages["notebooks/01_x.md"]
    assert 'src="01_x-1.html"' in text and "<table>\n<tr></tr></table>" in text
    assert "](../roads.md)" in text and "](02_road_density.md)" in text
    assert "```text\nsaid\n```" in text


def test_the_build_finds_what_would_not_open_without_a_network(build, tmp_path):
    (tmp_path / "good.html").write_text(
        '<link rel="canonical" href="https://example.org"><h1 id="a">x</h1>'
        '<a href="#a">a</a> <a href="https://example.org">out</a> <img src="data:image/png,">',
        encoding="utf-8",
    )
    assert build.faults(tmp_path) == []

    (tmp_path / "bad.html").write_text(
        '<script src="https://unpkg.com/x.js"></script><link rel="stylesheet" href="//cdn/x.css">'
        '<a href="gone.html">a</a><a href="good.html#b">b</a><img src="gone.png">',
        encoding="utf-8",
    )
    found = build.faults(tmp_path)
    assert len(found) == 5 and all(line.startswith("bad.html: ") for line in found)


@pytest.mark.parametrize(
    "text", ["# a\n[b](gone.md)", "# a\n[b](#nowhere)", "# a\n[b][deqing_geo.nothing]"]
)
def test_a_mistake_in_a_page_fails_the_build(build, tmp_path, capfd, text):
    """With the validation of our own mkdocs.yml, on a site of one page."""
    ours = (ROOT / "mkdocs.yml").read_text("utf-8")
    rules = re.search(r"^validation:\n(?:  .*\n)+", ours, re.MULTILINE)[0]
    (tmp_path / "mkdocs.yml").write_text(
        f"site_name: x\nplugins: [autorefs]\n{rules}", encoding="utf-8"
    )
    page = tmp_path / "docs" / "index.md"
    page.parent.mkdir()
    page.write_text("# a\nnothing wrong", encoding="utf-8")
    assert build.build(tmp_path, tmp_path / "site") == 0

    page.write_text(text, encoding="utf-8")
    assert build.build(tmp_path, tmp_path / "site") != 0
    assert "WARNING" in capfd.readouterr().err


def test_a_county_added_as_the_page_says_has_its_law(tmp_path):
    """The two files of extending.md, put where it says, in a copy of the library."""
    text = (DOCS / "extending.md").read_text("utf-8")
    copy = tmp_path / "deqing_geo"
    shutil.copytree(ROOT / "deqing_geo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("example.toml", "example_plan.csv"):
        body = re.search(rf"```\w+\n# standards/{re.escape(name)}\n(.*?)```", text, re.DOTALL)[1]
        (copy / "standards" / name).write_text(body, encoding="utf-8")
    program = (
        "import deqing_geo as dg\n"
        "law = dg.standards.load('example')\n"
        "villages, roads = dg.sample.villages(), dg.sample.roads()\n"
        "density = dg.road_density(villages, roads, by=law['road.core'])\n"
        "print(law.chain, law['village.centre_minutes'].value)\n"
        "print(law.targets['road_density'].is_met(density.overall, 'km/km2'))\n"
        "print(law.targets['park_coverage'].is_met(0.86, 'ratio'))\n"
        "print('建成区路网密度' in dg.scorecard(density, law=law)._repr_html_())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1", "PATH": ""},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "('example', 'zhejiang', 'national') 20.0"
    assert lines[1:] == ["False", "True", "True"]
