"""A layer's symbols as QGIS keeps them, to stand in a GeoPackage beside the layer.

Colours and words are those of `symbols`; nothing is read from a QGIS and none is needed. A
GeoPackage holds styles in the table ``layer_styles``, where QGIS looks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from deqing_geo import columns as names

if TYPE_CHECKING:
    from deqing_geo.export.symbols import Look, Symbol

# A pixel of a screen of 96 to the inch.
MM_PER_PIXEL = 25.4 / 96
# Files say which QGIS wrote them; from this one on the syntax below is read.
VERSION = "3.22.0-Białowieża"
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
POINT, LINE, AREA = 0, 1, 2
KINDS = {POINT: "marker", LINE: "line", AREA: "fill"}


def qml(look: Look, dimension: int, columns: Sequence[str], column: str = "legend") -> str:
    """A style of QGIS: one category for every entry of the legend, and the fields' labels.

    Parameters
    ----------
    look : Look
        The symbols.
    dimension : int
        0 for points, 1 for lines, 2 for areas.
    columns : sequence of str
        Fields of the layer in the file, for their Chinese labels.
    column : str
        The field that holds the entry of each row.

    Returns
    -------
    str
        XML.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> from deqing_geo.export.symbols import look_of
    >>> "主干路" in qml(look_of("roads", sample.roads()), 1, ["road_name"])
    True
    """
    root = ET.Element(
        "qgis",
        {
            "version": VERSION,
            "styleCategories": "Symbology|Fields",
            "hasScaleBasedVisibilityFlag": "0",
        },
    )
    one = len(look.symbols) == 1
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        {
            "type": "singleSymbol" if one else "categorizedSymbol",
            "symbollevels": "0",
            "enableorderby": "0",
            "forceraster": "0",
            **({} if one else {"attr": column}),
        },
    )
    if not one:
        categories = ET.SubElement(renderer, "categories")
        for at, symbol in enumerate(look.symbols):
            ET.SubElement(
                categories,
                "category",
                {
                    "symbol": str(at),
                    "value": symbol.label,
                    "label": symbol.label,
                    "render": "true",
                    "type": "string",
                },
            )
    symbols = ET.SubElement(renderer, "symbols")
    for at, symbol in enumerate(look.symbols):
        _write(symbols, str(at), symbol, dimension)
    ET.SubElement(root, "blendMode").text = "0"
    ET.SubElement(root, "layerOpacity").text = "1"
    ET.SubElement(root, "layerGeometryType").text = str(dimension)
    aliases = ET.SubElement(root, "aliases")
    for at, field in enumerate(columns):
        told = names.label(field, unit=True) if field in names.registry() else ""
        ET.SubElement(aliases, "alias", {"index": str(at), "field": field, "name": told})
    ET.indent(root, " ")
    return DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def rgba(colour: str, opacity: float = 1.0) -> str:
    """A colour as QGIS writes it.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.
    opacity : float
        0 to 1.

    Returns
    -------
    str
        Four numbers to 255.

    Examples
    --------
    >>> rgba("#f4b127", 0.85)
    '244,177,39,217'
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _write(symbols: ET.Element, name: str, symbol: Symbol, dimension: int) -> None:
    element = ET.SubElement(
        symbols,
        "symbol",
        {
            "type": KINDS[dimension],
            "name": name,
            "alpha": "1",
            "clip_to_extent": "1",
            "force_rhr": "0",
        },
    )
    if dimension == LINE:
        _layer(element, "SimpleLine", _line(symbol))
    elif dimension == POINT:
        _layer(
            element,
            "SimpleMarker",
            {
                "name": "circle",
                "color": rgba(symbol.colour, symbol.opacity),
                "outline_color": rgba(symbol.line),
                "outline_style": "solid",
                "outline_width": _mm(symbol.width),
                "outline_width_unit": "MM",
                "size": "2.6",
                "size_unit": "MM",
            },
        )
    else:
        _area(element, symbol)


def _area(element: ET.Element, symbol: Symbol) -> None:
    if not symbol.fill:
        _layer(element, "SimpleLine", _line(symbol))
        return
    _layer(
        element,
        "SimpleFill",
        {
            "style": "solid",
            "color": rgba(symbol.fill, symbol.opacity),
            "outline_style": "dash" if symbol.dash else "solid",
            "outline_color": rgba(symbol.line),
            "outline_width": _mm(symbol.width),
            "outline_width_unit": "MM",
            "joinstyle": "bevel",
        },
    )
    # Lines and dots over the fill, for eyes and printers that do not tell the colours.
    if symbol.pattern == "hatch":
        layer = _layer(
            element,
            "LinePatternFill",
            {"angle": "45", "distance": "1.8", "distance_unit": "MM", "line_width": "0.2"},
        )
        inner = _inner(layer, "line")
        _layer(
            inner,
            "SimpleLine",
            {"line_color": rgba(symbol.line), "line_width": "0.2", "line_width_unit": "MM"},
        )
    elif symbol.pattern == "dots":
        layer = _layer(
            element,
            "PointPatternFill",
            {
                "distance_x": "2",
                "distance_y": "2",
                "distance_x_unit": "MM",
                "distance_y_unit": "MM",
            },
        )
        inner = _inner(layer, "marker")
        _layer(
            inner,
            "SimpleMarker",
            {
                "name": "circle",
                "color": rgba(symbol.line),
                "outline_style": "no",
                "size": "0.4",
                "size_unit": "MM",
            },
        )


def _inner(layer: ET.Element, kind: str) -> ET.Element:
    return ET.SubElement(
        layer,
        "symbol",
        {"type": kind, "name": "@0@1", "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"},
    )


def _line(symbol: Symbol) -> dict[str, str]:
    dashed = bool(symbol.dash)
    return {
        "line_color": rgba(symbol.line),
        "line_style": "solid",
        "line_width": _mm(symbol.width),
        "line_width_unit": "MM",
        "joinstyle": "bevel",
        "capstyle": "flat" if dashed else "round",
        "use_custom_dash": "1" if dashed else "0",
        **({"customdash": ";".join(map(_mm, symbol.dash))} if dashed else {}),
        **({"customdash_unit": "MM"} if dashed else {}),
    }


def _layer(symbol: ET.Element, kind: str, options: Mapping[str, str]) -> ET.Element:
    layer = ET.SubElement(
        symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"}
    )
    held = ET.SubElement(layer, "Option", {"type": "Map"})
    for key, value in options.items():
        ET.SubElement(held, "Option", {"type": "QString", "name": key, "value": value})
    # Versions before 3.26 read these.
    for key, value in options.items():
        ET.SubElement(layer, "prop", {"k": key, "v": value})
    return layer


def _mm(pixels: float) -> str:
    return f"{pixels * MM_PER_PIXEL:.2f}"
