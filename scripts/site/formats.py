"""File formats: what is opened, what is refused and with which cure, what is written."""

from __future__ import annotations

from collections.abc import Iterable

from deqing_geo.export import formats
from deqing_geo.files import kinds

# Who opens it; a format without a line here fails the build.
WRITTEN = {
    "gpkg": ("QGIS、ArcGIS", "全部图层和表,带 QGIS 样式 all layers and tables, styled for QGIS"),
    "gdb": ("ArcGIS", "全部图层,中文字段取值 all layers, words in Chinese"),
    "lyrx": ("ArcGIS Pro", "每个图层的颜色 colours of each layer of the .gdb"),
    "shp": ("只收 SHP 的单位", "每层一个,字段名十个字节 one a layer, names of ten bytes"),
    "fgb": ("程序、网页", "每层一个,英文字段 one a layer, our own names"),
    "parquet": ("程序", "每层一个,英文字段 one a layer, our own names"),
    "csv": ("任何表格软件", "每表一个,UTF-8 带 BOM one a table"),
    "dxf": ("CAD、CASS", "界线和名称,GBK outlines and names in metres"),
    "xlsx": ("Excel、WPS", "每个结果一页,中文表头 a sheet a result, Chinese headings"),
}


def page() -> str:
    """The page in Markdown."""
    unknown = sorted(set(formats.FORMATS) ^ set(WRITTEN))
    if unknown:
        raise LookupError(f"scripts/site/formats.py and the export differ: {', '.join(unknown)}")
    lines = [
        "# 文件格式 File formats\n",
        "由程序自己的格式表生成。怎样判断编码、坐标系、图层和字段,见 [读入数据](reading.md);"
        "给哪个单位用哪种格式,见 [成果导出](export.md)。\n",
        "Written from the library's own tables when the site is built. How encodings, coordinate "
        "systems, layers and fields are decided: [reading](reading.md). Which file for which "
        "office: [export](export.md).\n",
        "## 能打开 Opened\n",
        *_table("图层 Layers", kinds.KINDS),
        *_table("压缩包 Archives, read where they are", kinds.ARCHIVES),
        *_table("栅格 Rasters", kinds.RASTERS),
        *_table("表格 Tables", kinds.TABLES),
        "## 不打开,怎么办 Refused, with the cure\n",
        "| 文件 file | 怎么办 what to do |",
        "|---|---|",
    ]
    opened = {
        ending
        for kind in (*kinds.KINDS, *kinds.ARCHIVES, *kinds.TABLES, *kinds.RASTERS)
        for ending in kind.endings
    }
    lines += [
        f"| `{ending}` | {cure} |" for ending, cure in kinds._CURES.items() if ending not in opened
    ]
    lines += [
        "\n网址、数据库连接、GDAL 虚拟路径和虚拟数据集一律拒绝;内容与后缀不符的文件也拒绝。"
        "Addresses, databases, virtual paths and files whose content is not what their name says "
        "are refused.\n",
        "## 能写出 Written\n",
        "`deqing-geo export 目录 --formats ...`,或 `dg.save_results`。\n",
        "| 格式 format | 谁用 for whom | 内容 what is in it |",
        "|---|---|---|",
    ]
    for name in formats.FORMATS:
        whom, content = WRITTEN[name]
        lines.append(f"| `.{name}` | {whom} | {content} |")
    lines += [
        "| `.html` | 浏览器 | 离线地图,单个文件 maps that open without a network |",
        "| `.pdf` `.jpg` `.png` | 打印、归档 | 图集 the atlas |",
        "| `.docx` `.xlsx` | WPS、Word、Excel | 报送表和说明 papers |",
    ]
    return "\n".join(lines) + "\n"


def _table(title: str, listed: Iterable[kinds.FileKind]) -> list[str]:
    rows = [
        f"### {title}\n",
        "| 格式 kind | 后缀 ending | 同名文件 belongs to it |",
        "|---|---|---|",
    ]
    for kind in listed:
        endings = " ".join(f"`{ending}`" for ending in kind.endings)
        rows.append(f"| {kind.name} | {endings} | {' '.join(f'`{c}`' for c in kind.companions)} |")
    return [*rows, ""]
