"""What a frame says of itself: where it came from and what must not be forgotten about it.

Frames carry this in ``attrs`` under ``reading`` (how a file was read) and ``notice`` (a
sentence every product made from it repeats). Results collect it from what they were given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deqing_geo.columns import label, word

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from deqing_geo.standards import Definition

OSM_CREDIT = "© OpenStreetMap contributors, ODbL"


def notices(definition: Definition | None, **frames: gpd.GeoDataFrame) -> tuple[str, ...]:
    """The sentences a figure made from these frames must not travel without.

    Parameters
    ----------
    definition : Definition or None
        What it was counted by; None for a count that no document defines.
    **frames : GeoDataFrame
        By the layer's name.

    Returns
    -------
    tuple of str
        In Chinese, each once.

    Examples
    --------
    >>> from deqing_geo import sample, standards
    >>> notices(standards.load()["road.broad"], areas=sample.zone())
    ('示意数据,非实测,非法定界线,不代表任何实际村庄', '未核对原文')
    """
    said = [str(frame.attrs["notice"]) for frame in frames.values() if frame.attrs.get("notice")]
    if definition is not None and definition.unread:
        said.append(word("notice.unread"))
    for frame in frames.values():
        column = frame.attrs.get("reading", {}).get("proxy")
        if column:
            said.append(f"{label(column)}:{word('notice.proxy')}")
        for one in _parts(frame):
            own = one.get("own_classes", ())
            if own:
                said.append(f"{word('notice.own_classes')}:{'、'.join(own)}")
        together = frame.attrs.get("reading", {}).get("together")
        if together:
            said.append(str(together))
    return tuple(dict.fromkeys(said))


def mark(frame: pd.DataFrame, definition: Definition, said: tuple[str, ...]) -> None:
    """Write a result's definition and notices on a table, so that exports can repeat them.

    Parameters
    ----------
    frame : DataFrame
        A table of a result.
    definition : Definition
        What it was counted by.
    said : tuple of str
        The notices.

    Examples
    --------
    >>> import pandas as pd
    >>> from deqing_geo import standards
    >>> table = pd.DataFrame({"road_km": [1.0]})
    >>> mark(table, standards.load()["road.raw"], ("示意数据",))
    >>> marks(table)["notice"]
    '示意数据'
    """
    frame.attrs["definition"] = definition.line
    frame.attrs["notice"] = ";".join(said)


def marks(frame: pd.DataFrame) -> dict[str, str]:
    """What `mark` wrote on a table, and what its layer said of itself.

    Parameters
    ----------
    frame : DataFrame
        Any table.

    Returns
    -------
    dict of str to str
        ``definition`` and ``notice``, where there is something to say.
    """
    return {key: str(frame.attrs[key]) for key in ("definition", "notice") if frame.attrs.get(key)}


def origins(**frames: gpd.GeoDataFrame) -> tuple[str, ...]:
    """The files behind these frames, with the credit their licence asks for.

    Parameters
    ----------
    **frames : GeoDataFrame
        By the layer's name.

    Returns
    -------
    tuple of str
        Each once; empty for frames made in code.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> origins(areas=sample.zone())
    ('示意,2025-12-31',)
    """
    said = []
    for frame in frames.values():
        reading = frame.attrs.get("reading", {})
        if "source" in frame and "as_of" in frame:
            pairs = zip(frame["source"], frame["as_of"], strict=True)
            said += [f"{source},{as_of}" for source, as_of in pairs]
        elif reading:
            said += [_origin(one) for one in _parts(frame)]
    return tuple(dict.fromkeys(said))


def _origin(reading: Mapping[str, Any]) -> str:
    if reading.get("driver") == "OSM" or reading.get("credit"):
        return f"{reading.get('file', '')}({OSM_CREDIT})"
    return str(reading["file"])


def _parts(frame: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """The reading notes of every file a frame was read from."""
    reading = frame.attrs.get("reading", {})
    parts: tuple[Mapping[str, Any], ...] = reading.get("files", (reading,))
    return parts
