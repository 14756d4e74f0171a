"""A page drawn by matplotlib: PDF, PNG and JPG, the same bytes every time.

The only module that draws. No window, no `pyplot`, no settings left behind; text is text in a
PDF, never an outline, and nothing in it is read as a formula.
"""

from __future__ import annotations

import functools
import gc
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deqing_geo.atlas import engine, fonts
from deqing_geo.atlas.drawing import Drawing, Shape, Words
from deqing_geo.errors import FontError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72
FORMATS = ("pdf", "jpg", "png")
# A photograph's setting; lettering stays sharp because colours are not halved.
JPG = {"quality": 92, "subsampling": 0}
HALO_POINTS = 1.6
# Pixels of a page whose memory is asked back at once.
LARGE = 6_000_000
# Whatever the user's own settings are, a page is the same.
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 3,
    "pdf.compression": 6,
    "pdf.inheritcolor": False,
    "pdf.use14corefonts": False,
    "text.usetex": False,
    "text.hinting": "no_hinting",
    "text.antialiased": True,
    "path.simplify": True,
    "path.simplify_threshold": 0.1,
    "path.snap": False,
    "path.sketch": None,
    "path.effects": [],
    "agg.path.chunksize": 0,
    "figure.dpi": 100,
}


def write_page(
    page: Drawing,
    files: Sequence[tuple[str, int]],
    folder: Path,
    stem: str,
    formats: Sequence[str],
    dpi: int,
) -> list[str]:
    """Draw a page into files.

    Parameters
    ----------
    page : Drawing
        What is on it.
    files : sequence of (str, int)
        Of a `Typeface`.
    folder : Path
        Where; it is there.
    stem : str
        The files' name without ending.
    formats : sequence of {"pdf", "jpg", "png"}
        Which.
    dpi : int
        Of the pictures.

    Returns
    -------
    list of str
        Names of the files, in the order of `formats`.

    Raises
    ------
    FontError
        If a glyph is missing all the same; nothing is written then.
    """
    content: dict[str, bytes] = {}
    with engine.load().rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*missing.*")
        try:
            figure = _figure(page, files)
            if "pdf" in formats:
                content["pdf"] = _pdf(figure, page.title)
            if {"png", "jpg"} & set(formats):
                content |= _pictures(figure, formats, dpi)
        except UserWarning as warning:
            raise FontError(f"{stem}: {warning}. {fonts.CURE}") from warning
    made = []
    for kind in formats:
        (folder / f"{stem}.{kind}").write_bytes(content[kind])
        made.append(f"{stem}.{kind}")
    return made


def _pdf(figure: Figure, title: str) -> bytes:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    out = io.BytesIO()
    FigureCanvasPdf(figure).print_pdf(  # type: ignore[no-untyped-call]
        out, metadata={"Title": title, "CreationDate": None, "Creator": None, "Producer": None}
    )
    return out.getvalue()


def _pictures(figure: Figure, formats: Sequence[str], dpi: int) -> dict[str, bytes]:
    """Drawn once, written as often as asked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.dpi = dpi
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    size = canvas.get_width_height()
    # Paper is white: the fourth channel says nothing.
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    picture = Image.frombuffer("RGBA", size, drawn, "raw", "RGBA", 0, 1)
    picture = picture.convert("RGB")
    canvas.renderer = None
    del drawn, canvas
    if size[0] * size[1] > LARGE:
        # Renderers of matplotlib hold themselves, and Python would wait too long: without this
        # pages of A3 for print pile up to 700 MB (measured).
        gc.collect()
    out = {}
    for kind, options in (("png", {"compress_level": 4}), ("jpg", JPG)):
        if kind in formats:
            held = io.BytesIO()
            name = {"png": "PNG", "jpg": "JPEG"}[kind]
            picture.save(held, name, dpi=(dpi, dpi), **options)
            out[kind] = held.getvalue()
    return out


def _figure(page: Drawing, files: Sequence[tuple[str, int]]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path as Outline
    from matplotlib.text import Text
    from matplotlib.transforms import Affine2D

    figure = Figure(figsize=(page.width / MM_PER_INCH, page.height / MM_PER_INCH))
    figure.patch.set_facecolor("#ffffff")
    paper = Affine2D().scale(1 / MM_PER_INCH) + figure.dpi_scale_trans
    west, south, east, north = page.frame
    frame = Rectangle((west, south), east - west, north - south, transform=paper)
    for order, item in enumerate(page.items):
        if isinstance(item, Shape):
            patch = PathPatch(
                Outline(item.points, item.codes),
                transform=paper,
                facecolor=_colour(item.fill, item.opacity),
                edgecolor=item.edge or "none",
                linewidth=item.width if item.edge else 0,
                linestyle=_dash(item),
                joinstyle="round",
                capstyle="butt",
                zorder=order,
            )
            figure.add_artist(patch)
            patch.set_clip_path(frame if item.inside else None)
            patch.set_clip_on(item.inside)
        else:
            _say(figure, item, files, paper, order, Text)
    return figure


def _say(
    figure: Figure, item: Words, files: Sequence[tuple[str, int]], paper: Any, order: int, text: Any
) -> None:
    """A line of text; its halo is a second, stroked copy, so that the letters stay letters."""
    for face, piece, offset in item.runs:
        step = (offset, 0.0) if item.upright else (0.0, offset)
        for stroked in (True, False) if item.halo else (False,):
            made = text(
                item.x + step[0],
                item.y + step[1],
                piece,
                fontproperties=_font(*files[face], item.size),
                color="#ffffff" if stroked else item.colour,
                transform=paper,
                rotation=0 if item.upright else 90,
                rotation_mode="anchor",
                ha="left",
                va="baseline",
                parse_math=False,
                zorder=order + (0.0 if stroked else 0.5),
            )
            if stroked:
                made.set_path_effects(_halo())
            figure.add_artist(made, clip=False)


@functools.lru_cache(maxsize=256)
def _font(path: str, index: int, size: float) -> Any:
    return fonts.properties(path, index, size)


@functools.cache
def _halo() -> list[Any]:
    from matplotlib.patheffects import Stroke

    return [Stroke(linewidth=HALO_POINTS, foreground="#ffffff")]


def _colour(fill: str | None, opacity: float) -> Any:
    from matplotlib.colors import to_rgba

    return "none" if fill is None else to_rgba(fill, opacity)


def _dash(item: Shape) -> Any:
    """Dashes in units of the line's width, as matplotlib counts them."""
    if not item.dash or not item.width:
        return "solid"
    points = POINTS_PER_INCH / MM_PER_INCH
    return (0, tuple(max(one * points / item.width, 0.1) for one in item.dash))
