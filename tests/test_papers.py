"""The paper on boundaries: what it says, in both forms alike, the same bytes every time."""

import io
import re
import time
import zipfile
from datetime import date
from html.parser import HTMLParser

import docx
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import deqing_geo as dg
from deqing_geo import columns, sample
from deqing_geo.faults.forms import NARROW_M
from deqing_geo.papers.quality import MOST_ROWS, quality_paper
from tests.test_fault_map import box, made_of, received

HOSTILE = [
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><b>二都村",
    "{{7*7}} ${x} `'\\",
    "&lt;b&gt;&#60;",
    "甲\x00\x0b\x1f村\ufffe",
    "甲\n\r\u2028村",
    "]]></w:t><w:p>",
    "=HYPERLINK(1)",
    "很长的名字" * 300,
]


class Page(HTMLParser):
    """Elements, texts of cells and of everything, as a reader sees them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said, self.tables = [], [], []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "br":
            self.tables[-1][-1][-1] += "\n"
        self.inside = self.inside if tag == "br" else tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("", "style"):
            self.said.append(data)
        if self.inside in ("td", "th"):
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def report():
    return dg.check_boundaries(received())


@pytest.fixture(scope="module")
def changes():
    """Two of three units changed; the sums are 5 gained and 5 lost."""
    return pd.DataFrame(
        {
            "village_name": ["甲村", "乙村", "丙村"],
            "area_before_m2": [100.0, 200.0, 300.0],
            "area_after_m2": [105.0, 195.0, 300.0],
            "area_change_m2": [5.0, -5.0, 0.0],
            "gained_m2": [5.0, 0.0, 0.0],
            "lost_m2": [0.0, 5.0, 0.0],
            "moved_m": [0.5, 0.5, 0.0],
            "repairs": ["面重叠", "面重叠", ""],
        },
        index=pd.Index(["A", "B", "C"], name="village_code"),
    )


@pytest.fixture(scope="module")
def page(report, tmp_path_factory):
    return page_of(report, tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def document(report, tmp_path_factory):
    return document_of(report, tmp_path_factory.mktemp("document"))


def page_of(report, tmp_path, **options):
    file = dg.save_quality_report(report, tmp_path / "a.html", **options)
    return Page(file.read_text("utf-8"))


def document_of(report, tmp_path, **options):
    return docx.Document(str(dg.save_quality_report(report, tmp_path / "a.docx", **options)))


def words_of(document):
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def ruled(document):
    """Tables of the paper itself; the grids of labels have no rules."""
    return [table for table in document.tables if "w:tblBorders" in table._tbl.xml]


def cells_of(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


# ---------------------------------------------------------------- both forms alike


def test_both_forms_hold_the_same_tables(report, changes, tmp_path):
    options = {"changes": changes, "unit": "某局", "checked_on": "2026-03-31"}
    page = page_of(report, tmp_path, **options)
    document = document_of(report, tmp_path, **options)

    assert [cells_of(table) for table in ruled(document)] == page.tables
    assert len(page.tables) == 5  # asked, by kind, by town, details, repairs


def test_both_forms_say_the_same_sentences(page, document):
    said = "".join(page.said)
    for paragraph in document.paragraphs:
        for piece in re.split(": ", paragraph.text):
            assert piece in said


def test_two_runs_give_the_same_bytes(report, tmp_path, monkeypatch):
    files = [dg.save_quality_report(report, tmp_path / f"a{end}") for end in (".html", ".docx")]
    before = [file.read_bytes() for file in files]
    later = time.time() + 50_000_000
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))

    for file, content in zip(files, before, strict=True):
        assert dg.save_quality_report(report, file).read_bytes() == content


def test_the_document_knows_no_hour(report, tmp_path):
    file = dg.save_quality_report(report, tmp_path / "a.docx")
    with zipfile.ZipFile(file) as packed:
        dates = {entry.date_time for entry in packed.infolist()}
        names = packed.namelist()

    assert dates == {(1980, 1, 1, 0, 0, 0)}
    properties = docx.Document(str(file)).core_properties
    assert properties.created == properties.modified and properties.created.year == 2000
    assert not [name for name in names if "thumbnail" in name]


def test_nothing_given_is_changed(changes, tmp_path):
    villages = received()
    report = dg.check_boundaries(villages)
    before = villages.copy(), report.table.copy(), changes.copy()
    page_of(report, tmp_path, changes=changes, villages=villages)

    assert villages.equals(before[0]) and report.table.equals(before[1])
    assert changes.equals(before[2])


# ---------------------------------------------------------------- what it says


def test_the_kinds_add_up_to_the_report(report, page):
    by_kind = page.tables[1]

    assert by_kind[0][1:5] == ["错误", "疑似", "提示", "合计"]
    assert [int(text) for text in by_kind[-1][1:5]] == [
        *report.by_severity.to_list(),
        len(report.table),
    ]
    rows = {row[0]: row[1:] for row in by_kind[1:-1]}
    # Pencil: 2 m by 1000 m, and 0.3 m by 1000 m.
    assert rows["面重叠"] == ["1", "0", "0", "1", "2000.00"]
    assert rows["面缝隙"] == ["1", "0", "0", "1", "300.00"]


def test_the_towns_add_up_to_the_report(page):
    by_town = page.tables[2]

    assert sorted(row[0] for row in by_town[1:-1]) == ["另镇", "纸上镇"]
    assert [sum(int(row[at]) for row in by_town[1:-1]) for at in range(1, 5)] == [
        int(text) for text in by_town[-1][1:]
    ]


def test_a_fault_of_no_town_is_counted_as_such(tmp_path):
    rows = [("gap", "error", ["A"], 1.0, "m2", box(0, 0, 1, 1))] * 2
    found = made_of(rows)
    found.table.loc[1, "town_name"] = None
    by_town = page_of(found, tmp_path).tables[2]

    assert [row[:2] for row in by_town[1:]] == [["纸上镇", "1"], ["未注明", "1"], ["合计", "2"]]


def test_every_fault_stands_in_the_details_with_its_number(report, page):
    details = page.tables[3]

    assert len(details) == 1 + len(report.table)
    for row, (key, fault) in zip(details[1:], report.table.iterrows(), strict=True):
        assert row[0] == str(key) and row[7] == fault["says_zh"]
        assert row[4].split("\n") == fault["fault_rows"].split("、")
        assert row[5] == fault["fault_names"] and row[8] == ""


def test_only_so_many_rows_are_printed_and_the_rest_is_told(tmp_path):
    rows = [("gap", "error", ["A"], 1.0, "m2", box(0, 0, 1, 1))] * (MOST_ROWS + 3)
    page = page_of(made_of(rows), tmp_path)

    assert len(page.tables[3]) == 1 + MOST_ROWS
    assert f"本表仅列编号在前的问题,数量:{MOST_ROWS} / {MOST_ROWS + 3}" in "".join(page.said)


def test_what_was_not_looked_for_is_named(report, page):
    said, asked = "".join(page.said), page.tables[0]

    assert "未检查的项目" in said and "名录有、图层无" in said
    words = columns.vocabulary("fault_kind")
    assert [row[1] for row in asked[1:]] == [words[kind] for kind in report.kinds]
    assert [int(row[3]) for row in asked[1:]] == report.counts.to_list()


def test_every_kind_is_told_with_the_numbers_of_the_check():
    from deqing_geo.papers.quality import _standards

    assert set(_standards()) == set(columns.vocabulary("fault_kind"))
    assert f"不足{NARROW_M:g}米" in _standards()["sliver"]
    assert not [text for text in _standards().values() if "{" in text]


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ([], "未发现错误和疑似问题"),
        (["note"], "未发现错误和疑似问题"),
        (["note", "warning"], "未发现错误;疑似问题须人工核实"),
        (["note", "warning", "error"], "存在须改正的错误"),
    ],
)
def test_the_conclusion_goes_by_the_gravest_fault(severities, said, tmp_path, report):
    rows = [("gap", severity, ["A"], 1.0, "m2", None) for severity in severities]
    found = made_of(rows) if rows else dg.check_boundaries(sample.villages())

    assert said in "".join(page_of(found, tmp_path).said)


def test_a_clean_report_has_no_table_of_faults(tmp_path):
    clean = dg.check_boundaries(received().iloc[[0]])
    document = document_of(clean, tmp_path)

    assert clean.is_clean and "问题明细表" not in words_of(document)
    assert len(document.sections) == 1


def test_repairs_are_told_unit_by_unit_with_their_sums(report, changes, tmp_path):
    page = page_of(report, tmp_path, changes=changes)
    repairs = page.tables[4]

    assert repairs[0][0] == "行政区划代码" and "面积变化(平方米)" in repairs[0]
    assert [row[0] for row in repairs[1:]] == ["A", "B", "合计"]
    assert repairs[-1][1:] == ["", "600.00", "600.00", "0.00", "5.00", "5.00", "", ""]
    said = "".join(page.said)
    assert "其余单元面积与界线未变,数量:1" in said and "工作副本,不得回写调查成果" in said


def test_what_the_reader_decided_is_told(report, tmp_path):
    villages = received()
    villages.attrs["reading"] = {
        "file": "村界.shp", "encoding": "GB18030", "rows": 8, "gdal": (), "mended": (3, 5),
        "renamed": {"ZLDWMC": "village_name"},
    }  # fmt: skip
    said = words_of(document_of(report, tmp_path, villages=villages))

    assert "文件: 村界.shp" in said and "文字编码: GB18030" in said
    for what, found in dg.reading_notes(villages).lines:
        assert f"{what}: {found}" in said


# ---------------------------------------------------------------- official or not


def test_from_sample_data_nothing_can_be_signed_or_stamped(tmp_path):
    report = dg.check_boundaries(sample.villages())
    document = document_of(report, tmp_path, unit="某局")
    grids = [cell for table in document.tables for row in cells_of(table) for cell in row]
    said = words_of(document)

    assert columns.word("notice.schematic") in said and "不得报送" in said
    assert document.paragraphs[0].text == "质量检查报告(示意样张)"
    assert "填报单位(示意,不盖章):" in grids and "某局" in grids
    assert not [text for text in grids if "单位负责人" in text or "(盖章)" in text]
    assert columns.word("notice.schematic") in document.sections[0].header.paragraphs[0].text
    page = page_of(report, tmp_path, unit="某局")
    assert "".join(page.said).count(columns.word("notice.schematic")) == 3
    assert not [tag for tag, attrs in page.tags if attrs.get("class") == "sign"]


def test_a_real_layer_gets_a_line_to_sign_on(report, tmp_path):
    document = document_of(report, tmp_path, unit="某局")
    grids = [cell for table in document.tables for row in cells_of(table) for cell in row]

    assert document.paragraphs[0].text == "质量检查报告"
    for label in ("填报单位(盖章):", "单位负责人:", "审核人:", "填表人:", "联系电话:", "填报日期:"):
        assert label in grids
    assert "内部资料 注意保存" in document.sections[0].header.paragraphs[0].text
    assert "界线仅供参考,不作为划界依据" in words_of(document)


def test_the_day_is_the_one_given_or_left_to_a_pen(report, tmp_path):
    def day(**options):
        return dict(quality_paper(report, **options).head)["检查日期"]

    assert day(checked_on="2026-03-31") == day(checked_on=date(2026, 3, 31)) == "2026年3月31日"
    assert not re.search(r"\d", day())
    with pytest.raises(dg.errors.ColumnError, match="not a date"):
        dg.save_quality_report(report, tmp_path / "a.html", checked_on="31.3.2026")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- paper


def test_the_sheets_are_a4_and_wide_tables_lie_on_turned_ones(report, changes, tmp_path):
    document = document_of(report, tmp_path, changes=changes)
    sizes = [(round(one.page_width.mm), round(one.page_height.mm)) for one in document.sections]

    assert sizes == [(210, 297), (297, 210)]
    for table in document.tables:
        wide = sum(column.width.mm for column in table.columns)
        assert wide <= 297 - 36 + 1
    css = (tmp_path / "a.html").read_text("utf-8") if page_of(report, tmp_path) else ""
    assert "size: A4;" in css and "size: A4 landscape" in css


def test_headings_repeat_and_pages_are_numbered(document):

    assert all("w:tblHeader" in table.rows[0]._tr.xml for table in ruled(document))
    foot = document.sections[0].footer._element.xml
    assert "PAGE" in foot and "NUMPAGES" in foot
    assert "第 1 页 共 1 页" in "".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", foot))


def test_chinese_faces_are_named_for_every_style(document):
    for style in ("Normal", "Title", "Heading 1", "Header", "Footer"):
        xml = document.styles[style].element.xml
        assert re.search(r'w:eastAsia="Sim(Sun|Hei)"', xml) and "Theme=" not in xml


# ---------------------------------------------------------------- hostile text


def as_shown(text):
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", " ", text)


def test_texts_are_shown_as_they_were_written(tmp_path):
    rows = [("overlap", "error", [text], 1.0, "m2", box(0, 0, 1, 1)) for text in HOSTILE]
    found = made_of(rows, notices=tuple(HOSTILE), origins=tuple(HOSTILE))
    for column in ("town_name", "fault_names", "says_zh"):
        found.table[column] = HOSTILE
    changes = pd.DataFrame(
        {"village_name": HOSTILE, "area_change_m2": 1.0, "repairs": HOSTILE}, index=HOSTILE
    )
    villages = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=sample.CRS)
    villages.attrs["reading"] = {
        "file": HOSTILE[0], "renamed": dict.fromkeys(HOSTILE, "village_name"), "dropped": HOSTILE,
    }  # fmt: skip
    options = {"changes": changes, "villages": villages, "unit": HOSTILE[0]}
    page, document = page_of(found, tmp_path, **options), document_of(found, tmp_path, **options)
    shown = [as_shown(text) for text in HOSTILE]

    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "header", "footer", "h1", "h2", "p",
        "div", "span", "u", "section", "dl", "dt", "dd", "table", "caption", "colgroup", "col",
        "thead", "tbody", "tr", "th", "td", "br",
    }  # fmt: skip
    assert not [attrs for _, attrs in page.tags if set(attrs) & {"src", "href", "onerror"}]
    details, repairs = page.tables[3:]
    for column in (3, 4, 5, 7):
        assert [row[column] for row in details[1:]] == shown
    for column in (0, 1, 3):
        assert [row[column] for row in repairs[1:-1]] == shown
    assert [cells_of(table) for table in ruled(document)] == page.tables
    said = words_of(document)
    assert all(text in page.said and text in said for text in shown)


def test_the_page_asks_for_nothing_and_runs_nothing(report, tmp_path):
    page = page_of(report, tmp_path)
    policy = next(attrs["content"] for _, attrs in page.tags if "http-equiv" in attrs)

    assert policy.startswith("default-src 'none'")
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
    text = (tmp_path / "a.html").read_text("utf-8")
    assert "http:" not in text and "https:" not in text and "url(" not in text


def test_everything_it_says_of_its_own_can_be_printed_in_gbk(report, changes, tmp_path):
    page = page_of(report, tmp_path, changes=changes, villages=received())

    "".join(page.said).encode("gbk")


def test_another_ending_is_refused(report, tmp_path):
    for name in ("a.pdf", "a.doc", "a"):
        with pytest.raises(dg.errors.ExportError, match=r"\.html or \.docx"):
            dg.save_quality_report(report, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_document_of_many_rows_is_whole(tmp_path):
    rows = [("gap", "error", [str(at)], np.nan, None, None) for at in range(MOST_ROWS)]
    file = dg.save_quality_report(made_of(rows), tmp_path / "a.docx")
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as packed:
        assert packed.testzip() is None
        body = packed.read("word/document.xml").decode()

    assert body.count("<w:tr>") > MOST_ROWS
