"""Why a village came to its type, condition by condition: in a table, in Chinese and in English.

The ladder is asked again of one village's own row. What is not known is said to be not known,
and a candidate for relocation is never said to be relocated. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo.errors import CodeError, InputError
from deqing_geo.text import figure, percent
from deqing_geo.villages.conditions import BOUNDS, NO, UNKNOWN, YES, truth
from deqing_geo.villages.kinds import BY_HAND, COMPUTED, FIVE, called, labelled, worded
from deqing_geo.villages.potential import links
from deqing_geo.villages.wording import sentences, shown_rule, shown_value

if TYPE_CHECKING:
    from deqing_geo.standards import Rule, Standard
    from deqing_geo.villages.scheme import Rung, Scheme
    from deqing_geo.villages.types import VillageTypes

LANGUAGES = ("zh", "en")
STATES = {NO: "failed", UNKNOWN: "unknown", YES: "held"}
SIGNS = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<"}
SAID = {"at_least": "at least ", "at_most": "at most ", "above": "above ", "below": "below "}
TURNED = {"at_least": "below", "at_most": "above", "above": "at_most", "below": "at_least"}
PERCENT = 100.0
CUT, SPREAD = "potential_cut", "village.score_spread"
COLUMNS = ("rung", "type_model", "rung_state", "fact", "comparison", "value", "limit", "unit",
           "margin", "part_state", "rule_document", "fact_source")  # fmt: skip


def reasons(types: VillageTypes, code: object) -> pd.DataFrame:
    """Every condition a village was asked, down to the one that decided, part by part.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.
    code : object
        The village's label in the index.

    Returns
    -------
    DataFrame
        A row for each single comparison, in the order asked: ``rung``, ``type_model`` (what it
        would make of the village), ``rung_state`` (held, failed, unknown, off), ``fact``,
        ``comparison``, ``value``, ``limit``, ``unit``, ``margin`` (by how much of the limit
        the comparison holds; below 0 where it fails), ``part_state``, ``rule_document`` (of
        the limit) and ``fact_source``. Of a village that waits for data the rungs below follow,
        down to the first that surely holds: one of them it will come to.

    Raises
    ------
    CodeError
        If there is no such village.
    """
    row = _row(types, code)
    law, _ = _asked(types)
    kinds = types.table.attrs.get("facts", {})
    out: list[dict[str, Any]] = []
    for rung, state in _tried(types, row):
        parts = list(_parts(rung, row, law, kinds))
        if state == "off":
            absent = [column for column in rung.columns if column not in row]
            # Left out of this run, where nothing is absent.
            parts = [{"fact": column, "part_state": "off"} for column in absent] or [{}]
        for part in parts or [{}]:
            out.append({"rung": rung.id, "type_model": rung.type, "rung_state": state, **part})
    table = pd.DataFrame(out, columns=list(COLUMNS))
    texts = [column for column in COLUMNS if column not in ("value", "limit", "margin")]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
    return table


def why(types: VillageTypes, code: object, lang: str = "zh") -> str:
    """What was decided of a village and why, in lines a person can read out.

    Parameters
    ----------
    types : VillageTypes
        Of `classify_villages`.
    code : object
        The village's label in the index.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        The verdict; what to look at again; what was compared, with the document of each
        number; the conditions before it with what failed and by how much; conditions that
        were off; the nearest change; what is waited for; what is known of the data.

    Raises
    ------
    CodeError
        If there is no such village.
    InputError
        If `lang` is another language.
    """
    if lang not in LANGUAGES:
        raise InputError(f"`lang` is one of {', '.join(LANGUAGES)}, not {lang!r}.")
    row = _row(types, code)
    say = names.phrases("why") if lang == "zh" else names.english("why")
    law, scheme = _asked(types)
    tried = list(_tried(types, row))
    made: dict[str, Any] = {str(one): held for one, held in row.iloc[0].items()}
    lines = [_verdict(made, row, tried, law, lang)]
    if made["remarks"]:
        flags = names.english("flags")
        said = say["parts"].join(flags.get(one, one) for one in str(made["flags"]).split(";"))
        lines.append(f"{say['remarks']}{made['remarks'] if lang == 'zh' else said}")
    if made["decided_by"] == BY_HAND:
        lines += [f"{say['by_hand']}{_model(made, lang)}"]
    deciding = [rung for rung, state in tried if state not in ("failed", "off")][:1]
    told = _Teller(row, law, scheme, say, lang)
    compared = [said for rung in deciding for said in told.compared(rung)]
    if compared:
        lines.append(f"{say['compared']}{say['parts'].join(compared)}")
    failed: dict[str, list[Rung]] = {}
    for rung, state in tried:
        if state == "failed":
            failed.setdefault(rung.id, []).append(rung)
    if failed:
        lines.append(say["failed"])
        lines += [f"  {told.failed(rungs)}" for rungs in failed.values()]
    off = [told.off(rung) for rung, state in tried if state == "off"]
    if off:
        lines.append(f"{say['off']}{say['parts'].join(dict.fromkeys(off))}")
    lines += _change(made, say, law.rule("village.flip_reach"), lang)
    lines += _waiting(made, tried, say, lang)
    data = _data(types, made, tried, scheme, say, lang)
    if data:
        lines.append(f"{say['data']}{say['parts'].join(data)}")
    return "\n".join(lines)


# ---------------------------------------------------------------- asked again


def _row(types: VillageTypes, code: object) -> pd.DataFrame:
    if code not in types.table.index:
        raise CodeError(f"No village {code!r} here.", [code])
    return pd.DataFrame(types.table.loc[[code]])


def _asked(types: VillageTypes) -> tuple[Standard, Scheme]:
    scheme: Scheme = types.asked["scheme"]
    return scheme.law(types.asked["law"]), scheme


def _tried(types: VillageTypes, row: pd.DataFrame) -> Iterator[tuple[Rung, str]]:
    """The rungs a village was asked, each with how it came out, down to what decided."""
    law, scheme = _asked(types)
    waits = row["type_model"].iloc[0] == "missing"
    for rung in scheme.rungs:
        if rung.id in types.asked["skip"] or any(one not in row for one in rung.columns):
            yield rung, "off"
            continue
        state = STATES[int(truth(rung.when, row, law)[0])]
        # Where not one condition could be asked, the last says nothing either.
        nothing = waits and row["model_by"].iloc[0] == rung.id and state == "held"
        yield rung, "unknown" if nothing else state
        if state == "held" or (state == "unknown" and not waits):
            return


def _parts(
    rung: Rung, row: pd.DataFrame, law: Standard, kinds: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Each single comparison of a rung."""
    for leaf, straight in _leaves(rung.when, True):
        column = leaf["column"]
        if column not in row:
            continue
        found = int(truth(leaf, row, law)[0])
        state = STATES[found if straight else YES - found]
        value = row[column].iloc[0]
        known = not pd.isna(value)
        name = next(key for key in leaf if key not in ("column", "optional"))
        wanted: Any = leaf[name]
        rule = None
        if name in BOUNDS:
            rule = law.rule(wanted)
            wanted = rule.value
        elif name == "at_least_column":
            rule = law.rule(SPREAD) if leaf[name] == CUT else None
            wanted = row[leaf[name]].iloc[0]
        yield {
            "fact": column,
            "comparison": name if straight else f"not {name}",
            "value": value if known else None,
            "limit": wanted,
            "unit": names.registry()[column].unit,
            "margin": _margin(value, wanted, name, straight) if known else np.nan,
            "part_state": state,
            "rule_document": "" if rule is None else _document(rule, "zh"),
            "fact_source": _source(column, known, kinds),
        }


def _leaves(when: Mapping[str, Any], straight: bool) -> Iterator[tuple[Mapping[str, Any], bool]]:
    if "column" in when:
        yield when, straight
    for part in (*when.get("all", ()), *when.get("any", ())):
        yield from _leaves(part, straight)
    if "not" in when:
        yield from _leaves(when["not"], not straight)


def _margin(value: Any, limit: Any, name: str, straight: bool) -> float:
    if name not in (*BOUNDS, "at_least_column") or pd.isna(limit) or limit == 0:
        return np.nan
    sign = 1.0 if name in ("at_least", "above", "at_least_column") else -1.0
    return float(sign * (1 if straight else -1) * (float(value) - float(limit)) / abs(limit))


def _source(column: str, known: bool, kinds: Mapping[str, str]) -> str:
    # What scores write is neither measured nor declared.
    if column in COMPUTED:
        return "computed"
    return kinds.get(column, "") if known else "missing"


def _document(rule: Rule, lang: str) -> str:
    """Whose number it is."""
    english = names.english("why")
    if rule.evidence == "ours":
        return names.word("evidence.ours") if lang == "zh" else english["ours"]
    if rule.evidence == "local":
        whose = names.word("evidence.local") if lang == "zh" else english["local"]
        return f"{whose}:{rule.clause}"
    marks = ""
    if rule.evidence == "confirmed":
        marks = names.word("evidence.confirmed") if lang == "zh" else english["confirmed"]
    elif rule.unread:
        marks = names.word("notice.unread") if lang == "zh" else english["unread"]
    return f"{rule.document}{rule.clause}{',' if marks else ''}{marks}"


# ---------------------------------------------------------------- sentences


class _Teller:
    """Says single comparisons of one village in one language."""

    def __init__(
        self, row: pd.DataFrame, law: Standard, scheme: Scheme, say: Mapping[str, str], lang: str
    ) -> None:
        self.row, self.law, self.scheme, self.say, self.lang = row, law, scheme, say, lang

    def compared(self, rung: Rung) -> Iterator[str]:
        """Every number that decided, against its limit and whose that is."""
        for leaf, straight in _leaves(rung.when, True):
            bound = next((one for one in (*BOUNDS, "at_least_column") if one in leaf), None)
            if bound is None or leaf["column"] not in self.row:
                continue
            limit, rule = self._limit(leaf, bound)
            wanted = self._wanted(bound, straight, limit)
            whose = "" if rule is None else f"{self.say['comma']}{_document(rule, self.lang)}"
            value = self._value(leaf["column"], self._number(leaf, bound))
            label = self._label(leaf["column"])
            yield (
                f"{label}{self.say['space']}{value}{self._part(leaf['column'])}"
                f"{self.say['open']}{wanted}{whose}{self.say['close']}"
            )

    def failed(self, rungs: list[Rung]) -> str:
        """Rungs of one number that did not hold, with what failed and by how much."""
        parts = []
        rung = rungs[0]
        for leaf, straight in (pair for one in rungs for pair in _leaves(one.when, True)):
            if leaf["column"] not in self.row:
                continue
            found = int(truth(leaf, self.row, self.law)[0])
            found = found if straight else YES - found
            if found != YES:
                parts.append(self._miss(leaf, straight, known=found != UNKNOWN))
        name = self._kind(rung)
        head = f"{rung.id}{self.say['open']}{name}{self.say['close']}{self.say['colon']}"
        return f"{head}{self.say['parts'].join(dict.fromkeys(parts))}"

    def off(self, rung: Rung) -> str:
        """A rung that was not asked, and for want of what."""
        absent = [column for column in rung.columns if column not in self.row]
        said = self.say["list"].join(labelled(column, self.lang) for column in absent)
        reason = f"{self.say['lacks']}{said}" if absent else self.say["skipped"]
        return f"{rung.id}{self.say['open']}{reason}{self.say['close']}"

    def _miss(self, leaf: Mapping[str, Any], straight: bool, *, known: bool) -> str:
        column, label = leaf["column"], self._label(leaf["column"])
        if not known:
            return f"{label}{self.say['colon']}{self.say['unknown']}"
        bound = next((one for one in (*BOUNDS, "at_least_column") if one in leaf), None)
        value = self.row[column].iloc[0]
        if bound is None:
            if "known" in leaf:
                there = not pd.isna(value)
                said = self.say["filled" if there else "blank"]
                return f"{label}{self.say['colon']}{said}"
            shown = shown_value(column, _plain(value), lang=self.lang)
            return f"{label}{self.say['colon']}{shown}"
        limit, _ = self._limit(leaf, bound)
        wanted = self._wanted(bound, straight, limit)
        apart = abs(float(value) - self._number(leaf, bound))
        if names.registry()[column].unit == "ratio":
            shown = figure(round(apart * PERCENT, 12), against=[0.0])
            margin = f"{shown}{self.say['points']}"
        else:
            margin = shown_value(column, apart, [0.0], lang=self.lang)
        shown = self._value(column, self._number(leaf, bound))
        missed = self.say["misses"].format(wanted=wanted, margin=margin)
        missed = f"{self.say['open']}{missed}{self.say['close']}"
        return f"{label}{self.say['space']}{shown}{self._part(column)}{missed}"

    def _label(self, column: str) -> str:
        return labelled(column, self.lang)

    def _value(self, column: str, against: float) -> str:
        value = _plain(self.row[column].iloc[0])
        limits = [against] if against == against else []
        shown = shown_value(column, value, limits, lang=self.lang)
        return self.say["unknown"] if value is None or value != value else shown

    def _number(self, leaf: Mapping[str, Any], bound: str) -> float:
        if bound == "at_least_column":
            return float(self.row[leaf[bound]].to_numpy(dtype=float, na_value=np.nan)[0])
        return self.law.rule(leaf[bound]).value

    def _limit(self, leaf: Mapping[str, Any], bound: str) -> tuple[str, Rule | None]:
        if bound == "at_least_column":
            other = leaf[bound]
            shown = shown_value(other, _plain(self.row[other].iloc[0]), lang=self.lang)
            return shown, self.law.rule(SPREAD) if other == CUT else None
        rule = self.law.rule(leaf[bound])
        return shown_rule(rule, lang=self.lang), rule

    def _wanted(self, bound: str, straight: bool, limit: str) -> str:
        name = "at_least" if bound == "at_least_column" else bound
        name = name if straight else TURNED[name]
        return f"{(SIGNS if self.lang == 'zh' else SAID)[name]}{limit}"

    def _part(self, column: str) -> str:
        """Which part of the constraint decides it: the worst."""
        if column != "constraint":
            return ""
        held = {one: values[0] for one, values in links(self.row, self.scheme.scores).items()}
        known = {one: value for one, value in held.items() if not np.isnan(value)}
        if not known or max(known.values()) == 0:
            return ""
        worst = max(known, key=lambda one: known[one])
        shown = shown_value(worst, _plain(self.row[worst].iloc[0]), lang=self.lang)
        part = f"{self._label(worst)}{self.say['space']}{shown}"
        said = self.say["because"].format(part=part)
        return f"{self.say['open']}{said}{self.say['close']}"

    def _kind(self, rung: Rung) -> str:
        return called(rung.type) if self.lang == "zh" else names.english("type_final")[rung.type]


def _plain(value: Any) -> Any:
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _verdict(
    made: Mapping[str, Any],
    row: pd.DataFrame,
    tried: list[tuple[Rung, str]],
    law: Standard,
    lang: str,
) -> str:
    decided = made["type_final"] if made["decided_by"] == BY_HAND else made["type_model"]
    if lang == "zh":
        head = f"{called(decided)}({made['decided_by']},{worded('status', made['status'])})"
        return f"{head}:{made['reason']}"
    kind = names.english("type_final").get(str(decided), str(decided))
    head = f"{kind} ({made['decided_by']}, {names.english('status')[str(made['status'])]}): "
    if made["decided_by"] == BY_HAND:
        return f"{head}{made['reason']}"
    if decided == "missing":
        fields = str(made["missing_fields"]).split(";")
        return f"{head}without {', '.join(labelled(one, lang) for one in fields)}"
    rung = next(rung for rung, state in tried if state == "held")
    return f"{head}{sentences(rung, row, law, lang=lang)[0]}"


def _model(made: Mapping[str, Any], lang: str) -> str:
    kind = str(made["type_model"])
    said = called(kind) if lang == "zh" else names.english("type_final").get(kind, kind)
    by = made["model_by"]
    return f"{said}({by})" if lang == "zh" else f"{said} ({by})"


def _change(made: Mapping[str, Any], say: Mapping[str, str], reach: Rule, lang: str) -> list[str]:
    if made["decided_by"] == BY_HAND or made["type_model"] not in FIVE:
        return []
    if not made.get("nearest_flip"):
        return [f"{say['flip']}{say['steady'].format(reach=shown_rule(reach))}"]
    said = made["nearest_flip"] if lang == "zh" else _change_in_english(made, say)
    margin = say["flip_margin"].format(margin=percent(float(made["flip_margin"])))
    return [f"{say['flip']}{said}{margin}"]


def _change_in_english(made: Mapping[str, Any], say: Mapping[str, str]) -> str:
    column, to = str(made["flip_fact"]), float(made["flip_to"])
    value = float(made[column])
    # What only has to be passed is given as the next number there is.
    limit = round(to, 9)
    past = "" if limit == to else say["above"] if to > limit else say["below"]
    kind = str(made["flip_type"])
    named = names.english("type_final")[kind]
    if "拟列入" in str(made["nearest_flip"]):
        named = say["candidate"]
    together = column == "potential"
    if together:
        cut = float(made[CUT])
        past = "" if to > value else say["below"]
        limit = cut
    return say["together" if together else "change"].format(
        label=labelled(column, "en"),
        value=shown_value(CUT if together else column, value, [limit], lang="en"),
        past=past,
        to=shown_value(CUT if together else column, limit, lang="en"),
        kind=named,
    )


def _waiting(
    made: Mapping[str, Any], tried: list[tuple[Rung, str]], say: Mapping[str, str], lang: str
) -> list[str]:
    if not made["missing_fields"]:
        return []
    fields = say["list"].join(labelled(one, lang) for one in str(made["missing_fields"]).split(";"))
    possible = str(made.get("possible_types", ""))
    if lang == "en":
        agreed = made["status"] == "consented"
        kinds = dict.fromkeys(
            say["candidate"]
            if rung.candidate and not agreed
            else names.english("type_final")[rung.type]
            for rung, state in tried
            if state in ("held", "unknown")
        )
        possible = say["or"].join(kinds)
    return [f"{say['waits']}{fields}{say['possible']}{possible}"]


def _data(
    types: VillageTypes,
    made: Mapping[str, Any],
    tried: list[tuple[Rung, str]],
    scheme: Scheme,
    say: Mapping[str, str],
    lang: str,
) -> list[str]:
    """Which of the facts that were read are stand-ins, not known or filled in."""
    kinds = types.table.attrs.get("facts", {})
    on = [rung for rung, state in tried if state != "off"]
    read = dict.fromkeys(one for rung in on for one in rung.columns if one not in COMPUTED)
    flags = str(made["flags"]).split(";")
    weights: dict[Any, float] = types.weights["weight"].astype(float).to_dict()
    scored = {one.column for one in scheme.indicators if weights.get(one.column, 0) > 0}
    if any(rung.how == "score" for rung in on):
        read |= dict.fromkeys(one.column for one in scheme.indicators if one.column in scored)
        read |= dict.fromkeys(one.column for one in scheme.scores)
    only_named = {leaf["column"] for rung in on for leaf, _ in _leaves(rung.when, True)
                  if "known" in leaf}  # fmt: skip
    out = []
    for column in (one for one in read if one in made):
        blank = pd.isna(made[column])
        label = labelled(column, lang)
        if not blank and kinds.get(column) == "proxy":
            out.append(f"{label}{say['proxy']}")
        elif blank and column in scored and "FILLED" in flags:
            out.append(f"{label}{say['town_median']}")
        elif blank and column not in only_named:
            # 缺 stands before what is lacking, "is not known" behind it.
            out.append(f"{say['missing']}{label}" if lang == "zh" else f"{label}{say['missing']}")
    out += [say["whole"]] if "WHOLE" in flags else []
    return out + ([say["unreached"]] if "UNREACHED" in flags else [])
