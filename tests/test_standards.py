"""Law is data: every entry has its document, and the plan's words are the plan's."""

import ast
import tomllib
from datetime import date
from pathlib import Path

import pytest

from deqing_geo import columns, errors, standards
from deqing_geo.standards.model import EVIDENCE, OPERATORS

PACKAGE = Path(standards.__file__).parent
LAW = standards.load("deqing")


@pytest.mark.parametrize("name", standards.available())
def test_every_standard_loads(name):
    assert standards.load(name).name == name


@pytest.mark.parametrize("entry", list(LAW.values()), ids=lambda entry: entry.key)
def test_an_entry_names_its_document_and_its_evidence(entry):
    assert entry.document and entry.says and entry.label
    assert entry.evidence in EVIDENCE
    assert entry.unread == (entry.evidence in ("secondary", "remembered"))
    assert ("未核对原文" in str(entry)) == entry.unread
    str(entry).encode("gbk")


@pytest.mark.parametrize(
    "definition",
    [e for e in LAW.values() if isinstance(e, standards.Definition)],
    ids=lambda e: e.key,
)
def test_a_definition_counts_words_of_the_vocabulary(definition):
    for layer, words in definition.counts.items():
        one = "facility" if layer == "facilities" else layer.removesuffix("s")
        assert set(words) <= set(columns.vocabulary(f"{one}_class"))


def test_the_defaults_are_the_countys():
    assert LAW.definition("road_density").key == "road.core"
    assert LAW.definition("park_coverage").key == "park.health_check_2021"
    assert [(b.from_m2, b.radius_m) for b in LAW["park.health_check_2021"].bands] == [
        (2000, 300),
        (5000, 500),
    ]


def test_the_plan_has_103_targets_and_each_quote_stands_in_its_text():
    text = standards.plan_text()

    assert len(LAW.targets) == 103
    assert [target.id for target in LAW.targets.values()] == [f"T{n:02d}" for n in range(1, 104)]
    assert [target.id for target in LAW.targets.values() if target.quote not in text] == []
    assert "德政办发〔2023〕18号" in text


def test_of_the_targets_16_are_computable_51_partly_36_not():
    kinds = [target.computable for target in LAW.targets.values()]

    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"yes": 16, "partly": 51, "no": 36}


@pytest.mark.parametrize("target", list(LAW.targets.values()), ids=lambda target: target.key)
def test_a_target_is_whole(target):
    assert target.operator in OPERATORS
    assert (target.value is None) <= (target.operator == "none")
    assert target.departments and all(target.departments)
    str(target).encode("gbk")


def test_the_two_headline_targets():
    density, coverage = LAW.targets["road_density"], LAW.targets["park_coverage"]

    assert (density.id, density.value, density.unit, density.year) == ("T04", 8, "km/km2", "2027")
    assert (coverage.id, coverage.value, coverage.goal) == ("T35", 91, 0.91)
    assert str(coverage) == "公园绿地服务半径覆盖率 不低于 91%(2023-2027)"


@pytest.mark.parametrize(
    ("key", "value", "unit", "met"),
    [
        ("road_density", 8.0, "km/km2", True),
        ("road_density", 7.9999999, "km/km2", False),
        ("park_coverage", 0.91, "ratio", True),
        ("park_coverage", 91.0, "%", True),
        ("park_coverage", float("nan"), "ratio", None),
        ("urban_rural_income_ratio", 1.6, "倍", True),
        ("urban_rural_income_ratio", 1.61, "倍", False),
        ("key_project_investment", 370.0, "亿元", False),
        ("farm_service_centres", 11, "个", True),
        ("future_communities", 20, "个", None),
    ],
)
def test_a_target_is_judged_on_the_unrounded_value(key, value, unit, met):
    assert LAW.targets[key].is_met(value, unit) is met


def test_a_value_in_another_unit_is_refused():
    with pytest.raises(errors.UnitError, match="road_density is in km/km2"):
        LAW.targets["road_density"].is_met(8000, "m/km2")


def test_an_unknown_key_names_the_neighbours():
    with pytest.raises(errors.StandardsError, match=r"road\.core, road\.broad, road\.raw"):
        LAW["road.cor"]
    with pytest.raises(LookupError):
        LAW["nothing"]


def test_a_definition_of_another_measure_is_refused():
    with pytest.raises(errors.StandardsError, match="does not define road_density"):
        LAW.definition("road_density", "park.health_check_2021")
    with pytest.raises(errors.StandardsError, match="does not define road_density"):
        LAW.definition("road_density", 8)


def test_the_law_of_a_day_is_the_law_of_that_day():
    before, after = (standards.load(on=date(year, 6, 1)) for year in (2021, 2023))

    assert "park.garden_city_2016" in before and "park.garden_city_2016" not in after
    assert "park.activity_site_2022" in after and "park.activity_site_2022" not in before
    early = standards.load(on=date(2015, 1, 1))
    assert "park.gbt_50563_2010" in early
    with pytest.raises(errors.StandardsError, match="no default for park_coverage"):
        early.definition("park_coverage")


def test_a_planners_own_number_stays_visible():
    rule = standards.Rule.local(400, "m", reason="镇区现状")
    own = LAW["park.health_check_2021"].with_radius(rule)

    assert {band.radius_m for band in own.bands} == {400}
    assert "镇区现状" in own.line and own.rules == (rule,)
    assert LAW["park.health_check_2021"].bands[0].radius_m == 300
    with pytest.raises(errors.UnitError):
        LAW["park.health_check_2021"].with_radius(standards.Rule.local(4, "m2", reason="x"))
    with pytest.raises(errors.UnitError):
        LAW["road.core"].with_radius(rule)
    with pytest.raises(errors.StandardsError, match="reason"):
        standards.Rule.local(400, "m", reason=" ")
    for nonsense in (0, -5, float("nan"), float("inf")):
        with pytest.raises(errors.StandardsError, match="positive"):
            standards.Rule.local(nonsense, "m", reason="x")


def test_the_bureau_can_take_responsibility(tmp_path):
    file = tmp_path / "local.toml"
    key = "park.activity_site_2022"
    law = standards.confirm(
        key, by='张三 "科长"', document="德自然资规〔2026〕1号", date=date(2026, 1, 5), local=file
    )

    assert law[key].evidence == "confirmed" and "本单位已确认" in law[key].line
    assert "未核对原文" not in law[key].line
    assert law.log[0]["by"] == '张三 "科长"'
    again = law.confirm("road.broad", by="李四", document="x", date=date(2026, 1, 6), local=file)
    assert [line["key"] for line in again.log] == [key, "road.broad"]
    assert standards.load()[key].evidence == "remembered"


def test_a_confirmation_needs_all_it_says(tmp_path):
    file = tmp_path / "local.toml"
    with pytest.raises(errors.StandardsError, match="`by`"):
        standards.confirm("road.broad", by=" ", document="x", date=date(2026, 1, 1), local=file)
    with pytest.raises(errors.StandardsError, match=r"road\.nothing"):
        standards.confirm("road.nothing", by="x", document="x", date=date(2026, 1, 1), local=file)
    assert not file.exists()


def test_what_is_local_stands_before_what_is_national(tmp_path):
    file = tmp_path / "local.toml"
    file.write_text(
        '[[rule]]\nkey = "road.edge_band"\nlabel = "带宽"\nvalue = 20\nunit = "m"\n'
        'document = "本局"\nsays = "20米"\nevidence = "printed"\n',
        encoding="utf-8",
    )
    law = standards.load(local=file)

    assert law.rule("road.edge_band").value == 20
    assert [entry.value for entry in law.shadowed["road.edge_band"]] == [15]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]]\nkey = 'a'\n", "needs `label`"),
        (
            "[[rule]]\nkey=1\nlabel='a'\ndocument='d'\nsays='s'\nevidence='guess'\nunit='m'\nvalue=1\n",
            "unknown evidence mark guess",
        ),
        (
            "[[rule]]\nkey='a'\nlabel='a'\ndocument='d'\nsays='s'\nevidence='ours'\nunit='furlong'\nvalue=1\n",
            "unknown unit furlong",
        ),
        ("not toml", "cannot be read"),
        ("[[confirmation]]\nkey = 'road.core'\n", "lacks by, document, date"),
        ("[[confirmation]]\nkey='x.y'\nby='a'\ndocument='b'\ndate='2026-01-01'\n", "x.y"),
    ],
)
def test_a_malformed_file_is_refused_with_the_entry(tmp_path, text, said):
    file = tmp_path / "local.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(errors.StandardsError, match=said):
        standards.load(local=file)


def test_only_documents_carry_thresholds():
    """No measure compares with a bare number other than the harmless ones."""
    harmless = {0, 1, 2, 3, 5}
    found = []
    files = []
    for room in ("alongside", "roads", "coverage", "boundaries", "layers", "progress", "tallies"):
        single = PACKAGE.parent / f"{room}.py"
        files += [single] if single.exists() else sorted((PACKAGE.parent / room).glob("*.py"))
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                found += [
                    f"{file.name}:{side.lineno}: {side.value}"
                    for side in (node.left, *node.comparators)
                    if isinstance(side, ast.Constant)
                    and isinstance(side.value, int | float)
                    and side.value not in harmless
                ]

    assert found == []


def test_the_page_of_definitions_is_what_the_standards_say():
    import runpy

    script = PACKAGE.parent.parent / "scripts" / "write_definitions.py"
    page = runpy.run_path(str(script))["page"]()

    assert (PACKAGE.parent.parent / "docs" / "definitions.md").read_text("utf-8") == page


def test_no_entry_of_a_file_is_lost():
    written = set()
    for file in PACKAGE.glob("*.toml"):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        written |= {raw["key"] for kind in ("rule", "definition") for raw in content.get(kind, ())}
    replaced = {"park.garden_city_2016"}

    assert written == set(LAW) | replaced
