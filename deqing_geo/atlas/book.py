"""From results to a folder of pages: what is asked is checked first, then drawn and joined."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import os
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as named
from deqing_geo.atlas import told
from deqing_geo.atlas.answer import Atlas
from deqing_geo.atlas.drawing import Drawing
from deqing_geo.atlas.fonts import Typeface, find_typeface, plain, require_characters
from deqing_geo.atlas.frame import ORIENTATIONS, paper_size
from deqing_geo.atlas.ground import Ground, ground_of, in_metres
from deqing_geo.atlas.index import draw_index, index_pages
from deqing_geo.atlas.pdf import Joined
from deqing_geo.atlas.render import FORMATS, write_page
from deqing_geo.atlas.sheet import Setting, Sheet, compose, scale_of
from deqing_geo.atlas.subjects import KINDS, Subject, within
from deqing_geo.coverage import Coverage
from deqing_geo.errors import InputError
from deqing_geo.files import whole_folder
from deqing_geo.files.naming import UNWRITABLE
from deqing_geo.looks.imprint import Imprint, imprint_in_use, imprint_of
from deqing_geo.looks.named import NAME_COLUMNS, labels, texts
from deqing_geo.looks.palette import style
from deqing_geo.roads import RoadDensity
from deqing_geo.sheets import harmless
from deqing_geo.siting import Siting
from deqing_geo.villages import VillageTypes

if TYPE_CHECKING:
    import geopandas as gpd

Tell = Callable[[str, int, int], None]

DPI = (50, 1200)
MOST_JOBS = 64
FIELDS = ("seq", "title", "area", "page", "county")
GRIDS = ("degrees", "km", None)
# A file's name holds what every system can write.
MOST_BYTES = 180
LISTED = (
    "page_number", "sheet_number", "map_title", "page_area", "map_scale", "labels_placed",
    "labels_dropped", "map_files", "definition", "notice", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What was asked for; see `export_atlas` for each."""

    paper: str | tuple[float, float]
    orientation: str
    formats: tuple[str, ...]
    dpi: int
    names: str
    each: tuple[str, ...] | None
    whole: bool
    titles: dict[str, str]
    audience: str | None
    stage: str | None
    review_number: str | None
    made_by: str | None
    made_on: dt.date | str | None
    data_as_of: dt.date | str | None
    height_datum: str
    county: gpd.GeoDataFrame | None
    towns: gpd.GeoDataFrame | None
    villages: gpd.GeoDataFrame | None
    around: dict[str, gpd.GeoDataFrame]
    grid: str | None
    font: str | os.PathLike[str] | None
    jobs: int
    # The county's code and name, where there is no layer of it.
    called: str = ""


def make_atlas(
    results: Any,
    areas: gpd.GeoDataFrame | None,
    out: str | os.PathLike[str],
    order: Order,
    tell: Tell | None,
) -> Atlas:
    """Check what is asked, draw the pages, join them; see `export_atlas`.

    Parameters
    ----------
    results, areas, out, tell
        As of `export_atlas`.
    order : Order
        All its options.

    Returns
    -------
    Atlas
        What was written.

    Raises
    ------
    DeqingGeoError
        As of `export_atlas`.
    """
    imprint, as_of, size = _checked(order)
    given = _results(results)
    crs = in_metres(given[0].table, "results").crs
    given = [_brought(one, crs) for one in given]
    pages = _areas(areas, crs)
    ground = _ground(order, given, areas, crs)
    county = plain(order.called) or _county(order.county)
    typeface = find_typeface(None if order.font is None else os.fspath(order.font))
    setting = Setting(
        size, order.orientation, imprint, plain(order.height_datum), as_of, order.grid
    )
    wanted, left_out = _wanted(given, pages, order, imprint)
    first = index_pages(len(wanted), setting)
    sheets = [
        Sheet(subject, title, at + 1, at + 1 + first, area)
        for at, (subject, title, _, area) in enumerate(wanted)
    ]
    setting = Setting(
        size, order.orientation, imprint, setting.heights, as_of, order.grid, first + len(sheets)
    )
    stems = _stems(order.names, wanted, first, county)
    require_characters(typeface, _texts(sheets, ground, [title for _, title, *_ in wanted], order))
    return _written(
        _Plan(sheets, wanted, stems, ground, setting, typeface, order, county, left_out, first),
        Path(out),
        tell or _silent,
    )


def make_page(
    results: Any,
    areas: gpd.GeoDataFrame | None,
    out: str | os.PathLike[str],
    order: Order,
    *,
    kind: str,
    number: int,
    ground: Ground | None = None,
) -> list[str]:
    """Draw one page of an atlas by itself, without a list and without numbers of pages.

    Parameters
    ----------
    results, out
        As of `export_atlas`; the results this page is of come first.
    areas : GeoDataFrame or None
        One row, the area it is of; None for the whole.
    order : Order
        All its options.
    kind : str
        A word of `KINDS`.
    number : int
        Its 图号, as in the atlas it belongs to.
    ground : Ground, optional
        Borders and backgrounds of `order`, where they were put together for another page.

    Returns
    -------
    list of str
        Names of its files, in the order of the formats; the folder is there.

    Raises
    ------
    InputError
        If the results have no such page.
    DeqingGeoError
        As of `export_atlas`.
    """
    order = replace(order, each=(kind,), whole=areas is None)
    imprint, as_of, size = _checked(order)
    given = _results(results)
    crs = in_metres(given[0].table, "results").crs
    given = [_brought(one, crs) for one in given]
    ground = ground or _ground(order, given, areas, crs)
    wanted, _ = _wanted(given, _areas(areas, crs), order, imprint)
    found = [one for one in wanted if one[0].kind == kind]
    if len(found) != 1:
        raise InputError(f"The results have {len(found)} pages of {kind!r}, not one.")
    subject, title, name, shape = found[0]
    typeface = find_typeface(None if order.font is None else os.fspath(order.font))
    setting = Setting(
        size, order.orientation, imprint, plain(order.height_datum), as_of, order.grid, pages=0
    )
    sheet = Sheet(subject, title, number, number, shape)
    require_characters(typeface, _texts([sheet], ground, [title], order))
    county = plain(order.called) or _county(order.county)
    stem = _stem(order.names, number, title, name, number, county)
    made = compose(sheet, ground, setting, typeface)
    return write_page(made.drawing, typeface.files, Path(out), stem, order.formats, order.dpi)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """All that is known before the first page is drawn."""

    sheets: list[Sheet]
    wanted: list[tuple[Subject, str, str, Any]]
    stems: list[str]
    ground: Ground
    setting: Setting
    typeface: Typeface
    order: Order
    county: str
    left_out: list[tuple[str, str]]
    first: int


def _silent(_what: str, _done: int, _of: int) -> None:
    pass


# ---------------------------------------------------------------- what is asked


def _checked(order: Order) -> tuple[Imprint, str, tuple[float, float]]:
    wrong = []
    if order.orientation not in ORIENTATIONS:
        wrong.append(f"orientation={order.orientation!r}: there are {', '.join(ORIENTATIONS)}")
    odd = [one for one in order.formats if one not in FORMATS]
    if odd or not order.formats or len(set(order.formats)) < len(order.formats):
        wrong.append(f"formats={list(order.formats)}: some of {', '.join(FORMATS)}, each once")
    if not (_whole_number(order.dpi) and DPI[0] <= order.dpi <= DPI[1]):
        wrong.append(f"dpi={order.dpi!r}: a whole number from {DPI[0]} to {DPI[1]}")
    if not (_whole_number(order.jobs) and 1 <= order.jobs <= MOST_JOBS):
        wrong.append(f"jobs={order.jobs!r}: a whole number from 1 to {MOST_JOBS}")
    for name, given in (("each", order.each or ()), ("titles", order.titles)):
        if strange := [one for one in given if one not in KINDS]:
            wrong.append(f"{name}={strange}: there are {', '.join(KINDS)}")
    looks = style()["layer"]
    if strange := [one for one in order.around if one not in looks]:
        wrong.append(f"around={strange}: there are {', '.join(looks)}")
    if order.grid not in GRIDS:
        wrong.append(f"grid={order.grid!r}: 'degrees', 'km' or None")
    wrong += _template_faults(order.names)
    day = order.data_as_of
    as_of = day.isoformat() if isinstance(day, dt.date) else (day or "")
    try:
        as_of = dt.date.fromisoformat(as_of[:10]).isoformat() if as_of else ""
    except ValueError:
        wrong.append(f"data_as_of={day!r}: give a date, such as 2025-12-31")
    if wrong:
        raise InputError("The atlas cannot be made as asked:\n  " + "\n  ".join(wrong))
    # What is not said here is as the office says it of all its maps.
    usual = imprint_in_use()
    imprint = imprint_of(
        audience=order.audience or usual.audience,
        stage=order.stage or usual.stage or None,
        review_number=order.review_number or usual.review_number or None,
        made_by=order.made_by or usual.made_by,
        made_on=order.made_on or usual.made_on,
    )
    return imprint, as_of, paper_size(order.paper)


def _whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _template_faults(names: Any) -> list[str]:
    if not isinstance(names, str) or not names.strip():
        return [f"names={names!r}: a text such as '{{county}}{{seq:02d}}{{title}}'"]
    try:
        fields = [name for _, name, *_ in string.Formatter().parse(names) if name is not None]
        strange = [name for name in fields if name not in FIELDS]
        if not strange:
            names.format(seq=1, title="x", area="x", page=1, county="x")
    except (ValueError, IndexError, KeyError) as error:
        return [f"names={names!r}: {error}"]
    if strange:
        return [f"names={names!r}: {strange} not known; there are {', '.join(FIELDS)}"]
    return []


def _results(results: Any) -> list[Any]:
    given = list(results) if isinstance(results, list | tuple) else [results]
    kinds = (VillageTypes, RoadDensity, Coverage, Siting)
    odd = [type(one).__name__ for one in given if not isinstance(one, kinds)]
    if odd or not given:
        raise InputError(
            f"`results` holds {', '.join(odd) or 'nothing'}: give village types, a road density, "
            "a park coverage or a siting, or several of them."
        )
    for one in given:
        if not len(one.table):
            raise InputError(f"{one!r} has no areas: there is nothing to print.")
    return given


def _brought(result: Any, crs: Any) -> Any:
    """Refuse a result in another system: its pieces cannot be moved without it."""
    if isinstance(result, VillageTypes):
        if result.table.crs == crs:
            return result
        return replace(result, table=in_metres(result.table, "results", crs))
    if result.table.crs != crs:
        raise InputError(
            f"{result!r} is in another coordinate system than the first result. Measure both in "
            "one system, such as .to_crs(4549)."
        )
    return result


def _areas(areas: gpd.GeoDataFrame | None, crs: Any) -> list[tuple[str, Any]]:
    if areas is None:
        return []
    if not hasattr(areas, "geometry"):
        raise InputError(f"`areas` is a {type(areas).__name__}, not a GeoDataFrame.")
    if not len(areas):
        raise InputError("`areas` has no rows: pass None for the whole alone.")
    shapes = np.asarray(in_metres(areas, "areas", crs).geometry.array, dtype=object)
    odd = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & (
        shapely.get_dimensions(shapes) != 2
    )
    if odd.any():
        raise InputError("`areas` must be polygons.", areas.index[odd])
    held = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    said = labels(areas)
    towns = texts(areas, "town_name") if "village_name" in areas else [""] * len(areas)
    often = pd.Series(said).duplicated(keep=False).to_numpy()
    return [
        (f"{town}{name}" if twice and town else name, shape)
        for name, town, twice, shape in zip(said, towns, often, held, strict=True)
        if shape is not None and not shapely.is_empty(shape)
    ]


def _ground(order: Order, given: Sequence[Any], areas: gpd.GeoDataFrame | None, crs: Any) -> Ground:
    towns, villages = order.towns, order.villages
    are_towns = areas is not None and "town_name" in areas and "village_name" not in areas
    if towns is None and are_towns:
        towns = areas
    if villages is None:
        types = [one for one in given if isinstance(one, VillageTypes)]
        villages = types[0].table if types else None
    return ground_of(crs, county=order.county, towns=towns, villages=villages, around=order.around)


def _county(county: gpd.GeoDataFrame | None) -> str:
    """Code and name, where there is one county."""
    if county is None or len(county) != 1:
        return ""
    frame = county.reset_index()
    code, name = (texts(frame, column)[0] for column in ("county_code", "county_name"))
    return plain(f"{code}{name}")


# ---------------------------------------------------------------- pages


def _wanted(
    given: Sequence[Any], pages: Sequence[tuple[str, Any]], order: Order, imprint: Imprint
) -> tuple[list[tuple[Subject, str, str, Any]], list[tuple[str, str]]]:
    """Subject, title, area's name and shape of every page; and what there is no page of."""
    beside = next((one for one in given if isinstance(one, Coverage)), None)
    out, left_out = [], []
    for result in given:
        table = result.table
        every = np.ones(len(table), dtype=bool)
        for kind, make in _makers(result, imprint, beside):
            if order.whole:
                out.append((make(every), _title(kind, table, order), "", None))
            if order.each is not None and kind not in order.each:
                continue
            ending = named.word(f"atlas.{kind}_of")
            for name, shape in pages:
                rows = within(table, shape, table.crs)
                title = f"{plain(name)}{ending}"
                if rows.any():
                    out.append((make(rows), title, plain(name), shape))
                else:
                    left_out.append((title, plain(name)))
    if not out:
        raise InputError("There is no page to make: the results lie in none of `areas`.")
    return out, left_out


def _makers(
    result: Any, imprint: Imprint, beside: Coverage | None
) -> list[tuple[str, Callable[[Any], Subject]]]:
    if isinstance(result, VillageTypes):
        audience = imprint.audience
        return [("types", functools.partial(told.of_types, result, audience=audience))]
    if isinstance(result, RoadDensity):
        return [
            ("roads", functools.partial(told.of_roads, result)),
            ("density", functools.partial(told.of_density, result)),
        ]
    if isinstance(result, Coverage):
        return [("coverage", functools.partial(told.of_coverage, result))]
    return [("sites", functools.partial(told.of_sites, result, beside=beside))]


def _title(kind: str, table: gpd.GeoDataFrame, order: Order) -> str:
    if kind in order.titles:
        return plain(order.titles[kind])
    # Only a zone is 建成区.
    ending = "_of" if kind == "roads" and "zone_name" not in table else ""
    return named.word(f"atlas.{kind}{ending}")


def _stems(
    names: str, wanted: Sequence[tuple[Subject, str, str, Any]], first: int, county: str
) -> list[str]:
    """Names of files, the index before all others; two pages never share one."""
    listed = [(0, named.word("atlas.list"), "", at + 1) for at in range(first)]
    listed += [(at + 1, title, area, at + 1 + first) for at, (_, title, area, _) in
               enumerate(wanted)]  # fmt: skip
    out = []
    for seq, title, area, page in listed:
        more = f"({page})" if seq == 0 and first > 1 else ""
        out.append(_stem(names, seq, title + more, area, page, county))
    folded = pd.Series([stem.casefold() for stem in out])
    if folded.duplicated().any():
        twice = sorted({out[at] for at in np.flatnonzero(folded.duplicated())})
        raise InputError(
            f"names={names!r} would write {', '.join(twice[:5])} more than once: put {{seq}} "
            "into it."
        )
    return out


def _stem(names: str, seq: int, title: str, area: str, page: int, county: str) -> str:
    """The name of a page's files."""
    stem = names.format(seq=seq, title=title, area=area, page=page, county=county)
    stem = UNWRITABLE.sub("_", plain(stem)).strip(" .") or "_"
    while len(stem.encode("utf-8")) > MOST_BYTES:
        stem = stem[:-1]
    return stem


def _texts(
    sheets: Sequence[Sheet], ground: Ground, titles: Iterable[str], order: Order
) -> Iterator[str]:
    """All that pages say, so that what no font has is told before anything is drawn."""
    yield from titles
    yield from ground.town_names
    yield from (text for text in (order.made_by, order.stage, order.height_datum) if text)
    seen: set[int] = set()
    for sheet in sheets:
        subject = sheet.subject
        yield from (*subject.definition, *subject.notices, *subject.sources, subject.headline)
        for section in subject.legend:
            yield from (section.title, *(entry.label for entry in section.entries))
        if subject.figures is not None:
            yield from (cell for row in subject.figures.rows for cell in row)
        if id(subject.areas) not in seen:
            seen.add(id(subject.areas))
            yield from subject.called
            for column in NAME_COLUMNS:
                yield from texts(subject.areas, column)


# ---------------------------------------------------------------- files


def _written(plan: _Plan, out: Path, tell: Tell) -> Atlas:
    order, setting = plan.order, plan.setting
    title = f"{plan.county[6:]}{named.word('atlas.book')}" if plan.county else (
        named.word("atlas.book"))  # fmt: skip
    book = UNWRITABLE.sub("_", f"{plan.county}{named.word('atlas.book')}.pdf")
    listing = f"{plan.county}{named.word('atlas.list')}.csv"
    if book.removesuffix(".pdf") in plan.stems:
        raise InputError(f"names={order.names!r} would write {book} twice.")
    total = len(plan.stems)
    scales = [scale_of(sheet, setting, plan.typeface) for sheet in plan.sheets]
    rows: list[dict[str, Any]] = []

    def pages() -> Iterator[tuple[Drawing, str]]:
        """Each composed when its turn comes, so that an atlas of any length fits."""
        said = f"{plan.county[6:]}{named.word('atlas.list')}"
        for drawing in draw_index(plan.sheets, scales, plan.ground, setting, plan.typeface, said):
            rows.append(_row(len(rows) + 1, 0, named.word("atlas.list"), "", 0, 0, 0))
            yield drawing, plan.stems[len(rows) - 1]
        for sheet, (subject, named_, area, _) in zip(plan.sheets, plan.wanted, strict=True):
            made = compose(sheet, plan.ground, setting, plan.typeface)
            row = _row(sheet.page, sheet.number, named_, area, made.scale, made.labelled,
                       made.dropped)  # fmt: skip
            rows.append(row | _said(subject))
            yield made.drawing, plan.stems[len(rows) - 1]

    with whole_folder(out, last=listing) as draft:
        files: list[list[str]] = []
        for done, made in enumerate(_drawn(pages(), draft, plan)):
            tell("atlas", done, total)
            files.append(made)
        if "pdf" in order.formats:
            tell("book", total, total)
            _join(plan, draft, book, title)
        for row, made in zip(rows, files, strict=True):
            row["map_files"] = ";".join(made)
        (draft / listing).write_bytes(_listing(rows))
    tell("", total, total)
    every = [name for made in files for name in made]
    if "pdf" in order.formats:
        every.append(book)
    table = pd.DataFrame(rows).set_index("page_number")
    kept = [name for name in LISTED[1:8] if name in table]
    return Atlas(
        table[kept],
        out,
        out / book if "pdf" in order.formats else None,
        (*every, listing),
        tuple(plan.left_out),
    )


def _drawn(pages: Iterator[tuple[Drawing, str]], folder: Path, plan: _Plan) -> Iterator[list[str]]:
    """Files of each page in turn, drawn here or by several processes."""
    order, fonts = plan.order, plan.typeface.files
    if order.jobs == 1:
        for drawing, stem in pages:
            yield write_page(drawing, fonts, folder, stem, order.formats, order.dpi)
        return
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor

    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(order.jobs, mp_context=spawning) as pool:
        waiting: list[Future[list[str]]] = []
        for drawing, stem in pages:
            job = (drawing, fonts, folder, stem, order.formats, order.dpi)
            waiting.append(pool.submit(write_page, *job))
            # A few ahead, not all: pages wait in memory.
            if len(waiting) > 2 * order.jobs:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()


def _join(plan: _Plan, folder: Path, book: str, title: str) -> None:
    bookmarks = [(named.word("atlas.list"), 0, 0)]
    whole = False
    for at, (_, said, _, area) in enumerate(plan.wanted):
        whole = whole or area is None
        bookmarks.append((said, at + plan.first, 0 if area is None or not whole else 1))
    with (folder / book).open("wb") as out:
        joined = Joined(out)
        for stem in plan.stems:
            joined.add(folder / f"{stem}.pdf")
        joined.finish(bookmarks, title=title, author=plan.setting.imprint.made_by)


def _row(
    page: int, number: int, title: str, area: str, scale: int, placed: int, dropped: int
) -> dict[str, Any]:
    values = (page, number, title, area, scale, placed, dropped, "")
    return dict(zip(LISTED, values, strict=False))


def _said(subject: Subject) -> dict[str, str]:
    """In the list all of it stands, whatever the foot of a page had room for."""
    return {
        "definition": ";".join(subject.definition),
        "notice": ";".join(dict.fromkeys(subject.notices)),
        "source": ";".join(subject.sources),
    }


def _listing(rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([named.label(name) for name in LISTED])
    for row in rows:
        cells = [row.get(name, "") for name in LISTED]
        cells = ["" if name == "map_scale" and cell == 0 else cell
                 for name, cell in zip(LISTED, cells, strict=True)]  # fmt: skip
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")
