"""Results taken apart into layers and tables, each with its key, its title and what it rests on.

Nothing is measured or judged again: a part is a frame of the result as it is, without the columns
that stand on no product, with texts no program stumbles over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import InputError
from deqing_geo.looks.named import NAME_COLUMNS
from deqing_geo.provenance import marks, origins

if TYPE_CHECKING:
    from deqing_geo.standards import Definition, Rule

# What no file of any kind should hold: control characters but the tab and the ends of lines, and
# halves of letters that cannot be written.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_HALF = re.compile(r"[\ud800-\udfff]")
# Names of layers become names of files and of tables: letters of any script, digits, underscores.
_NO_NAME = re.compile(r"\W+")
MOST_NAME = 60
OFFICE = "office"
CARD = (
    "id", "clause", "indicator_zh", "asked", "shown", "completion", "verdict", "warning",
    "value_how", "definition", "notice", "source", "departments", "lead_unit", "joint_units",
    "computable", "quote", "plan_note",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One layer or table of a result.

    Attributes
    ----------
    key : str
        The layer's name in files.
    title : str
        What readers call it.
    frame : DataFrame or GeoDataFrame
        Its rows.
    sheet : bool
        Whether it is a sheet of the workbook: what is only shapes is none.
    kind : str
        Where it comes from: ``types``, ``density``, ``coverage``, ``frame``, or ``office`` for
        what never leaves the house.
    sources : tuple of Definition and Rule
        The documents behind it.
    origins : tuple of str
        The files behind it.
    """

    key: str
    title: str
    frame: pd.DataFrame
    sheet: bool = True
    kind: str = "frame"
    sources: tuple[Definition | Rule, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def has_shapes(self) -> bool:
        """Whether it is a layer and not a table only."""
        return isinstance(self.frame, gpd.GeoDataFrame)


def parts_of(results: Any) -> list[Part]:
    """The layers and tables of results, in their order, under keys of their own.

    Parameters
    ----------
    results : result, frame, sequence or mapping of them
        As `save_results` takes them.

    Returns
    -------
    list of Part
        Each with another key.

    Raises
    ------
    InputError
        If there is nothing, or something is neither a result nor a frame.

    Examples
    --------
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> [(part.key, part.title) for part in parts_of(density)]  # doctest: +NORMALIZE_WHITESPACE
    [('road_density', '路网密度'), ('road_km_by_class', '分等级道路长度'),
     ('roads', '道路(按等级)')]
    """
    found: list[Part] = []
    strange: list[str] = []
    for name, result in _listed(results):
        parts = list(_taken_apart(result, name))
        if not parts:
            strange.append(f"{name or 'result'}: {type(result).__name__}")
        found += parts
    if strange:
        raise InputError(
            f"Neither a result nor a table: {', '.join(strange)}. Give what the library measured, "
            "or frames by name: {'towns': towns}."
        )
    if not found:
        raise InputError("There is nothing to write: no result was given.")
    return _renamed(found)


def _listed(results: Any) -> list[tuple[str, Any]]:
    if isinstance(results, Mapping):
        return [(str(name), result) for name, result in results.items()]
    if isinstance(results, Sequence) and not isinstance(results, str | bytes):
        return [("", result) for result in results]
    return [("", results)]


def _taken_apart(result: Any, name: str) -> Iterator[Part]:
    """Parts by what a result is; its class tells, and a stranger with a table is one."""
    kind = type(result).__name__
    own = {
        "VillageTypes": _of_types,
        "RoadDensity": _of_density,
        "Coverage": _of_coverage,
        "Siting": _of_siting,
        "Reach": _of_reach,
        "Tally": _of_tally,
        "Scorecard": _of_card,
    }.get(kind)
    prefix = f"{named(name)}_" if name else ""
    if own is not None:
        for part in own(result):
            yield _part(
                f"{prefix}{part.key}",
                f"{name} {part.title}".strip(),
                part.frame,
                sheet=part.sheet,
                kind=part.kind,
                sources=tuple(getattr(result, "sources", ())),
                origins=tuple(getattr(result, "origins", ())),
            )
    elif isinstance(result, pd.DataFrame):
        key = name or "layer"
        title = names.phrases("layer").get(key, names.phrases("export_part").get(key, key))
        said = origins(layer=result) if isinstance(result, gpd.GeoDataFrame) else ()
        yield _part(named(key), title, result, kind="frame", origins=said)
    elif isinstance(getattr(result, "table", None), pd.DataFrame):
        key = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
        title = names.phrases("export_part").get(key, name or kind)
        table = _with_marks(result.table, result)
        yield _part(
            named(name or key),
            title,
            table,
            kind=OFFICE,
            sources=tuple(getattr(result, "sources", ())),
            origins=tuple(getattr(result, "origins", ())),
        )


def _of_types(types: Any) -> Iterator[Part]:
    table = _with_marks(types.table, types)
    if not table.attrs.get("definition"):
        table.attrs["definition"] = types.line
    if isinstance(table.index, pd.RangeIndex) or table.index.name is None:
        table.index.name = "village_code" if "village_code" not in table else table.index.name
    yield Part("village_types", _title("village_types"), table, kind="types")


def _of_density(density: Any) -> Iterator[Part]:
    table = _with_marks(density.table, density)
    yield Part("road_density", names.word("layer.density"), table, kind="density")
    known = [column for column in NAME_COLUMNS if column in table]
    by_class = density.by_class.loc[:, (density.by_class > 0).any()]
    lengths = pd.concat([pd.DataFrame(table[known]), by_class], axis=1)
    lengths.attrs.update(table.attrs)
    yield Part("road_km_by_class", _title("road_km_by_class"), lengths, kind="density")
    yield Part("roads", names.word("layer.roads"), density.basis.roads, sheet=False, kind="density")


def _of_coverage(coverage: Any) -> Iterator[Part]:
    table = _with_marks(coverage.table, coverage)
    yield Part(coverage.measure, names.label(coverage.measure), table, kind="coverage")
    yield Part("parks", names.word("layer.parks"), coverage.parks, kind="coverage")
    for key in ("gaps", "served", "service_area"):
        frame = getattr(coverage, key)
        if len(frame):
            sheet = key == "gaps"
            title = names.word(f"layer.{key}")
            yield Part(key, title, frame, sheet=sheet, kind="coverage")


def _of_siting(siting: Any) -> Iterator[Part]:
    yield Part("sites", names.word("layer.sites"), siting.sites, kind=OFFICE)
    title = names.word("layer.newly_served")
    yield Part("newly_served", title, siting.served, sheet=False, kind=OFFICE)


def _of_reach(reach: Any) -> Iterator[Part]:
    lines = _with_marks(reach.lines, reach)
    yield Part("reach", names.word("layer.reach"), lines, sheet=False, kind=OFFICE)


def _of_card(card: Any) -> Iterator[Part]:
    """What a reader needs of it; targets nobody measured stand at the end."""
    table = card.table
    order = table["measured"].isna().sort_values(kind="stable").index
    shown = table.loc[order, [name for name in CARD if name in table]].set_index("id")
    yield Part("scorecard", _title("scorecard"), _with_marks(shown, card), kind=OFFICE)


def _of_tally(tally: Any) -> Iterator[Part]:
    row = {"measured": tally.value, "unit": tally.unit, "shown": tally.headline}
    table = pd.DataFrame([row], index=pd.Index([tally.key], name="target_key"))
    table.attrs["definition"] = tally.definition
    table.attrs["notice"] = ";".join(tally.notices)
    yield Part("tally", _title("tally"), table, kind=OFFICE)


def _title(key: str) -> str:
    return names.word(f"export_part.{key}")


def _with_marks(frame: pd.DataFrame, result: Any) -> pd.DataFrame:
    out = frame.copy(deep=False)
    notices = getattr(result, "notices", ())
    if notices and not out.attrs.get("notice"):
        out.attrs["notice"] = ";".join(notices)
    return out


def _part(key: str, title: str, frame: pd.DataFrame, **about: Any) -> Part:
    said = marks(frame)
    out = tidied(frame)
    out.attrs = dict[Any, Any](said)
    return Part(key, title, out, **about)


def tidied(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame every format can hold: plain cells, clean texts, one column of shapes.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Any; it is left as it is.

    Returns
    -------
    DataFrame or GeoDataFrame
        Without columns that stand on no product and without further shapes; yes and no as
        nullable booleans, lists as texts, control characters left out.
    """
    known = names.registry()
    drop = [one for one in frame.columns if str(one) in known and known[str(one)].internal]
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    if shape is not None:
        spare = [one for one in frame.columns if frame[one].dtype.name == "geometry"]
        drop += [one for one in spare if one != shape]
    out = frame.drop(columns=drop).copy(deep=False)
    out.columns = pd.Index([clean(str(one)) for one in out.columns])
    for column in out.columns:
        if column == shape or not holds_texts(out[column]):
            continue
        out[column] = _plain(out[column])
    if holds_texts(out.index.to_series()):
        out.index = pd.Index([_cell(one) for one in out.index], name=out.index.name)
    return out


def holds_texts(values: pd.Series[Any]) -> bool:
    """Whether a column may hold texts, however pandas keeps them.

    Parameters
    ----------
    values : Series
        A column.

    Returns
    -------
    bool
        True for objects of any kind too.
    """
    return values.dtype == object or pd.api.types.is_string_dtype(values.dtype)


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "boolean":
        return values.astype("boolean")
    if kind in ("integer", "floating", "mixed-integer-float"):
        return pd.to_numeric(values).astype("Int64" if kind == "integer" else float)
    if kind in ("date", "datetime", "datetime64"):
        return values
    return pd.Series(
        [_cell(one) for one in values], index=values.index, name=values.name, dtype=object
    )


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple | list | set | frozenset | np.ndarray):
        return clean("、".join(str(one) for one in value))
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return clean(str(value))


def clean(text: str) -> str:
    r"""A text without what files and programs stumble over; all letters stay.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Without control characters but tabs and ends of lines; half a letter becomes U+FFFD.

    Examples
    --------
    >>> clean("甲\x00村\x1b𠮷")
    '甲村𠮷'
    """
    return _HALF.sub("\ufffd", _CONTROL.sub("", text))


def named(name: str) -> str:
    """A name files and layers can have.

    Parameters
    ----------
    name : str
        Any.

    Returns
    -------
    str
        Without what systems forbid; ``layer`` where nothing is left.

    Examples
    --------
    >>> named("../a b:村")
    'a_b_村'
    """
    out = _NO_NAME.sub("_", clean(name)).strip("_")[:MOST_NAME]
    return out or "layer"


def _renamed(parts: list[Part]) -> list[Part]:
    """Each under a key of its own, and a title of its own."""
    from dataclasses import replace

    keys: set[str] = set()
    titles: set[str] = set()
    out = []
    for part in parts:
        # Tables of a geodatabase begin with a letter.
        key = _free(f"L{part.key}" if part.key[:1].isdigit() else part.key, keys)
        title = _free(part.title, titles)
        out.append(replace(part, key=key, title=title))
    return out


def _free(name: str, taken: set[str]) -> str:
    out, count = name, 1
    while out.casefold() in taken:
        count += 1
        out = f"{name}_{count}"
    taken.add(out.casefold())
    return out
