"""What would change a type: every promise kept when the fact is really changed."""

import warnings

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from deqing_geo import columns, errors, road_network, village_facts
from deqing_geo.sample import county as sample_county
from deqing_geo.standards import load
from deqing_geo.villages import classify_villages
from deqing_geo.villages.flips import flips, possible_types
from deqing_geo.villages.grounds import Grounds
from deqing_geo.villages.potential import TOPSIS, potential
from deqing_geo.villages.scheme import load_scheme
from deqing_geo.villages.wording import DECIMALS
from tests.test_village_types import AGREED, LAW, RM6, frame, log, scored

CANDIDATE = "拟列入搬迁撤并类(须征求村民意见)"
FAR = LAW.with_rule("village.flip_reach", 0.999, reason="试")


def judge(facts, **options):
    options.setdefault("draws", 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Left out", category=errors.DeqingGeoWarning)
        return classify_villages(facts, **options)


def row_of(changes, **options):
    return judge(frame(changes), **options).table.iloc[0]


# ---------------------------------------------------------------- in the words of a planner


@pytest.mark.parametrize(
    ("changes", "said", "margin"),
    [
        (
            {"dist_udb_m": 800, "tt_county_min": 16.2},
            "若至县城车程由16.2分钟降至15分钟则为城郊融合类", 0.08,
        ),
        (
            {"dist_udb_m": 900, "tt_county_min": 12},
            "若距县城城镇开发边界由900米增至超过1000米则为整治提升类", 0.1,
        ),
        (
            {"udb_res_share": 0.47},
            "若居住用地位于县城城镇开发边界内比例由47.00%增至50%则为城郊融合类", 0.06,
        ),
        (
            {"udb_res_share": 0.5},
            "若居住用地位于县城城镇开发边界内比例由50.00%降至不足50%则为整治提升类", 0.0,
        ),
        (
            {"redline_res_share": 0.4},
            f"若居住用地位于生态保护红线内比例由40.00%增至50%则{CANDIDATE}", 0.2,
        ),
        (
            {"redline_res_share": 0.4, **AGREED},
            "若居住用地位于生态保护红线内比例由40.00%增至50%则为搬迁撤并类", 0.2,
        ),
        (
            {**RM6, "hh_resident": 22},
            "若常住户数由22户降至不足20户则" + CANDIDATE, 0.1,
        ),
        (
            {**RM6, "hollow_rate": 0.4},
            "若宅基地闲置率由40.00%增至超过40%则" + CANDIDATE, 0.0,
        ),
        (
            {"seismic_intensity": 7, "fault_dist_m": 100},
            "若距断裂带距离由100米降至不足100米则" + CANDIDATE, 0.0,
        ),
        (
            {"dist_udb_m": 800, "tt_county_min": 15.0000001},
            "若至县城车程由15.0000001分钟降至15分钟则为城郊融合类", 0.0,
        ),
    ],
)  # fmt: skip
def test_the_nearest_flip_names_fact_limit_and_type(changes, said, margin):
    row = row_of(changes)

    assert (row["nearest_flip"], row["flip_margin"]) == (said, approx(margin, abs=1e-6))
    assert said.encode("gbk")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"heritage_list": "名录"},
        {"takes_part": False},
        {"hazard_major": None},
        {"is_central_village": True},
        # Two facts would have to change, and one alone changes nothing.
        {"dist_udb_m": 1100, "tt_county_min": 16},
        {**RM6, "hh_resident": 21, "hollow_rate": 0.39},
        # No part of it lies in the redline: half of the homes is not near.
        {"redline_res_share": 0.0},
    ],
)
def test_where_no_single_number_near_its_limit_matters_nothing_is_said(changes):
    row = row_of(changes)

    assert row["nearest_flip"] == "" and np.isnan(row["flip_margin"])


def test_what_people_decided_no_number_flips():
    facts = frame({"udb_res_share": 0.49})

    assert judge(facts).table["nearest_flip"].iloc[0]
    assert judge(facts, overrides=log({})).table["nearest_flip"].iloc[0] == ""


def test_the_reach_is_the_laws():
    facts = frame({"udb_res_share": 0.2})

    assert judge(facts).table["nearest_flip"].iloc[0] == ""
    assert judge(facts, law=FAR).table["flip_margin"].iloc[0] == approx(0.6)


def test_a_refused_number_of_the_constraint_is_told_by_the_part_that_decides_it():
    slope = [1.0] * 30 + [15.5]
    row = judge(scored(31, slope_res_mean_deg=slope)).table.iloc[-1]

    assert row["decided_by"] == "IM-C"
    assert row["nearest_flip"] == "若居住用地平均坡度由15.5度降至不足15度则为集聚建设类"
    assert row["flip_margin"] == approx(0.5 / 15)
    words = [*["none"] * 30, "high"]
    other = judge(scored(31, slope_res_mean_deg=slope, hazard_class=words)).table.iloc[-1]
    # Two parts are as bad: neither alone decides, and the potential is far from the cut.
    assert "坡度" not in other["nearest_flip"]


def test_the_gap_of_the_potential_is_said_in_people():
    """Scores are people over 30; the cut is at .5 + .5 x .2981 = .6491, so 20 are enough."""
    table = judge(scored(31)).table
    row = table.iloc[19]

    assert table["potential_cut"].iloc[0] == approx(0.64907, abs=1e-5)
    assert row["nearest_flip"] == (
        "若常住人口由19人增至20人(发展潜力得分由0.6333增至0.6491)则为集聚建设类"
    )
    assert row["flip_margin"] == approx(1 - 19 / 30 / row["potential_cut"])
    assert (
        "常住人口由20人降至19人(发展潜力得分由0.6667降至不足0.6491)"
        in table.iloc[20]["nearest_flip"]
    )


def test_a_gap_that_no_indicator_closes_alone_says_so():
    rng = np.random.Generator(np.random.PCG64(3))
    facts = scored(60, pop_chg5_pct=rng.uniform(-5, 5, 60), fac_count=rng.integers(0, 9, 60))
    facts["pop_resident"] = rng.permutation(np.arange(60))
    table = judge(facts, law=FAR).table
    low = table[table["nearest_flip"].str.contains("任一单项")]

    assert len(low)
    # Even with the best there is in one indicator each stays below the cut.
    worst = low["potential"] + 1 / 3 < low["potential_cut"]
    assert worst.any() and (low["flip_fact"] == "potential").all()


# ---------------------------------------------------------------- every promise is kept


@pytest.fixture(scope="module")
def schematic():
    law = load("deqing")
    made = sample_county(0)
    return village_facts(
        made.villages, table=made.village_table, homes=made.homes,
        network=road_network(made.roads, speeds=law.speeds), seats=made.seats,
        terrain=made.terrain, boundaries=made.development_boundaries, redline=made.redline,
        water_source=made.water_source, farmland=made.farmland, hazards=made.hazards,
    )  # fmt: skip


def promised(facts, types):
    """Villages with a flip of one fact; a gap filled from neighbours would move with them."""
    table = types.table
    whole = ~table["flags"].str.contains("FILLED")
    return table[whole & (table["nearest_flip"] != "") & (table["flip_fact"] != "potential")]


def judged_with(facts, said, values, fit):
    """Each village with its one fact changed; by frozen bounds they do not feel one another."""
    moved = facts.copy()
    for column, rows in said.groupby("flip_fact"):
        moved[column] = moved[column].astype(object)
        moved.loc[rows.index, column] = values.loc[rows.index].astype(object)
    return classify_villages(moved, FAR, fit=fit, draws=0).table.loc[said.index, "type_model"]


@pytest.mark.parametrize("way", [None, TOPSIS, "entropy"])
@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
def test_a_fact_really_changed_gives_the_type_that_was_promised(schematic, way):
    """Judged again by the bounds of the run: every village of the county that has a flip."""
    types = classify_villages(schematic, FAR, weights=way, draws=0)
    said = promised(schematic, types)
    found = judged_with(schematic, said, said["flip_to"], types.fit)

    assert found.tolist() == said["flip_type"].tolist()
    assert len(said) > 60 and said["flip_fact"].nunique() >= 6


@pytest.mark.filterwarnings("ignore::deqing_geo.errors.DeqingGeoWarning")
def test_a_step_short_of_what_is_promised_changes_nothing(schematic):
    """A figure shown is at most one of its last places farther than it needs to be."""
    types = classify_villages(schematic, FAR, draws=0)
    said = promised(schematic, types)
    known = columns.registry()
    step = [
        1.0 if known[one].dtype == "int" else 1e-4 if known[one].unit == "ratio"
        else 10.0 ** -DECIMALS.get(known[one].unit, 2) for one in said["flip_fact"]
    ]  # fmt: skip
    value = pd.Series(
        [float(row[row["flip_fact"]]) for _, row in said.iterrows()], index=said.index
    )
    short = said["flip_to"] - np.sign(said["flip_to"] - value) * step
    still = (short - value) * (said["flip_to"] - value) > 0
    found = judged_with(schematic, said[still], short[still], types.fit)

    assert still.sum() > 40
    assert found.tolist() == said.loc[still, "type_model"].tolist()


GRID = {
    "udb_res_share": [0, 0.3, 0.47, 0.5, 0.6], "dist_udb_m": [0, 950, 1000, 1200, 2500],
    "tt_county_min": [8, 15, 16.2, 22], "redline_res_share": [0, 0.46, 0.5, 0.7],
    "water1_res_share": [0, 0.49, 0.51], "hollow_rate": [0.1, 0.39, 0.41],
    "hh_resident": [15, 20, 24, 100], "fault_dist_m": [80, 100, 130],
    "seismic_intensity": [6, 7, 8], "slope_res_mean_deg": [1, 14.5, 15, 22],
}  # fmt: skip


def test_no_nearer_flip_is_overlooked_among_facts_of_every_kind():
    """Second road: every limit of every column tried by hand, village by village."""
    rng = np.random.Generator(np.random.PCG64(8))
    rows = [{name: float(rng.choice(held)) for name, held in GRID.items()} for _ in range(40)]
    facts = frame(*rows)
    skip = ["AC-3", "IM-C"]
    table = judge(facts, law=FAR, skip=skip).table
    limits = {
        "udb_res_share": 0.5, "dist_udb_m": 1000, "tt_county_min": 15, "redline_res_share": 0.5,
        "water1_res_share": 0.5, "hollow_rate": 0.4, "hh_resident": 20, "fault_dist_m": 100,
        "seismic_intensity": 7,
    }  # fmt: skip
    tried, whose = [], []
    for at, row in enumerate(rows):
        for column, limit in limits.items():
            # One of the three lies on the other side, wherever the fact is.
            step = 1.0 if column == "hh_resident" else 1e-9
            for value in (limit - step, limit, limit + step):
                tried.append({**row, column: value})
                whose.append((at, column, abs(row[column] - limit) / limit, value))
    outcome = judge(frame(*tried), law=FAR, skip=skip).table["type_model"].tolist()
    nearest = {}
    for (at, _, margin, _), kind in zip(whose, outcome, strict=True):
        if kind != table["type_model"].iloc[at] and margin <= 0.999:
            nearest[at] = min(margin, nearest.get(at, np.inf))

    found = table["flip_margin"].to_numpy()
    assert [nearest.get(at, np.nan) for at in range(40)] == approx(found.tolist(), nan_ok=True)
    assert len(nearest) > 20


def test_neither_order_nor_company_moves_a_flip_of_facts():
    rng = np.random.Generator(np.random.PCG64(8))
    rows = [{name: float(rng.choice(held)) for name, held in GRID.items()} for _ in range(30)]
    facts = frame(*rows)
    wanted = ["nearest_flip", "flip_margin", "possible_types"]
    whole = judge(facts).table[wanted]

    mixed = judge(facts.sample(frac=1, random_state=1)).table.loc[facts.index, wanted]
    pd.testing.assert_frame_equal(pd.DataFrame(mixed), pd.DataFrame(whole))
    pd.testing.assert_frame_equal(
        pd.DataFrame(judge(facts.iloc[:3]).table[wanted]), pd.DataFrame(whole.iloc[:3])
    )


def test_a_scheme_of_ones_own_is_asked_by_its_own_limits(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'base = "deqing"\ndocument = "纪要"\n'
        '[numbers]\n"village.centre_minutes" = { value = 20, reason = "本县" }\n',
        encoding="utf-8",
    )
    row = row_of({"dist_udb_m": 10, "tt_county_min": 22}, scheme=file)

    assert row["nearest_flip"] == "若至县城车程由22.0分钟降至20分钟则为城郊融合类"
    assert row["flip_margin"] == approx(0.1)


# ---------------------------------------------------------------- what is still possible


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        ({}, ""),
        ({"redline_res_share": None}, f"{CANDIDATE}或整治提升类"),
        ({"redline_res_share": None, **AGREED}, "搬迁撤并类或整治提升类"),
        ({"udb_res_share": None}, "城郊融合类或整治提升类"),
        ({"is_town_seat": True, "udb_res_share": None}, "集聚建设类或城郊融合类或整治提升类"),
        ({"is_central_village": None}, "集聚建设类或整治提升类"),
        (
            {"hazard_major": None, "is_central_village": True},
            f"{CANDIDATE}或集聚建设类",
        ),
        ({"takes_part": None, "is_town_seat": True}, "不纳入分类(城镇社区)或集聚建设类"),
    ],
)  # fmt: skip
def test_a_village_that_waits_is_told_what_it_could_come_to(changes, possible):
    said = row_of(changes)["possible_types"]

    assert said.replace("、", "或") == possible


@pytest.mark.parametrize(
    "column",
    ["redline_res_share", "udb_res_share", "hazard_major", "is_central_village", "tt_county_min"],
)
def test_whatever_comes_to_be_known_the_type_is_one_of_those_named(column):
    base = {"dist_udb_m": 10, "redline_res_share": 0.1, column: None}
    said = row_of(base)["possible_types"]
    fillings = (
        [True, False] if column in ("hazard_major", "is_central_village") else [0.0, 0.5, 1.0]
    )
    if column == "tt_county_min":
        fillings = [0, 15, 16, 90]
    for value in fillings:
        kind = row_of({**base, column: value})["type_model"]
        assert columns.vocabulary("type_final")[kind] in said


def test_where_nothing_is_known_everything_is_possible():
    table = judge(frame({})[["village_name", "geometry"]]).table
    said = table["possible_types"].iloc[0]

    assert all(kind in said for kind in ("城郊融合类", "集聚建设类", "整治提升类", "特色保护类"))


def test_the_evidence_says_what_it_is():
    types = judge(scored(31))
    scheme = load_scheme("deqing", LAW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DeqingGeoWarning)
        scores = potential(types.table, np.ones(31, dtype=bool), LAW, scheme.indicators)
    rungs = [one for one in scheme.rungs if all(column in types.table for column in one.columns)]
    grounds = Grounds.of(types.table, rungs, LAW, scheme, scores)
    nobody = np.zeros(31, dtype=bool)

    assert repr(grounds) == f"<Grounds of 31 villages on {len(rungs)} rungs>"
    found = flips(grounds, nobody)
    assert found["nearest_flip"].tolist() == types.table["nearest_flip"].tolist()
    assert flips(grounds, nobody, among=nobody)["nearest_flip"].eq("").all()
    assert possible_types(grounds, nobody) == [""] * 31
