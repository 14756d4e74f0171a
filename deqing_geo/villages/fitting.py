"""Frozen bounds of the potential: what a score was measured by, kept so that next year's compares.

Scores are relative: fences, ends, weights and the cut come from the villages of one day. A `Fit`
keeps them, as a file a person can read, and judges nothing.
"""

from __future__ import annotations

import math
import os
import tomllib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo.columns import label, registry, word
from deqing_geo.errors import RecipeError
from deqing_geo.files import whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HAMLETS = "自然村"
# What the level of everything that is no hamlet is called in a file.
VILLAGES = "行政村"
METHODS = ("expert", "given", "ahp", "entropy", "critic", "combined", "expert+entropy", "topsis")
VARIANTS = ("", "eigenvector", "root", "min-max", "sum", "mean", "product")
# Weights of a level as a file holds them, which somebody may have typed off.
SUM_AS_WRITTEN = 1e-6
_NUMBERS = ("weight", "expert", "low", "high", "least", "most")


@dataclass(frozen=True, slots=True)
class Bound:
    """What one indicator was measured by.

    Attributes
    ----------
    column : str
        The indicator.
    less : bool
        Whether less of it is better.
    weight : float
        As used, 0-1; 0 where it was left out.
    expert : float
        What the scheme gave it then, 0-1.
    low, high : float
        The fences of the box plot, in the unit of the column; NaN where it was left out.
    least, most : float
        The ends of 0 and 1: the least and the most there was within the fences.
    note : str
        Why it was left out.
    """

    column: str
    less: bool
    weight: float
    expert: float
    low: float = math.nan
    high: float = math.nan
    least: float = math.nan
    most: float = math.nan
    note: str = ""

    def stretched(self, values: Floats) -> Floats:
        """Values on 0-1 and turned so that more is better; those beyond the ends are at them.

        Parameters
        ----------
        values : ndarray of shape (N,)
            In the unit of the column.

        Returns
        -------
        ndarray of shape (N,)
            0 to 1.

        Examples
        --------
        >>> minutes = Bound("tt_town_min", True, 1.0, 1.0, 0.0, 50.0, least=10.0, most=30.0)
        >>> minutes.stretched(np.array([5.0, 10, 15, 40])).tolist()
        [1.0, 1.0, 0.75, 0.0]
        """
        z = (np.clip(values, self.least, self.most) - self.least) / (self.most - self.least)
        return 1 - z if self.less else z


@dataclass(frozen=True, slots=True)
class Level:
    """What the villages of one level were measured by.

    Attributes
    ----------
    name : str
        Empty, or 自然村 for hamlets.
    units : int
        How many were compared.
    cut : float
        The score from which on it is high.
    bounds : tuple of Bound
        One per indicator of the scheme.
    """

    name: str
    units: int
    cut: float
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Bounds, weights and cuts of one run, for ``classify_villages(fit=...)`` of a later one.

    Attributes
    ----------
    levels : tuple of Level
        行政村 and 自然村, as far as there were any.
    method : str
        How the weights came about: ``expert``, ``given``, ``ahp``, ``entropy``, ``critic``,
        ``combined``, ``expert+entropy`` or ``topsis``.
    variant : str
        Which of the formulas of that name; empty where there is one only.
    day : date or None
        Of the run.
    label : str
        What people call it; empty until it is saved under a name.
    """

    levels: tuple[Level, ...]
    method: str = "expert"
    variant: str = ""
    day: date | None = None
    label: str = ""

    @property
    def line(self) -> str:
        """How the weights came about, in one line."""
        variant = f"({word(f'weights.{self.variant}')})" if self.variant else ""
        return f"{word(f'weights.{self.method}')}{variant}"

    @property
    def called(self) -> str:
        """The run in a few words, for notices."""
        said = [
            one for one in (self.label, "" if self.day is None else self.day.isoformat()) if one
        ]
        return "、".join(said) or word("potential.nameless")

    @property
    def table(self) -> pd.DataFrame:
        """A row per level and indicator: ``weight``, ``less``, fences, ends and ``note``."""
        rows = [
            {
                "fit_level": level.name or VILLAGES,
                "units_counted": level.units,
                "potential_cut": level.cut,
                "indicator": bound.column,
                "weight": bound.weight,
                "less": bound.less,
                "fence_low": bound.low,
                "fence_high": bound.high,
                "bound_least": bound.least,
                "bound_most": bound.most,
                "note": bound.note,
            }
            for level in self.levels
            for bound in level.bounds
        ]
        return pd.DataFrame(rows)

    def level(self, name: str) -> Level | None:
        """The level of a name, if it was there.

        Parameters
        ----------
        name : str
            Empty, or 自然村.

        Returns
        -------
        Level or None
            None where no village of that level was compared.
        """
        return next((level for level in self.levels if level.name == name), None)

    def save(self, path: str | os.PathLike[str], *, label: str = "") -> Path:
        """Write it as TOML, whole or not at all; the same fit is the same bytes.

        Parameters
        ----------
        path : str or path-like
            Where, ending in ``.toml``.
        label : str
            What people shall call it, such as 2026年度村庄分类; printed with what is judged by it.

        Returns
        -------
        Path
            Where it stands.

        Raises
        ------
        ExportError
            If it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> bound = Bound("fac_count", False, 1.0, 1.0, -4.0, 12.0, 0.0, 8.0)
        >>> fit = Fit((Level("", 40, 0.6, (bound,)),), day=date(2026, 3, 1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = fit.save(f"{folder}/fit.toml", label="2026年度")
        ...     again = Fit.load(file)
        >>> again.called, again.levels == fit.levels
        ('2026年度、2026-03-01', True)
        """
        named = replace(self, label=label.strip() or self.label)
        with whole_file(path) as draft:
            draft.write_text(_written(named), encoding="utf-8", newline="\n")
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Fit:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path-like
            The TOML file.

        Returns
        -------
        Fit
            To judge by.

        Raises
        ------
        RecipeError
            If there is no such file, or listing every mistake in it.
        """
        file = Path(path)
        try:
            raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise RecipeError(
                f"{file}: cannot be read as bounds of scores.", [str(error)]
            ) from error
        mistakes: list[str] = []
        levels = [
            made
            for at, entry in enumerate(_list(raw, "level", "the file", mistakes))
            if (made := _level(entry, at, mistakes)) is not None
        ]
        _strange(raw, {"label", "day", "method", "variant", "level"}, "the file", mistakes)
        names = [level.name for level in levels]
        if not levels and not mistakes:
            mistakes.append("there is no [[level]]")
        if len(set(names)) < len(names):
            mistakes.append("a level stands there twice")
        if raw.get("method") not in METHODS:
            mistakes.append(f"method is one of {', '.join(METHODS)}, not {raw.get('method')!r}")
        variant = raw.get("variant", "")
        if variant not in VARIANTS:
            mistakes.append(f"variant {variant!r} is not known")
        day = raw.get("day")
        if day is not None and type(day) is not date:
            mistakes.append(f"day is a day like 2026-03-01, not {day!r}")
        if not isinstance(raw.get("label", ""), str):
            mistakes.append("label is a text in quotes")
        if mistakes:
            said = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
            raise RecipeError(f"{file}: {said}", mistakes)
        return cls(tuple(levels), str(raw["method"]), variant, day, raw.get("label", ""))

    def __repr__(self) -> str:
        levels = ", ".join(f"{level.units} {level.name or VILLAGES}" for level in self.levels)
        return f"<Fit {self.called}: {levels}; {self.method}>"


# ---------------------------------------------------------------- the file


def _written(fit: Fit) -> str:
    lines = [
        "# 村庄发展潜力得分的上下限、权重和相对阈值,供以后各次判定沿用(classify_villages 的 fit=)",
        "# low、high 为箱线图上下限;least、most 为记0分、1分的数值(less = true 时相反),单位同各列",
        f"label = {_text(fit.label)}",
        *([] if fit.day is None else [f"day = {fit.day.isoformat()}"]),
        f"method = {_text(fit.method)}  # {fit.line}",
        f"variant = {_text(fit.variant)}",
    ]
    for level in fit.levels:
        lines += [
            "",
            "[[level]]",
            f"name = {_text(level.name or VILLAGES)}",
            f"units = {level.units}",
            f"cut = {level.cut!r}",
        ]
        for bound in level.bounds:
            known = bound.column in registry()
            told = f"  # {label(bound.column, unit=True)}" if known else ""
            lines += [
                "",
                "[[level.indicator]]",
                f"column = {_text(bound.column)}{told}",
                f"less = {'true' if bound.less else 'false'}",
            ]
            lines += [
                f"{name} = {float(getattr(bound, name))!r}"
                for name in _NUMBERS
                if not math.isnan(getattr(bound, name))
            ]
            lines += [f"note = {_text(bound.note)}"] if bound.note else []
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A basic string of TOML."""
    out = []
    for char in value:
        if char in '"\\':
            out.append(f"\\{char}")
        elif char < " " or char == "\x7f":
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return f'"{"".join(out)}"'


def _list(raw: Any, key: str, where: str, mistakes: list[str]) -> list[Any]:
    held = raw.get(key, [])
    if isinstance(held, list) and all(isinstance(one, dict) for one in held):
        return held
    mistakes.append(f"{where}: {key} is to be a list of tables, [[{key}]]")
    return []


def _level(entry: dict[str, Any], at: int, mistakes: list[str]) -> Level | None:
    where = f"level {at + 1}"
    before = len(mistakes)
    _strange(entry, {"name", "units", "cut", "indicator"}, where, mistakes)
    name = entry.get("name")
    if name not in (VILLAGES, HAMLETS):
        mistakes.append(f"{where}: name is {VILLAGES} or {HAMLETS}, not {name!r}")
    units = entry.get("units")
    if type(units) is not int or units < 1:
        mistakes.append(f"{where}: units is how many were compared, not {units!r}")
    cut = _number(entry.get("cut"))
    if cut is None:
        mistakes.append(f"{where}: cut is a number, not {entry.get('cut')!r}")
    bounds = [
        made
        for one in _list(entry, "indicator", where, mistakes)
        if (made := _bound(one, where, mistakes)) is not None
    ]
    columns = [bound.column for bound in bounds]
    again = sorted({column for column in columns if columns.count(column) > 1})
    if again:
        mistakes.append(f"{where}: {', '.join(again)} stands there twice")
    total = sum(bound.weight for bound in bounds)
    if len(mistakes) == before and abs(total - 1) > SUM_AS_WRITTEN:
        mistakes.append(f"{where}: weights add up to {total:.6g}, not 1")
    if len(mistakes) > before or units is None or cut is None:
        return None
    return Level("" if name == VILLAGES else HAMLETS, units, cut, tuple(bounds))


def _bound(entry: dict[str, Any], where: str, mistakes: list[str]) -> Bound | None:
    column = entry.get("column")
    if not isinstance(column, str) or not column:
        mistakes.append(f"{where}: an indicator without column")
        return None
    where = f"{where}, {column}"
    before = len(mistakes)
    held = {name: _number(entry[name]) for name in _NUMBERS if name in entry}
    for name, value in held.items():
        if value is None or (name in ("weight", "expert") and value < 0):
            mistakes.append(f"{where}: {name} is a number, not {entry[name]!r}")
    if type(entry.get("less")) is not bool:
        mistakes.append(f"{where}: less is true or false")
    _strange(entry, {"column", "less", "note", *_NUMBERS}, where, mistakes)
    if not {"weight", "expert"} <= {*held}:
        mistakes.append(f"{where}: weight and expert are needed")
    if len(mistakes) > before:
        return None
    made = Bound(
        column,
        entry["less"],
        note=str(entry.get("note", "")),
        **{name: value for name, value in held.items() if value is not None},
    )
    if made.weight > 0 and not made.least < made.most:
        mistakes.append(f"{where}: least is to be below most")
        return None
    return made


def _strange(entry: dict[str, Any], known: set[str], where: str, mistakes: list[str]) -> None:
    odd = sorted({*entry} - known)
    if odd:
        mistakes.append(f"{where}: nothing is called {', '.join(odd)}")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
