"""Results to a folder in the formats an office asks for, all of them or none.

Nothing is measured here. What goes out is what the results hold: for the house as it is, for the
public coarser, without people, owners, doubts and proposals.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.errors import ExportError, InputError
from deqing_geo.export import formats as ways
from deqing_geo.export.content import Part, clean, named, parts_of
from deqing_geo.export.layers import source_row
from deqing_geo.export.public import LeftOut, for_the_public
from deqing_geo.export.tables import for_readers, heading, write_csv
from deqing_geo.files import whole_folder
from deqing_geo.looks.imprint import Imprint, imprint_of
from deqing_geo.provenance import marks
from deqing_geo.sheets import MOST_LETTERS, MOST_NAME, Field, Sheet, workbook
from deqing_geo.text import card
from deqing_geo.villages.kinds import labelled

if TYPE_CHECKING:
    from deqing_geo.standards import Definition, Rule

SHIFT = "export.public_shift"
# More columns than this on one page of A4 cannot be read.
COLUMNS_A_PAGE = 12
# Columns of types that repeat another, or hold codes.
FOR_MACHINES = ("type_final", "flags", "whole_area", "pop_gaps", "hh_gaps")
_TAB = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """What was written, and what was not.

    Attributes
    ----------
    folder : Path
        Where it stands.
    table : DataFrame
        One row for every layer or table of every file: ``file_name``, ``file_format``,
        ``layer_name``, ``layer_title``, ``row_count`` and ``file_remarks``. It is the list
        written beside the files (文件清单).
    fields : DataFrame
        Every field of every layer: ``field``, ``short_field`` in a shapefile, ``field_label``,
        ``field_unit`` (字段说明).
    left_out : DataFrame
        What a public export does not hold: ``layer_title``, ``field``, ``left_out_reason``. It
        is for the one who exports and is not written among public files.
    imprint : Imprint
        For whom, and reviewed or not.
    notices : tuple of str
        Sentences the files must not travel without.
    """

    folder: Path
    table: pd.DataFrame
    fields: pd.DataFrame
    left_out: pd.DataFrame
    imprint: Imprint
    notices: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, each once, the lists last."""
        return tuple(self.folder / name for name in dict.fromkeys(self.table["file_name"]))

    @property
    def renamed(self) -> pd.DataFrame:
        """Fields that a shapefile has under another name."""
        fields = self.fields
        other = (fields["short_field"] != "") & (fields["short_field"] != fields["field"])
        return fields[other].reset_index(drop=True)

    @property
    def headline(self) -> str:
        """How many files, of how many layers."""
        layers = self.table.loc[self.table["layer_name"] != "", "layer_name"].nunique()
        return f"{len(self.files)} 个文件,{layers} 个图层(表)"

    def __repr__(self) -> str:
        who = self.imprint.audience
        return f"<Exported: {len(self.files)} files to {self.folder.name!r}, {who}>"

    def _repr_html_(self) -> str:
        shown = self.table[["file_name", "layer_title", "row_count", "file_remarks"]]
        body = [[str(cell) for cell in row] for row in shown.itertuples(index=False, name=None)]
        heads = [names.label(column) for column in shown.columns]
        return card(
            names.word("export.list"),
            self.headline,
            [(names.label("imprint"), ";".join(self.imprint.marks))],
            self.notices,
            (heads, body),
        )


@dataclass(slots=True)
class _Job:
    """One export under way."""

    parts: list[Part]
    imprint: Imprint
    stem: str
    suffix: str
    sources: tuple[Definition | Rule, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    short: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return ";".join(self.imprint.marks)

    def note(self, file: str, kind: str, part: Part | None = None, said: str = "") -> None:
        self.rows.append(
            {
                "file_name": file,
                "file_format": kind,
                "layer_name": part.key if part is not None else "",
                "layer_title": part.title if part is not None else "",
                "row_count": len(part.frame) if part is not None else 0,
                "file_remarks": said,
            }
        )


def save_results(
    results: Any,
    out: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("gpkg", "xlsx"),
    audience: str = "internal",
    review_number: str | None = None,
    made_by: str | None = None,
    name: str = "results",
) -> Exported:
    """Results as the files an office asks for: layers in colour, tables in Chinese.

    Parameters
    ----------
    results : result, frame, or sequence or mapping of them
        Village types, a road density, a coverage, suggested sites, a scorecard, anything with a
        ``table``, or frames by name: ``{"towns": towns}``.
    out : path
        The folder. Files of the same names are replaced, others stay.
    formats : sequence of str
        ``gpkg`` (QGIS opens it in the colours of the maps), ``gdb`` and ``lyrx`` (ArcGIS, and
        its colours), ``shp``, ``fgb``, ``parquet``, ``xlsx``, ``csv``, ``dxf`` (outlines and
        names for CAD).
    audience : {"internal", "public"}
        For whom. For the public, only columns and layers that may leave the house are written,
        borders are simplified together, coordinates rounded, in CGCS2000 degrees.
    review_number : str, optional
        The 审图号, word for word. Without one a public export is a 送审稿, and is named so.
    made_by : str, optional
        编制单位.
    name : str
        What the files that hold all layers are called.

    Returns
    -------
    Exported
        The list of files, of fields and of what was left out; the lists stand beside the files.

    Raises
    ------
    InputError
        If there is no such format or audience, ``lyrx`` is asked for without ``gdb``, the number
        is a blank to fill in, or something given is no result.
    CRSError
        If a layer has no coordinate system and one is needed.
    ExportError
        If nothing may be shown to the public, or a file cannot be written; what was there
        before is unchanged then.

    Notes
    -----
    Every row carries its definition, its notices and for whom it is, since a row is what gets
    copied. The same results are the same bytes, on any day. A shapefile holds names of ten
    bytes and texts of 254: the list of fields says what a name stands for, the list of files how
    many texts were cut.

    What the public may see is no decision of a program: simplified borders are not surveyed
    ones, and a map goes to review before it is shown (地图管理条例, 2015, 第十五条).

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = save_results(density, folder, formats=["gpkg", "csv"])
    >>> [file.name for file in made.files]  # doctest: +NORMALIZE_WHITESPACE
    ['results.gpkg', 'road_density.csv', 'road_km_by_class.csv', 'roads.csv', '字段说明.csv',
     '文件清单.csv']
    """
    asked = _asked(formats)
    imprint = imprint_of(audience=audience, review_number=review_number, made_by=made_by)
    parts = parts_of(results)
    left: list[LeftOut] = []
    said: list[str] = []
    sources = _sources(parts)
    if imprint.audience == "public":
        shift = standards.load().rule(SHIFT)
        parts, left, said = for_the_public(parts, shift.value)
        sources = (*_sources(parts), shift)
        if not parts:
            reasons = ", ".join(f"{one.layer}({one.reason})" for one in left)
            raise ExportError(f"Nothing of this may be shown to the public: {reasons}.")
    parts = [one for part in parts for one in ways.by_dimension(part)]
    draft_only = imprint.audience == "public" and not imprint.review_number
    suffix = f"_{names.word('export.for_review')}" if draft_only else ""
    job = _Job(parts, imprint, f"{named(name)}{suffix}", suffix, sources)
    notices = [text for part in parts if (text := marks(part.frame).get("notice"))]
    explained = f"{names.word('export.fields')}{suffix}.csv"
    last = f"{names.word('export.list')}{suffix}.csv"
    with whole_folder(out, last=last) as draft:
        for kind in asked:
            _WRITERS[kind](job, draft)
        fields = ways.dictionary(parts, job.line, job.short)
        write_csv(_listed(fields), draft / explained)
        job.note(explained, "csv")
        missing = pd.DataFrame(
            [(one.layer, one.column, one.reason) for one in left],
            columns=["layer_title", "field", "left_out_reason"],
        )
        job.note(last, "csv", said=";".join([job.line, *said]))
        table = pd.DataFrame(job.rows)
        write_csv(_listed(table), draft / last)
    return Exported(
        Path(out), table, fields, missing, imprint, tuple(dict.fromkeys([*notices, *said]))
    )


def _sources(parts: Sequence[Part]) -> tuple[Definition | Rule, ...]:
    """The documents behind the parts, each once."""
    found = {
        str((one.key, one.line if hasattr(one, "line") else str(one))): one
        for part in parts
        for one in part.sources
    }
    return tuple(found.values())


def _asked(formats: Sequence[str]) -> list[str]:
    given = [formats] if isinstance(formats, str) else [str(one) for one in formats]
    kinds = [one.lower().lstrip(".") for one in given]
    strange = [one for one in given if one.lower().lstrip(".") not in ways.FORMATS]
    if strange or not kinds:
        raise InputError(
            f"formats={', '.join(map(repr, strange)) or 'none'}: there are "
            f"{', '.join(ways.FORMATS)}. A personal geodatabase (.mdb) cannot be written: take "
            "gdb."
        )
    if "lyrx" in kinds and "gdb" not in kinds:
        raise InputError("formats: 'lyrx' holds colours of a geodatabase; ask for 'gdb' as well.")
    # In one order, whatever they were asked in: what is listed is the same.
    return [one for one in ways.FORMATS if one in kinds]


def _listed(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_axis([heading(str(column)) for column in table.columns], axis="columns")


# ---------------------------------------------------------------- formats


def _gpkg(job: _Job, draft: Path) -> None:
    file = f"{job.stem}.gpkg"
    ways.write_gpkg(job.parts, draft / file, job.line, job.sources)
    for part in job.parts:
        styled = ways.look_of_part(part) is not None
        job.note(file, "gpkg", part, names.word("export.styled") if styled else "")


def _gdb(job: _Job, draft: Path) -> None:
    file = f"{job.stem}.gdb"
    ways.write_gdb(job.parts, draft / file, job.line)
    for part in job.parts:
        job.note(file, "gdb", part)


def _shp(job: _Job, draft: Path) -> None:
    for part in _layers(job):
        file = f"{part.key}{job.suffix}.shp"
        short, cut = ways.write_shp(part, draft / file, job.line)
        job.short[part.key] = short
        said = [names.word("export.encoding")]
        if other := sum(one != name for one, name in short.items()):
            said.append(names.word("export.named").format(count=other))
        if cut:
            said.append(names.word("export.cut").format(count=cut, most=ways.MOST_BYTES))
        job.note(file, "shp", part, ";".join(said))


def _fgb(job: _Job, draft: Path) -> None:
    for part in _layers(job):
        file = f"{part.key}{job.suffix}.fgb"
        ways.write_fgb(part, draft / file, job.line)
        job.note(file, "fgb", part)


def _parquet(job: _Job, draft: Path) -> None:
    for part in job.parts:
        file = f"{part.key}{job.suffix}.parquet"
        ways.write_parquet(part, draft / file, job.line)
        job.note(file, "parquet", part)


def _csv(job: _Job, draft: Path) -> None:
    for part in job.parts:
        file = f"{part.key}{job.suffix}.csv"
        said = {**marks(part.frame), "imprint": job.line}
        table = for_readers(part.frame)
        write_csv(table.assign(**{heading(key): text for key, text in said.items()}), draft / file)
        job.note(file, "csv", part)


def _dxf(job: _Job, draft: Path) -> None:
    file = f"{job.stem}.dxf"
    layers = _layers(job)
    ways.write_dxf(layers, draft / file)
    for part in layers:
        job.note(file, "dxf", part, names.word("export.cad"))


def _lyrx(job: _Job, draft: Path) -> None:
    for part in _layers(job):
        file = f"{part.key}{job.suffix}.lyrx"
        if ways.write_lyrx(part, draft / file, f"{job.stem}.gdb", job.line):
            job.note(file, "lyrx", part, names.word("export.arcgis"))


def _layers(job: _Job) -> list[Part]:
    return [part for part in job.parts if part.has_shapes]


def _xlsx(job: _Job, draft: Path) -> None:
    file = f"{job.stem}.xlsx"
    duty = job.imprint.duties[0]
    taken: set[str] = set()
    sheets = []
    for part in (one for one in job.parts if one.sheet):
        frame = _for_a_sheet(part)
        table, cut = _cells(for_readers(frame))
        said = [f"{names.label(key)}:{text}" for key, text in marks(part.frame).items()]
        shown = [frame.index.name, *(one for one in frame if not _is_shape(part, one))]
        fields = tuple(
            Field(str(head), table.iloc[:, at].to_list(), format=_format(shown[at]))
            for at, head in enumerate(table.columns)
        )
        sheets.append(
            Sheet(
                _tab(part.title, taken),
                fields,
                clean(part.title),
                above=tuple((line[:MOST_LETTERS],) for line in [job.line, *said]),
                mark=duty,
                held=1,
                pages_across=-(-len(fields) // COLUMNS_A_PAGE),
            )
        )
        told = names.word("export.cut_cells").format(count=cut, most=MOST_LETTERS) if cut else ""
        job.note(file, "xlsx", part, told)
    sheets += _explained(job, duty, taken)
    (draft / file).write_bytes(workbook(sheets, called=file))
    if not any(row["file_name"] == file for row in job.rows):
        job.note(file, "xlsx")


def _for_a_sheet(part: Part) -> pd.DataFrame:
    """Without what is for machines; fields that are missing by their labels."""
    if part.kind != "types":
        return part.frame
    out = part.frame.drop(columns=[one for one in FOR_MACHINES if one in part.frame])
    if "missing_fields" in out:
        out["missing_fields"] = [
            "、".join(labelled(one) for one in str(fields or "").split(";") if one)
            for fields in out["missing_fields"]
        ]
    out.attrs = dict(part.frame.attrs)
    return out


def _is_shape(part: Part, column: Any) -> bool:
    frame: Any = part.frame
    return part.has_shapes and column == frame.geometry.name


def _explained(job: _Job, duty: str, taken: set[str]) -> list[Sheet]:
    """Sheets that say what the figures are: definitions and sources, documents, fields."""
    parts = job.parts
    said = [marks(part.frame) for part in parts]
    about = Sheet(
        _tab(names.word("export.sheets"), taken),
        (
            Field(names.label("layer_title"), [part.title for part in parts]),
            Field(names.label("definition"), [one.get("definition", "") for one in said]),
            Field(names.label("notice"), [one.get("notice", "") for one in said]),
            Field(names.label("source"), [";".join(part.origins) for part in parts]),
        ),
        names.word("export.sheets"),
        above=((job.line,),),
        mark=duty,
    )
    rows = [source_row(source) for source in job.sources]
    heads = {key: names.word(f"export.{key}") for key in ("label", "document", "clause", "says")}
    heads["evidence"] = names.label("evidence")
    rules = Sheet(
        _tab(names.word("export.rules"), taken),
        tuple(Field(head, [row[key] for row in rows]) for key, head in heads.items()),
        names.word("export.rules"),
        mark=duty,
    )
    fields = ways.dictionary(parts, job.line, job.short).drop(columns="layer_name")
    listed = Sheet(
        _tab(names.word("export.fields"), taken),
        tuple(Field(heading(str(one)), fields[one].to_list()) for one in fields.columns),
        names.word("export.fields"),
        mark=duty,
    )
    return [about, rules, listed] if rows else [about, listed]


def _cells(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Cells a workbook holds, and how many texts were too long for one."""
    out = table.astype(object).where(table.notna(), None)
    cut = 0
    for at in range(out.shape[1]):
        values = out.iloc[:, at]
        long = np.array([isinstance(one, str) and len(one) > MOST_LETTERS for one in values])
        if long.any():
            cut += int(long.sum())
            shortened = [one[:MOST_LETTERS] if isinstance(one, str) else one for one in values]
            out[out.columns[at]] = pd.Series(shortened, index=out.index, dtype=object)
    return out, cut


def _format(column: Any) -> str:
    known = names.registry().get(str(column))
    # Two decimals of a percentage, and more where there are more to tell.
    return "0.00##" if known is not None and known.unit == "ratio" else ""


def _tab(title: str, taken: set[str]) -> str:
    wish = clean(title).translate(_TAB).strip()[:MOST_NAME] or "Sheet"
    out, count = wish, 1
    while out.casefold() in taken:
        count += 1
        out = f"{wish[: MOST_NAME - len(str(count)) - 1]}_{count}"
    taken.add(out.casefold())
    return out


_WRITERS = {
    "gpkg": _gpkg,
    "gdb": _gdb,
    "shp": _shp,
    "fgb": _fgb,
    "parquet": _parquet,
    "csv": _csv,
    "dxf": _dxf,
    "lyrx": _lyrx,
    # Last, since it lists the short names of shapefiles.
    "xlsx": _xlsx,
}
