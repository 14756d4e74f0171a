"""Layers as a drawing for CAD: outlines and names, one CAD layer for every entry of a legend.

The plainest form of DXF (release 12), which AutoCAD, CASS and their kin all read, in the code page
Chinese drawings have. Shapes only: what is known of them stays in the other files, and a drawing
taken back from CAD is nobody's survey.
"""

from __future__ import annotations

import colorsys
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from deqing_geo.looks.named import NAME_COLUMNS

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.export.symbols import Look

ENCODING, CODE_PAGE = "gbk", "ANSI_936"
# Release 12 allows no longer names, in bytes.
MOST_NAME = 31
MOST_TEXT = 255
# Text as tall as reads at 1:5 000, in metres on the ground.
TEXT_M = 15.0
NAMES = (*NAME_COLUMNS, "park_name", "facility_name", "rank")
_NO_NAME = re.compile(r'[\\/<>":;?*|=,`\s]+')
_WHITE = 255
# Values of the ten shades of each of the 24 hues of AutoCAD's colour index, in pairs.
_SHADES = (255, 165, 127, 76, 38)
_GREYS = (51, 91, 132, 173, 214, 255)


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What goes into one drawing.

    Attributes
    ----------
    title : str
        Of the layer.
    frame : GeoDataFrame
        In metres.
    look : Look or None
        Its legend; None for one CAD layer in white.
    """

    title: str
    frame: gpd.GeoDataFrame
    look: Look | None


def dxf(drawings: Sequence[Drawing]) -> bytes:
    r"""A drawing.

    Parameters
    ----------
    drawings : sequence of Drawing
        In one metric system.

    Returns
    -------
    bytes
        DXF of release 12 in GBK. A letter GBK does not have is written in AutoCAD's own way,
        ``\U+`` and its number.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> from deqing_geo.export.symbols import look_of
    >>> roads = sample.roads()
    >>> text = dxf([Drawing("道路", roads, look_of("roads", roads))]).decode("gbk")
    >>> "道路_主干路" in text
    True
    """
    layers: dict[str, int] = {}
    entities: list[str] = []
    for drawing in drawings:
        _draw(drawing, layers, entities)
    head = _tags(
        (0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009"), (9, "$DWGCODEPAGE"),
        (3, CODE_PAGE), *_extent(drawings), (0, "ENDSEC"),
        (0, "SECTION"), (2, "TABLES"),
        (0, "TABLE"), (2, "LTYPE"), (70, 1), (0, "LTYPE"), (2, "CONTINUOUS"), (70, 64),
        (3, "Solid line"), (72, 65), (73, 0), (40, "0.0"), (0, "ENDTAB"),
        (0, "TABLE"), (2, "LAYER"), (70, len(layers)),
    )  # fmt: skip
    for name, colour in layers.items():
        head += _tags((0, "LAYER"), (2, name), (70, 0), (62, colour), (6, "CONTINUOUS"))
    # The fonts Chinese AutoCAD has of its own.
    head += _tags(
        (0, "ENDTAB"), (0, "TABLE"), (2, "STYLE"), (70, 1), (0, "STYLE"), (2, "HZ"), (70, 0),
        (40, "0.0"), (41, "1.0"), (50, "0.0"), (71, 0), (42, "2.5"), (3, "txt"),
        (4, "gbcbig.shx"), (0, "ENDTAB"), (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES"),
    )  # fmt: skip
    text = head + "".join(entities) + _tags((0, "ENDSEC"), (0, "EOF"))
    return text.encode(ENCODING, errors="strict")


def _draw(drawing: Drawing, layers: dict[str, int], entities: list[str]) -> None:
    frame, look = drawing.frame, drawing.look
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    if look is None:
        names, colours, use = [drawing.title], [7], np.zeros(len(frame), dtype=int)
    else:
        labels = [one.label for one in look.symbols]
        names = (
            [drawing.title]
            if len(labels) == 1
            else [f"{drawing.title}_{label}" for label in labels]
        )
        colours = [colour_index(one.colour) for one in look.symbols]
        use = look.use
    called: list[str] = []
    for at, name in enumerate(names):
        made = layer_name(name, layers)
        called.append(made)
        if (use == at).any():
            layers[made] = colours[at]
    pieces, owner = shapely.get_parts(shapes, return_index=True)
    kinds = shapely.get_type_id(pieces)
    layer_of = [called[at] for at in use[owner].tolist()]
    for piece, kind, layer in zip(pieces, kinds.tolist(), layer_of, strict=True):
        if kind == shapely.GeometryType.POINT and not piece.is_empty:
            entities.append(_tags((0, "POINT"), (8, layer), *_place(piece.x, piece.y)))
        elif kind == shapely.GeometryType.POLYGON:
            entities += [_polyline(ring, layer, closed=True) for ring in shapely.get_rings(piece)]
        elif kind in (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING):
            entities.append(_polyline(piece, layer, closed=False))
    _label(drawing, shapes, layers, entities)


def _label(drawing: Drawing, shapes: Any, layers: dict[str, int], entities: list[str]) -> None:
    frame = drawing.frame
    column = next((one for one in NAMES if one in (*frame.columns, frame.index.name)), None)
    if column is None or not (shapely.get_dimensions(shapes) != 1).all():
        return
    texts = frame.index if column == frame.index.name else frame[column]
    layer = layer_name(f"{drawing.title}_注记", layers)
    spots = shapely.point_on_surface(shapes)
    for spot, text in zip(spots, texts, strict=True):
        if spot is None or spot.is_empty or text is None or text != text:
            continue
        layers[layer] = 7
        entities.append(
            _tags(
                (0, "TEXT"), (8, layer), *_place(spot.x, spot.y), (40, f"{TEXT_M:g}"),
                (1, cad_text(str(text))), (7, "HZ"),
            )
        )  # fmt: skip


def _polyline(line: Any, layer: str, *, closed: bool) -> str:
    xy = shapely.get_coordinates(line)
    if closed:
        xy = xy[:-1]
    out = _tags((0, "POLYLINE"), (8, layer), (66, 1), *_place(0.0, 0.0), (70, int(closed)))
    out += "".join(
        f"  0\r\nVERTEX\r\n  8\r\n{layer}\r\n 10\r\n{x:.3f}\r\n 20\r\n{y:.3f}\r\n 30\r\n0.0\r\n"
        for x, y in xy.tolist()
    )
    return out + _tags((0, "SEQEND"), (8, layer))


def _extent(drawings: Sequence[Drawing]) -> list[tuple[int, Any]]:
    shapes = [one.frame.geometry.to_numpy() for one in drawings]
    every = np.concatenate([np.empty(0, dtype=object), *shapes])
    if not (~shapely.is_missing(every) & ~shapely.is_empty(every)).any():
        return []
    box = shapely.total_bounds(every)
    if not np.isfinite(box).all():
        return []
    return [
        (9, "$EXTMIN"), (10, f"{box[0]:.3f}"), (20, f"{box[1]:.3f}"), (30, "0.0"),
        (9, "$EXTMAX"), (10, f"{box[2]:.3f}"), (20, f"{box[3]:.3f}"), (30, "0.0"),
    ]  # fmt: skip


def _place(x: float, y: float) -> list[tuple[int, Any]]:
    return [(10, f"{x:.3f}"), (20, f"{y:.3f}"), (30, "0.0")]


def _tags(*pairs: tuple[int, Any]) -> str:
    return "".join(f"{code:>3}\r\n{value}\r\n" for code, value in pairs)


def cad_text(text: str, most: int = MOST_TEXT) -> str:
    r"""One line of text as a drawing holds it, which no program runs or breaks.

    Parameters
    ----------
    text : str
        Any.
    most : int
        Bytes in GBK.

    Returns
    -------
    str
        ``%%``, which CAD takes for a command, is parted; ends of lines become blanks.

    Examples
    --------
    >>> cad_text("甲村\n%%u䶮")
    '甲村 % %u\\U+4DAE'
    """
    one_line = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    while "%%" in one_line:
        one_line = one_line.replace("%%", "% %")
    # What looks like such a number already is a text.
    one_line = one_line.replace("\\U+", "\\ U+").replace("\\M+", "\\ M+")
    out, size = [], 0
    for letter in one_line:
        piece = _in_gbk(letter)
        size += len(piece.encode(ENCODING))
        if size > most:
            break
        out.append(piece)
    return "".join(out)


def _in_gbk(letter: str) -> str:
    try:
        letter.encode(ENCODING)
    except UnicodeEncodeError:
        pairs = letter.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\U+{pairs[at : at + 2].hex().upper()}" for at in range(0, len(pairs), 2))
    return letter


def layer_name(name: str, taken: dict[str, int]) -> str:
    """A CAD layer's name.

    Parameters
    ----------
    name : str
        Any.
    taken : dict
        Names there are; the same name again is the same layer.

    Returns
    -------
    str
        At most 31 bytes of GBK, none of the letters CAD refuses.

    Examples
    --------
    >>> layer_name("道路(按等级)_公路(国省道)", {})
    '道路(按等级)_公路(国省道)'
    """
    plain = _NO_NAME.sub("_", re.sub(r"[\x00-\x1f\x7f]", "", name).replace(" - ", "-")) or "0"
    out, size = "", 0
    for letter in plain:
        try:
            size += len(letter.encode(ENCODING))
        except UnicodeEncodeError:
            letter, size = "_", size + 1
        if size > MOST_NAME:
            break
        out += letter
    return out


def colour_index(colour: str) -> int:
    """The nearest of AutoCAD's 255 colours.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    int
        1 to 255; white is 7, which is black on white paper.

    Examples
    --------
    >>> colour_index("#ff0000"), colour_index("#ffffff")
    (10, 7)
    """
    sought = np.array(list(bytes.fromhex(colour.removeprefix("#"))), dtype=float)
    if (sought == _WHITE).all():
        return 7
    return 10 + int(np.abs(_palette() - sought).sum(axis=1).argmin())


@functools.cache
def _palette() -> Any:
    """Colours 10 to 255 of the index."""
    rows = []
    for hue in range(24):
        for value in _SHADES:
            full = colorsys.hsv_to_rgb(hue / 24, 1.0, 1.0)
            pale = tuple((1 + part) / 2 for part in full)
            rows += [[int(value * part) for part in one] for one in (full, pale)]
    rows += [[grey] * 3 for grey in _GREYS]
    return np.array(rows, dtype=float)
