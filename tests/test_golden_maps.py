"""Three pages of Paper Town as they were last looked at, compared as text.

The pages are kept without the scripts and styles of Leaflet and of the library, which have tests
of their own, and broken into lines where lists and objects end. After a change that is meant,
look at the pages in a browser and write them anew:

    python -m tests.test_golden_maps
"""

import re
from pathlib import Path

import pytest

import deqing_geo as dg
from deqing_geo import sample
from tests.test_maps import html_of

FOLDER = Path(__file__).parent / "fixtures" / "maps"


def density_page():
    villages, roads = sample.villages(), sample.roads()
    density = dg.road_density(villages, roads)
    m = dg.add_density(dg.area_map(villages, title="纸上镇路网密度"), density)
    return dg.add_roads(m, roads, by=density.definition)


def coverage_page():
    coverage = dg.park_coverage(sample.villages(), sample.parks(), sample.homes())
    m = dg.coverage_map(coverage, title="纸上镇公园绿地")
    return dg.add_sites(m, dg.suggest_parks(coverage, target=0.9, grid_m=100))


def roads_page():
    villages, roads = sample.villages(), sample.roads()
    m = dg.road_map(dg.road_density(villages, roads), title="纸上镇路网图")
    graph = dg.road_graph(roads)
    m = dg.add_links(
        dg.add_dead_ends(m, dg.dead_ends(graph, roads)), dg.suggest_links(graph, roads)
    )
    return dg.add_layer(m, sample.homes(), "home")


PAGES = {"density": density_page, "coverage": coverage_page, "roads": roads_page}


def bare(html):
    """A page without what it shares with all others, in lines a person can compare."""
    head, body = html.split("</head>", 1)
    head = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", head, flags=re.DOTALL)
    head = re.sub(r"( 'sha256-[^']+')+", " 'sha256-...'", head)
    body = re.sub(r"(?<=[\]}],)(?=[\[{])", "\n", body)
    # The last digits of a degree hang on the version of PROJ.
    body = re.sub(r"\d+\.\d{10,}", lambda found: f"{float(found[0]):.8f}", body)
    lines = [line.rstrip() for line in f"{head}</head>{body}".splitlines()]
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_was_last_looked_at(name):
    kept = (FOLDER / f"{name}.html").read_text(encoding="utf-8")

    assert bare(html_of(PAGES[name]())) == kept


@pytest.mark.parametrize("name", PAGES)
def test_what_is_kept_has_numbered_ids_and_the_figures_of_the_page(name):
    kept = (FOLDER / f"{name}.html").read_text(encoding="utf-8")

    assert re.findall(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", kept) == []
    assert "map_0001" in kept and "示意数据" in kept and len(kept) < 30_000


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one, make in PAGES.items():
        page = bare(html_of(make()))
        (FOLDER / f"{one}.html").write_text(page, encoding="utf-8", newline="\n")
