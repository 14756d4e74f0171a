"""Where a layer lies: what the file says, what the caller says, what an outline shows."""

from __future__ import annotations

import warnings
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from deqing_geo.crs import FITS, SWAPPED, called, fit, identify, identify_by, turn
from deqing_geo.errors import DeqingGeoWarning


def place(
    frame: gpd.GeoDataFrame,
    name: str,
    told: dict[str, Any],
    *,
    assume_crs: Any,
    datum: str | None,
    reference: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    """A frame in the system it is truly in, its axes east before north.

    Parameters
    ----------
    frame : GeoDataFrame
        As the file has it.
    name : str
        What the caller calls the layer.
    told : dict
        The notes; what is decided here is added.
    assume_crs : optional
        The system, where the file does not say, or says wrongly.
    datum : str or None
        A service's shift that is declared.
    reference : GeoDataFrame or None
        An outline known to be true: shows where a layer lies whose file does not say.

    Returns
    -------
    GeoDataFrame
        With its CRS, or without where nothing says it.

    Raises
    ------
    CRSError
        If `assume_crs` is no system, or the reference shows no place for the layer.

    Warns
    -----
    DeqingGeoWarning
        If the axes were swapped, or what the file says was overruled by the reference.
    """
    if assume_crs is not None:
        assumed = identify(assume_crs)
        told["crs_from"] = f"assume_crs={assume_crs}"
        if frame.crs is not None and identify(frame.crs) != assumed:
            told["crs_overruled"] = str(frame.crs.name)
        frame = frame.set_crs(assumed, allow_override=True)
    elif frame.crs is not None:
        told["crs_from"] = "the file"
    geometry = np.asarray(frame.geometry.array, dtype=object)
    finite = len(geometry) > 0 and bool(np.isfinite(shapely.total_bounds(geometry)).all())
    found = fit(geometry, identify(frame.crs)) if frame.crs is not None and finite else FITS
    if found == SWAPPED:
        frame = frame.set_geometry(gpd.GeoSeries(turn(geometry), frame.index, crs=frame.crs))
        _tell_swapped(told, name, "only so does it lie where its coordinate system is used")
    elif finite and reference is not None and (frame.crs is None or found != FITS):
        crs, swapped = identify_by(geometry, reference, name, datum)
        if frame.crs is not None:
            told["crs_overruled"] = str(frame.crs.name)
            warnings.warn(
                f"`{name}`: {told['file']} says {frame.crs.name}, in which its numbers lie nowhere "
                f"near; it is read in {called(crs)}, in which it covers the reference.",
                DeqingGeoWarning,
                stacklevel=4,
            )
        told["crs_from"] = "the reference, which it covers in this system alone"
        shapes = turn(geometry) if swapped else geometry
        frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index), crs=crs)
        if swapped:
            _tell_swapped(told, name, "only so does it cover the reference")
    if frame.crs is not None:
        told["crs"] = called(frame.crs)
    return frame


def _tell_swapped(told: dict[str, Any], name: str, why: str) -> None:
    told["axes"] = f"swapped: {why}"
    warnings.warn(
        f"`{name}`: {told['file']} has north before east, and was read with its axes exchanged: "
        f"{why}.",
        DeqingGeoWarning,
        stacklevel=5,
    )
