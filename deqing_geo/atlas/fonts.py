"""Fonts for paper: found on the machine, measured, and asked for every character first.

A page never shows an empty box: text whose characters no font here has is refused, by name,
before anything is drawn. Text is set by our own measure, so that a label lies where it was placed.
"""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.atlas import engine
from deqing_geo.errors import FontError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

POINTS_PER_INCH = 72
MM_PER_POINT = 25.4 / POINTS_PER_INCH
# By preference: what reads well small, then whatever there is. Families as their files name them.
FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti", "DengXian",
    "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Serif CJK SC",
    "Source Han Serif SC", "Noto Serif SC", "Songti SC", "STSong", "SimSun", "NSimSun",
    "FangSong", "KaiTi", "AR PL UMing CN", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
# Where rare characters are, which the fonts of offices lack.
RARE = ("SimSun-ExtB", "SimSun-ExtG", "HanaMinB", "BabelStone Han", "DejaVu Sans")
# The wheel of the extra [fonts], and its file.
WHEEL = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
# What every font that serves has.
ASKED = "县镇街道村图例比例尺"
# One em, measured once, is enough: outlines scale.
EM = 100.0
CURE = (
    "Install one, for example with pip install deqing_geo[fonts] (without a network: pip install "
    "--no-index --find-links FOLDER deqing_geo[fonts]), or name a font file: font=."
)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One font of a file.

    Attributes
    ----------
    path : str
        The file.
    index : int
        Which of the fonts in it.
    characters : mapping of int to int
        The glyph of every character it has.
    font : FT2Font
        To measure with.
    """

    path: str
    index: int
    characters: Mapping[int, int]
    font: Any
    advances: dict[str, float] = field(default_factory=dict)

    def advance(self, character: str) -> float:
        """How far a character goes, in ems."""
        found = self.advances.get(character)
        if found is None:
            glyph = self.font.load_char(ord(character), flags=_no_hinting())
            found = self.advances[character] = glyph.linearHoriAdvance / 65536 / EM
        return found

    def __repr__(self) -> str:
        return f"<Face {self.font.family_name} of {Path(self.path).name}>"


@dataclass(frozen=True, slots=True, eq=False)
class Typeface:
    """A font for a page, and others for characters it lacks.

    Attributes
    ----------
    faces : tuple of Face
        The first is used wherever it can be.
    """

    faces: tuple[Face, ...]

    @property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Files and the font in each, for another process to find the same."""
        return tuple((face.path, face.index) for face in self.faces)

    def missing(self, text: str) -> list[str]:
        """The characters of a text that none of the fonts has."""
        return [one for one in dict.fromkeys(text) if self._face(one) is None]

    def runs(self, text: str) -> list[tuple[int, str, float]]:
        """A text in pieces of one font: which, the piece, and its width in ems."""
        out: list[tuple[int, str, float]] = []
        for one in text:
            at = self._face(one)
            if at is None:
                raise FontError(lacking({one: [text]}))
            step = self.faces[at].advance(one)
            if out and out[-1][0] == at:
                out[-1] = (at, out[-1][1] + one, out[-1][2] + step)
            else:
                out.append((at, one, step))
        return out

    def width(self, text: str, size: float) -> float:
        """How wide a text is at a size in points, in millimetres."""
        return sum(width for *_, width in self.runs(text)) * size * MM_PER_POINT

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """A text in lines no wider than so many millimetres; numbers and words stay whole."""
        lines: list[str] = []
        line, used = "", 0.0
        for piece in _pieces(text):
            wide = self.width(piece, size)
            if line and used + wide > width:
                lines.append(line.rstrip())
                line, used = "", 0.0
                piece = piece.lstrip()
                wide = self.width(piece, size)
            while wide > width and len(piece) > 1:
                most = max(1, int(len(piece) * width / wide))
                lines.append(piece[:most])
                piece = piece[most:]
                wide = self.width(piece, size)
            line, used = line + piece, used + wide
        return [*lines, line.rstrip()] if line.strip() or not lines else lines

    def cut(self, text: str, size: float, width: float) -> str:
        """A text that fits into so many millimetres, with … where something was left out."""
        if self.width(text, size) <= width:
            return text
        while text and self.width(text + "…", size) > width:
            text = text[:-1]
        return text + "…"

    def _face(self, character: str) -> int | None:
        code = ord(character)
        for at, face in enumerate(self.faces):
            if code in face.characters:
                return at
        return None

    def __repr__(self) -> str:
        return f"<Typeface {self.faces[0].font.family_name} and {len(self.faces) - 1} more>"


def plain(text: object) -> str:
    r"""Text as paper shows it: one line, without characters that only steer.

    Parameters
    ----------
    text : object
        Anything; nothing in it is read as markup.

    Returns
    -------
    str
        Line ends and tabs are spaces; marks of direction and the like are gone.

    Examples
    --------
    >>> plain("$x^2$ \u202e甲\n村")
    '$x^2$ 甲 村'
    """
    said = unicodedata.normalize("NFC", str(text))
    kinds = [(one, unicodedata.category(one)) for one in said]
    shown = [" " if kind in ("Cc", "Zl", "Zp", "Zs") else one for one, kind in kinds
             if kind not in ("Cf", "Cs")]  # fmt: skip
    return " ".join("".join(shown).split())


def lacking(found: dict[str, list[str]]) -> str:
    """What is said of characters no font has.

    Parameters
    ----------
    found : dict of str to list of str
        Characters, and texts they stand in.

    Returns
    -------
    str
        A sentence with the cure.

    Examples
    --------
    >>> lacking({"x": ["xyz"]}).startswith("No font here has x (U+0078, in 'xyz')")
    True
    """
    said = [f"{one} (U+{ord(one):04X}, in {texts[0]!r})" for one, texts in list(found.items())[:5]]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"No font here has {', '.join(said)}{more}; the page would show empty boxes. {CURE}"


def require_characters(typeface: Typeface, texts: Iterable[str]) -> None:
    """Refuse texts that would show as empty boxes, all at once.

    Parameters
    ----------
    typeface : Typeface
        What they are set in.
    texts : iterable of str
        Names, titles, sentences.

    Raises
    ------
    FontError
        Naming the characters and where they stand.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        shown = plain(text)
        for one in typeface.missing(shown):
            found.setdefault(one, []).append(shown)
    if found:
        raise FontError(lacking(found))


@functools.lru_cache(maxsize=8)
def find_typeface(font: str | None = None) -> Typeface:
    """The font to set pages in, with others behind it for rare characters.

    Parameters
    ----------
    font : str, optional
        A font file to use before all others.

    Returns
    -------
    Typeface
        Of the fonts of the system, by preference; without a Chinese one, of the wheel of the
        extra ``[fonts]``.

    Raises
    ------
    FontError
        If there is no font with Chinese characters, or the file named is none.
    ExportError
        If matplotlib has no folder to write its list of fonts to.

    Examples
    --------
    >>> find_typeface().missing("德清县")
    []
    """
    engine.load()
    faces: list[Face] = []
    if font is not None:
        try:
            faces.append(open_face(font))
        except (OSError, RuntimeError) as error:
            raise FontError(f"font={font!r} is no font file: {error}") from error
    listed = _listed()
    for family in FAMILIES:
        faces += _opened(listed.get(family))
    faces += _opened(_of_the_wheel())
    serving = [face for face in faces if all(ord(one) in face.characters for one in ASKED)]
    if font is not None and faces[0] not in serving:
        raise FontError(f"font={font!r} has no Chinese characters ({faces[0].font.family_name}).")
    if not serving:
        raise FontError(f"There is no font with Chinese characters on this machine. {CURE}")
    rare = [face for family in RARE for face in _opened(listed.get(family))]
    # Two of one kind: the second seldom has what the first lacks, and opening costs time.
    return Typeface((*serving[:2], *rare))


@functools.lru_cache(maxsize=32)
def open_face(path: str, index: int = 0) -> Face:
    """One font of a file.

    Parameters
    ----------
    path : str
        The file.
    index : int
        Which font of a collection.

    Returns
    -------
    Face
        Opened.

    Raises
    ------
    RuntimeError
        If the file is no font.
    OSError
        If it cannot be read.
    """
    from matplotlib.ft2font import FT2Font

    font = FT2Font(path, face_index=index)
    font.set_size(EM, POINTS_PER_INCH)
    return Face(path, index, font.get_charmap(), font)


def properties(path: str, index: int, size: float) -> FontProperties:
    """A font as matplotlib takes it.

    Parameters
    ----------
    path, index
        Of a `Face`.
    size : float
        Points.

    Returns
    -------
    FontProperties
        By its file, so that nothing is looked up by name.
    """
    from matplotlib.font_manager import FontPath, FontProperties

    return FontProperties(fname=FontPath(path, index), size=size)


@functools.cache
def _listed() -> dict[str, tuple[str, int]]:
    """The upright regular font of every family on the machine: Windows, macOS and Linux alike."""
    with engine.listing(), warnings.catch_warnings():
        # Its list of fonts is made anew now and then, and says so.
        warnings.simplefilter("ignore")
        from matplotlib.font_manager import fontManager
    best: dict[str, tuple[tuple[int, str, int], tuple[str, int]]] = {}
    for entry in fontManager.ttflist:
        if entry.style != "normal" or not isinstance(entry.weight, int):
            continue
        index = int(getattr(entry, "index", 0))
        rank = (abs(entry.weight - 400), entry.fname, index)
        if entry.name not in best or rank < best[entry.name][0]:
            best[entry.name] = rank, (entry.fname, index)
    return {name: found for name, (_, found) in best.items()}


def _of_the_wheel() -> tuple[str, int] | None:
    found = importlib.util.find_spec(WHEEL[0])
    if found is None or not found.submodule_search_locations:
        return None
    return str(Path(found.submodule_search_locations[0], WHEEL[1])), 0


def _opened(found: tuple[str, int] | None) -> list[Face]:
    """A face if it is there: a font may have gone since the list of fonts was made."""
    if found is None:
        return []
    try:
        return [open_face(*found)]
    except (OSError, RuntimeError):
        return []


def _pieces(text: str) -> list[str]:
    """What a line may be broken between: any Chinese character, but no number or word."""
    out: list[str] = []
    for one in text:
        joins = out and one.isascii() and one != " " and out[-1][-1:].isascii()
        if (joins and out[-1][-1:] != " ") or (out and one in ",。、;:)》”!?,;:)%"):
            out[-1] += one
        else:
            out.append(one)
    return out


def _no_hinting() -> Any:
    from matplotlib.ft2font import LoadFlags

    return LoadFlags.NO_HINTING
