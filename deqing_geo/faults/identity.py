"""Who each row of a layer says it is: code, name, town, by whatever fields it has.

Nothing is judged here; damaged codes come out as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.divisions import (
    COMMITTEES,
    COUNTY_DIGITS,
    TOWN_DIGITS,
    UNIT_WORDS,
    VILLAGE_DIGITS,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Texts = NDArray[Any]

VILLAGE, TOWN, COUNTY = "village", "town", "county"
LEVELS = {VILLAGE_DIGITS: VILLAGE, TOWN_DIGITS: TOWN, COUNTY_DIGITS: COUNTY}
# A code of the nation's: a province's first digit, then counties, towns and villages by threes,
# with the zeros or the seven digits the land survey puts behind it.
NATIONAL = r"[1-8]\d{5}(?:(?:\d{3}){0,2}0*|\d{13})"
# What a spreadsheet makes of such a code. It says that a code of the nation's was meant.
SCIENTIFIC = r"\d(?:\.\d+)?[eE]\+?\d+"
# Fields that may mean a unit or its town; beside a field that surely means the unit they are
# not taken for the town.
EITHER = (
    "name",
    "名称",
    "代码",
    "adcode",
    "区划代码",
    "行政区划代码",
    "行政区代码",
    "行政区划编码",
    "name_chn",
)
LARGEST_EXACT = 2**53


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What the rows say of themselves.

    Attributes
    ----------
    labels : array of object
        Of the index.
    codes : array of object or None
        As text, None where blank; None as a whole where the layer has no codes.
    lossy : array of bool
        Codes that are numbers which cannot hold all their digits.
    names : array of object or None
        Tidied, None where blank; None as a whole where the layer has no names.
    towns : array of object or None
        Names of the towns the rows say they are in.
    town_codes : array of object or None
        Their 9-digit codes, by a field of their own.
    national : bool
        Whether the codes are the nation's, damaged or not.
    level : str
        ``village``, ``town`` or ``county``: what the rows are.
    """

    labels: Texts
    codes: Texts | None
    lossy: NDArray[np.bool_]
    names: Texts | None
    towns: Texts | None
    town_codes: Texts | None
    national: bool
    level: str

    @property
    def sound_codes(self) -> Texts:
        """Codes of as many digits as the level has, None elsewhere."""
        if self.codes is None or not self.national:
            return np.full(len(self.labels), None, dtype=object)
        digits = next(count for count, level in LEVELS.items() if level == self.level)
        out = plain_codes(self.codes, digits)
        out[self.lossy] = None
        return out

    @property
    def prefixes(self) -> Texts:
        """The town each code belongs to, None where it does not say."""
        if self.level != VILLAGE:
            return np.full(len(self.labels), None, dtype=object)
        return _each(self.sound_codes, lambda code: code[:TOWN_DIGITS])


def identity(frame: gpd.GeoDataFrame) -> Identity:
    """Read codes, names and towns from a layer.

    Parameters
    ----------
    frame : GeoDataFrame
        As our readers return it, or with the fields of a survey or an office.

    Returns
    -------
    Identity
        The index counts as a field where it has a name that means a code or a name, or holds
        the nation's codes.
    """
    # Of several fields of one name the first is meant.
    fields: dict[str, pd.Series[Any]] = {
        str(field): frame.iloc[:, at]
        for at, field in reversed(list(enumerate(frame.columns)))
        if field != frame.geometry.name
    }
    own = frame.index.to_series(index=pd.RangeIndex(len(frame)), name="index")
    if frame.index.nlevels > 1:
        own = own.astype(str)
    label = str(frame.index.name) if frame.index.name is not None else ""
    for level in (TOWN, COUNTY):
        code_field, name_field = f"{level}_code", f"{level}_name"
        if label == code_field or (label == name_field and "village_name" not in fields):
            # A layer of towns or counties as our readers give it: the town is the unit.
            code = own if label == code_field else fields.get(code_field)
            name = fields.get(name_field, own if label == name_field else None)
            return _identity(frame, code, name, None, None, level)
    if label and label not in fields:
        fields[label] = own
    wanted = ("village_code", "village_name", "town_name", "town_code")
    found = {ours: field for field, ours in names.find(fields, wanted[:2]).items()}
    # XZQMC is a village's name where nothing says it better, and its town's where something does.
    rest = [field for field in fields if field not in found.values()]
    for field, of_town in names.find(rest, wanted[2:]).items():
        of_unit = of_town.replace("town", "village")
        if of_unit not in found or field.strip().casefold() not in EITHER:
            found[of_town] = field
    parts = [fields[found[one]] if one in found else None for one in wanted]
    if parts[0] is None and _is_national(_texts(own)[0]):
        parts[0] = own
    alone = "village_code" not in found and "village_name" not in found
    if alone and parts[2] is not None and parts[2].is_unique:
        # Towns with their own columns and no villages: the town is the unit.
        own_code = parts[0] if parts[0] is not None else parts[3]
        return _identity(frame, own_code, parts[2], None, None, TOWN)
    return _identity(frame, parts[0], parts[1], parts[2], parts[3], VILLAGE)


def _identity(
    frame: gpd.GeoDataFrame,
    code: pd.Series[Any] | None,
    name: pd.Series[Any] | None,
    town: pd.Series[Any] | None,
    town_code: pd.Series[Any] | None,
    level: str,
) -> Identity:
    codes, lossy = (None, np.zeros(len(frame), dtype=bool)) if code is None else _texts(code)
    national = codes is not None and _is_national(codes)
    town_codes = None
    if town_code is not None:
        town_codes = plain_codes(_texts(town_code)[0], TOWN_DIGITS)
    return Identity(
        labels=frame.index.to_numpy(dtype=object),
        codes=codes,
        lossy=lossy,
        names=None if name is None else _clean(name),
        towns=None if town is None else _clean(town),
        town_codes=town_codes,
        national=national,
        # What the fields are called says less than the digits of a code.
        level=_level(codes) if codes is not None and national else level,
    )


def _clean(values: pd.Series[Any]) -> Texts:
    return names.clean_text(values).to_numpy(dtype=object)


def _texts(values: pd.Series[Any]) -> tuple[Texts, NDArray[np.bool_]]:
    """Codes as text, and which of them are numbers that have lost digits."""
    lossy = np.zeros(len(values), dtype=bool)
    if values.dtype.kind == "f":
        numbers = values.to_numpy(dtype=float)
        known = np.isfinite(numbers)
        lossy[known] = (numbers[known] != np.floor(numbers[known])) | (
            np.abs(numbers[known]) >= LARGEST_EXACT
        )
        text = np.full(len(values), None, dtype=object)
        text[known] = [
            f"{number:.0f}" if number == np.floor(number) else repr(float(number))
            for number in numbers[known].tolist()
        ]
        return text, lossy
    raw = _clean(values)
    return _each(raw, lambda text: text.removeprefix("'").removesuffix(".0").strip() or None), lossy


def _is_national(codes: Texts) -> bool:
    """Whether most codes are, or were meant to be, the nation's."""
    text = pd.Series([code for code in codes if code is not None], dtype=object)
    if not len(text):
        return False
    meant = text.str.fullmatch(NATIONAL) | text.str.fullmatch(SCIENTIFIC)
    return bool(meant.mean() > 0.5)


def _level(codes: Texts) -> str:
    """What most codes are of; the survey writes a town's nine digits as twelve."""
    for digits in (COUNTY_DIGITS, TOWN_DIGITS):
        plain = plain_codes(codes, digits)
        known = sum(code is not None for code in codes)
        if known and sum(code is not None for code in plain) > known / 2:
            return LEVELS[digits]
    return VILLAGE


def plain_codes(codes: Texts, digits: int) -> Texts:
    """Codes of so many digits, without the zeros a survey puts behind them.

    Parameters
    ----------
    codes : array of object
        Text, None where blank.
    digits : int
        6, 9 or 12.

    Returns
    -------
    array of object
        None where a code is none of that length.

    Examples
    --------
    >>> plain_codes(np.array(["3305210012010000000", "330521001", None], dtype=object), 12)
    array(['330521001201', None, None], dtype=object)
    """
    lengths = {COUNTY_DIGITS: (6, 9, 12), TOWN_DIGITS: (9, 12), VILLAGE_DIGITS: (12, 19)}[digits]

    def plain(code: str) -> str | None:
        whole = code.isascii() and code.isdigit() and len(code) in lengths and code[0] in "12345678"
        # Beyond a village's twelve digits the survey numbers what is inside it.
        padded = digits == VILLAGE_DIGITS or not code[digits:].strip("0")
        return code[:digits] if whole and padded else None

    return _each(codes, plain)


def _each(values: Texts, change: Any) -> Texts:
    out = np.full(len(values), None, dtype=object)
    out[:] = [None if value is None else change(value) for value in values]
    return out


def one_name(name: str) -> str:
    """A name with the word of its kind in place of its committee, to compare it with others.

    Only 村民委员会, 居民委员会, 村委会 and 居委会 are changed; 村 and 社区 tell units apart.

    Parameters
    ----------
    name : str
        As an office writes it.

    Returns
    -------
    str
        对河口村 for 对河口村委会 and for 对河口村.

    Examples
    --------
    >>> one_name("对河口村委会"), one_name("二都村村民委员会"), one_name("士林居委会")
    ('对河口村', '二都村', '士林社区')
    """
    for ending, kind in COMMITTEES.items():
        if name.endswith(ending) and name != ending:
            stem, word = name.removesuffix(ending), UNIT_WORDS[kind]
            return stem if stem.endswith(word) else stem + word
    return name
