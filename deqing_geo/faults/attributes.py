"""Codes, names and declared areas: what the table says against itself and the shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from deqing_geo import columns as names
from deqing_geo.divisions import VILLAGE_DIGITS, history, successors
from deqing_geo.ellipsoid import ellipsoidal_area
from deqing_geo.faults.found import Found, single
from deqing_geo.faults.identity import (
    LEVELS,
    SCIENTIFIC,
    VILLAGE,
    Identity,
    one_name,
)
from deqing_geo.text import figure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Texts = NDArray[Any]

SURVEY_DIGITS = 19
# A declared area may be one of the plane or of the ellipsoid: in a zone of 3 degrees they differ
# by up to 0.5 per mille (1.5 degrees from the meridian at 30 N). Twice that is no rounding.
AREA_TOLERANCE = 0.001
DECLARED = "declared_area_m2"
UNITS = {1e-6: ("平方公里", "km2"), 1e-4: ("公顷", "ha"), 15 / 10_000: ("亩", "mu")}
UNIT_LIKENESS = 0.01
# A question mark, the sign for a lost character, private characters, and what GBK makes of UTF-8's
# sign for a lost character.
_DAMAGED = re.compile("[??\ufffd\ue000-\uf8ff]|锟斤拷|锟")
# What Latin-1 makes of Chinese bytes: several letters with accents in a row and nothing Chinese.
_MOJIBAKE = re.compile("^[^\u4e00-\u9fff]*[\u0080-\u00ff]{2}[^\u4e00-\u9fff]*$")


def code_faults(
    who: Identity,
    spots: Shapes,
    towns: Mapping[str, str],
    all_towns: Collection[str] | None = None,
) -> list[Found]:
    """Codes that are damaged, twice there, given up, or another town's.

    Parameters
    ----------
    who : Identity
        Of the rows.
    spots : array of shapely points
        A place in each row, None where it has none.
    towns : mapping of str to str
        Names of towns by code, from the towns or the register given; may be empty.
    all_towns : collection of str or None
        Codes of all towns there are; None where that is not known.

    Returns
    -------
    list of Found
        ``bad_code``, ``duplicate_code``, ``old_code`` and ``code_town``.
    """
    if who.codes is None:
        return []
    out = [_twice(who.codes, spots)]
    if who.national:
        out += _bad(who, spots)
    if who.national and who.level == VILLAGE:
        out += _town_faults(who, spots, towns, all_towns)
    return out


def _groups(
    kind: str, groups: Sequence[Sequence[int]], spots: Shapes, way: str = "", **facts: Any
) -> Found:
    places = np.full(len(groups), None, dtype=object)
    for at, group in enumerate(groups):
        known = [spots[row] for row in group if spots[row] is not None]
        places[at] = shapely.multipoints(known) if known else None
    return Found(kind, groups, places, np.full(len(groups), np.nan), way, facts=facts)


def _twice(codes: Texts, spots: Shapes) -> Found:
    groups = [group for group in _by_value(codes).values() if len(group) > 1]
    return _groups("duplicate_code", groups, spots, code=[str(codes[rows[0]]) for rows in groups])


def _by_value(values: Iterable[Any]) -> dict[Any, list[int]]:
    out: dict[Any, list[int]] = {}
    for at, value in enumerate(values):
        if value is not None:
            out.setdefault(value, []).append(at)
    return out


def _bad(who: Identity, spots: Shapes) -> list[Found]:
    codes = who.codes if who.codes is not None else np.zeros(0, dtype=object)
    sound = who.sound_codes
    digits = next(count for count, level in LEVELS.items() if level == who.level)
    blank = [at for at, code in enumerate(codes) if code is None]
    bad = [
        at for at, code in enumerate(codes) if code is not None and (not sound[at] or who.lossy[at])
    ]
    tail = [
        at
        for at, code in enumerate(codes)
        if sound[at] and len(code) == SURVEY_DIGITS and code[VILLAGE_DIGITS:].strip("0")
    ]
    whys = [_why_bad(str(codes[at]), bool(who.lossy[at]), digits) for at in bad]
    return [
        single("bad_code", blank, spots, "blank"),
        single("bad_code", tail, spots, "tail", code=[str(codes[at]) for at in tail]),
        single(
            "bad_code",
            bad,
            spots,
            code=[str(codes[at]) for at in bad],
            why_zh=[zh for zh, _ in whys],
            why_en=[en for _, en in whys],
        ),
    ]


def _why_bad(code: str, lossy: bool, digits: int) -> tuple[str, str]:
    if re.fullmatch(SCIENTIFIC, code):
        return "是科学计数,末几位已丢失", "is in scientific notation, its last digits are gone"
    if lossy:
        return "是存不下全部位数的数字", "is a number that cannot hold all its digits"
    if not (code.isascii() and code.isdigit()):
        return "含有数字以外的字符", "holds what is no digit"
    if code[0] not in "12345678":
        return "开头不是省级代码", "does not begin with a province"
    return f"是{len(code)}位,应为{digits}位", f"has {len(code)} digits, not {digits}"


# ---------------------------------------------------------------- towns


def town_names(
    who: Identity, towns: gpd.GeoDataFrame | None, register: Any | None
) -> dict[str, str]:
    """Names of towns by their codes, from what was given.

    Parameters
    ----------
    who : Identity
        Of the rows; asked where neither towns nor register know codes.
    towns : GeoDataFrame or None
        As of `read_towns`.
    register : DataFrame or None
        As of `divisions.register`.

    Returns
    -------
    dict of str to str
        By 9-digit code.
    """
    known: dict[str, str] = {}
    if register is not None and {"town_code", "town_name"} <= set(register.columns):
        pairs = zip(register["town_code"], register["town_name"], strict=True)
        known.update((str(code), str(name)) for code, name in pairs)
    if towns is not None and towns.index.name == "town_code" and "town_name" in towns:
        pairs = zip(towns.index, names.clean_text(towns["town_name"]), strict=True)
        known.update((str(code), str(name)) for code, name in pairs if name is not None)
    return known


def by_majority(who: Identity) -> dict[str, str]:
    """What most rows of a code's town call it, where two or more agree.

    Parameters
    ----------
    who : Identity
        Of the rows.

    Returns
    -------
    dict of str to str
        By 9-digit code.
    """
    if who.towns is None:
        return {}
    out = {}
    for prefix, rows in _by_value(who.prefixes).items():
        said = _by_value(who.towns[rows])
        best = max(said, key=lambda name: len(said[name]), default=None)
        if best is not None and len(said[best]) > max(1, len(rows) / 2):
            out[prefix] = best
    return out


def _town_faults(
    who: Identity, spots: Shapes, towns: Mapping[str, str], all_towns: Collection[str] | None
) -> list[Found]:
    prefixes, codes = who.prefixes, who.sound_codes
    heirs = {prefix: successors(prefix) for prefix in set(prefixes) - {None}}
    old = [
        at for at, one in enumerate(prefixes) if one is not None and heirs[one] and one not in towns
    ]
    past = history()
    called = dict(zip(past["from_code"], past["from_name"], strict=True))
    later = dict(zip(past["to_code"], past["to_name"], strict=True))
    moved = {
        code: f"{name},{note}"
        for code, name, note, to in zip(
            past["from_code"], past["from_name"], past["note"], past["to_code"], strict=True
        )
        if code is not None and to is None
    }
    gone = [at for at, code in enumerate(codes) if code in moved]
    heir_names = {prefix: [later[one] for one in heirs[prefix]] for prefix in heirs}
    out = [
        single(
            "old_code",
            old,
            spots,
            code=[codes[at] for at in old],
            old=[prefixes[at] for at in old],
            old_name=[called[prefixes[at]] for at in old],
            successors=["、".join(heir_names[prefixes[at]]) for at in old],
        ),
        single(
            "old_code",
            gone,
            spots,
            "unit",
            code=[codes[at] for at in gone],
            note=[moved[codes[at]] for at in gone],
        ),
    ]
    known = {**by_majority(who), **towns}
    wrong: list[tuple[int, str, str]] = []
    stray = []
    for at, prefix in enumerate(prefixes):
        if prefix is None:
            continue
        own = known.get(prefix)
        code = None if who.town_codes is None else who.town_codes[at]
        name = None if who.towns is None else who.towns[at]
        given = name if name is not None else code
        if heirs[prefix] and prefix not in towns:
            if not (code in heirs[prefix] or name in heir_names[prefix] or given is None):
                wrong.append((at, called[prefix], str(given)))
        elif code is not None and code != prefix:
            wrong.append((at, own or prefix, f"{given}({code})" if name else str(code)))
        elif name is not None and own is not None and name != own:
            wrong.append((at, own, name))
        elif all_towns is not None and prefix not in all_towns:
            stray.append(at)
    out.append(
        single(
            "code_town",
            [at for at, _, _ in wrong],
            spots,
            code=[codes[at] for at, _, _ in wrong],
            code_town=[own for _, own, _ in wrong],
            given_town=[given for _, _, given in wrong],
        )
    )
    out.append(single("code_town", stray, spots, "unknown", code=[codes[at] for at in stray]))
    return out


# ---------------------------------------------------------------- names


def name_faults(who: Identity, spots: Shapes) -> list[Found]:
    """Names that are blank, damaged, or those of several units.

    Parameters
    ----------
    who : Identity
        Of the rows.
    spots : array of shapely points
        A place in each row, None where it has none.

    Returns
    -------
    list of Found
        ``unnamed``, ``damaged_name`` and ``homonym``.
    """
    if who.names is None:
        return []
    blank = [at for at, name in enumerate(who.names) if name is None]
    hurt = [
        at
        for at, name in enumerate(who.names)
        if name is not None and (_DAMAGED.search(name) or _MOJIBAKE.match(name))
    ]
    return [
        single("unnamed", blank, spots),
        single("damaged_name", hurt, spots),
        *_homonyms(who, spots),
    ]


def _homonyms(who: Identity, spots: Shapes) -> list[Found]:
    called = who.names if who.names is not None else np.zeros(0, dtype=object)
    towns = who.town_codes if who.towns is None else who.towns
    if towns is None:
        towns = who.prefixes
    codes = who.codes
    apart, together = [], []
    canonical = [None if name is None else one_name(name) for name in called]
    for rows in _by_value(canonical).values():
        if len(rows) == 1:
            continue
        homes = _by_value([towns[at] or "" for at in rows])
        if len(homes) > 1 or "" in homes:
            apart.append(rows)
        for town, members in homes.items():
            inside = [rows[at] for at in members]
            # Two rows of one code are told as such.
            distinct = len(inside) if codes is None else len({codes[at] for at in inside})
            if town and len(inside) > 1 and distinct > 1:
                together.append(inside)
    return [
        _groups("homonym", apart, spots),
        _groups("homonym", together, spots, "same_town"),
    ]


# ---------------------------------------------------------------- areas


def declared_fields(frame: gpd.GeoDataFrame) -> list[str]:
    """Fields that declare an area in square metres.

    Parameters
    ----------
    frame : GeoDataFrame
        Any.

    Returns
    -------
    list of str
        ``declared_area_m2``, JSMJ, DCMJ, by whatever case, where they hold numbers.
    """
    fields = [str(field) for field in frame.columns if field != frame.geometry.name]
    out: list[str] = []
    while found := names.find([field for field in fields if field not in out], [DECLARED]):
        out += list(found)
    return [field for field in out if np.isfinite(_numbers(frame, field)).any()]


def _numbers(frame: gpd.GeoDataFrame, field: str) -> NDArray[np.float64]:
    """A field as numbers, NaN where it holds none; of several of one name the first."""
    place = [str(column) for column in frame.columns].index(field)
    return np.asarray(
        pd.to_numeric(frame.iloc[:, place], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    )


def area_faults(
    frame: gpd.GeoDataFrame, fields: Sequence[str], sound: Shapes, spots: Shapes
) -> list[Found]:
    """Declared areas that are not those of the shapes.

    Parameters
    ----------
    frame : GeoDataFrame
        The layer.
    fields : sequence of str
        By `declared_fields`.
    sound : array of shapely geometries
        Its polygons, None where there is none.
    spots : array of shapely points
        A place in each row, None where it has none.

    Returns
    -------
    list of Found
        ``area_mismatch``: more than a thousandth apart, of the larger.
    """
    if not fields:
        return []
    measured = ellipsoidal_area(sound, frame.crs)
    out = []
    for field in fields:
        declared = _numbers(frame, field)
        largest = np.maximum(np.abs(declared), measured)
        apart = np.abs(declared - measured) / np.where(largest > 0, largest, np.nan)
        rows = np.flatnonzero(apart > AREA_TOLERANCE)
        ratios = declared[rows] / np.maximum(measured[rows], 1e-300)
        hints = [_unit_hint(float(ratio)) for ratio in ratios]
        out.append(
            Found(
                "area_mismatch",
                [[at] for at in rows.tolist()],
                spots[rows],
                apart[rows],
                facts={
                    "field": [field] * len(rows),
                    "declared": [figure(float(value)) for value in declared[rows]],
                    "measured": [figure(float(value)) for value in measured[rows]],
                    "hint_zh": [zh for zh, _ in hints],
                    "hint_en": [en for _, en in hints],
                },
            )
        )
    return out


def _unit_hint(ratio: float) -> tuple[str, str]:
    """The unit of a declared area, or which other unit it would fit."""
    for factor, (zh, en) in UNITS.items():
        if abs(ratio / factor - 1) <= UNIT_LIKENESS:
            return f"(似以{zh}计)", f" (which would fit {en})"
    return "平方米", " m2"
