"""What colour a cell of a raster has: by its amount, its kind, or how its ground faces the sun.

Colours only; where a cell lies and how large the picture is, is `ground`'s.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deqing_geo.errors import InputError
from deqing_geo.looks.palette import style
from deqing_geo.rasters import Raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

SUN = (315.0, 45.0)  # from the north-west, half-way up: degrees
STEPS = 5
# More limits than that nobody reads in a legend.
MOST_LIMITS = 11


def shaded(terrain: Raster) -> tuple[Bytes, list[tuple[str, str]]]:
    """Every cell in the tint of its height, lighter where it faces the sun.

    Parameters
    ----------
    terrain : Raster
        Heights in metres, in a system in metres.

    Returns
    -------
    array of uint8, shape (rows, columns, 4)
        Red, green, blue and opacity; 0 where a cell has no value.
    list of (str, str)
        Colour and label, for the legend.

    Notes
    -----
    Slopes by Horn's eight neighbours (B. K. P. Horn, "Hill shading and the reflectance map",
    1981); light from the north-west, half-way up. Level ground keeps its tint.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> colours, legend = shaded(Raster(np.full((3, 3), 2.0), 0, 90, 30, sample.CRS))
    >>> "#{:02x}{:02x}{:02x}".format(*colours[1, 1, :3]) == legend[0][0]
    True
    """
    known = terrain.known
    heights = np.where(known, terrain.values, np.nan).astype(float)
    filled = np.where(known, heights, np.nanmin(heights))
    around = np.pad(filled, 1, mode="edge")
    up, level, down = around[:-2], around[1:-1], around[2:]
    east = (up[:, 2:] + 2 * level[:, 2:] + down[:, 2:]) - (
        up[:, :-2] + 2 * level[:, :-2] + down[:, :-2]
    )
    south = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) - (
        up[:, :-2] + 2 * up[:, 1:-1] + up[:, 2:]
    )
    east, south = east / (8 * terrain.cell), south / (8 * terrain.high)
    turn, rise = np.radians(SUN[0]), np.radians(SUN[1])
    # How the surface faces the sun: 1 straight at it, 0 away.
    toward = np.cos(rise) * (-np.sin(turn) * east + np.cos(turn) * south) + np.sin(rise)
    light = np.clip(toward / np.sqrt(1 + east**2 + south**2), 0, 1)
    look = style()["terrain"]
    limits, ramp = look["limits"], look["ramp"]
    tints = np.array([_rgb(colour) for colour in ramp])
    step = np.searchsorted(limits, filled, "right")
    # Level ground keeps its tint.
    factor = np.clip(0.55 + 0.45 * light / np.sin(rise), 0.4, 1.12)
    out = np.empty((*factor.shape, 4), dtype=np.uint8)
    for band in range(3):
        out[..., band] = np.clip(tints[step, band] * factor, 0, 255)
    out[..., 3] = np.where(known, 255, 0)
    return out, list(zip(ramp, _steps(limits), strict=True))


def classed(
    raster: Raster, classes: Mapping[float, str] | Sequence[float] | None = None
) -> tuple[Bytes, list[tuple[str, str]]]:
    """Every cell in the colour of its class, and what the colours mean.

    Parameters
    ----------
    raster : Raster
        With one known cell at least.
    classes : mapping or sequence, optional
        Names of kinds by value, or class limits; by default five even steps, or, of up to eight
        whole numbers, each a kind.

    Returns
    -------
    array of uint8, shape (rows, columns, 4)
        Red, green, blue and opacity; 0 where a cell has no value.
    list of (str, str)
        Colour and label, for the legend.

    Raises
    ------
    InputError
        If the classes are too many or no limits.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> cells = Raster(np.array([[1.0, 7.0, 30.0]]), 0, 30, 30, sample.CRS)
    >>> [label for _, label in classed(cells, [5, 25])[1]]
    ['5 以下', '5 - 25', '25 以上']
    """
    look, known = style()["raster"], raster.known
    present = raster.values[known]
    kinds: dict[float, str] | None = None
    if isinstance(classes, Mapping):
        kinds = {value: str(label) for value, label in classes.items()}
        if not 0 < len(kinds) <= len(look["kinds"]):
            raise InputError(
                f"classes= names {len(kinds)} kinds; colours tell 1 to {len(look['kinds'])} apart. "
                "Put like ones together before."
            )
    elif classes is None and raster.values.dtype.kind in "iu":
        found = np.unique(present)
        if len(found) <= len(look["kinds"]):
            kinds = {int(value): str(value) for value in found.tolist()}
    use = np.zeros(raster.values.shape, dtype=np.uint8)
    if kinds is not None:
        tints = [*look["kinds"][: len(kinds)], look["other"]]
        labels = list(kinds.values())
        use[:] = len(kinds)
        for at, value in enumerate(kinds):
            use[raster.values == value] = at
        if (use[known] == len(kinds)).any():
            labels.append("其他")
    else:
        limits = _even(present) if classes is None else _given(classes)
        use[:] = np.searchsorted(limits, raster.values, "right")
        tints, labels = _blend(look["ramp"], len(limits) + 1), _steps(limits)
    table = np.array([[*_rgb(tint), 255] for tint in tints], dtype=np.uint8)
    colours = np.where(known[..., None], table[use], 0).astype(np.uint8)
    return colours, list(zip(tints, labels, strict=False))


def _given(classes: Any) -> list[float]:
    try:
        limits = [float(one) for one in classes]
    except (TypeError, ValueError):
        limits = []
    rising = all(low < high for low, high in itertools.pairwise(limits))
    if not limits or not rising or not np.isfinite(limits).all() or len(limits) > MOST_LIMITS:
        raise InputError(
            "classes= is a mapping of values to names, or 1 to 11 class limits that rise, such as "
            "[5, 15, 25]."
        )
    return limits


def _even(values: NDArray[Any]) -> list[float]:
    """Round limits of about five even steps from the least to the greatest."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return [low]
    rough = (high - low) / STEPS
    power = 10 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough * (1 - 1e-9))
    first = math.floor(low / step) + 1
    limits = [round(step * at, 10) for at in range(first, first + STEPS + 1)]
    return [limit for limit in limits if low < limit < high] or [round((low + high) / 2, 10)]


def _steps(limits: Sequence[float]) -> list[str]:
    """Words for what lies below, between and above limits."""
    between = [f"{low:g} - {up:g}" for low, up in itertools.pairwise(limits)]
    return [f"{limits[0]:g} 以下", *between, f"{limits[-1]:g} 以上"]


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _blend(ramp: Sequence[str], count: int) -> list[str]:
    """As many colours along a ramp as there are classes."""
    tints = np.array([_rgb(colour) for colour in ramp], dtype=float)
    at = np.linspace(0, len(ramp) - 1, count) if count > 1 else np.array([0.0])
    mixed = np.column_stack([np.interp(at, np.arange(len(ramp)), band) for band in tints.T])
    return ["#{:02x}{:02x}{:02x}".format(*row) for row in np.round(mixed).astype(int).tolist()]
