"""What a bureau hands in, gathered: 图件, 矢量, 表格, 文档, and a list that knows every file again.

Files are taken as they were made: nothing is drawn, counted or converted here. What goes to the
public holds nothing that says it is internal, and nothing that says nothing and was not looked at.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.columns import word
from deqing_geo.errors import ExportError, InputError
from deqing_geo.files import parts, sha256, whole_folder
from deqing_geo.files.naming import UNWRITABLE
from deqing_geo.looks.imprint import Imprint, imprint_of
from deqing_geo.papers.filing import Filing
from deqing_geo.papers.marks import INTERNAL, MADE_UP, PUBLIC, UNKNOWN, audience_of, marks_of
from deqing_geo.sheets import Field, workbook
from deqing_geo.text import card
from deqing_geo.villages.forms import chinese_day

if TYPE_CHECKING:
    Made = str | os.PathLike[str] | Callable[[Path], Any]

GROUPS = ("maps", "vectors", "tables", "documents")
# What each part of a submission may hold, by ending; beside layers lie the lists of their fields.
ENDINGS = {
    "maps": (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf", ".html"),
    "vectors": (".gdb", ".gpkg", ".shp", ".parquet", ".fgb", ".geojson", ".dxf", ".lyrx", ".qml",
                ".csv", ".xlsx", ".txt"),
    "tables": (".xlsx", ".csv"),
    "documents": (".pdf", ".docx", ".html", ".txt"),
}  # fmt: skip
PICTURES = (".jpg", ".png", ".tif")
PACKAGES = (".xlsx", ".docx")
SAME = {".jpeg": ".jpg", ".tiff": ".tif"}
# A drawing is the tenth of a dot short of 300 where its density was kept per metre.
DOTS_PER_METRE = 0.1
LEDGER, SUMS = "成果清单.xlsx", "sha256.txt"
CODE = re.compile(r"\d{6}(\d{3}(\d{3})?)?")
_NUMBERED = re.compile(r"^(?P<number>\d{2,3})(?P<title>\D.*)$", re.DOTALL)
_LOOSE_NUMBER = re.compile(r"^\d{1,3}[\s_.、-]+")
PER_MB = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """A folder ready to be handed in.

    Attributes
    ----------
    folder : Path
        Where it stands.
    table : DataFrame
        One row a product: ``submission_part``, ``file_name``, ``content``, ``file_format``,
        ``file_bytes``, ``file_parts`` (how many files it is), ``sha256``, ``audience``,
        ``file_use``, ``source_name``, ``remarks``; index ``row``.
    missing : tuple of str
        What a submission usually holds and this one does not.
    audience : str
        ``internal`` or ``public``.
    """

    folder: Path
    table: pd.DataFrame
    missing: tuple[str, ...]
    audience: str

    @property
    def files(self) -> list[Path]:
        """Every product, and the list and the sums at the end."""
        listed = [
            self.folder / part / name
            for part, name in zip(
                self.table["submission_part"], self.table["file_name"], strict=True
            )
        ]
        return [*listed, self.folder / LEDGER, self.folder / SUMS]

    def __repr__(self) -> str:
        size = int(self.table["file_bytes"].sum()) / PER_MB
        return f"<Submission of {len(self.table)} products, {size:.1f} MB, {self.audience}>"

    def _repr_html_(self) -> str:
        counts = self.table["submission_part"].value_counts(sort=False)
        return card(
            word("submission.title"),
            f"{len(self.table)} {word('submission.products')}",
            [(str(part), str(int(count))) for part, count in counts.items()]
            + [(names.label("audience"), word(f"submission.{self.audience}"))],
            [f"{word('submission.missing')}:{one}" for one in self.missing],
        )


@dataclass(slots=True)
class _Product:
    """One product on its way into the folder."""

    part: str
    source: Path
    title: str
    ending: str
    name: str = ""
    number: int = 0
    remarks: list[str] = field(default_factory=list)
    marks: frozenset[str] = frozenset()
    audience: str = UNKNOWN


def save_submission(
    out: str | os.PathLike[str],
    *,
    code: str,
    name: str = "",
    maps: Sequence[Made] = (),
    vectors: Sequence[Made] = (),
    tables: Sequence[Made] = (),
    documents: Sequence[Made] = (),
    audience: str = "internal",
    review_number: str | None = None,
    cleared: Iterable[str | os.PathLike[str]] = (),
    unit: str = "",
    day: date | str | None = None,
) -> Submission:
    """Gather what is handed in: 图件, 矢量, 表格, 文档, with a list of every file (成果清单).

    Maps are named 行政区代码+名称+序号+图名 (``330521德清县01县域村庄分类图.jpg``), tables and
    documents 行政区代码+名称+文件名; layers keep their names, since styles and projects know them
    by name. All stands there, or nothing is changed.

    Parameters
    ----------
    out : path
        The folder; an earlier submission in it is replaced, and a folder with anything else in it
        is refused.
    code : str
        行政区代码: six digits of a county, nine of a town.
    name : str
        Its name; that of a county known to the library may be left out.
    maps, vectors, tables, documents : sequence of path or callable
        Finished files, or functions that are given an empty folder and leave files in it, such as
        ``lambda folder: dg.save_road_papers(density, folder)``. Pictures of maps have at least the
        dots an inch that ``submission.map_dpi`` asks for. A shapefile brings its parts along. Maps
        that are numbered already keep their numbers; others follow in their order.
    audience : str
        ``internal``, or ``public``: nothing that says it is internal, tells of candidates or
        says nothing.
    review_number : str, optional
        审图号 of the maps; public maps without one are 送审稿.
    cleared : iterable of path or file name
        What says nothing of its audience and a person has found fit for the public, such as
        pictures; the list says so. It clears nothing that says it is internal.
    unit : str
        Who hands in (报送单位).
    day : date or str, optional
        To which the data reach (数据截止日期).

    Returns
    -------
    Submission
        With ``table``, the list, and ``missing``.

    Raises
    ------
    InputError
        If the code or the name cannot stand, there is nothing to gather, the audience is neither,
        or the review number is a blank; all at once.
    ColumnError
        If `day` is no date.
    ExportError
        If files are missing, of a kind that cannot be handed in, too coarse, of one name, or not
        for this audience (all of them are named), or the folder cannot be written.

    Notes
    -----
    The rule for names and the 300 dots an inch: 市级国土空间总体规划成果数据汇交要求(征求意见稿),
    as quoted by others; of the county level no text was found.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> from deqing_geo.papers import save_method_note, save_road_papers
    >>> density = road_density(sample.zone(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = save_submission(
    ...         f"{folder}/报送", code="330521",
    ...         tables=[lambda to: save_road_papers(density, to)],
    ...         documents=[lambda to: save_method_note(density, to / "路网密度测算说明.docx")],
    ...     )
    ...     print(*made.table["file_name"])
    330521德清县道路计入明细表.xlsx 330521德清县路网密度测算说明.docx
    >>> made.missing
    ('图件', '矢量', '质量检查报告')
    """
    given = dict(zip(GROUPS, (maps, vectors, tables, documents), strict=True))
    for_whom, place = _order(code, name, given, audience, review_number, unit)
    data_until = chinese_day(day, "day")
    target = Path(out)
    _refuse_others(target)
    with whole_folder(target, last=LEDGER) as draft:
        workshop = draft / "made"
        products = _gathered(given, workshop, target)
        _look(products, for_whom, cleared)
        _name(products, code, place)
        for part in GROUPS:
            (draft / word(f"submission.{part}")).mkdir()
        rows = [_copied(one, draft, for_whom, code, place) for one in products]
        shutil.rmtree(workshop, ignore_errors=True)
        table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="row"))
        missing = _missing(products)
        sample = any(MADE_UP in one.marks for one in products)
        filed = Filing(unit.strip(), data_until, for_whom.audience == PUBLIC, "", place, sample)
        (draft / LEDGER).write_bytes(_ledger(filed, table, missing, for_whom))
        (draft / SUMS).write_text(_sums(draft), encoding="utf-8", newline="\n")
    return Submission(target, table, missing, for_whom.audience)


# ---------------------------------------------------------------- what was asked


def _order(
    code: str,
    name: str,
    given: dict[str, Sequence[Any]],
    audience: str,
    review_number: str | None,
    unit: str,
) -> tuple[Imprint, str]:
    """For whom, and of which place; every fault of the order at once."""
    wrong = []
    if not CODE.fullmatch(str(code)):
        wrong.append(f"code={code!r}: six digits of a county, nine of a town, twelve of a village")
    place = name.strip() or names.crosswalk("county").get(str(code), "")
    if not place or UNWRITABLE.search(place):
        wrong.append(f"name={name!r}: the place as it stands in file names, such as 德清县")
    for part, some in given.items():
        if isinstance(some, str | os.PathLike) or callable(some):
            wrong.append(f"{part}= is a list, as {part}=[...]")
    if not wrong and not any(given.values()):
        wrong.append("maps=, vectors=, tables= and documents= are all empty")
    for_whom = None
    try:
        for_whom = imprint_of(audience=audience, review_number=review_number, made_by=unit)
    except InputError as error:
        wrong += str(error).splitlines()[1:]
    if wrong or for_whom is None:
        listed = "\n  ".join(one.strip() for one in wrong)
        raise InputError(f"The submission cannot be put together:\n  {listed}")
    return for_whom, place


def _refuse_others(target: Path) -> None:
    """A folder holds one submission and nothing that might go along with it."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target}: a file stands there. Name a folder.")
    own = {LEDGER, SUMS, *(word(f"submission.{part}") for part in GROUPS)}
    others = sorted(one.name for one in target.iterdir() if one.name not in own)
    there = (target / LEDGER).exists()
    if others or (not there and any(target.iterdir())):
        listed = ", ".join(others[:5]) or ", ".join(sorted(one.name for one in target.iterdir()))
        raise ExportError(
            f"{target}: holds what is no submission ({listed}). Name a new folder, so that nothing "
            "is handed in by accident."
        )


def _gathered(given: dict[str, Sequence[Any]], workshop: Path, target: Path) -> list[_Product]:
    """Every product that was given or made, in order."""
    products, wrong = [], []
    for part, some in given.items():
        for at, one in enumerate(some):
            if callable(one):
                room = workshop / f"{part}{at}"
                room.mkdir(parents=True)
                one(room)
                found = _products_in(room)
                if not found:
                    wrong.append(f"{part}[{at}]: the function left no file in its folder")
            else:
                found = [Path(one)]
                if found[0].resolve().is_relative_to(target.resolve()):
                    wrong.append(f"{one}: lies in the folder that is to be written")
                    continue
            for file in found:
                fault = _fault(file, part)
                if fault:
                    wrong.append(fault)
                else:
                    ending = file.suffix.lower()
                    products.append(_Product(part, file, file.stem, SAME.get(ending, ending)))
    _refuse(wrong, "cannot be gathered")
    return products


def _products_in(room: Path) -> list[Path]:
    """What a function left: files and geodatabases, parts of a layer with their layer."""
    there = sorted(one for one in room.iterdir() if not one.name.startswith("."))
    along = {piece for one in there if one.suffix.lower() == ".shp" for piece in parts(one)[1:]}
    return [one for one in there if one not in along]


def _fault(file: Path, part: str) -> str:
    """Why a file is no product of a part; empty where it is one."""
    if not file.exists():
        return f"{file}: is not there"
    ending = file.suffix.lower()
    cure = names.phrases("submission_cure").get(ending.removeprefix("."), "")
    if ending not in ENDINGS[part]:
        said = f"{file.name}: no product of {part}, which are {' '.join(ENDINGS[part])}"
        return f"{said}. {cure}" if cure else said
    if file.is_dir() and ending != ".gdb":
        return f"{file.name}: a folder; give the files in it"
    if ending in PACKAGES and not zipfile.is_zipfile(file):
        return f"{file.name}: is damaged, or no {ending} at all"
    if part == "maps" and SAME.get(ending, ending) in PICTURES:
        return _coarse(file)
    return ""


def _coarse(file: Path) -> str:
    """Why a picture cannot be handed in; empty where it is fine enough."""
    from PIL import Image, UnidentifiedImageError

    least = standards.load().rule("submission.map_dpi").value
    try:
        with warnings.catch_warnings():
            # A0 at 600 dots is large and no attack.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                dots = picture.info.get("dpi")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        return f"{file.name}: cannot be opened as a picture ({error})"
    if not dots:
        return f"{file.name}: does not say how many dots it has an inch; {least:g} are asked"
    if min(float(one) for one in dots) < least - DOTS_PER_METRE:
        return f"{file.name}: has {float(min(dots)):.0f} dots an inch; {least:g} are asked"
    return ""


def _look(
    products: list[_Product], for_whom: Imprint, cleared: Iterable[str | os.PathLike[str]]
) -> None:
    """For whom each product is; a public submission takes no other."""
    given = [os.fspath(one) for one in cleared]
    names_given, unused = {Path(one).name for one in given}, set(given)
    wrong = []
    for one in products:
        several = parts(one.source) if one.ending == ".shp" else [one.source]
        one.marks = frozenset().union(*(marks_of(file) for file in several))
        one.audience = audience_of(one.marks)
        asked = one.source.name in names_given
        unused -= {path for path in given if Path(path).name == one.source.name}
        if for_whom.audience != PUBLIC:
            continue
        if one.audience == INTERNAL:
            wrong.append(f"{one.source.name}: says that it is internal")
        elif one.audience == UNKNOWN:
            if asked:
                one.remarks.append(word("submission.cleared"))
            else:
                wrong.append(
                    f"{one.source.name}: does not say for whom it is. Look at it, and name it in "
                    "cleared= if it may be public"
                )
    wrong += [f"cleared={path!r}: no such product" for path in sorted(unused)]
    _refuse(wrong, "cannot be made public" if for_whom.audience == PUBLIC else "does not fit")


def _refuse(wrong: list[str], what: str) -> None:
    if wrong:
        listed = "\n  ".join(wrong[:20])
        more = f"\n  and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise ExportError(f"The submission {what}:\n  {listed}{more}")


# ---------------------------------------------------------------- names


def _name(products: list[_Product], code: str, place: str) -> None:
    """Names by the rule; nothing is written over by another of its name."""
    head = f"{code}{place}"
    numbers: dict[str, int] = {}
    for one in products:
        if one.part != "maps":
            one.name = _plain_name(one, head, place)
            continue
        bare = one.title.removeprefix(head)
        found = _NUMBERED.match(bare) if bare != one.title else None
        if found:
            one.number, one.title = int(found["number"]), found["title"]
            if numbers.setdefault(one.title, one.number) != one.number:
                numbers[one.title] = -1
        else:
            one.title = _LOOSE_NUMBER.sub("", bare).removeprefix(place) or bare
    taken = set(numbers.values())
    for one in products:
        if one.part == "maps":
            if one.title not in numbers:
                numbers[one.title] = next(at for at in range(1, len(taken) + 2) if at not in taken)
                taken.add(numbers[one.title])
            number = one.number or numbers[one.title]
            one.name = f"{head}{number:02d}{one.title}{one.ending}"
    seen: dict[tuple[str, str], str] = {}
    wrong = []
    for one in products:
        key = (one.part, one.name.casefold())
        if key in seen:
            wrong.append(f"{one.source.name} and {seen[key]} would both be {one.name}")
        seen[key] = one.source.name
    titles: dict[int, str] = {}
    for title, number in numbers.items():
        if number in titles or number < 0:
            wrong.append(f"{title}: its number {number:02d} is given twice")
        titles[number] = title
    _refuse(wrong, "would lose files")


def _plain_name(one: _Product, head: str, place: str) -> str:
    if one.part == "vectors":
        return one.source.name
    bare = one.title.removeprefix(head).removeprefix(place)
    one.title = bare or one.title
    return f"{head}{one.title}{one.ending}"


# ---------------------------------------------------------------- files


def _copied(
    one: _Product, draft: Path, for_whom: Imprint, code: str, place: str
) -> dict[str, object]:
    """Copy one product, and say what it is."""
    part = word(f"submission.{one.part}")
    goal = draft / part / one.name
    if one.source.is_dir():
        shutil.copytree(one.source, goal, copy_function=shutil.copyfile)
        files = sorted(file for file in goal.rglob("*") if file.is_file())
    else:
        files = []
        for file in parts(one.source) if one.ending == ".shp" else [one.source]:
            copy = goal if file == one.source else goal.with_name(file.name)
            shutil.copyfile(file, copy)
            files.append(copy)
    if one.part == "documents" and one.ending != ".pdf":
        one.remarks.append(word("submission.as_pdf"))
    if one.part == "maps" and for_whom.audience == PUBLIC:
        number = for_whom.review_number
        one.remarks.append(
            f"{word('map.review_number')}:{number}" if number else word("map.for_review")
        )
    if MADE_UP in one.marks:
        one.remarks.append(word("paper.sample"))
    shown = for_whom.audience if one.audience == UNKNOWN else one.audience
    use = names.phrases("submission_use")
    return {
        "submission_part": part,
        "file_name": one.name,
        "content": one.title,
        "file_format": one.ending.removeprefix("."),
        "file_bytes": sum(file.stat().st_size for file in files),
        "file_parts": len(files),
        "sha256": sha256(files[0]) if len(files) == 1 else _of_several(files, goal.parent),
        "audience": shown,
        "file_use": use.get(one.ending.removeprefix("."), ""),
        "source_name": one.source.name,
        "remarks": ";".join(one.remarks),
    }


def _of_several(files: list[Path], folder: Path) -> str:
    """One sum of several files: that of their lines in the list of sums."""
    lines = _lines(files, folder)
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def _lines(files: Iterable[Path], folder: Path) -> str:
    return "".join(f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files)


def _sums(draft: Path) -> str:
    """Every file with its sum, as ``sha256sum -c`` reads it."""
    return _lines(sorted(one for one in draft.rglob("*") if one.is_file()), draft)


def _missing(products: list[_Product]) -> tuple[str, ...]:
    there = {one.part for one in products}
    said = [word(f"submission.{part}") for part in GROUPS if part not in there]
    report = word("quality.title")
    if not any(report in one.title for one in products if one.part == "documents"):
        said.append(report)
    return tuple(said)


def _ledger(
    filed: Filing, table: pd.DataFrame, missing: tuple[str, ...], for_whom: Imprint
) -> bytes:
    """成果清单, to sign."""
    label = names.label
    audience = [word(f"submission.{one}") for one in table["audience"]]

    def column(key: str, width: float, *, heading: str = "", middle: bool = False) -> Field:
        cells = [one if one != "" else None for one in table[key]]
        return Field(heading or label(key), cells, width=width, middle=middle)

    fields = [
        Field(word("measured_paper.serial"), list(table.index), width=6, middle=True),
        column("submission_part", 9, middle=True),
        column("file_name", 36),
        column("file_format", 9, middle=True),
        Field(label("file_bytes", unit=True), [int(one) for one in table["file_bytes"]], width=14,
              kind="number", format="0"),
        Field(label("file_parts"), [int(one) for one in table["file_parts"]], width=8,
              kind="number", format="0"),
        column("sha256", 36, middle=True),
        Field(label("audience"), audience, width=10, middle=True),
        column("file_use", 20, middle=True),
        column("remarks", 24, heading=word("measured_paper.remarks")),
    ]  # fmt: skip
    said = [word(f"submission.{for_whom.audience}_line")]
    if missing:
        said.append(f"{word('submission.missing')}:{'、'.join(missing)}")
    total = {4: int(table["file_bytes"].sum()), 5: int(table["file_parts"].sum())}
    sheet = filed.sheet(
        word("submission.title"), fields, word("submission.unit"), said=said, total=total
    )
    notes = [
        word("submission.named"),
        word("submission.summed"),
        word("submission.no_mdb"),
        *(word(f"submission.{one}") for one in ("unseen",) if for_whom.audience == PUBLIC),
        *(() if for_whom.review_number or for_whom.audience != PUBLIC else (
            word("map.not_public"),)),
        word("map.boundary"),
    ]  # fmt: skip
    return workbook([sheet, filed.notes(notes)], called=LEDGER)
