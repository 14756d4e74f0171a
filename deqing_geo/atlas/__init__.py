"""Results on paper: one page a map, at a round scale, with all that must stand on it.

An atlas shows and decides nothing: no length, ratio or type is found here. Colours, classes and
words are those of the maps (`looks`). What the maps cannot say without a person, an office, a
date, a review number, is not made up: it stands there as not stated, or not at all.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deqing_geo.atlas.answer import Atlas

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from deqing_geo.atlas.board import print_scorecard

__all__ = ["Atlas", "export_atlas", "print_scorecard"]


def __getattr__(name: str) -> Any:
    # Processes that only draw pages load what draws, and not what measures.
    if name == "print_scorecard":
        from deqing_geo.atlas.board import print_scorecard

        return print_scorecard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def export_atlas(
    results: Any,
    areas: gpd.GeoDataFrame | None,
    out: str | os.PathLike[str],
    *,
    paper: str | tuple[float, float] = "A3",
    orientation: str = "auto",
    formats: Sequence[str] = ("pdf", "jpg", "png"),
    dpi: int = 300,
    names: str = "{county}{seq:02d}{title}",
    each: Iterable[str] | None = None,
    whole: bool = True,
    titles: Mapping[str, str] | None = None,
    audience: str | None = None,
    stage: str | None = None,
    review_number: str | None = None,
    made_by: str | None = None,
    made_on: dt.date | str | None = None,
    data_as_of: dt.date | str | None = None,
    height_datum: str = "",
    county: gpd.GeoDataFrame | None = None,
    towns: gpd.GeoDataFrame | None = None,
    villages: gpd.GeoDataFrame | None = None,
    around: Mapping[str, gpd.GeoDataFrame] | None = None,
    grid: str | None = "degrees",
    font: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    tell: Callable[[str, int, int], None] | None = None,
) -> Atlas:
    """Print results as an atlas (图集): single pages, a bookmarked PDF, an index and a list.

    Of each result there is one page of the whole, and one for each of `areas` that it says
    something about. Village types give 县域村庄分类图, a density 建成区路网图(按等级) and
    路网密度分区图, a coverage 公园绿地服务半径覆盖图(含盲区), a siting 口袋公园建议选址图.

    Parameters
    ----------
    results : VillageTypes, RoadDensity, Coverage, Siting, or a sequence of them
        What to show, in order. With a coverage beside it a siting shows what is there today.
    areas : GeoDataFrame of Polygon or None
        One page for each row, named like it: towns, parishes, villages. None for the whole
        alone.
    out : path
        The folder. Files of the same names are replaced, all or none; others stay.
    paper : str or (float, float)
        ``A4`` to ``A0``, or two sides in millimetres.
    orientation : {"auto", "landscape", "portrait"}
        By default whichever shows an area at the larger scale.
    formats : sequence of {"pdf", "jpg", "png"}
        What each page is written as; with ``pdf`` all pages are joined to one as well.
    dpi : int
        Of the pictures, 50 to 1200.
    names : str
        What files are called, without ending: ``{seq}`` 图号, ``{title}`` 图名, ``{area}``,
        ``{page}`` and ``{county}``, the code and name of `county` (330521德清县), if given.
    each : iterable of {"types", "roads", "density", "coverage", "sites"}, optional
        Maps that have a page for each of `areas`; by default all.
    whole : bool
        Whether there are pages of the whole.
    titles : mapping of str to str, optional
        图名 of the whole, by the words of `each`, in the place of ours.
    audience : {"internal", "public"}, optional
        Internal, unless an imprint in use (`use_imprint`) says otherwise, as it does for the
        four below. For the public candidates for relocation and gaps in the data show as 尚未拟定.
    stage : str, optional
        征求意见稿, 会审稿 or 报批稿.
    review_number : str, optional
        The 审图号 the maps were given, word for word; it is never made up.
    made_by, made_on
        编制单位 and 制图日期; without them the page says 未注明.
    data_as_of : date or str, optional
        数据时点, where it is not that of the results.
    height_datum : str
        高程基准, if the maps are to name one; the atlas draws no heights.
    county, towns, villages : GeoDataFrame of Polygon, optional
        Borders in three kinds of line, the inset, and towns' names. Villages are those of the
        types, towns are `areas` where these carry ``town_name`` and no ``village_name``.
    around : mapping of str to GeoDataFrame, optional
        Backgrounds by their look, such as ``{"water": water}`` (`maps.add_layer`).
    grid : {"degrees", "km", None}
        Lines of CGCS2000 longitude and latitude, of kilometres, or none.
    font : path, optional
        A font file to use before those of the system.
    jobs : int
        In how many processes pages are drawn. More than one asks of a script that it begins
        with ``if __name__ == "__main__":``.
    tell : callable, optional
        Is told what is being done, how many pages are done, and of how many.

    Returns
    -------
    Atlas
        ``.table`` lists the pages with title, scale, files, and how many names found no place.

    Raises
    ------
    InputError
        If an option is not known, `areas` has no rows, or the names would write one file twice.
    CRSError
        If a layer has no place on the Earth, or cannot be brought into the results' system.
    FontError
        If there is no Chinese font, or none with a character that stands somewhere.
    ExportError
        If the folder cannot be written.

    Notes
    -----
    A millimetre of the map is so many of the projection: the scale is true where the projection
    is, in a CGCS2000 3-degree zone within 4 parts in ten thousand. The same input gives the
    same bytes, whatever the settings of matplotlib; another version of it, or another font, may
    draw otherwise. In a PDF all text is text.

    See Also
    --------
    deqing_geo.save_map : the same results for a browser.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import road_density, sample
    >>> density = road_density(sample.villages(), sample.roads())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atlas = export_atlas(density, None, folder, paper="A4", formats=["pdf"])
    >>> atlas.table["map_title"].to_list()
    ['图件目录', '路网图(按等级)', '路网密度分区图']
    >>> atlas.table["map_scale"].to_list()[1:]
    [25000, 25000]
    """
    # Processes that only draw pages load what draws, and not what measures.
    from deqing_geo.atlas.book import Order, make_atlas

    order = Order(
        paper=paper,
        orientation=orientation,
        formats=tuple(formats) if not isinstance(formats, str) else (formats,),
        dpi=dpi,
        names=names,
        each=None if each is None else ((each,) if isinstance(each, str) else tuple(each)),
        whole=whole,
        titles=dict(titles or {}),
        audience=audience,
        stage=stage,
        review_number=review_number,
        made_by=made_by,
        made_on=made_on,
        data_as_of=data_as_of,
        height_datum=height_datum,
        county=county,
        towns=towns,
        villages=villages,
        around=dict(around or {}),
        grid=grid,
        font=font,
        jobs=jobs,
    )
    return make_atlas(results, areas, out, order, tell)
