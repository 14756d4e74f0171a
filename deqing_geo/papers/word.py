"""A paper as a Word document that opens in Word and in WPS, the same bytes on every run.

Tables are written as XML at once: python-docx looks through the whole table for every cell.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from deqing_geo import columns as names
from deqing_geo.files import undated
from deqing_geo.papers.blocks import Facts, Paper, Section, Table, Text, plain

# No document goes without a date; any fixed one will do.
MADE_ON = datetime(2000, 1, 1, tzinfo=UTC)
# A4 in millimetres, and the margins of both ways up.
SHORT, LONG = 210, 297
UPRIGHT = {"top": 22, "bottom": 20, "left": 22, "right": 20}
TURNED = {"top": 20, "bottom": 18, "left": 18, "right": 18}
# Faces that every office in China has; other systems put their own in their place.
SONG, HEI, LATIN = "SimSun", "SimHei", "Times New Roman"
TWIPS_PER_MM = 1440 / 25.4
RED, GREY = "B00000", "F0F2F4"
_XMLNS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def docx(paper: Paper) -> bytes:
    """A paper as the bytes of a ``.docx``.

    Parameters
    ----------
    paper : Paper
        What it says.

    Returns
    -------
    bytes
        The document: A4, wide sections turned to landscape, headings of tables repeated, the
        marks at the head and the page's number at the foot of every sheet.
    """
    import docx as library

    document = library.Document()
    _styles(document)
    _properties(document, paper)
    _sheet(document.sections[0], turned=False)
    _every_sheet(document.sections[0], paper)
    _line(document, paper.title, size=20, face=HEI, centred=True, style="Title")
    for text in paper.warnings:
        _line(document, text, colour=RED, bold=True, centred=True)
    if paper.head:
        _grid(document, paper.head, ruled=False)
    for section in paper.sections:
        if not section.wide:
            _section(document, section, SHORT - UPRIGHT["left"] - UPRIGHT["right"])
    if paper.sign:
        _line(document, "")
        _grid(document, paper.sign, ruled=True)
    annexes = [section for section in paper.sections if section.wide]
    for at, section in enumerate(annexes):
        if at == 0:
            _sheet(document.add_section(), turned=True)
        _section(document, section, LONG - TURNED["left"] - TURNED["right"], new_sheet=at > 0)
    packed = io.BytesIO()
    document.save(packed)
    return undated(packed.getvalue())


def _properties(document: Any, paper: Paper) -> None:
    said = document.core_properties
    said.title, said.author, said.last_modified_by = plain(paper.title)[:255], "deqing_geo", ""
    said.comments, said.keywords, said.revision = "", "", 1
    said.created = said.modified = MADE_ON
    relations = document.part.package.rels
    for key in [key for key, one in relations.items() if one.reltype.endswith("/thumbnail")]:
        # A picture of the template's empty sheet.
        del relations[key]


def _styles(document: Any) -> None:
    from docx.shared import Pt

    for style, face, size in (
        ("Normal", SONG, 10.5),
        ("Title", HEI, 20),
        ("Heading 1", HEI, 13),
        ("Header", SONG, 9),
        ("Footer", SONG, 9),
    ):
        one = document.styles[style]
        one.font.size = Pt(size)
        one.font.name = LATIN
        one.font.bold = False
        properties = one.element.get_or_add_rPr()
        for child in list(properties):
            if child.tag.endswith(("}color", "}spacing", "}kern")):
                properties.remove(child)
        fonts = properties.get_or_add_rFonts()
        for key in list(fonts.attrib):
            if key.endswith("Theme"):
                # The template's theme would have its way over the face named here.
                del fonts.attrib[key]
        fonts.set(_w("eastAsia"), face)
        fonts.set(_w("ascii"), LATIN if face == SONG else HEI)
        fonts.set(_w("hAnsi"), LATIN if face == SONG else HEI)
        borders = one.element.find(f".//{_w('pBdr')}")
        if borders is not None:
            borders.getparent().remove(borders)
    document.styles["Normal"].paragraph_format.space_after = Pt(3)
    heading = document.styles["Heading 1"].paragraph_format
    heading.space_before, heading.space_after, heading.keep_with_next = Pt(12), Pt(4), True


def _w(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/wordprocessingml/2006/main}}{name}"


def _sheet(section: Any, *, turned: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (
        Mm(LONG if turned else SHORT),
        Mm(SHORT if turned else LONG),
    )
    for side, width in (TURNED if turned else UPRIGHT).items():
        setattr(section, f"{side}_margin", Mm(width))
    section.header_distance = section.footer_distance = Mm(10)


def _every_sheet(section: Any, paper: Paper) -> None:
    """Marks above, the page's number below; sections that follow take them over."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    above = section.header.paragraphs[0]
    above.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    above.add_run(plain(" | ".join(paper.marks)))
    below = section.footer.paragraphs[0]
    below.alignment = WD_ALIGN_PARAGRAPH.CENTER
    below.add_run(f"{names.word('paper.page')} ")
    _field(below, "PAGE")
    below.add_run(f" {names.word('paper.of_pages')} ")
    _field(below, "NUMPAGES")
    below.add_run(f" {names.word('paper.pages')}")


def _field(paragraph: Any, name: str) -> None:
    from docx.oxml import parse_xml

    paragraph._p.append(
        parse_xml(f'<w:fldSimple {_XMLNS} w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>')
    )


def _section(document: Any, section: Section, width: int, *, new_sheet: bool = False) -> None:
    _line(document, section.heading, style="Heading 1", new_sheet=new_sheet)
    for block in section.blocks:
        if isinstance(block, Table):
            if block.caption:
                _line(document, block.caption, face=HEI, keep=True)
            _table(document, block, width)
            _line(document, "")
        elif isinstance(block, Facts):
            for label, value in block.rows:
                _line(document, f"{label}: {value}")
        elif isinstance(block, Text):
            _line(document, block.text, colour=RED if block.warning else "", bold=block.warning)


def _line(
    document: Any,
    text: str,
    *,
    size: float = 0,
    face: str = "",
    colour: str = "",
    bold: bool = False,
    centred: bool = False,
    style: str = "",
    keep: bool = False,
    new_sheet: bool = False,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt, RGBColor

    paragraph = document.add_paragraph(style=style or None)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if keep:
        paragraph.paragraph_format.keep_with_next = True
    if new_sheet:
        paragraph.paragraph_format.page_break_before = True
    run = paragraph.add_run(plain(text))
    run.bold = bold or None
    if size:
        run.font.size = Pt(size)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if face:
        run.font.name = face
        run._r.get_or_add_rPr().get_or_add_rFonts().set(_w("eastAsia"), face)


# ---------------------------------------------------------------- tables, as XML


def _table(document: Any, table: Table, width: int) -> None:
    whole = sum(table.widths)
    twips = [round(one / whole * width * TWIPS_PER_MM) for one in table.widths]
    rows = [
        _row((_cell(text, twips[at], head=True) for at, text in enumerate(table.head)), head=True)
    ]
    for at, row in enumerate(table.rows):
        bold = table.total and at == len(table.rows) - 1
        rows.append(
            _row(
                _cell(text, twips[column], right=column in table.figures, bold=bold)
                for column, text in enumerate(row)
            )
        )
    _append(document, twips, rows, ruled=True)


def _grid(document: Any, pairs: tuple[tuple[str, str], ...], *, ruled: bool) -> None:
    """Labels beside each other, each with room to write; with a rule to write on where asked."""
    # Three to a line: more would leave no room for a name.
    across = min(3, len(pairs))
    width = (SHORT - UPRIGHT["left"] - UPRIGHT["right"]) / across
    longest = max(len(label) for label, _ in pairs)
    # A Chinese character of 9.5 points is 3.4 mm wide; a cell keeps 2 mm at each side.
    room = min(width * 0.75, longest * 3.4 + 5)
    twips = [round(one * TWIPS_PER_MM) for one in (room, width - room)]
    rule = '<w:tcBorders><w:bottom w:val="single" w:sz="4" w:color="000000"/></w:tcBorders>'
    rows = []
    for at in range(0, len(pairs), across):
        line = pairs[at : at + across]
        cells = []
        for label, value in line:
            cells.append(_framed(_run(f"{plain(label)}:"), twips[0], low=True))
            cells.append(
                _framed(_run(plain(value)), twips[1], inner=rule if ruled else "", low=True)
            )
        cells += [_framed(_run(""), one) for one in twips] * (across - len(line))
        rows.append(_row(cells, high=ruled))
    _append(document, twips * across, rows, ruled=False)


def _append(document: Any, twips: list[int], rows: list[str], *, ruled: bool) -> None:
    from docx.oxml import parse_xml

    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    rule = "".join(f'<w:{side} w:val="single" w:sz="4" w:color="444444"/>' for side in sides)
    borders = f"<w:tblBorders>{rule}</w:tblBorders>" if ruled else ""
    grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in twips)
    xml = (
        f'<w:tbl {_XMLNS}><w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/>{borders}'
        '<w:tblLayout w:type="fixed"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    body = document.element.body
    body.insert(len(body) - 1, parse_xml(xml))


def _row(cells: Iterable[str], *, head: bool = False, high: bool = False) -> str:
    repeat = "<w:tblHeader/>" if head else ""
    # Room for a signature: 11 mm.
    height = '<w:trHeight w:val="624" w:hRule="atLeast"/>' if high else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{height}{repeat}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(
    text: str, width: int, *, head: bool = False, right: bool = False, bold: bool = False
) -> str:
    align = "center" if head else "right" if right else "left"
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{GREY}"/>' if head else ""
    lines = [_run(plain(line), head=head, bold=bold) for line in text.split("\n")]
    runs = "<w:r><w:br/></w:r>".join(lines)
    return _framed(runs, width, align=align, inner=shade)


def _framed(
    runs: str, width: int, *, align: str = "left", inner: str = "", low: bool = False
) -> str:
    stands = '<w:vAlign w:val="bottom"/>' if low else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{inner}{stands}</w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:after="0"/><w:jc w:val="{align}"/></w:pPr>{runs}</w:p></w:tc>'
    )


def _run(text: str, *, head: bool = False, bold: bool = False) -> str:
    face = f'<w:rFonts w:eastAsia="{HEI}"/>' if head else ""
    looks = face + ("<w:b/>" if bold else "") + '<w:sz w:val="19"/>'
    said = text.translate(_ENTITIES)
    return f'<w:r><w:rPr>{looks}</w:rPr><w:t xml:space="preserve">{said}</w:t></w:r>'
