"""A scheme of village types is data: amended, reordered, refused where it cannot be meant."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deqing_geo import standards
from deqing_geo.errors import RecipeError, StandardsError
from deqing_geo.villages import classify_villages, load_scheme
from deqing_geo.villages.checking import unreached
from deqing_geo.villages.conditions import BOUNDS, leaves
from deqing_geo.villages.scheme import Rung, shipped
from tests.test_village_types import LAW, frame, judge, row_of

HEAD = 'base = "deqing"\ndocument = "县自规局2026年3月5日会议纪要"\n'
# A scheme of one's own, as short as can be.
OWN = """
name = "本县分类"
[[rung]]
id = "X-1"
type = "heritage"
how = "list"
when = { column = "heritage_list", known = true }
says = "列入{heritage_list}"
[[rung]]
id = "X-0"
type = "improve"
how = "residual"
says = "其余"
[[weight]]
column = "pop_resident"
weight = 1
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "own.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def mistakes(written, text):
    with pytest.raises(RecipeError) as caught:
        load_scheme(written(text), LAW)
    return "\n".join(caught.value.mistakes)


# ---------------------------------------------------------------- what it may change


def test_the_scheme_that_ships_has_no_mistake_and_no_change():
    scheme = load_scheme("deqing", LAW)

    assert unreached(scheme, LAW) == []
    assert scheme.changed == () and scheme.document == ""
    assert sum(entry.weight for entry in scheme.indicators) == pytest.approx(1)


def test_a_number_of_the_scheme_stands_before_the_law_and_is_told(written):
    text = HEAD + '[numbers]\n"village.udb_distance" = { value = 800, reason = "镇区紧凑" }\n'
    near = {"dist_udb_m": 900, "tt_county_min": 10}

    before = judge(frame(near))
    after = judge(frame(near), scheme=written(text))

    assert (before.series[0], after.series[0]) == ("suburban", "improve")
    assert "距离由1000米改为800米(镇区紧凑)" in after.line and "会议纪要" in after.line
    (rule,) = [rule for rule in after.sources if rule.key == "village.udb_distance"]
    assert (rule.value, rule.evidence) == (800, "local")


def test_a_number_of_the_planners_own_law_is_told_as_well():
    law = LAW.with_rule("village.udb_distance", 800, reason="镇区紧凑")
    near = {"dist_udb_m": 900, "tt_county_min": 10}

    types = judge(frame(near), law=law)

    assert types.series[0] == "improve"
    assert "取800米(镇区紧凑)" in types.line
    with pytest.raises(StandardsError, match="reason"):
        LAW.with_rule("village.udb_distance", 800, reason=" ")


def test_the_order_is_the_planners(written):
    """A seat inside the boundary of the county seat: which comes first decides."""
    seat = {"is_central_village": True, "udb_res_share": 0.8}
    text = HEAD + 'order = ["E0","RM-5","CP-1","RM-3","RM-4","RM-2","RM-1","RM-6","AC-1","AC-2"]\n'

    assert row_of(seat)["decided_by"] == "SI-1"
    later = judge(frame(seat), scheme=written(text + 'skip = ["IM-C"]\n'))

    assert later.table["decided_by"][0] == "AC-2"
    assert "条件顺序改为" in later.line and "停用条件IM-C" in later.line


def test_a_new_condition_stands_where_it_says(written):
    text = (
        HEAD
        + """
[[rung]]
id = "RM-9"
before = "AC-1"
type = "relocate"
how = "rule"
candidate = true
says = "村庄居住用地平均坡度{slope_res_mean_deg}(>{village.slope_limit})"
when = { column = "slope_res_mean_deg", above = "village.slope_limit" }
"""
    )

    types = judge(frame({"slope_res_mean_deg": 26}), scheme=written(text))

    assert types.table["decided_by"][0] == "RM-9"
    assert types.table["type_final"].isna().all() and len(types.candidates) == 1
    assert types.table["reason"][0].startswith("村庄居住用地平均坡度26.0度(>25度)")
    assert "新增条件RM-9" in types.line


def test_a_condition_may_bring_its_own_number(written):
    text = rung(when='{ column = "fac_count", at_least = "own.services" }', says='"{own.services}"')
    text += '\n[numbers]\n"own.services" = { value = 6, unit = "kind", reason = "县标准" }\n'
    facts = frame({"fac_count": 6}, {"fac_count": 5})

    types = judge(facts, scheme=written(text))

    assert types.table["decided_by"].tolist() == ["Y-1", "IM-0"]
    assert "新增数值own.services取6类(县标准)" in types.line


def test_a_condition_written_anew_replaces_all_of_its_number(written):
    text = (
        HEAD
        + """
[[rung]]
id = "RM-5"
type = "relocate"
how = "declared"
candidate = true
says = "已申报"
when = { column = "major_project", is = true }
"""
    )
    scheme = load_scheme(written(text), LAW)

    assert [rung.id for rung in scheme.rungs].count("RM-5") == 1
    assert scheme.ids == shipped().ids
    assert scheme.changed == ("条件RM-5改写",)


def test_weights_are_brought_to_a_sum_of_one(written):
    text = HEAD + "".join(
        f'[[weight]]\ncolumn = "{column}"\nweight = {weight}\n'
        for column, weight in (("pop_resident", 3), ("fac_count", 1))
    )

    scheme = load_scheme(written(text), LAW)

    assert [entry.weight for entry in scheme.indicators] == [0.75, 0.25]
    assert "权重改写" in scheme.changed[0]


def test_a_ladder_of_ones_own_needs_nothing_of_the_other(written):
    types = judge(frame({"heritage_list": "中国传统村落"}, {}), scheme=written(OWN))

    assert types.series.tolist() == ["heritage", "improve"]
    assert types.scheme.name == "本县分类"
    assert types.line.startswith("村庄分类判定条件 X-1 至 X-0")


def test_types_of_a_scheme_are_the_same_when_judged_again(written):
    text = HEAD + '[numbers]\n"village.udb_distance" = { value = 800, reason = "镇区紧凑" }\n'
    first = judge(frame({"dist_udb_m": 900, "tt_county_min": 10}, {}), scheme=written(text))

    again = judge(first.table, **first.asked)

    assert again.table.equals(first.table)
    assert again.line == first.line


def test_the_same_content_has_the_same_digest(written):
    first = load_scheme(written(HEAD), LAW).digest
    assert load_scheme(written(HEAD), LAW).digest == first
    assert load_scheme(written(HEAD + 'skip = ["SI-2"]'), LAW).digest != first != shipped().digest


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base = 'deqing'", "on whose decision"),
        ("base = 'national'\ndocument = 'x'", "only 'deqing' ships"),
        (HEAD + "orders = []", "did you mean order"),
        (HEAD + 'skip = ["SI-3"]', "did you mean SI-"),
        (HEAD + 'order = "SI-1"', "`order` is not a list"),
        (HEAD + "[numbers]\n'village.udb_distanc' = 3", "did you mean village.udb_distance"),
        (HEAD + "[numbers]\n'village.udb_distance' = 800", "is written as"),
        (HEAD + "[numbers]\n'village.udb_share' = {value=50, reason='x'}", "no ratio"),
        (HEAD + "[numbers]\n'village.udb_share' = {value=0.4, reason=' '}", "needs a reason"),
        (HEAD + "[numbers]\n'village.udb_share' = {value=0, reason='x'}", "is positive"),
        (HEAD + "[numbers]\n'village.udb_share' = {value=1, reason='x', unit='m'}", "in ratio"),
        (HEAD + "[numbers]\n'own.x' = {value=1, reason='x', unit='里'}", "里"),
        (HEAD + "[numbers]\n'village.udb_share' = {value='半', reason='x'}", "is no number"),
        (HEAD + "[[weight]]\ncolumn='pop'\nweight=1", "did you mean"),
        (HEAD + "[[weight]]\ncolumn='heritage_list'\nweight=1", "is text"),
        (HEAD + "[[weight]]\ncolumn='pop_resident'\nweight=-1", "0 or more"),
        (HEAD + "[[weight]]\ncolumn='pop_resident'\nweight=0", "all weights are 0"),
        (HEAD + "[[weight]]\ncolumn='pop_resident'", "needs `weight`"),
        (HEAD + "[[weight]]\ncolumn='pop_resident'\nweight=true", "not a number"),
        (HEAD + "[[score]]\ncolumn='slope_res_mean_deg'\nfrom=[0,1]\npoints=[1]", "1 points for 2"),
        (HEAD + "[[score]]\ncolumn='slope_res_mean_deg'\nfrom=[2,1]\npoints=[1,2]", "grows"),
        (HEAD + "[[score]]\ncolumn='slope_res_mean_deg'\nfrom=[0]\npoints=[101]", "0 to 100"),
        ("name = 'x'", "[[rung]] is missing"),
    ],
)
def test_a_mistake_is_named_with_its_cure(written, text, said):
    assert said in mistakes(written, text)


def rung(**changes):
    held = {
        "id": '"Y-1"', "before": '"AC-3"', "type": '"cluster"', "how": '"rule"', "says": '"x"',
        "when": '{ column = "fac_count", known = true }', **changes,
    }  # fmt: skip
    return HEAD + "[[rung]]\n" + "\n".join(f"{key} = {held[key]}" for key in held if held[key])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": '"growing"'}, "none of suburban"),
        ({"how": '"feeling"'}, "none of rule"),
        ({"says": '"{fac_cout}"'}, "did you mean {fac_count}".replace("{", "").replace("}", "")),
        ({"says": '"{village.nothing}"'}, "no number of the law"),
        ({"says": '""'}, "needs `says`"),
        ({"candidate": "true"}, "only relocate waits"),
        ({"before": '"AC-9"'}, "is no condition"),
        ({"before": ""}, "say before which"),
        ({"when": '{ column = "fac_cont", is = 1 }'}, "did you mean fac_count"),
        ({"when": '{ column = "fac_count", at_leats = 3 }'}, "did you mean at_least"),
        ({"when": '{ column = "fac_count", at_least = 3 }'}, "no number of the law"),
        ({"when": '{ column = "fac_count" }'}, "asks one of"),
        ({"when": '{ column = "fac_count", is = 1, known = true }'}, "asks one of"),
        ({"when": '{ column = "heritage_list", above = "village.intensity" }'}, "is text"),
        ({"when": '{ column = "tt_county_min", below = "village.udb_distance" }'}, "in min and"),
        ({"when": '{ column = "unit_kind", is = "自然村" }'}, "none of"),
        ({"when": '{ column = "fac_count", known = "yes" }'}, "true or false"),
        ({"when": "{ all = [] }"}, "list of conditions"),
        ({"when": "{ all = [ 3 ] }"}, "3 is none"),
        ({"when": '{ some = [ { column = "fac_count", known = true } ] }'}, "names a column"),
        ({"when": '{ column = "fac_count", at_least_column = "x" }'}, "no column 'x'"),
    ],
)
def test_a_mistaken_condition_is_named_with_its_cure(written, changes, said):
    found = mistakes(written, rung(**changes))

    assert said in found
    assert "[[rung]] 1" in found


def test_all_mistakes_of_a_file_come_at_once(written):
    text = rung(type='"growing"') + "\n[[weight]]\ncolumn = 'pop'\nweight = 1\n"

    assert len(mistakes(written, text).splitlines()) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # The same again, tighter, or as one of several that all are behind.
        ({"when": '{ column = "is_central_village", is = true }'}, "since AC-2 before it"),
        (
            {"when": '{ all = [ { column = "is_central_village", is = true },'
             ' { column = "pop_resident", known = true } ] }'},
            "since AC-2 before it",
        ),
        ({"when": '{ column = "udb_res_share", above = "village.udb_share" }'}, "since SI-1"),
        (
            {"when": '{ any = [ { column = "is_central_village", is = true },'
             ' { column = "heritage_list", known = true } ] }'},
            "",
        ),
        ({"before": "", "id": '"IM-C"', "when": "{}"}, "IM-0: can never be reached"),
        (
            {"when": '{ all = [ { column = "udb_res_share", above = "village.udb_share" },'
             ' { column = "udb_res_share", at_most = "village.udb_share" } ] }'},
            "can never hold",
        ),
        (
            {"when": '{ all = [ { column = "unit_kind", is = "hamlet" },'
             ' { column = "unit_kind", is = "village_committee" } ] }'},
            "cannot be",
        ),
        ({"type": '"urban"'}, "asked before all else"),
    ],
)  # fmt: skip
def test_a_condition_nobody_can_come_to_is_refused(written, changes, said):
    text = rung(**changes)
    if said:
        assert said in mistakes(written, text)
    else:
        # Either alone is behind another rung, but not behind the same one.
        assert "can never" not in str(load_scheme(written(text), LAW).changed)


def test_a_looser_bound_behind_a_tighter_one_can_be_reached(written):
    text = rung(when='{ column = "udb_res_share", at_least = "village.water1_share" }')
    text += '\n[numbers]\n"village.water1_share" = { value = 0.3, reason = "试算" }\n'

    assert "新增条件Y-1" in load_scheme(written(text), LAW).changed


def test_the_last_condition_has_to_hold_always(written):
    text = OWN.replace('how = "residual"', 'how = "rule"\nwhen = { column = "fac_count", is = 1 }')

    assert "has to hold always" in mistakes(written, text)


@pytest.mark.parametrize("scheme", ["德清", "missing.toml"])
def test_a_scheme_that_is_not_there_is_named(scheme):
    with pytest.raises(RecipeError, match=scheme.split(".")[0]):
        classify_villages(frame({}), scheme=scheme)


def test_a_file_that_is_no_toml_is_refused(written):
    assert "line 1" in mistakes(written, "[[rung]")


# ---------------------------------------------------------------- what reachable means


CONDITION = st.sampled_from(
    [
        {"column": "redline_res_share", "at_least": "village.redline_share"},
        {"column": "redline_res_share", "above": "village.redline_share"},
        {"column": "redline_res_share", "below": "village.redline_share"},
        {"column": "redline_res_share", "at_most": "village.redline_share"},
        {"column": "hazard_major", "is": True},
        {"column": "hazard_major", "is": False},
        {"column": "hazard_major", "known": True},
    ]
)
NESTED = st.recursive(
    CONDITION,
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)
CASES = [
    {"redline_res_share": share, "hazard_major": major}
    for share in (None, 0.4, 0.5, 0.6)
    for major in (None, True, False)
]


@given(NESTED, NESTED)
def test_what_is_called_unreachable_decides_no_village(first, second):
    """Every case there is, by brute force: a second rung that is refused has no turn."""
    rungs = (
        Rung("A", "relocate", "rule", "a", first),
        Rung("B", "cluster", "rule", "b", second),
        Rung("C", "improve", "residual", "c", {}),
    )
    scheme = dataclasses.replace(shipped(), rungs=rungs)
    odd = [said for said in unreached(scheme, LAW) if said.startswith("B:")]

    if odd:
        facts = frame(*CASES)
        found = judge(facts, scheme=scheme).table
        held = found[(found["decided_by"] == "B") & (found["type_model"] == "cluster")]
        assert held.empty, odd


def test_every_number_of_a_condition_is_in_the_unit_of_its_column():
    """A twin of the check on schemes, by hand for the one that ships."""
    from deqing_geo.columns import registry

    pairs = [
        (registry()[leaf["column"]].unit, standards.load().rule(leaf[bound]).unit)
        for rung in shipped().rungs
        for leaf in leaves(rung.when)
        for bound in BOUNDS
        if bound in leaf and leaf["column"] in registry()
    ]

    assert len(pairs) > 10
    assert all(ours in (theirs, "") or theirs == "score" for ours, theirs in pairs)
