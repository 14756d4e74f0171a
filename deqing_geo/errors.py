"""Everything the library raises or warns about on purpose.

Nothing here knows what a road or a village is. A message says what came, what
was needed and what to type next; each class also derives from the built-in
that a stranger would catch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ROWS_SHOWN = 5


class DeqingGeoError(Exception):
    """Base of every error raised on purpose by deqing_geo."""


class InputError(DeqingGeoError, ValueError):
    """The data given cannot carry the question asked of it.

    Parameters
    ----------
    message : str
        What came, what was needed, what to do.
    rows : iterable, optional
        Index labels of the rows at fault; the message names the first five.

    Attributes
    ----------
    rows : tuple
        Every offending index label.
    """

    def __init__(self, message: str, rows: Iterable[object] = ()) -> None:
        self.rows: tuple[object, ...] = tuple(rows)
        super().__init__(f"{message}{_name_rows(self.rows)}")


class CRSError(InputError):
    """A layer has no coordinate system, is in degrees, or two layers disagree."""


class GeometryError(InputError):
    """A geometry is of the wrong kind, invalid, empty or not finite."""


class ColumnError(InputError):
    """A column is absent, mistyped, or holds values outside its vocabulary."""


class CodeError(InputError):
    """A division code is malformed, repeated, or not a child of its town."""


class UnitError(InputError):
    """A rule or target is in another unit than the measure it is put to."""


class StandardsError(DeqingGeoError, KeyError):
    """No such rule, definition or target, or a malformed standards file."""

    # A KeyError, so that `in` and `.get` work on a Standard; but KeyError quotes its message,
    # and ours is a sentence to be read.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class BoundaryFileError(DeqingGeoError, OSError):
    """A file cannot be read, is refused, or is wrongly encoded."""


class RecipeError(DeqingGeoError, ValueError):
    """A recipe is mistaken; every mistake is listed with its line.

    Parameters
    ----------
    message : str
        Which recipe.
    mistakes : sequence of str
        One sentence each, with the line it stands on.
    """

    def __init__(self, message: str, mistakes: Sequence[str] = ()) -> None:
        self.mistakes: tuple[str, ...] = tuple(mistakes)
        super().__init__("\n  ".join([message, *self.mistakes]))


class ExportError(DeqingGeoError, RuntimeError):
    """A product cannot be made or written as asked."""


class OfflineAssetError(ExportError):
    """A map asks for something that is not in the file and not installed."""


class FontError(ExportError):
    """No font here has the characters a page needs; it would show empty boxes."""


class DeqingGeoWarning(UserWarning):
    """Base of every warning: the answer is right and the reader should know more."""


class RepairWarning(DeqingGeoWarning):
    """Geometry was mended on reading."""


class EdgeWarning(DeqingGeoWarning):
    """The answer near the border depends on what was cut off."""


def _name_rows(rows: Sequence[object]) -> str:
    if not rows:
        return ""
    named = ", ".join(repr(row) for row in rows[:ROWS_SHOWN])
    more = f" and {len(rows) - ROWS_SHOWN} more" if len(rows) > ROWS_SHOWN else ""
    return f" Rows: {named}{more}."
