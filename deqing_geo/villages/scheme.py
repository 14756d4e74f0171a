"""A scheme of village types: its conditions in order, its indicators, its numbers; all data.

The scheme that ships is ``village_types.toml``. A bureau's own file either says only what is
other than there (``base = "deqing"``) or holds a ladder of its own. Nothing here judges a village.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo.errors import RecipeError
from deqing_geo.standards import Rule
from deqing_geo.villages.checking import mistakes_of, unreached
from deqing_geo.villages.conditions import BOUNDS, columns_of, leaves
from deqing_geo.villages.wording import shown_rule

if TYPE_CHECKING:
    from deqing_geo.standards import Standard

DEFAULT = "deqing"


@dataclass(frozen=True, slots=True)
class Rung:
    """One condition and what it makes of a village.

    Attributes
    ----------
    id : str
        Its number, such as ``SI-1``; several rungs may share one.
    type : str
        One of the five types, or ``urban``.
    how : str
        By what it decides: a word of the vocabulary ``decided_how``.
    says : str
        The sentence of the reason.
    says_en : str
        The same in English.
    when : mapping
        The condition; empty where it always holds.
    candidate : bool
        Whether the villagers' meeting has to agree first.
    """

    id: str
    type: str
    how: str
    says: str
    when: Mapping[str, Any]
    candidate: bool = False
    says_en: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns without which the rung is off."""
        return tuple(dict.fromkeys(columns_of(self.when, needed=True)))

    @property
    def rules(self) -> tuple[str, ...]:
        """Keys of the numbers it compares with."""
        return tuple(
            dict.fromkeys(
                str(leaf[bound]) for leaf in leaves(self.when) for bound in BOUNDS if bound in leaf
            )
        )


@dataclass(frozen=True, slots=True)
class Indicator:
    """One part of the potential.

    Attributes
    ----------
    column : str
        The fact.
    weight : float
        Of experts; all of a scheme add up to 1.
    less : bool
        Whether less of it is better.
    """

    column: str
    weight: float
    less: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """One part of the constraint: a share as it is, or points of a hundred by steps or by words.

    Attributes
    ----------
    column : str
        The fact.
    points : tuple of float
        Suitability for building on, of a hundred; none where the column is a share already.
    steps : tuple of float
        From which value on each of `points` holds.
    words : tuple of str
        Or for which word.
    """

    column: str
    points: tuple[float, ...] = ()
    steps: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """A ladder of conditions with what its scores are made of.

    Attributes
    ----------
    name, title : str
        As results show it.
    rungs : tuple of Rung
        From the first to the last, which always holds.
    indicators : tuple of Indicator
        Of the potential.
    scores : tuple of Score
        Of the constraint, of which the worst decides.
    numbers : mapping of str to Rule
        Numbers of the scheme's own, which stand before the law's.
    document : str
        On whose decision it rests; empty for the scheme that ships.
    changed : tuple of str
        What is other than in the scheme that ships, in Chinese sentences.
    digest : str
        The sha256 of its content.
    """

    name: str
    title: str
    rungs: tuple[Rung, ...]
    indicators: tuple[Indicator, ...]
    scores: tuple[Score, ...]
    numbers: Mapping[str, Rule] = field(default_factory=dict)
    document: str = ""
    changed: tuple[str, ...] = ()
    digest: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The rungs' numbers, each once, from the top."""
        return tuple(dict.fromkeys(rung.id for rung in self.rungs))

    def law(self, law: Standard) -> Standard:
        """The law with the scheme's own numbers in it.

        Parameters
        ----------
        law : Standard
            Where all other numbers stand.

        Returns
        -------
        Standard
            The same one where the scheme has none.
        """
        for key, rule in self.numbers.items():
            law = law.with_rule(key, rule.value, reason=rule.clause, unit=rule.unit)
        return law

    def __repr__(self) -> str:
        own = f", {len(self.changed)} changes" if self.changed else ""
        return f"<Scheme {self.name}: {len(self.ids)} conditions{own}>"


@functools.cache
def shipped() -> Scheme:
    """The scheme that ships with the library.

    Returns
    -------
    Scheme
        Proposals of this library wherever no document was found.

    Examples
    --------
    >>> " ".join(shipped().ids)
    'E0 RM-5 CP-1 RM-3 RM-4 RM-2 RM-1 RM-6 AC-1 SI-1 SI-2 AC-2 AC-3 IM-C IM-0'
    """
    text = resources.files("deqing_geo.villages").joinpath("village_types.toml").read_text("utf-8")
    return _made(tomllib.loads(text), text)


def load_scheme(scheme: str | os.PathLike[str] | Scheme, law: Standard) -> Scheme:
    r"""A scheme by its name, from a bureau's own file, or as it is.

    Parameters
    ----------
    scheme : str, path or Scheme
        ``deqing``, the scheme that ships; or a TOML file (see docs/village_types.md).
    law : Standard
        Whose numbers its conditions may name.

    Returns
    -------
    Scheme
        Checked: every column and number is known, and every condition can be reached.

    Raises
    ------
    RecipeError
        If there is no such file, or listing every mistake in it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from deqing_geo import standards
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "own.toml"
    ...     text = 'base = "deqing"\nskip = ["SI-2"]\ndocument = "办公会纪要"'
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     load_scheme(file, standards.load()).changed
    ('停用条件SI-2',)
    """
    if isinstance(scheme, Scheme):
        return scheme
    if scheme == DEFAULT:
        return shipped()
    file = Path(scheme)
    if not file.suffix and not file.exists():
        raise RecipeError(
            f"No scheme of village types is called {str(scheme)!r}: there is {DEFAULT}, or name a "
            "TOML file of your own."
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(
            f"{file}: cannot be read as a scheme of village types.", [str(error)]
        ) from error
    mistakes = mistakes_of(raw, shipped(), law)
    if not mistakes:
        made = _amended(raw, text, law) if "base" in raw else _made(raw, text, law)
        made = replace(made, name=raw.get("name", file.stem))
        mistakes = unreached(made, made.law(law))
    if mistakes:
        said = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise RecipeError(f"{file}: {said}", mistakes)
    return replace(made, changed=_differences(made, shipped(), law))


def _made(raw: Mapping[str, Any], text: str, law: Standard | None = None) -> Scheme:
    scores = raw.get("score", ())
    return Scheme(
        name=str(raw.get("name", DEFAULT)),
        title=str(raw.get("title", "")),
        rungs=tuple(_rung(entry) for entry in raw["rung"]),
        indicators=_indicators(raw["weight"]),
        scores=tuple(_score(entry) for entry in scores),
        numbers=_numbers(raw.get("numbers", {}), law),
        document=str(raw.get("document", "")),
        digest=hashlib.sha256(text.encode("utf-8")).hexdigest(),
    )


def _amended(raw: Mapping[str, Any], text: str, law: Standard) -> Scheme:
    """The scheme that ships with what a file says in its place."""
    base = shipped()
    rungs = list(base.rungs)
    for name in dict.fromkeys(str(entry["id"]) for entry in raw.get("rung", ())):
        entries = [entry for entry in raw["rung"] if entry["id"] == name]
        mark = entries[0].get("before")
        places = [at for at, rung in enumerate(rungs) if rung.id == name]
        kept = [rung for rung in rungs if rung.id != name]
        if mark is not None:
            at = next(at for at, rung in enumerate(kept) if rung.id == mark)
        else:
            at = places[0]
        rungs = [*kept[:at], *(_rung(entry) for entry in entries), *kept[at:]]
    rungs = [rung for rung in rungs if rung.id not in raw.get("skip", ())]
    if "order" in raw:
        # What is not named keeps its place behind what is.
        told = {name: at for at, name in enumerate(raw["order"])}
        rungs.sort(key=lambda rung: told.get(rung.id, len(told)))
    return Scheme(
        name=base.name,
        title=str(raw.get("title", base.title)),
        rungs=tuple(rungs),
        indicators=_indicators(raw["weight"]) if "weight" in raw else base.indicators,
        scores=tuple(_score(entry) for entry in raw["score"]) if "score" in raw else base.scores,
        numbers=_numbers(raw.get("numbers", {}), law),
        document=str(raw["document"]),
        digest=hashlib.sha256(f"{base.digest}{text}".encode()).hexdigest(),
    )


def _rung(entry: Mapping[str, Any]) -> Rung:
    return Rung(**{"when": {}, **{key: held for key, held in entry.items() if key != "before"}})


def _indicators(entries: Sequence[Mapping[str, Any]]) -> tuple[Indicator, ...]:
    """Weights as they are written, brought to a sum of 1."""
    whole = sum(float(entry["weight"]) for entry in entries)
    return tuple(
        Indicator(
            str(entry["column"]), float(entry["weight"]) / whole, bool(entry.get("less", False))
        )
        for entry in entries
    )


def _score(entry: Mapping[str, Any]) -> Score:
    return Score(
        column=str(entry["column"]),
        points=tuple(float(one) for one in entry.get("points", ())),
        steps=tuple(float(one) for one in entry.get("from", ())),
        words=tuple(str(one) for one in entry.get("words", ())),
    )


def _numbers(entries: Mapping[str, Any], law: Standard | None) -> Mapping[str, Rule]:
    if not entries or law is None:
        return MappingProxyType({})
    made = {}
    for key, entry in entries.items():
        unit = law.rule(key).unit if key in law else str(entry["unit"])
        made[key] = Rule.local(float(entry["value"]), unit, reason=str(entry["reason"]))
    return MappingProxyType(made)


def _differences(scheme: Scheme, base: Scheme, law: Standard) -> tuple[str, ...]:
    """What is other than in the scheme that ships, in sentences."""
    out = [f"停用条件{name}" for name in base.ids if name not in scheme.ids]
    out += [f"新增条件{name}" for name in scheme.ids if name not in base.ids]
    common = [name for name in scheme.ids if name in base.ids]
    for name in common:
        ours, theirs = ([rung for rung in one.rungs if rung.id == name] for one in (scheme, base))
        if ours != theirs:
            out.append(f"条件{name}改写")
    if common != [name for name in base.ids if name in common]:
        out.append(f"条件顺序改为{'、'.join(scheme.ids)}")
    for key, rule in scheme.numbers.items():
        if key not in law:
            out.append(f"新增数值{key}取{shown_rule(rule)}({rule.clause})")
            continue
        before = law.rule(key)
        if before.value != rule.value:
            out.append(f"{before.label}由{shown_rule(before)}改为{shown_rule(rule)}({rule.clause})")
    if scheme.indicators != base.indicators:
        out.append("发展潜力的指标或权重改写")
    if scheme.scores != base.scores:
        out.append("约束程度的指标改写")
    return tuple(out)
