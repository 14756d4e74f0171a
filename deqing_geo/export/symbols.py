"""How a layer looks in the programs that open it: one symbol for each entry of its legend.

The colours are those of the maps. What an entry means stands in a column of the layer in Chinese,
so that QGIS, ArcGIS and CAD colour by one field; no entry is invented that no row has.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo import columns as names
from deqing_geo.looks.classes import limits
from deqing_geo.looks.palette import style
from deqing_geo.villages.kinds import CANDIDATE, REFUSED, SHOWN, called

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

# What the public reads of a village whose type is not settled; no word of a frame.
UNSETTLED = "unsettled"
OUTLINED = (CANDIDATE, REFUSED)
DENSITIES = ("road_density", "highway_density")
# As maps draw them where the palette does not say.
WIDTH, OPACITY = 1.0, 0.75
# Layers with one symbol, by the keys they are written under.
SINGLE = {
    "served": "served",
    "gaps": "gap",
    "parks": "park",
    "service_area": "service_area",
    "sites": "site",
    "newly_served": "newly_served",
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """One entry of a legend.

    Attributes
    ----------
    label : str
        In Chinese; rows of the layer hold it in ``legend``.
    fill : str
        ``#rrggbb``; nothing for an outline or a line.
    line : str
        ``#rrggbb``.
    width : float
        Of the line, in pixels of a screen.
    dash : tuple of float
        Strokes and gaps in pixels; empty for a solid line.
    opacity : float
        Of the fill, 0 to 1.
    pattern : str
        ``hatch``, ``dots`` or nothing.
    """

    label: str
    fill: str
    line: str
    width: float = WIDTH
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    pattern: str = ""

    @property
    def colour(self) -> str:
        """The colour it is known by: its fill, else its line."""
        return self.fill or self.line


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The symbols of a layer, and which row has which.

    Attributes
    ----------
    symbols : tuple of Symbol
        In the order of the legend.
    use : array of int, shape (N,)
        The symbol of each row.
    """

    symbols: tuple[Symbol, ...]
    use: NDArray[np.intp]

    @property
    def legend(self) -> list[str]:
        """The entry of each row."""
        return [self.symbols[at].label for at in self.use.tolist()]

    @property
    def colours(self) -> list[str]:
        """The colour of each row."""
        return [self.symbols[at].colour for at in self.use.tolist()]


def look_of(key: str, frame: gpd.GeoDataFrame) -> Look | None:
    """How a layer looks, by its key and its columns.

    Parameters
    ----------
    key : str
        What it is written under: ``gaps``, ``sites``, ``town``.
    frame : GeoDataFrame
        The layer.

    Returns
    -------
    Look or None
        None where the palette knows no such layer.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> look_of("roads", sample.roads()).symbols[0].label
    '主干路'
    """
    looks = style()
    if "village_type" in frame or "type_final" in frame:
        return _types(frame, looks["village_type"])
    if key in SINGLE:
        return _single(key, looks[SINGLE[key]], len(frame))
    for measure in DENSITIES:
        if measure in frame:
            return _density(frame, measure, looks)
    if "road_class" in frame:
        return _roads(frame, looks["road"])
    if "park_class" in frame:
        return _single("parks", looks["park"], len(frame))
    if key in looks["layer"]:
        return _single(key, looks["layer"][key], len(frame))
    if "park_coverage" in frame or "service_coverage" in frame:
        return _single("areas", {**looks["area"], "fill": ""}, len(frame))
    return None


def _symbol(label: str, look: Mapping[str, Any], **changes: Any) -> Symbol:
    mixed = {**look, **changes}
    fill = str(mixed.get("fill", ""))
    dash = tuple(float(part) for part in str(mixed.get("dash", "")).split())
    return Symbol(
        label=label,
        fill=fill,
        line=str(mixed["color"]),
        width=float(mixed.get("weight", WIDTH)),
        dash=dash,
        opacity=float(mixed.get("opacity", OPACITY)) if fill else 1.0,
        pattern=str(mixed.get("pattern", "")),
    )


def _single(key: str, look: Mapping[str, Any], count: int) -> Look:
    return Look((_symbol(names.word(f"layer.{key}"), look),), np.zeros(count, dtype=np.intp))


def shown_types(frame: gpd.GeoDataFrame) -> list[str]:
    """What a legend says of each village: its type, or why it has none.

    Parameters
    ----------
    frame : GeoDataFrame
        With ``village_type`` or ``type_final``, in the library's words or in Chinese, and
        ``status`` where it is known.

    Returns
    -------
    list of str
        Words of `deqing_geo.villages.kinds.SHOWN`, or ``unsettled``.
    """
    column = "village_type" if "village_type" in frame else "type_final"
    kinds = _in_words(frame[column], names.vocabulary("village_type"))
    status = (
        _in_words(frame["status"], names.vocabulary("status"))
        if "status" in frame
        else [""] * len(frame)
    )
    return [
        kind if kind in SHOWN else said if said in OUTLINED else UNSETTLED
        for kind, said in zip(kinds, status, strict=True)
    ]


def _in_words(values: Iterable[Any], vocabulary: Mapping[str, str]) -> list[str]:
    """Words of ours, whether a file holds them or their labels."""
    words = {label: word for word, label in vocabulary.items()}
    return [
        "" if value is None or value != value else words.get(str(value), str(value))
        for value in values
    ]


def label_of(kind: str) -> str:
    """A type, or why there is none, as a legend has it.

    Parameters
    ----------
    kind : str
        Of `shown_types`.

    Returns
    -------
    str
        In Chinese.

    Examples
    --------
    >>> label_of("unsettled")
    '尚未拟定'
    """
    return names.word("village_paper.unsettled") if kind == UNSETTLED else called(kind)


def _types(frame: gpd.GeoDataFrame, look: Mapping[str, Any]) -> Look:
    kinds = shown_types(frame)
    # The plan's five always stand in the legend; what is beside them, where there is any.
    order = [kind for at, kind in enumerate((*SHOWN, UNSETTLED)) if at < 5 or kind in kinds]
    symbols = []
    for kind in order:
        if kind in OUTLINED:
            symbols.append(_symbol(label_of(kind), look[kind]))
            continue
        fill = look["fill"]["missing" if kind == UNSETTLED else kind]
        patterned = look["pattern"].get(kind, "")
        symbols.append(
            Symbol(
                label_of(kind), fill, look["color"], look["weight"], (), look["opacity"], patterned
            )
        )
    place = {kind: at for at, kind in enumerate(order)}
    return Look(tuple(symbols), np.array([place[kind] for kind in kinds], dtype=np.intp))


def _roads(frame: gpd.GeoDataFrame, look: Mapping[str, Any]) -> Look:
    labels = names.vocabulary("road_class")
    classes = _in_words(frame["road_class"], labels)
    classes = [one if one in look else names.UNKNOWN for one in classes]
    open_ = names.vocabulary("road_status")
    stood = (
        _in_words(frame["road_status"], open_) if "road_status" in frame else ["built"] * len(frame)
    )
    told = [
        (one, said if said in open_ and said != "built" else "")
        for one, said in zip(classes, stood, strict=True)
    ]
    order = [(one, said) for said in ("", *open_) for one in look if (one, said) in set(told)]
    # Not yet open: dashed in the colour of the class to be, as on maps.
    symbols = tuple(
        _symbol(
            f"{labels[one]}({open_[said]})" if said else labels[one],
            look[one],
            **({"dash": "6 5"} if said else {}),
        )
        for one, said in order
    )
    place = {pair: at for at, pair in enumerate(order)}
    return Look(symbols, np.array([place[pair] for pair in told], dtype=np.intp))


def _density(frame: gpd.GeoDataFrame, measure: str, looks: Mapping[str, Any]) -> Look:
    values = frame[measure].to_numpy(dtype=float)
    land = frame["area_km2"].to_numpy(dtype=float) if "area_km2" in frame else None
    edges, _ = limits(values, land, None)
    ramp, area = looks["density"]["ramp"], looks["area"]
    pairs = list(itertools.pairwise(edges))
    labels = [f"{low:g} - {high:g}" for low, high in pairs]
    if np.nanmax(values, initial=0.0) > edges[-1]:
        labels[-1] = f"{edges[-2]:g} {names.word('map.and_more')}"
    symbols = [
        _symbol(label, area, fill=fill, opacity=0.85)
        for label, fill in zip(labels, ramp, strict=False)
    ]
    unknown = np.isnan(values)
    use = np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(pairs) - 1)
    if unknown.any():
        symbols.append(_symbol(names.word("map.no_data"), area, fill=looks["density"]["no_data"]))
        use = np.where(unknown, len(pairs), use)
    return Look(tuple(symbols), use.astype(np.intp))
