"""The first whole run: the schematic county, every measure, every village, one command."""

import hashlib
import json
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pyogrio
import pytest

from deqing_geo import batch, columns, errors

SEED = 0
MEGABYTE = 1_000_000


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    told = []
    job = batch.schematic_county(SEED)
    report = batch.run(job, out, lambda *step: told.append(step), each="town")
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return SimpleNamespace(job=job, out=out, report=report, summary=summary, told=told)


@pytest.fixture(scope="module")
def demo(tmp_path_factory, other_hashes):
    """The same run as an officer starts it: another process, where strings hash otherwise and
    the console is a GBK one."""
    out = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-m", "deqing_geo", "demo", "--out", str(out), "--each", "town"]
    done = subprocess.run(
        command, capture_output=True, env={**other_hashes, "PYTHONIOENCODING": "gbk"}
    )
    return SimpleNamespace(status=done.returncode, said=done.stdout, erred=done.stderr, out=out)


def test_it_leaves_all_it_says_small_and_marked_as_made_up(whole):
    found = digests(whole.out)
    manifest = json.loads((whole.out / "manifest.json").read_text("utf-8"))
    towns = json.loads((whole.out / "towns" / "manifest.json").read_text("utf-8"))
    listed = {one["file"]: one["sha256"] for one in manifest["outputs"]}
    listed |= {f"towns/{one['file']}": one["sha256"] for one in towns["outputs"]}

    assert set(whole.report.files) == set(found)
    assert {name: found[name] for name in listed} == listed
    assert set(found) - set(listed) == {"manifest.json", "towns/manifest.json"}
    assert 150_000 < (whole.out / "map.html").stat().st_size < 5 * MEGABYTE
    notice = columns.word("notice.schematic").encode()
    assert [name for name in found if notice not in (whole.out / name).read_bytes()] == []
    (steps,) = {of for _, _, of in whole.told}
    assert [done for _, done, _ in whole.told] == list(range(steps + 1))


def test_the_summary_says_the_types_and_twelve_of_sixteen_targets(whole):
    types, said = whole.report.types, whole.summary["villages"]
    figures = whole.summary["targets"]["figures"]

    assert said["counts"] == {str(k): int(v) for k, v in types.counts.items()}
    assert sum(said["counts"].values()) == said["units"] == 181
    assert min(said["counts"][kind] for kind in ("suburban", "cluster", "improve")) >= 5
    assert said["counts"]["relocate"] and said["counts"]["heritage"] and said["candidates"]
    assert whole.summary["targets"]["computable"] == 16
    assert whole.summary["targets"]["computable_and_measured"] >= 12
    for key in ("road_density", "park_coverage"):
        assert figures[key]["measured"] == whole.summary["measures"][key]["overall"]
    assert all(one["definition"] for one in figures.values())
    assert whole.summary["measures"]["road_density"]["merged"] is True


def test_a_candidate_is_counted_nowhere_as_relocated(whole):
    types = whole.report.types
    codes = types.candidates.index
    layer = pyogrio.read_dataframe(whole.out / "villages.gpkg", layer="villages")
    layer = layer.set_index("village_code")
    table = pd.read_csv(whole.out / "villages.csv", dtype=str).set_index("行政区划代码")
    towns = pd.read_csv(whole.out / "villages_by_town.csv", index_col=0)

    assert len(codes) and layer.loc[codes, "type_final"].isna().all()
    assert layer.loc[codes, "village_type"].isna().all()
    assert (layer.loc[codes, "type_model"] == "relocate").all()
    assert table.loc[codes, "拟定类型"].isna().all()
    assert (types.series == "relocate").sum() == towns.loc["合计", "搬迁撤并类"]
    assert towns.loc["合计", "拟列入(待征求村民意见)"] == len(codes)
    assert towns.drop("合计").select_dtypes("number").to_numpy().sum() == 181


def test_the_table_for_readers_is_in_their_words(whole):
    table = pd.read_csv(whole.out / "villages.csv", dtype=str)
    (whole.out / "villages.csv").read_text("utf-8-sig").encode("gbk")

    assert set(table["镇(街道)驻地村"].dropna()) == {"是", "否"}
    assert table["常住人口(人)"].dropna().str.fullmatch(r"\d+").all()
    assert table["判定理由"].notna().all()
    waiting = table[table["状态"] == "待补数据"]
    assert len(waiting) and not waiting["缺少的指标"].str.contains("[a-z_]").any()
    assert ("缺少" + waiting["缺少的指标"] + ",暂不判定" == waiting["判定理由"]).all()
    known = set(columns.vocabulary("type_final").values())
    assert set(table["初判类型"].dropna()) <= known
    # A column nobody labelled would stand there under its English name.
    assert [head for head in table.columns if head.isascii()] == []


def test_how_often_each_type_was_drawn_stands_on_no_product(whole):
    """The flag and the nearest change do; the figures are for the office alone."""
    table = pd.read_csv(whole.out / "villages.csv", dtype=str)
    layer = pyogrio.read_dataframe(whole.out / "villages.gpkg", layer="villages")
    internal = {name: one.zh for name, one in columns.registry().items() if one.internal}

    assert "stability" in whole.report.types.table and "stability" in internal
    assert not set(internal) & set(layer.columns)
    headings = {head.split("(")[0] for head in table.columns}
    assert not set(internal.values()) & headings
    assert {"最近的类型变化", "补齐资料后可能的类型"} <= headings
    assert table["复核提示"].str.contains("建议复核").any()


def test_two_runs_are_the_same_bytes(whole, demo):
    assert digests(demo.out) == digests(whole.out)


def test_the_command_prints_what_was_measured(whole, demo):
    assert demo.status == 0, demo.erred

    printed = demo.said.decode("gbk")
    assert whole.report.density.headline.split(" ")[0] in printed
    assert whole.report.coverage.headline in printed
    assert "示意数据" in printed and "原图层已为中心线" in printed and "规划目标" in printed
    for words in (
        "村庄类型",
        "城郊融合类",
        "拟列入(待征求村民意见)",
        "核心指标完成情况",
        "停用条件 RM-4",
    ):
        assert words in printed


def test_everything_printed_survives_a_gbk_console(demo):
    text = demo.said.decode("gbk")

    assert len(text) > 1000 and "?" not in text and "�" not in text


def test_each_town_has_its_map_and_its_villages(whole):
    names = sorted(path.name for path in (whole.out / "towns").iterdir())
    towns = whole.job.villages["town_name"].unique()
    rows = [
        len(pd.read_csv(path)) for path in sorted((whole.out / "towns").glob("*村庄分类表.csv"))
    ]

    assert len([name for name in names if name.endswith("村庄分类图.html")]) == len(towns) == 13
    assert sum(rows) == len(whole.job.villages)
    assert names[0].startswith("330521001武康街道01")


def test_a_job_without_towns_has_no_maps_of_them(tmp_path):
    with pytest.raises(errors.InputError, match="carry `town_name`"):
        batch.run(batch.paper_town(), tmp_path / "out", each="town")
    with pytest.raises(errors.InputError, match="'village' is not known"):
        batch.run(batch.paper_town(), tmp_path / "out", each="village")
    assert list(tmp_path.iterdir()) == []
