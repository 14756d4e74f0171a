"""A layer's symbols as ArcGIS Pro keeps them: a layer file beside a geodatabase.

JSON in the words of Esri's published specification of such files (CIM), as little of it as a
legend needs. Colours and words are those of `symbols`. It has not been opened in ArcGIS Pro by
us; the field ``colour`` of every layer holds the same colours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deqing_geo import columns as names

if TYPE_CHECKING:
    from deqing_geo.export.symbols import Look, Symbol

# The first version whose specification is public under this form.
VERSION, BUILD = "2.0.0", 8933
POINTS_PER_PIXEL = 0.75
KINDS = {0: "CIMPointSymbol", 1: "CIMLineSymbol", 2: "CIMPolygonSymbol"}
HATCH_DEGREES, HATCH_POINTS = 45, 5


def lyrx(
    look: Look,
    dimension: int,
    *,
    title: str,
    dataset: str,
    workspace: str,
    columns: Sequence[str],
    field: str = "legend",
) -> str:
    """A layer file of ArcGIS Pro: unique values, one for every entry of the legend.

    Parameters
    ----------
    look : Look
        The symbols.
    dimension : int
        0 for points, 1 for lines, 2 for areas.
    title : str
        What the layer is called in the contents.
    dataset : str
        The feature class.
    workspace : str
        The geodatabase, as a path from where the layer file stands.
    columns : sequence of str
        Fields of the feature class, for their Chinese labels.
    field : str
        The field that holds the entry of each row.

    Returns
    -------
    str
        JSON.

    Examples
    --------
    >>> import json
    >>> from deqing_geo import sample
    >>> from deqing_geo.export.symbols import look_of
    >>> told = lyrx(look_of("roads", sample.roads()), 1, title="道路", dataset="roads",
    ...             workspace="results.gdb", columns=["road_name"])
    >>> json.loads(told)["layerDefinitions"][0]["renderer"]["fields"]
    ['legend']
    """
    path = f"CIMPATH=map/{dataset}.json"
    classes = [
        {
            "type": "CIMUniqueValueClass",
            "label": symbol.label,
            "patch": "Default",
            "symbol": _reference(symbol, dimension),
            "values": [{"type": "CIMUniqueValue", "fieldValues": [symbol.label]}],
            "visible": True,
        }
        for symbol in look.symbols
    ]
    renderer = {
        "type": "CIMUniqueValueRenderer",
        "fields": [field],
        "groups": [
            {
                "type": "CIMUniqueValueGroup",
                "classes": classes,
                "heading": names.label("legend"),
            }
        ],
        "useDefaultSymbol": False,
        "defaultLabel": names.word("map.no_data"),
        "polygonSymbolColorTarget": "Fill",
    }
    layer = {
        "type": "CIMFeatureLayer",
        "name": title,
        "uRI": path,
        "sourceModifiedTime": {"type": "TimeInstant"},
        "layerElevation": {"type": "CIMLayerElevationSurface"},
        "expanded": True,
        "layerType": "Operational",
        "showLegends": True,
        "visibility": True,
        "showPopups": True,
        "serviceLayerID": -1,
        "autoGenerateFeatureTemplates": True,
        "featureTable": {
            "type": "CIMFeatureTable",
            "dataConnection": {
                "type": "CIMStandardDataConnection",
                "workspaceConnectionString": f"DATABASE={workspace}",
                "workspaceFactory": "FileGDB",
                "dataset": dataset,
                "datasetType": "esriDTFeatureClass",
            },
            "fieldDescriptions": [
                {
                    "type": "CIMFieldDescription",
                    "alias": _alias(column),
                    "fieldName": column,
                    "visible": True,
                    "searchMode": "Exact",
                }
                for column in columns
            ],
            "editable": True,
            "selectRelatedData": False,
        },
        "htmlPopupEnabled": True,
        "selectable": True,
        "featureCacheType": "Session",
        "renderer": renderer,
        "scaleSymbols": True,
        "snappable": True,
    }
    document = {
        "type": "CIMLayerDocument",
        "version": VERSION,
        "build": BUILD,
        "layers": [path],
        "layerDefinitions": [layer],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _alias(column: str) -> str:
    return names.label(column, unit=True) if column in names.registry() else column


def rgb(colour: str, opacity: float = 1.0) -> dict[str, Any]:
    """A colour as ArcGIS writes it.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.
    opacity : float
        0 to 1.

    Returns
    -------
    dict
        Three numbers to 255, and percent.

    Examples
    --------
    >>> rgb("#f4b127", 0.85)["values"]
    [244, 177, 39, 85]
    """
    values = [*bytes.fromhex(colour.removeprefix("#")), round(100 * opacity)]
    return {"type": "CIMRGBColor", "values": values}


def _reference(symbol: Symbol, dimension: int) -> dict[str, Any]:
    stroke = _stroke(symbol.line, symbol.width * POINTS_PER_PIXEL, symbol.dash)
    layers: list[dict[str, Any]] = [stroke]
    if dimension == 0:
        layers = [_marker(symbol, stroke)]
    elif dimension == 2 and symbol.fill:
        if symbol.pattern == "hatch":
            layers.append(
                {
                    "type": "CIMHatchFill",
                    "enable": True,
                    "lineSymbol": {
                        "type": "CIMLineSymbol",
                        "symbolLayers": [_stroke(symbol.line, 0.5, ())],
                    },
                    "rotation": HATCH_DEGREES,
                    "separation": HATCH_POINTS,
                }
            )
        solid = {
            "type": "CIMSolidFill",
            "enable": True,
            "color": rgb(symbol.fill, symbol.opacity),
        }
        layers.append(solid)
    made = {"type": KINDS[dimension], "symbolLayers": layers}
    return {"type": "CIMSymbolReference", "symbol": made}


def _stroke(colour: str, points: float, dash: Sequence[float]) -> dict[str, Any]:
    stroke = {
        "type": "CIMSolidStroke",
        "enable": True,
        "capStyle": "Butt" if dash else "Round",
        "joinStyle": "Round",
        "lineStyle3D": "Strip",
        "miterLimit": 10,
        "width": round(points, 2),
        "color": rgb(colour),
    }
    if dash:
        stroke["effects"] = [
            {
                "type": "CIMGeometricEffectDashes",
                "dashTemplate": [round(one * POINTS_PER_PIXEL, 2) for one in dash],
                "lineDashEnding": "NoConstraint",
                "controlPointEnding": "NoConstraint",
            }
        ]
    return stroke


def _marker(symbol: Symbol, stroke: dict[str, Any]) -> dict[str, Any]:
    fill = {"type": "CIMSolidFill", "enable": True, "color": rgb(symbol.colour, symbol.opacity)}
    ring = [[round(x, 3), round(y, 3)] for x, y in ((5, 0), (0, 5), (-5, 0), (0, -5), (5, 0))]
    return {
        "type": "CIMVectorMarker",
        "enable": True,
        "size": 7,
        "frame": {"xmin": -5, "ymin": -5, "xmax": 5, "ymax": 5},
        "markerGraphics": [
            {
                "type": "CIMMarkerGraphic",
                "geometry": {"rings": [ring]},
                "symbol": {"type": "CIMPolygonSymbol", "symbolLayers": [stroke, fill]},
            }
        ],
        "respectFrame": True,
    }
