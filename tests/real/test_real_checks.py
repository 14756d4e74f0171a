"""Boundaries made by others, from the command line; no figure here is a statement on a place."""

import pandas as pd
import pytest

from deqing_geo.cli import main

pytestmark = pytest.mark.real


def test_quantised_villages_against_full_towns_leave_a_folder_that_opens(real_data, tmp_path):
    file = str(real_data / "boundaries" / "tw_dev_hsinchu.gpkg")
    towns = ["--towns", file, "--towns-layer", "towns_fullres_10004"]

    assert main(["check", file, "--layer", "villages_10004", *towns, "--out", str(tmp_path)]) == 3
    table = pd.read_csv(tmp_path / "faults.csv", encoding="utf-8-sig")
    found = table["问题类型"].value_counts()
    assert found["空图形"] == 1 and found["面重叠"] == 6
    # Pages of up to 3 MB open in a second on an office machine.
    assert (tmp_path / "fault_map.html").stat().st_size < 3_000_000
    paper = (tmp_path / "质量检查报告.html").read_text("utf-8")
    assert all(f"<td>{text}</td>" in paper for text in table["问题说明"].head(50))
    assert "单元界线与镇(街道)界或县界不是同一套线" in paper


def test_the_counties_of_a_province_have_hints_only(real_data, capsys):
    file = real_data / "boundaries" / "zhejiang_counties_tianditu_cgcs2000.gpkg"

    assert main(["check", str(file)]) == 0
    assert "检查单元数 90, 错误0处,疑似0处" in capsys.readouterr().out
