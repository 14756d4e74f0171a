"""What is wrong with a scheme of village types, said rung by rung before a village is judged.

A condition that nobody can reach, or that compares metres with minutes, would give a table that
looks right. Nothing here mends a scheme.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names
from deqing_geo.errors import StandardsError, UnitError
from deqing_geo.villages.conditions import ASKED, BOUNDS, JOINED
from deqing_geo.villages.kinds import COMPUTED, FIVE
from deqing_geo.villages.wording import FILLED

if TYPE_CHECKING:
    from deqing_geo.standards import Standard
    from deqing_geo.villages.scheme import Scheme

TYPES = (*FIVE, "urban")
RUNG = {"id": str, "type": str, "how": str, "says": str, "says_en": str, "when": dict,
        "candidate": bool, "before": str}  # fmt: skip
NEEDED = ("id", "type", "how", "says")
WEIGHT = {"column": str, "weight": (int, float), "less": bool}
SCORE = {"column": str, "points": list, "from": list, "words": list}
OWN = {"name": str, "title": str, "document": str}
TABLES: dict[str, Mapping[str, Any]] = {"rung": RUNG, "weight": WEIGHT, "score": SCORE}
AMENDING = {"base": str, "order": list, "skip": list}
HUNDRED = 100.0


def mistakes_of(raw: Mapping[str, Any], base: Scheme, law: Standard) -> list[str]:
    """Every mistake in a scheme's file.

    Parameters
    ----------
    raw : mapping
        The file's content.
    base : Scheme
        What it amends where it says ``base``.
    law : Standard
        Whose numbers it may name.

    Returns
    -------
    list of str
        One sentence each, with the rung it concerns; empty where there is none. Whether each
        rung can be reached is asked once everything else is right, of `unreached`.
    """
    amends = "base" in raw
    allowed = {**OWN, "numbers": dict, **(AMENDING if amends else {})}
    out = list(_shape(raw, allowed))
    if out:
        return out
    if amends and raw["base"] != base.name:
        return [f"base = {raw['base']!r}: only {base.name!r} ships with the library"]
    if amends and not str(raw.get("document", "")).strip():
        out.append(
            "`document` is empty: say on whose decision the scheme is other than the one that ships"
        )
    if not amends:
        out += [f"[[{name}]] is missing" for name in ("rung", "weight") if not raw.get(name)]
    seen: list[str] = []
    whole, mistaken = _numbers(raw.get("numbers", {}), law)
    for place, rung in enumerate(raw.get("rung", ()), start=1):
        out += [f"[[rung]] {place} ({rung.get('id', '?')}): {said}" for said in _rung(rung, whole)]
        seen.append(str(rung.get("id")))
    out += mistaken
    out += _weights(raw.get("weight", ()))
    out += [said for score in raw.get("score", ()) for said in _score(score)]
    known = [*base.ids, *seen] if amends else seen
    for name in ("order", "skip"):
        odd = [rung for rung in raw.get(name, ()) if rung not in known]
        out += [f"{name}: there is no condition {rung!r}{_near(rung, known)}" for rung in odd]
    for place, rung in enumerate(raw.get("rung", ()), start=1):
        mark = rung.get("before")
        if mark is not None and mark not in known:
            out.append(f"[[rung]] {place}: before = {mark!r} is no condition{_near(mark, known)}")
        if amends and mark is None and rung.get("id") not in base.ids:
            out.append(
                f"[[rung]] {place} ({rung.get('id')}): is new, so say before which condition it "
                'stands, as before = "AC-3"'
            )
    return out


def unreached(scheme: Scheme, law: Standard) -> list[str]:
    """Rungs of a scheme that no village can ever come to.

    Parameters
    ----------
    scheme : Scheme
        Whole.
    law : Standard
        With the scheme's own numbers.

    Returns
    -------
    list of str
        One sentence each: behind a rung that always holds, behind one that holds whenever it
        would, or asking what cannot be. Also where the last rung does not always hold.

    Notes
    -----
    Only what follows from the conditions as written is found: a rung is behind another when each
    part of the earlier one is a part of it, or a bound no tighter than one of its bounds.
    """
    out = []
    numbers = {key: law.rule(key).value for rung in scheme.rungs for key in rung.rules}
    for at, rung in enumerate(scheme.rungs):
        said = f"{rung.id}: can never be reached"
        against = _against_itself(rung.when, numbers)
        if against:
            out.append(f"{rung.id}: can never hold, since {against}")
        for earlier in scheme.rungs[:at]:
            if not earlier.when:
                out.append(f"{said}, since {earlier.id} before it always holds")
                break
            if _implies(rung.when, earlier.when, numbers):
                out.append(f"{said}, since {earlier.id} before it holds whenever it would")
                break
    if scheme.rungs and scheme.rungs[-1].when:
        out.append(f"{scheme.rungs[-1].id}: is the last condition and has to hold always")
    first = [rung.type == "urban" for rung in scheme.rungs]
    late = [rung for at, rung in enumerate(scheme.rungs) if first[at] and not all(first[:at])]
    out += [f"{rung.id}: who takes part (urban) is asked before all else" for rung in late]
    return list(dict.fromkeys(out))


# ---------------------------------------------------------------- the file's shape


def _shape(raw: Mapping[str, Any], allowed: Mapping[str, Any]) -> Iterator[str]:
    for key, value in raw.items():
        if key in TABLES:
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                yield f"`{key}` is written as [[{key}]]"
                continue
            for place, entry in enumerate(value, start=1):
                yield from _fields(f"[[{key}]] {place}", entry, TABLES[key])
        elif key not in allowed:
            yield f"`{key}` is nothing a scheme has{_near(key, [*allowed, *TABLES])}"
        elif not isinstance(value, allowed[key]):
            yield f"`{key}` is not {_called(allowed[key])}"


def _fields(where: str, entry: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if key not in fields:
            yield f"{where}: knows no `{key}`{_near(key, list(fields))}"
        elif not isinstance(value, fields[key]) or (
            isinstance(value, bool) and fields[key] is not bool
        ):
            yield f"{where}: `{key}` is not {_called(fields[key])}"
    needed = NEEDED if fields is RUNG else ("column", "weight") if fields is WEIGHT else ("column",)
    for key in needed:
        if key not in entry or entry[key] == "":
            yield f"{where}: needs `{key}`"


def _called(kind: Any) -> str:
    words = {str: "text", dict: "a table", list: "a list", bool: "true or false"}
    return words.get(kind, "a number")


def _near(word: object, known: Sequence[str]) -> str:
    found = get_close_matches(str(word), list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


# ---------------------------------------------------------------- rungs


def _rung(rung: Mapping[str, Any], law: Standard) -> Iterator[str]:
    if rung["type"] not in TYPES:
        yield f"type {rung['type']!r} is none of {', '.join(TYPES)}"
    known = names.vocabulary("decided_how")
    if rung["how"] not in known:
        yield f"how {rung['how']!r} is none of {', '.join(known)}"
    if rung.get("candidate") and rung["type"] != "relocate":
        yield "only relocate waits for the villagers' meeting (candidate)"
    yield from _condition(rung.get("when", {}), law)
    for filled in FILLED.findall(f"{rung['says']}{rung.get('says_en', '')}"):
        if "." in filled and filled not in law:
            yield f"says: {{{filled}}} is no number of the law"
        elif "." not in filled and not _column(filled):
            yield f"says: {{{filled}}} is no column{_near(filled, _columns())}"


def _condition(when: Mapping[str, Any], law: Standard) -> Iterator[str]:
    if not when:
        return
    joined = [name for name in JOINED if name in when]
    if joined:
        if len(when) > 1:
            yield f"a condition joins by one of {', '.join(JOINED)} and holds nothing else"
            return
        (name,) = joined
        parts = [when["not"]] if name == "not" else when[name]
        if not isinstance(parts, list) or not parts:
            yield f"`{name}` holds a list of conditions"
            return
        for part in parts:
            if not isinstance(part, Mapping) or not part:
                yield f"`{name}` holds conditions, and {part!r} is none"
            else:
                yield from _condition(part, law)
        return
    if "column" not in when:
        yield f"a condition names a column, or joins by {', '.join(JOINED)}"
        return
    yield from _single(when, law)


def _single(leaf: Mapping[str, Any], law: Standard) -> Iterator[str]:
    column = leaf["column"]
    if not _column(column):
        yield f"no column {column!r}{_near(column, _columns())}"
        return
    asked = [name for name in ASKED if name in leaf]
    odd = [name for name in leaf if name not in (*ASKED, "column", "optional")]
    if odd:
        yield f"{column}: knows no `{odd[0]}`{_near(odd[0], ASKED)}"
    if len(asked) != 1:
        yield f"{column}: asks one of {', '.join(ASKED)}"
        return
    (name,) = asked
    known = names.registry()[column]
    counted = known.dtype in ("float", "int")
    if name in BOUNDS:
        key = leaf[name]
        if not isinstance(key, str) or key not in law:
            yield (
                f"{column}: {name} = {key!r} is no number of the law: give it a name under "
                "[numbers], with its unit and reason"
            )
        elif not counted:
            yield f"{column}: is text, and {name} compares numbers"
        elif known.unit and law.rule(key).unit not in (known.unit, "score"):
            yield (
                f"{column}: is in {known.unit} and `{key}` in {law.rule(key).unit}: they cannot be "
                "compared"
            )
    elif name == "at_least_column":
        if not _column(leaf[name]):
            yield f"{column}: no column {leaf[name]!r}{_near(leaf[name], _columns())}"
    elif name == "known" and not isinstance(leaf[name], bool):
        yield f"{column}: known is true or false"
    elif name == "is":
        words = names.vocabulary(column) if column in names.vocabularies() else None
        if words is not None and leaf["is"] not in words and not isinstance(leaf["is"], bool):
            yield f"{column}: {leaf['is']!r} is none of {', '.join(words)}"


def _column(name: object) -> bool:
    return isinstance(name, str) and (name in names.registry() or name in COMPUTED)


def _columns() -> list[str]:
    return [*names.registry(), *COMPUTED]


# ---------------------------------------------------------------- numbers, weights, scores


def _numbers(numbers: Mapping[str, Any], law: Standard) -> tuple[Standard, list[str]]:
    """The law with those of a file's numbers that are right, and what is wrong with the others."""
    said = []
    for key, entry in numbers.items():
        fields = set(entry) if isinstance(entry, Mapping) else set()
        if key not in law and fields != {"value", "unit", "reason"}:
            said.append(
                f"no number {key!r}{_near(key, list(law.entries))}. One of your own is written as "
                '{ value = 800, unit = "m", reason = "..." }'
            )
        elif key in law and fields - {"unit"} != {"value", "reason"}:
            said.append(f'{key}: is written as {{ value = 800, reason = "..." }}')
        elif isinstance(entry["value"], bool) or not isinstance(entry["value"], int | float):
            said.append(f"{key}: {entry['value']!r} is no number")
        else:
            unit = entry.get("unit")
            try:
                own = law.with_rule(key, entry["value"], reason=str(entry["reason"]), unit=unit)
            except (StandardsError, UnitError) as error:
                said.append(f"{key}: {error}")
                continue
            if own.rule(key).unit == "ratio" and entry["value"] > 1:
                said.append(f"{key}: {entry['value']} is no ratio: divide percentages by 100")
            else:
                law = own
    return law, [f"[numbers] {one}" for one in said]


def _weights(weights: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    columns = [str(entry["column"]) for entry in weights]
    for column in dict.fromkeys(columns):
        known = names.registry().get(column)
        if known is None:
            yield f"[[weight]] no column {column!r}{_near(column, _columns())}"
        elif known.dtype not in ("float", "int"):
            yield f"[[weight]] {column}: is text and cannot be scored"
        if columns.count(column) > 1:
            yield f"[[weight]] {column}: stands twice"
    odd = [entry["column"] for entry in weights if not 0 <= entry["weight"] < float("inf")]
    if odd:
        yield f"[[weight]] {odd[0]}: a weight is 0 or more"
    elif weights and sum(float(entry["weight"]) for entry in weights) <= 0:
        yield "[[weight]] all weights are 0"


def _score(score: Mapping[str, Any]) -> Iterator[str]:
    column = str(score["column"])
    if not _column(column):
        yield f"[[score]] no column {column!r}{_near(column, _columns())}"
        return
    points = score.get("points", [])
    steps = score.get("from", score.get("words", []))
    if "from" in score and "words" in score:
        yield f"[[score]] {column}: has either `from` or `words`"
    elif len(points) != len(steps):
        yield f"[[score]] {column}: has {len(points)} points for {len(steps)} steps"
    elif any(not isinstance(one, int | float) or not 0 <= one <= HUNDRED for one in points):
        yield f"[[score]] {column}: points are numbers from 0 to 100"
    elif "from" in score and list(steps) != sorted(set(steps)):
        yield f"[[score]] {column}: `from` grows from step to step"


# ---------------------------------------------------------------- what can be reached


def _parts(when: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What has to hold together."""
    if "all" in when:
        return [inner for part in when["all"] for inner in _parts(part)]
    return [when]


def _implies(when: Mapping[str, Any], earlier: Mapping[str, Any], numbers: Any) -> bool:
    """Whether the earlier condition holds wherever this one does."""
    if "all" in earlier:
        return all(_implies(when, part, numbers) for part in earlier["all"])
    if "any" in when:
        return all(_implies(part, earlier, numbers) for part in when["any"])
    if "any" in earlier:
        return any(_implies(when, part, numbers) for part in earlier["any"])
    return any(
        part == earlier
        or ("any" in part and _implies(part, earlier, numbers))
        or _tighter(part, earlier, numbers)
        for part in _parts(when)
    )


def _tighter(part: Mapping[str, Any], earlier: Mapping[str, Any], numbers: Any) -> bool:
    """Whether one bound on a column leaves no more than another."""
    if part.get("column") != earlier.get("column") or "column" not in part:
        return False
    if earlier.get("known") is True:
        return "known" not in part or part["known"] is True
    ours = next((bound for bound in BOUNDS if bound in part), None)
    theirs = next((bound for bound in BOUNDS if bound in earlier), None)
    if ours is None or theirs is None:
        return False
    low, high = ("at_least", "above"), ("at_most", "below")
    if not ({ours, theirs} <= set(low) or {ours, theirs} <= set(high)):
        return False
    mine, other = numbers[part[ours]], numbers[earlier[theirs]]
    if mine != other:
        return bool(mine > other) if ours in low else bool(mine < other)
    return theirs in ("at_least", "at_most") or ours == theirs


def _against_itself(when: Mapping[str, Any], numbers: Any) -> str:
    """Two parts of a condition that cannot hold together, as a sentence."""
    parts = [part for part in _parts(when) if "column" in part]
    for at, part in enumerate(parts):
        for other in parts[:at]:
            if part["column"] != other["column"]:
                continue
            if "is" in part and "is" in other and part["is"] != other["is"]:
                return f"{part['column']} cannot be {other['is']!r} and {part['is']!r}"
            if _apart(part, other, numbers) or _apart(other, part, numbers):
                return f"no {part['column']} is within both of its bounds"
    return ""


def _apart(low: Mapping[str, Any], high: Mapping[str, Any], numbers: Any) -> bool:
    """Whether a lower bound leaves nothing under an upper one."""
    floor = next((bound for bound in ("at_least", "above") if bound in low), None)
    roof = next((bound for bound in ("at_most", "below") if bound in high), None)
    if floor is None or roof is None:
        return False
    least, most = numbers[low[floor]], numbers[high[roof]]
    if least != most:
        return bool(least > most)
    return not (floor == "at_least" and roof == "at_most")
