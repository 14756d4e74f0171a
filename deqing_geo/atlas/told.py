"""Results as subjects of maps: village types, roads, densities, coverage, sites.

Every figure is the result's own, or the sum of its rows that are shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.atlas.subjects import (
    Entry,
    Figures,
    Flags,
    Layer,
    Look,
    Section,
    Subject,
    grey_look,
    look_of,
    neighbours,
    shapes_of,
)
from deqing_geo.ellipsoid import M2_PER_KM2, ellipsoidal_area
from deqing_geo.looks.classes import Breaks, limits
from deqing_geo.looks.named import HA_PER_KM2, amount, labels, texts
from deqing_geo.looks.palette import in_use, style
from deqing_geo.roads.basis import PER
from deqing_geo.text import figure, percent
from deqing_geo.villages.kinds import CANDIDATE, FIVE, OUTSIDE, REFUSED, called
from deqing_geo.villages.published import settled

if TYPE_CHECKING:
    from deqing_geo.coverage import Coverage
    from deqing_geo.roads import RoadDensity
    from deqing_geo.siting import Siting
    from deqing_geo.villages import VillageTypes

UNSETTLED = "unsettled"
M2_PER_HA = 10_000
MOST_COLUMNS = 3


def of_types(types: VillageTypes, shown: Flags, *, audience: str) -> Subject:
    """Villages by their type; candidates as outlines, on internal maps only.

    Parameters
    ----------
    types : VillageTypes
        All of them.
    shown : array of bool
        Whose page it is.
    audience : {"internal", "public"}
        Who may see it.

    Returns
    -------
    Subject
        Fills are of ``type_final`` alone.
    """
    subject = Subject("types", types.table, shown, labels(types.table))
    kinds = types.shown.to_numpy(dtype=object)
    if audience == "public":
        kinds = np.where(settled(types), kinds, UNSETTLED)
    look = style()["village_type"]
    looks = {kind: _of_type(kind, look) for kind in (*FIVE, CANDIDATE, REFUSED, *OUTSIDE)}
    looks[UNSETTLED] = _of_type("undecided", look)
    subject.base.append(neighbours(subject))
    land = ellipsoidal_area(subject.shapes, types.table.crs) / M2_PER_KM2
    entries = []
    for kind, drawn in looks.items():
        here = shown & (kinds == kind)
        held = subject.over if kind in (CANDIDATE, REFUSED) else subject.layers
        held.append(Layer(subject.shapes[here], drawn))
        if here.any() or kind in FIVE:
            said = amount(land[here], HA_PER_KM2)
            entries.append(Entry(_called(kind), drawn, said))
    palette = in_use()
    own = palette is not None and palette.of_types
    mark = "" if own else f"({names.word('map.own_colours')})"
    subject.legend.append(Section(f"{names.label('village_type')}{mark}", tuple(entries)))
    subject.figures = _types_told(types, shown, kinds)
    subject.say(names.label("village_type"), types)
    subject.definition.insert(
        0, f"{names.label('village_type')}{names.word('map.definition')}:{types.line}"
    )
    if audience == "public":
        # Which facts are missing of whom is for those who fill them in.
        subject.notices.clear()
    if shown.all() and audience == "internal":
        subject.headline = types.headline.split(":")[0]
    return subject


def _of_type(kind: str, look: dict[str, Any]) -> Look:
    if kind in (CANDIDATE, REFUSED):
        return look_of(look[kind], fill=None, legend="#ffffff")
    given = {**look, "fill": look["fill"][kind], "weight": 0.6}
    return look_of(given, pattern=look["pattern"].get(kind))


def _called(kind: str) -> str:
    return names.word("village_paper.unsettled") if kind == UNSETTLED else called(kind)


def _types_told(types: VillageTypes, shown: Flags, kinds: Any) -> Figures:
    table = types.table
    title = names.label("village_type")
    towns = np.array(texts(table, "town_name"), dtype=object)
    here = pd.unique(towns[shown])
    if len(here) > 1:
        heads = [called(kind).removesuffix("类") for kind in FIVE]
        counts = [
            [int((shown & (towns == town) & (kinds == kind)).sum()) for kind in FIVE]
            for town in here
        ]
        all_of = [int((shown & (towns == town)).sum()) for town in here]
        rows = [
            (str(town), *map(str, row), str(whole - sum(row)), str(whole))
            for town, row, whole in zip(here, counts, all_of, strict=True)
        ]
        sums = [sum(int(row[at]) for row in rows) for at in range(1, len(FIVE) + 3)]
        return Figures(
            f"{title}({names.label('village_count')})",
            (names.label("town_name"), *heads, names.word("atlas.other"), _total()),
            tuple(rows),
            (_total(), *map(str, sums)),
        )
    rows_ = [
        (name, _called(str(kind)))
        for name, kind, one in zip(labels(table), kinds, shown, strict=True)
        if one
    ]
    return Figures(title, (names.label("village_name"), title), tuple(rows_))


def of_density(density: RoadDensity, shown: Flags, *, breaks: Breaks = None) -> Subject:
    """Areas by their road density.

    Parameters
    ----------
    density : RoadDensity
        All of it.
    shown : array of bool
        Whose page it is; classes are those of all areas.
    breaks
        As of `maps.add_density`.

    Returns
    -------
    Subject
        With lengths, land and densities.
    """
    table = density.table
    subject = Subject("density", table, shown, labels(table))
    values = density.series.to_numpy(dtype=float)
    land = table["area_km2"].to_numpy(dtype=float)
    edges, scheme = limits(values, land, breaks)
    area = style()["area"]
    ramp = style()["density"]["ramp"]
    subject.base.append(neighbours(subject))
    use = np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(edges) - 2)
    use = np.where(np.isnan(values), -1, use)
    entries = []
    for at, (low, high) in enumerate(itertools.pairwise(edges)):
        here = shown & (use == at)
        drawn = look_of({**area, "fill": ramp[at]})
        subject.layers.append(Layer(subject.shapes[here], drawn))
        label = f"{low:g} - {high:g}"
        if at == len(edges) - 2 and np.nanmax(values, initial=0.0) > edges[-1]:
            label = f"{low:g} {names.word('map.and_more')}"
        entries.append(Entry(label, drawn, amount(land[here], HA_PER_KM2)))
    here = shown & (use == -1)
    if here.any():
        drawn = look_of({**area, "fill": style()["density"]["no_data"]})
        subject.layers.append(Layer(subject.shapes[here], drawn))
        entries.append(Entry(names.word("map.no_data"), drawn, amount(land[here], HA_PER_KM2)))
    measure = density.definition.measure
    unit = standards.UNITS[density.unit]
    subject.legend.append(Section(f"{names.label(measure)}({unit};{scheme})", tuple(entries)))
    subject.figures = _densities(density, shown)
    subject.say(names.label(measure), density)
    subject.headline = _headline(names.label(measure), density, shown)
    return subject


def _densities(density: RoadDensity, shown: Flags) -> Figures:
    table = density.table[shown]
    measure, unit = density.definition.measure, standards.UNITS[density.unit]
    km, land = float(table["road_km"].sum()), float(table["area_km2"].sum())
    overall = km / land * PER[density.unit] if land > 0 else float("nan")
    return Figures(
        names.label(measure),
        (
            names.label("area"),
            names.label("road_km", unit=True),
            names.label("area_km2", unit=True),
            f"{names.label(measure)}({unit})",
        ),
        _rows(
            labels(table),
            [figure(one) for one in table["road_km"]],
            [figure(one) for one in table["area_km2"]],
            [figure(one, against=density.goals) for one in table[measure]],
        ),
        (_total(), figure(km), figure(land), figure(overall, against=density.goals)),
    )


def of_roads(density: RoadDensity, shown: Flags) -> Subject:
    """The roads behind a density, by class; what does not count in grey.

    Parameters
    ----------
    density : RoadDensity
        All of it.
    shown : array of bool
        Whose page it is.

    Returns
    -------
    Subject
        With kilometres of every class.
    """
    table, basis = density.table, density.basis
    subject = Subject("roads", table, shown, labels(table))
    subject.base.append(neighbours(subject))
    area = look_of({**style()["area"], "fill": "#ffffff"})
    subject.base.append(Layer(subject.shapes[shown], area))
    shapes = np.asarray(basis.roads.geometry.array, dtype=object)
    words, late = basis.standing.classes, ~basis.standing.open
    inside = np.zeros(len(shapes), dtype=bool)
    tree = shapely.STRtree(subject.shapes[shown])
    inside[np.unique(tree.query(shapes, predicate="intersects")[0])] = True
    looks, grey = style()["road"], grey_look()
    counts = set(density.definition.counts["roads"])
    km, waiting = density.by_class[shown].sum(), density.not_open[shown].sum()
    faint = Look(edge="#cfcfcf", width=0.4, swatch="line")
    subject.layers.append(Layer(shapes[~inside], faint))
    entries: list[Entry] = []
    rest_km, rest = 0.0, False
    order = list(names.vocabulary("road_class"))
    known = [word for word in order if (words == word).any()]
    for word in reversed(known):
        drawn = look_of(looks[word], fill=None, swatch="line")
        if word not in counts:
            drawn = Look(edge=grey.edge, width=drawn.width * 0.8, swatch="line")
        of_class = inside & (words == word)
        subject.layers.append(Layer(shapes[of_class & ~late], drawn))
        dashed = Look(edge=drawn.edge, width=drawn.width, dash=(1.4, 1.2), swatch="line")
        subject.layers.append(Layer(shapes[of_class & late], dashed))
        if not of_class.any():
            continue
        if word in counts:
            label = names.vocabulary("road_class")[word]
            said = f"{figure(float(km.get(word, 0)))} {names.word('map_page.km')}"
            entries.insert(0, Entry(label, drawn, said))
        else:
            rest, rest_km = True, rest_km + float(km.get(word, 0))
    if rest:
        said = f"{figure(rest_km)} {names.word('map_page.km')}"
        entries.append(Entry(names.word("map.other_classes"), grey, said))
    if (inside & late).any():
        dashed = Look(edge=grey.edge, width=0.9, dash=(1.4, 1.2), swatch="line")
        said = f"{figure(float(waiting.sum()))} {names.word('map_page.km')}"
        entries.append(Entry(names.word("atlas.not_open"), dashed, said))
    if (~inside).any():
        entries.append(Entry(names.word("map.roads_outside"), faint))
    if not entries:
        entries.append(Entry(names.word("map.nothing"), grey))
    subject.legend.append(Section(names.word("layer.roads"), tuple(entries)))
    subject.figures = _classes(density, shown, known, counts)
    subject.say(names.label(density.definition.measure), density)
    subject.headline = _headline(names.label(density.definition.measure), density, shown)
    return subject


def _classes(density: RoadDensity, shown: Flags, known: list[str], counts: set[str]) -> Figures:
    table = density.table[shown]
    by_class = density.by_class[shown]
    heads = labels(table)
    kinds = [word for word in known if float(by_class[word].sum()) > 0]
    mark = {True: "", False: f"({names.word('atlas.not_counted')})"}
    # More columns than that are no longer read; the sum says it.
    if len(table) > MOST_COLUMNS:
        heads = []
    rows = []
    for word in kinds:
        row = [figure(float(one)) for one in by_class[word]] if heads else []
        label = names.vocabulary("road_class")[word] + mark[word in counts]
        rows.append((label, *row, figure(float(by_class[word].sum()))))
    counted = [word for word in kinds if word in counts]
    part = by_class[counted].sum(axis=1)
    row = [figure(float(one)) for one in part] if heads else []
    return Figures(
        names.label("road_km", unit=True),
        (names.label("road_class"), *heads, _total()),
        tuple(rows),
        (names.label("counted_km"), *row, figure(float(part.sum()))),
    )


def of_coverage(coverage: Coverage, shown: Flags) -> Subject:
    """Parks, what they serve and what they leave out.

    Parameters
    ----------
    coverage : Coverage
        All of it.
    shown : array of bool
        Whose page it is.

    Returns
    -------
    Subject
        With the gaps (盲区) above all else.
    """
    table = coverage.table
    subject = Subject("coverage", table, shown, labels(table))
    subject.base.append(neighbours(subject))
    area = look_of({**style()["area"], "fill": "#ffffff"})
    subject.base.append(Layer(subject.shapes[shown], area))
    here = set(table.index[shown])
    entries: list[Entry] = []
    looks = style()

    def draw(key: str, shapes: Any, label: str, sizes: Any = None, **changed: Any) -> None:
        given = look_of(looks[key], **changed)
        shapes = np.asarray(shapes, dtype=object)
        dots = shapely.get_dimensions(shapes) == 0
        subject.layers.append(Layer(shapes, given))
        swatch = "round" if dots.any() else "area"
        nothing = "" if len(shapes) else f"({names.word('map.nothing')})"
        said = "" if sizes is None or not len(shapes) else amount(sizes)
        shown_as = Look(given.fill, given.edge, given.width, given.dash, given.opacity,
                        given.pattern, swatch, given.legend)  # fmt: skip
        entries.append(Entry(f"{label}{nothing}", shown_as, said))

    size = {"ha": "ha"}.get(coverage.unit)
    served = coverage.served[coverage.served["area"].isin(here)]
    gaps = coverage.gaps[coverage.gaps["area"].isin(here)]
    draw(
        "service_area", shapes_of(coverage.service_area), names.word("layer.service_area"),
        opacity=0.10, dash=(1.3, 1.0), width=0.4,
    )  # fmt: skip
    draw("served", shapes_of(served), names.word("layer.served"),
         served[f"served_{coverage.unit}"] if size else None, width=0.25)  # fmt: skip
    draw("gap", shapes_of(gaps), names.word("layer.gaps"),
         gaps[f"gap_{coverage.unit}"] if size else None, width=0.4)  # fmt: skip
    parks, named = coverage.parks, coverage.basis.called
    counted = parks["counted"].to_numpy(dtype=bool)
    area_of = parks[named.size].to_numpy(dtype=float) / M2_PER_HA
    near = np.zeros(len(parks), dtype=bool)
    shapes = np.asarray(parks.geometry.array, dtype=object)
    tree = shapely.STRtree(subject.shapes[shown])
    near[np.unique(tree.query(shapes, predicate="intersects")[0])] = True
    layer = names.word("layer.parks")
    draw("park", shapes[counted & near], layer, area_of[counted & near], opacity=0.9)
    subject.layers.append(Layer(shapes[counted & ~near], look_of(looks["park"], opacity=0.35)))
    if (~counted & near).any():
        draw("park", shapes[~counted & near], f"{layer}({names.word('atlas.not_counted')})",
             area_of[~counted & near], fill=None, dash=(0.8, 0.7))  # fmt: skip
    title = names.label(coverage.measure)
    subject.legend.append(Section(title, tuple(entries)))
    subject.figures = _covered(coverage, shown)
    subject.say(title, coverage)
    if shown.all():
        subject.headline = f"{title} {coverage.headline}"
    return subject


def _covered(coverage: Coverage | Siting, shown: Flags, unit: str = "ha") -> Figures:
    table = coverage.table[shown]
    unit = getattr(coverage, "unit", unit)
    measure = getattr(coverage, "measure", "park_coverage")
    columns = [f"{one}_{unit}" for one in ("demand", "served", "gap")]
    sums = [float(table[column].sum()) for column in columns]
    share = sums[1] / sums[0] if sums[0] > 0 else float("nan")
    return Figures(
        names.label(measure),
        (
            names.label("area"),
            *(names.label(column, unit=True) for column in columns),
            names.label(measure),
        ),
        _rows(
            labels(table),
            *([figure(one) for one in table[column]] for column in columns),
            [percent(one, against=coverage.goals) for one in table[measure]],
        ),
        (_total(), *map(figure, sums), percent(share, against=coverage.goals)),
    )


def of_sites(siting: Siting, shown: Flags, *, beside: Coverage | None = None) -> Subject:
    """Proposed sites, numbered, with the homes each newly serves.

    Parameters
    ----------
    siting : Siting
        All of it.
    shown : array of bool
        Whose page it is.
    beside : Coverage, optional
        What is there today, drawn under it.

    Returns
    -------
    Subject
        A proposal, and it says so.
    """
    table = siting.table
    subject = Subject("sites", table, shown, labels(table))
    subject.base.append(neighbours(subject))
    looks = style()
    area = look_of({**looks["area"], "fill": "#ffffff"})
    subject.base.append(Layer(subject.shapes[shown], area))
    here = set(table.index[shown])
    entries = []
    if beside is not None:
        park, served = look_of(looks["park"]), look_of(looks["served"], width=0.25)
        subject.layers.append(Layer(shapes_of(beside.served), served))
        subject.layers.append(Layer(shapes_of(beside.parks[beside.parks["counted"]]), park))
        entries += [
            Entry(names.word("layer.parks"), park),
            Entry(names.word("layer.served"), served),
        ]
    served = siting.served[siting.served["area"].isin(here)]
    gaps = siting.gaps[siting.gaps["area"].isin(here)]
    sites = siting.sites[siting.sites["area"].isin(here)]
    newly, gap = look_of(looks["newly_served"]), look_of(looks["gap"], width=0.4)
    subject.layers += [Layer(shapes_of(gaps), gap), Layer(shapes_of(served), newly)]
    entries += [
        Entry(names.word("layer.newly_served"), newly, amount(served["gain_ha"])),
        Entry(names.word("layer.gaps"), gap, amount(gaps["gap_ha"])),
    ]
    mark = looks["site"]["mark"]
    dot = Look(mark["fill"], mark["color"], 0.6, swatch="round")
    drawn = look_of(looks["site"])
    subject.over.append(Layer(shapes_of(sites), drawn))
    middles = shapely.get_coordinates(
        shapely.point_on_surface(np.asarray(sites.geometry.array, dtype=object))
    )
    subject.marks = [
        (float(x), float(y), str(rank)) for (x, y), rank in zip(middles, sites.index, strict=True)
    ]
    nothing = "" if len(sites) else f"({names.word('map.nothing')})"
    entries.insert(0, Entry(f"{names.word('layer.sites')}{nothing}", dot, f"{len(sites)} 处"))
    subject.legend.append(Section(names.word("layer.sites"), tuple(entries)))
    goals = siting.goals
    subject.figures = Figures(
        names.word("layer.sites"),
        (names.label("rank"), names.word("atlas.place"), names.label("gain_ha", unit=True),
         names.label("coverage_after")),
        _rows(
            [str(rank) for rank in sites.index],
            [_place(row) for row in sites.to_dict("records")],
            [figure(one) for one in sites["gain_ha"]],
            [percent(one, against=goals) for one in sites["coverage_after"]],
        ),
    )  # fmt: skip
    subject.say(names.word("layer.sites"), siting)
    subject.definition.append(f"{names.word('siting.proof')}:{siting.proof}")
    day = None if beside is None else beside.as_of
    subject.as_of = "" if day is None else day.isoformat()
    if shown.all():
        subject.headline = siting.headline
    return subject


def _place(row: Mapping[str, Any]) -> str:
    columns = ("town_name", "village_name", "zone_name", "road_name")
    where = [str(row[name]) for name in columns if isinstance(row.get(name), str)]
    return " ".join(where or [str(row["candidate"])])


def _headline(label: str, density: RoadDensity, shown: Flags) -> str:
    return f"{label} {density.headline}" if shown.all() else ""


def _total() -> str:
    return names.word("map.overall")


def _rows(*columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Columns of text as rows."""
    return tuple(zip(*columns, strict=True))
