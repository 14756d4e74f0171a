"""Results in the formats an office asks for, for the house and for the public."""

import csv
import gc
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from pytest import approx

import deqing_geo as dg
from deqing_geo import columns, errors, sample
from deqing_geo.export import save_results
from deqing_geo.export.content import clean, parts_of
from deqing_geo.export.dxf import cad_text, colour_index, layer_name
from deqing_geo.export.formats import FORMATS
from deqing_geo.export.qml import rgba
from deqing_geo.export.short import short_names
from deqing_geo.export.symbols import look_of
from deqing_geo.export.tables import for_readers
from deqing_geo.looks.palette import Palette, style, use_palette
from deqing_geo.looks.simplify import thinned
from deqing_geo.villages.kinds import FIVE

HOSTILE = [
    "=HYPERLINK(\"http://x\")", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "%0A", "{{7*7}}", "${x}",
    "{% if %}", "<script>alert(1)</script>", "]]>", "&amp;", "'\"", "\\U+4E00", "%%u", "𠮷䶮㐂",
    "a\x00b", "a\x1b[31mb", "行\n二", "\ud800半", "../../x", "x" * 40_000, "村" * 300, "", " ",
]  # fmt: skip


@pytest.fixture(scope="module")
def density():
    return dg.road_density(sample.villages(), sample.roads())


@pytest.fixture(scope="module")
def coverage():
    return dg.park_coverage(sample.villages(), sample.parks(), sample.homes())


def typed(kinds, status=None):
    """Squares of a kilometre, side by side, with these types."""
    boxes = [shapely.box(500_000 + 1000 * at, 3_380_000, 501_000 + 1000 * at, 3_381_000)
             for at in range(len(kinds))]  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            "village_name": [f"{at}村" for at in range(len(kinds))],
            "village_type": kinds,
            "type_final": kinds,
            "type_model": [kind or "relocate" for kind in kinds],
            "status": status or ["initial"] * len(kinds),
            "pop_resident": 100.0,
            "owner": "张三",
            "BSM": "BSM-9731",
        },
        geometry=boxes,
        crs=4549,
        index=pd.Index([f"3305210019{at:02d}" for at in range(len(kinds))], name="village_code"),
    )
    frame["village_type"] = frame["village_type"].astype(object).where(frame.village_type.notna())
    return frame


@pytest.fixture(scope="module")
def villages():
    kinds = [*FIVE, "undecided", None, None, "missing"]
    status = ["initial"] * 6 + ["candidate", "refused", "missing_data"]
    return typed(kinds, status)


@pytest.fixture(scope="module")
def everything(tmp_path_factory, density, coverage, villages):
    out = tmp_path_factory.mktemp("all")
    made = save_results([density, coverage, villages], out, formats=FORMATS)
    return out, made


def contents(folder):
    return {
        str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def rows(file):
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def style_of(file, layer):
    styles = pyogrio.read_dataframe(file, layer="layer_styles")
    row = styles[styles["f_table_name"] == layer].iloc[0]
    return row, ET.fromstring(row["styleQML"])


# ---------------------------------------------------------------- every format


def test_every_format_holds_the_same_rows(everything):
    out, _ = everything
    frames = {
        "gpkg": gpd.read_file(out / "results.gpkg", layer="road_density"),
        "gdb": gpd.read_file(out / "results.gdb", layer="road_density"),
        "shp": gpd.read_file(out / "road_density.shp"),
        "fgb": gpd.read_file(out / "road_density.fgb"),
        "parquet": gpd.read_parquet(out / "road_density.parquet"),
    }

    for kind, frame in frames.items():
        name = "vllge_nme" if kind == "shp" else "village_name"
        km = dict(zip(frame[name], frame["road_km"], strict=True))
        assert km == approx({"甲村": 1.5, "乙村": 1.5, "丙村": 1.0, "丁村": 0.0}), kind
        assert frame.crs.to_epsg() == 4549 and frame.area.to_list() == approx([1e6] * 4), kind


def test_yes_and_no_are_words_also_where_some_are_not_known(tmp_path):
    table = pd.DataFrame({"sewage_served": [True, None, False]}, index=["甲", "乙", "丙"])

    shown = for_readers(table)["污水处理设施覆盖"].to_list()

    assert shown[0] == "是" and pd.isna(shown[1]) and shown[2] == "否"


def test_the_list_names_every_file_and_what_is_in_it(everything):
    out, made = everything
    listed = rows(out / "文件清单.csv")
    there = {name.split("/")[0] for name in contents(out)}
    companions = {".dbf", ".shx", ".prj", ".cpg"}

    assert {row["文件"] for row in listed} == {
        name for name in there if Path(name).suffix not in companions
    }
    assert made.files[-1].name == "文件清单.csv" and all(file.exists() for file in made.files)
    count = {row["文件"]: row["记录数"] for row in listed if row["图层(表)名"] == "roads"}
    assert count["roads.shp"] == "6"
    assert "internal" in repr(made) and "内部资料" in made._repr_html_()


def test_every_row_says_for_whom_it_is_and_what_it_rests_on(everything):
    out, _ = everything
    layer = gpd.read_file(out / "results.gdb", layer="road_density")

    assert layer["imprint"].str.contains("内部资料 注意保存").all()
    assert layer["imprint"].str.contains("未经地图审核").all()
    assert layer["definition"].str.startswith("城市道路口径").all()
    assert "内部资料" in rows(out / "road_density.csv")[0]["密级与审图"]


def test_arcgis_gets_words_in_chinese_and_machines_the_librarys(everything):
    out, _ = everything

    assert "主干路" in set(gpd.read_file(out / "results.gdb", layer="roads")["road_class"])
    assert "主干路" in set(gpd.read_file(out / "roads.shp")["road_class"])
    assert "arterial" in set(gpd.read_file(out / "results.gpkg", layer="roads")["road_class"])


def test_results_come_out_the_same_bytes_twice_in_every_format(
    tmp_path, density, coverage, villages, everything
):
    out, _ = everything
    save_results([density, coverage, villages], tmp_path, formats=FORMATS)

    assert contents(tmp_path) == contents(out)


def test_another_process_on_another_day_writes_the_same_bytes(tmp_path):
    script = (
        "import sys, deqing_geo as dg\n"
        "from deqing_geo import sample\n"
        "from deqing_geo.export import save_results\n"
        "density = dg.road_density(sample.villages(), sample.roads())\n"
        "save_results(density, sys.argv[1], formats=['gdb', 'shp', 'gpkg', 'xlsx'])\n"
    )
    for seed, folder in (("1", "a"), ("2", "b")):
        subprocess.run(
            [sys.executable, "-c", script, tmp_path / folder],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_frames_are_left_as_they_were(density, villages, tmp_path):
    before = villages.copy(), villages.columns.to_list(), dict(density.table.attrs)
    save_results([density, villages], tmp_path, formats=FORMATS, audience="public")

    pd.testing.assert_frame_equal(villages, before[0])
    assert villages.columns.to_list() == before[1] and density.table.attrs == before[2]


# ---------------------------------------------------------------- colours


def test_qgis_finds_the_types_in_the_colours_of_the_maps(everything):
    out, _ = everything
    row, root = style_of(out / "results.gpkg", "layer")
    look = style()["village_type"]
    categories = root.findall("renderer-v2/categories/category")
    labels = [one.get("value") for one in categories]

    assert row["useAsDefault"] and row["f_geometry_column"] == "geom"
    assert labels[:5] == [columns.vocabulary("village_type")[kind] for kind in FIVE]
    assert labels[5:7] == ["拟列入(待征求村民意见)", "村民会议不同意,建议复核"]
    for kind, category in zip(FIVE, categories, strict=False):
        symbol = root.find(f"renderer-v2/symbols/symbol[@name='{category.get('symbol')}']")
        fill = symbol.find("layer[@class='SimpleFill']/Option/Option[@name='color']")
        assert fill.get("value") == rgba(look["fill"][kind], look["opacity"])
        hatched = symbol.find("layer[@class='LinePatternFill']") is not None
        assert hatched == (kind == "relocate")
    # A candidate is an outline and never a fill.
    symbol = root.find("renderer-v2/symbols/symbol[@name='5']")
    assert [one.get("class") for one in symbol.findall("layer")] == ["SimpleLine"]


def test_every_row_has_an_entry_of_the_legend_and_every_style_names_fields(everything):
    out, _ = everything
    styles = pyogrio.read_dataframe(out / "results.gpkg", layer="layer_styles")

    assert len(styles) >= 7
    for _, row in styles.iterrows():
        root = ET.fromstring(row["styleQML"])
        layer = gpd.read_file(out / "results.gpkg", layer=row["f_table_name"])
        fields = {one.get("field") for one in root.iter("alias")}
        assert fields - {"fid"} == set(layer.columns) - {"geometry"}
        renderer = root.find("renderer-v2")
        if renderer.get("type") == "categorizedSymbol":
            entries = {one.get("value") for one in root.iter("category")}
            assert renderer.get("attr") == "legend" and set(layer["legend"]) <= entries
        names = {one.get("name") for one in root.findall("renderer-v2/symbols/symbol")}
        used = {one.get("symbol") for one in root.iter("category")} or {"0"}
        assert names == used


def test_roads_and_densities_have_the_colours_of_the_maps(density):
    roads = look_of("roads", sample.roads())
    shown = dict(zip(roads.legend, roads.colours, strict=True))
    ramp = style()["density"]["ramp"]
    dense = look_of("road_density", density.table)

    assert shown["主干路"] == style()["road"]["arterial"]["color"]
    planned = next(one for one in roads.symbols if one.label == "支路(规划)")
    assert planned.dash and planned.line == style()["road"]["branch"]["color"]
    assert set(dense.colours) <= set(ramp)
    # 1.5 stands in the class that begins with it, as on a map.
    assert dense.legend[0].startswith("1.5")


def test_a_bureaus_palette_colours_files_too(tmp_path, density):
    red = Palette("示意", {("road", "arterial", "color"): "#123456"})
    with use_palette(red):
        save_results(density, tmp_path, formats=["gdb", "lyrx", "gpkg"])

    layer = json.loads((tmp_path / "roads.lyrx").read_text("utf-8"))["layerDefinitions"][0]
    group = layer["renderer"]["groups"][0]["classes"]
    stroke = next(one for one in group if one["label"] == "主干路")["symbol"]["symbol"]
    assert stroke["symbolLayers"][0]["color"]["values"] == [0x12, 0x34, 0x56, 100]
    assert "#123456" in set(gpd.read_file(tmp_path / "results.gpkg", layer="roads")["colour"])


def test_a_layer_file_of_arcgis_points_to_the_geodatabase_beside_it(everything):
    out, _ = everything
    document = json.loads((out / "layer.lyrx").read_text("utf-8"))
    layer = document["layerDefinitions"][0]
    table = layer["featureTable"]

    assert document["type"] == "CIMLayerDocument" and document["layers"] == [layer["uRI"]]
    assert table["dataConnection"]["workspaceConnectionString"] == "DATABASE=.\\results.gdb"
    frame = gpd.read_file(out / "results.gdb", layer=table["dataConnection"]["dataset"])
    assert {one["fieldName"] for one in table["fieldDescriptions"]} == (
        set(frame.columns) - {"geometry"}
    )
    classes = layer["renderer"]["groups"][0]["classes"]
    values = {one["values"][0]["fieldValues"][0] for one in classes}
    assert layer["renderer"]["fields"] == ["legend"] and set(frame["legend"]) <= values


# ---------------------------------------------------------------- shapefile, drawing


def test_short_names_are_short_and_none_stands_twice():
    names = [*columns.registry(), "路名", "路面", "A_B", "a_b", "Objectid"]
    short = short_names(names)

    assert list(short) == names and len(set(map(str.lower, short.values()))) == len(names)
    assert all(len(one.encode()) <= 10 and one.isascii() for one in short.values())
    assert short["road_km"] == "road_km"


def test_a_shapefile_says_its_encoding_and_its_short_names(everything):
    out, made = everything
    fields = rows(out / "字段说明.csv")
    short = {row["SHP字段名"]: row["字段名"] for row in fields if row["图层(表)名"] == "parks"}
    frame = gpd.read_file(out / "parks.shp")

    assert (out / "parks.cpg").read_text() == "UTF-8"
    assert set(frame.columns) - {"geometry"} == set(short)
    assert short["prk_ara_m2"] == "park_area_m2"
    assert {"park_area_m2", "service_radius"} <= set(made.renamed["field_name"])
    label = next(row for row in fields if row["字段名"] == "park_area_m2")
    assert label["字段含义"] == "公园面积" and label["字段单位"] == "m2"


def test_a_long_text_is_cut_between_letters_and_told(tmp_path):
    frame = typed(["cluster"]).assign(remarks="村" * 300)
    made = save_results({"村": frame}, tmp_path, formats=["shp", "gpkg"])

    assert gpd.read_file(tmp_path / "村.shp")["remarks"].item() == "村" * 84
    assert gpd.read_file(tmp_path / "results.gpkg", layer="村")["remarks"].item() == "村" * 300
    assert made.table["file_remarks"].str.contains("1 个文本超过 254 字节").any()


def test_a_drawing_has_a_layer_for_every_class_and_names(everything):
    out, _ = everything
    text = (out / "results.dxf").read_bytes().decode("gbk")
    frame = pyogrio.read_dataframe(out / "results.dxf")
    areas = frame[frame["Layer"] == "layer_城郊融合类"]

    assert "ANSI_936" in text and "AC1009" in text
    assert "道路(按等级)_主干路" in set(frame["Layer"])
    assert shapely.get_coordinates(areas.geometry.iloc[0])[:, 0].min() == 500_000
    assert {"甲村", "乙村"} <= set(frame["Text"].dropna())


def test_the_colour_index_is_the_nearest():
    assert colour_index("#ff0000") == 10 and colour_index("#000000") in range(10, 256)
    assert colour_index("#7f7fff") == 171 and colour_index("#848484") == 252


def test_names_of_cad_layers_keep_their_limits():
    long = layer_name("很长的图层名称" * 9, {})

    assert len(long.encode("gbk")) <= 31 and layer_name('a/b<c>"d', {}) == "a_b_c_d"
    assert layer_name("𠮷村", {}) == "_村" and cad_text("a\x00b\r\nc") == "a b c"


# ---------------------------------------------------------------- workbook


def test_the_workbook_has_a_sheet_for_every_result_and_says_what_it_rests_on(everything):
    out, _ = everything
    book = openpyxl.load_workbook(out / "results.xlsx")
    sheet = book["公园绿地服务半径覆盖率"]
    heads = next(list(row) for row in sheet.iter_rows(values_only=True) if row[0] == "编号")
    told = [list(row) for row in sheet.iter_rows(values_only=True)]
    row = told[told.index(heads) + 1]

    assert book.sheetnames[-3:] == ["口径与来源", "依据", "字段说明"]
    assert "公园绿地服务半径覆盖率(%)" in heads and "内部资料" in sheet["A2"].value
    at = heads.index("公园绿地服务半径覆盖率(%)")
    place = sheet.cell(told.index(heads) + 2, at + 1)
    assert row[at] == 62.5 and place.number_format == "0.00##"
    assert sheet.oddHeader.left.text.startswith("内部资料")
    code = next(row[0] for row in book["layer"] if row[0].value == "330521001900")
    assert code.value == "330521001900" and code.data_type == "s" and code.number_format == "@"


def test_what_is_said_over_a_sheet_is_said_once_and_classes_are_called_classes(tmp_path):
    roads = sample.roads()
    roads["road_class"] = "other"
    roads.loc[1, "road_class"] = "arterial"
    save_results(dg.road_density(sample.villages(), roads), tmp_path, formats=["xlsx", "csv"])
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx")["分等级道路长度"]
    first = [row[0] for row in sheet.iter_rows(values_only=True)]

    assert sum(str(one).startswith("内部资料") for one in first) == 1
    heads = rows(tmp_path / "road_km_by_class.csv")[0]
    assert "其他道路(公里)" in heads and "客观权重" not in heads


def test_a_wide_table_is_printed_over_several_pages(tmp_path, villages):
    wide = villages.assign(**{f"列{at}": at for at in range(30)})
    save_results({"v": wide}, tmp_path, formats=["xlsx"])
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx")["v"]

    assert sheet.page_setup.fitToWidth == 4 and sheet.print_title_cols == "$A:$A"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_workbook_as_it_was_written(tmp_path, coverage):
    # Commas, UTF-8, cells as they are stored, the first sheet.
    way = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
    save_results(coverage, tmp_path, formats=["xlsx"])
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", way,
         "--outdir", tmp_path / "csv", tmp_path / "results.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    file = next((tmp_path / "csv").iterdir())
    with file.open(encoding="utf-8", newline="") as handle:
        read = list(csv.reader(handle))
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx").worksheets[0]
    told = [["" if one is None else str(one) for one in row]
            for row in sheet.iter_rows(values_only=True)]  # fmt: skip

    assert len(read) == len(told)
    for ours, theirs in zip(told, read, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one == other or float(one) == approx(float(other), abs=0.005)


# ---------------------------------------------------------------- hostile texts


def test_hostile_texts_arrive_everywhere_and_nothing_runs(tmp_path):
    frame = typed(["cluster"] * len(HOSTILE))
    told = pd.Series(HOSTILE, index=frame.index, dtype=object)
    frame = frame.assign(village_name=told, remarks=told)
    save_results({"=村{{1}}/../x": frame}, tmp_path, formats=FORMATS)
    told = [clean(text) for text in HOSTILE]
    key = next(tmp_path.glob("*.fgb")).stem

    assert not any(part in key for part in "/\\") and not (tmp_path.parent / "x").exists()
    for layer in (
        gpd.read_file(tmp_path / "results.gpkg", layer=key),
        gpd.read_file(tmp_path / "results.gdb", layer=key),
        gpd.read_file(next(tmp_path.glob("*.fgb"))).sort_values("village_code"),
        gpd.read_parquet(next(tmp_path.glob("*.parquet"))),
    ):
        found = layer["remarks"].astype(object).where(layer["remarks"].notna(), "")
        assert found.to_list() == told
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    head = columns.label("remarks")
    for row in rows(next(tmp_path.glob("*村*.csv"))):
        assert row[head].strip() == "" or row[head].lstrip()[0] not in "=+@\t%"
    pyogrio.read_dataframe(tmp_path / "results.dxf")
    json.loads(next(tmp_path.glob("*.lyrx")).read_text("utf-8"))
    for text in pyogrio.read_dataframe(tmp_path / "results.gpkg", layer="layer_styles").styleQML:
        ET.fromstring(text)


# ---------------------------------------------------------------- the public


def test_the_public_reads_no_owner_no_person_no_doubt_and_no_candidate(tmp_path, villages):
    made = save_results({"villages": villages}, tmp_path, formats=FORMATS, audience="public")
    everything_written = b"".join(
        file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    )
    # Two of the formats are packed.
    book = openpyxl.load_workbook(tmp_path / "results_送审稿.xlsx")
    cells = "\n".join(str(cell.value) for sheet in book for row in sheet for cell in row)
    packed = gpd.read_parquet(tmp_path / "villages_送审稿.parquet")
    everything_written += cells.encode() + packed.to_csv().encode()
    layer = gpd.read_file(tmp_path / "results_送审稿.gpkg", layer="villages")

    assert set(layer.columns) == {
        "village_code", "village_name", "village_type", "legend", "colour", "imprint", "geometry",
    }  # fmt: skip
    for word in ("张三", "拟列入", "建议复核", "candidate", "refused", "BSM-9731"):
        assert word.encode() not in everything_written, word
    assert layer["legend"].to_list()[5:] == ["暂不分类", "尚未拟定", "尚未拟定", "尚未拟定"]
    assert layer["village_type"].isna().to_list()[6:] == [True] * 3
    assert {"owner", "BSM", "pop_resident", "type_model"} <= set(made.left_out["field_name"])
    # What was left out is told to the caller, and not to the public.
    assert b"type_model" not in everything_written


def test_without_a_number_a_public_file_is_for_review_and_with_one_it_bears_it(tmp_path, density):
    draft = save_results(density, tmp_path / "a", audience="public")
    final = save_results(density, tmp_path / "b", audience="public", review_number="浙S(2025)12号")
    layer = gpd.read_file(tmp_path / "b" / "results.gpkg", layer="road_density")

    assert all("送审稿" in file.name for file in draft.files)
    assert not any("送审稿" in file.name for file in final.files)
    assert layer["imprint"].str.startswith("审图号:浙S(2025)12号").all()
    assert not layer["imprint"].str.contains("内部").any()
    with pytest.raises(errors.InputError, match="no number to leave open"):
        save_results(density, tmp_path / "c", audience="public", review_number="浙S(2025)XX号")
    assert not (tmp_path / "c").exists()


def test_public_coordinates_are_rounded_and_neighbours_keep_one_border(tmp_path, density):
    save_results(
        density, tmp_path, formats=["gpkg"], audience="public", review_number="浙S(2025)1号"
    )
    layer = gpd.read_file(tmp_path / "results.gpkg", layer="road_density")
    xy = shapely.get_coordinates(layer.geometry)

    assert layer.crs.to_epsg() == 4490
    assert np.abs(xy - xy.round(4)).max() < 1e-9
    assert layer.is_valid.all() and shapely.coverage_is_valid(layer.geometry.to_numpy())
    assert layer["area_km2"].to_list() == approx([1.0] * 4, abs=1e-5)


def test_sites_ledgers_and_faults_are_no_public_matter(tmp_path, coverage):
    siting = dg.suggest_parks(coverage, target=0.9, grid_m=100)
    made = save_results([coverage, siting], tmp_path, audience="public")

    assert set(made.table["layer_name"]) == {
        "park_coverage", "parks", "gaps", "served", "service_area", "",
    }  # fmt: skip
    assert "口袋公园建议选址" in set(made.left_out["layer_title"])
    with pytest.raises(errors.ExportError, match="Nothing of this may be shown"):
        save_results(siting, tmp_path / "b", audience="public")
    ledger = dg.park_ledger(coverage)
    with pytest.raises(errors.ExportError, match="Nothing of this"):
        save_results(
            {"台账": dg.check_boundaries(sample.villages()).table}, tmp_path, audience="public"
        )
    assert "not_counted_reason" in ledger


def test_thinning_moves_no_border_farther_and_opens_no_gap():
    """Two neighbours with a ragged border, against brute force."""
    rng = np.random.default_rng(1)
    y = np.linspace(30.5, 30.6, 400)
    x = 120.0 + rng.normal(0, 0.0002, 400)
    border = np.stack([x, y], axis=1)
    west = shapely.Polygon([(119.9, 30.5), *border.tolist(), (119.9, 30.6)])
    east = shapely.Polygon([(120.1, 30.6), *border[::-1].tolist(), (120.1, 30.5)])
    made = thinned([np.array([west, east])], 50, 10_000)
    left, right = made.shapes[0]

    assert made.units == [10_000]
    assert shapely.coverage_is_valid(made.shapes[0]) and left.is_valid and right.is_valid
    assert shapely.get_num_coordinates(left) < 0.6 * shapely.get_num_coordinates(west)
    metres = shapely.hausdorff_distance(left.boundary, west.boundary) * 111_694
    assert metres <= 50 + 1e-6
    assert left.union(right).area == approx(west.union(east).area, rel=1e-6)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"formats": ["mdb"]}, "'mdb': there are gpkg, gdb"),
        ({"formats": []}, "none"),
        ({"formats": ["lyrx"]}, "ask for 'gdb'"),
        ({"audience": "everyone"}, "internal and public"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_written(tmp_path, density, asked, said):
    with pytest.raises(errors.InputError, match=said):
        save_results(density, tmp_path / "a", **asked)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("given", [None, 3, {"a": "text"}, [], {}])
def test_what_is_no_result_is_refused_by_its_name(tmp_path, given):
    with pytest.raises(errors.InputError):
        save_results(given, tmp_path / "a")


def test_a_layer_without_a_system_is_refused_for_the_public_only(tmp_path):
    frame = typed(["cluster"]).set_crs(None, allow_override=True)
    save_results({"v": frame}, tmp_path, formats=FORMATS)

    with pytest.raises(errors.CRSError, match="v: no coordinate system"):
        save_results({"v": frame}, tmp_path, audience="public")


# The writer of XML leaves an iterator behind that ends badly.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk_leaves_what_was_there(tmp_path, density, kind):
    kinds = ["gdb", kind] if kind == "lyrx" else [kind]
    save_results(density.table, tmp_path, formats=kinds)
    before = contents(tmp_path)
    # No file grows over 600 bytes: what a full disk does, on any system of the Unix kind.
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        with pytest.raises(errors.ExportError, match="unchanged"):
            save_results(density, tmp_path, formats=kinds)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    gc.collect()

    assert contents(tmp_path) == before


def test_a_geodatabase_is_replaced_whole_or_not_at_all(tmp_path, density, coverage, monkeypatch):
    save_results(density, tmp_path, formats=["gdb"])
    before = contents(tmp_path)
    move = os.replace

    def fail(source, target):
        if Path(target).name == "文件清单.csv" and Path(source).parent.name != "before":
            raise PermissionError(13, "in use")
        return move(source, target)

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(errors.ExportError, match="in use"):
        save_results(coverage, tmp_path, formats=["gdb"])
    assert contents(tmp_path) == before
    monkeypatch.undo()
    save_results(coverage, tmp_path, formats=["gdb"])
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "results.gdb")}
    assert "park_coverage" in layers and "road_density" not in layers


# ---------------------------------------------------------------- awkward layers


def test_a_layer_of_several_kinds_of_shapes_becomes_several(tmp_path):
    both = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.Point(3, 3)])
    line = shapely.LineString([(0, 0), (5, 5)])
    shapes = [shapely.box(0, 0, 9, 9), shapely.Point(1, 1), line, None, both]
    frame = gpd.GeoDataFrame({"park_name": list("甲乙丙丁戊")}, geometry=shapes, crs=4549)
    frame.geometry = frame.translate(500_000, 3_380_000)
    save_results({"parks": frame}, tmp_path, formats=FORMATS)

    for file in (tmp_path / "results.gpkg", tmp_path / "results.gdb"):
        sizes = {name: pyogrio.read_info(file, layer=name)["features"]
                 for name in ("parks", "parks_points", "parks_lines")}  # fmt: skip
        assert sizes == {"parks": 3, "parks_points": 1, "parks_lines": 1}
    assert len(gpd.read_file(tmp_path / "parks.shp")) == 3


def test_empty_layers_are_written_as_empty_layers(tmp_path):
    frame = sample.roads().iloc[:0]
    save_results({"roads": frame}, tmp_path, formats=FORMATS)

    assert len(gpd.read_file(tmp_path / "results.gpkg", layer="roads")) == 0
    assert len(gpd.read_file(tmp_path / "roads.shp")) == 0


def test_odd_columns_are_held_by_every_format(tmp_path):
    frame = typed(["cluster", "improve"]).assign(
        Shape=1, OBJECTID=2, fid=3, geom="g", ROAD_KM=1.0, road_km=2.0,
        yes=[True, None], lists=[("a", "b"), None], when=pd.Timestamp("2025-12-31"),
        big=[2**60, 1], none=None, category=pd.Categorical(["x", "y"]),
    )  # fmt: skip
    save_results({"v": frame}, tmp_path, formats=FORMATS)
    layer = gpd.read_file(tmp_path / "results.gdb", layer="v")

    assert layer["lists"].to_list()[0] == "a、b" and layer["when"].iloc[0] == "2025-12-31"
    assert layer["big"].to_list() == [str(2**60), "1"] and layer["yes"].iloc[0] == "是"


def test_parts_have_keys_of_their_own(density):
    parts = parts_of({"去年": density, "今年": density})

    assert len({part.key for part in parts}) == len(parts) == 6
    assert parts[0].key == "去年_road_density" and parts[0].title == "去年 路网密度"


# ---------------------------------------------------------------- from an earlier run


def test_a_folder_of_an_earlier_run_goes_out_as_its_results_do(tmp_path, capsys, density, coverage):
    from deqing_geo.cli import main

    early, out = tmp_path / "early", tmp_path / "out"
    dg.save_layers(early / "r.gpkg", {"road_density": density.table, "gaps": coverage.gaps})
    command = ["export", str(early), "--out", str(out), "--formats", "gdb,xlsx", "--name", "德清"]

    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "内部资料" in printed and printed.encode("gbk")
    layer = gpd.read_file(out / "德清.gdb", layer="road_density")
    assert layer["definition"].str.startswith("城市道路口径").all()
    assert layer["road_km"].sum() == approx(4.0)
    assert set(gpd.read_file(out / "德清.gdb", layer="gaps")["legend"]) == {"公园绿地服务盲区"}
    assert main([*command, "--audience", "public"]) == 0
    assert "送审稿" in capsys.readouterr().out and (out / "德清_送审稿.gdb").exists()


def test_export_refuses_what_it_cannot_do_in_a_sentence(tmp_path, capsys, density):
    from deqing_geo.cli import main

    file = dg.save_layers(tmp_path / "results.gpkg", {"d": density.table})
    for command, said in (
        ([tmp_path / "absent"], "absent"),
        ([file, "--formats", "mdb"], "mdb"),
        ([file, "--review-number", "XX"], "--review-number XX"),
        ([file], "would be overwritten"),
    ):
        out = tmp_path if len(command) == 1 else tmp_path / "o"
        assert main(["export", *map(str, command), "--out", str(out)]) == 1
        assert said in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["export", str(tmp_path / "empty"), "--out", str(tmp_path / "o")]) == 1
    assert "no GeoPackage" in capsys.readouterr().err


def test_types_of_an_earlier_run_keep_their_colours_and_their_secrets(tmp_path, villages):
    from deqing_geo.batch.exports import earlier_layers

    dg.save_layers(tmp_path / "villages.gpkg", {"villages": villages})
    layers = earlier_layers([tmp_path])
    look = look_of("villages", layers["villages"])
    made = save_results(layers, tmp_path / "o", audience="public", formats=["csv"])

    assert look.legend == look_of("villages", villages).legend
    text = (tmp_path / "o" / "villages_送审稿.csv").read_text("utf-8-sig")
    assert "拟列入" not in text and "张三" not in text and "尚未拟定" not in text.splitlines()[0]
    assert "owner" in set(made.left_out["field_name"])
