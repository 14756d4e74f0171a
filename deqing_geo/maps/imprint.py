"""The line a map cannot leave the house without, put on a page; its words stand in `looks`.

Wording only; what a result says of itself (definition, sources, notices) comes with the result.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from deqing_geo.looks.imprint import imprint_of
from deqing_geo.maps.page import page_of

if TYPE_CHECKING:
    import folium


def add_imprint(
    m: folium.Map,
    *,
    audience: str = "internal",
    stage: str | None = None,
    review_number: str | None = None,
    made_by: str | None = None,
    made_on: dt.date | str | None = None,
) -> folium.Map:
    """Say for whom a map is (内部资料, 公开), at what stage, with what 审图号 and by whom.

    Every map of the library begins as an internal one: 内部资料 注意保存, 请勿通过互联网传输,
    未经地图审核(无审图号),不得公开. A map for the public bears its review number; without one it is
    a 送审稿. What is not agreed (拟列入) cannot be shown to the public at all, and reasons, people
    and incomes of villages are left out of its stories. Notices about made-up data stay
    whatever is asked.

    Parameters
    ----------
    m : folium.Map
        Any.
    audience : {"internal", "public"}
        Who may see it.
    stage : str, optional
        征求意见稿, 会审稿 or 报批稿; shown under the title.
    review_number : str, optional
        The 审图号 the map was given, word for word. It is never made up or left to fill in.
    made_by : str, optional
        编制单位.
    made_on : date or str, optional
        制图日期; as a text, ``2025-12-31``.

    Returns
    -------
    folium.Map
        The same map.

    Raises
    ------
    InputError
        If there is no such audience or stage, the number is a blank to fill in, or the date
        is none; all of it at once.

    Notes
    -----
    测绘法 (2017) 第三十八条 and 地图管理条例 (国务院令第664号, 2015) 第十五条: a map is reviewed
    before it is shown to the public, and then bears its number.

    Examples
    --------
    >>> from deqing_geo import area_map, sample
    >>> m = add_imprint(area_map(sample.villages()), stage="会审稿", made_on="2025-12-31")
    >>> "制图日期:2025-12-31" in m.get_root().render()
    True
    """
    page_of(m).contents.imprint = imprint_of(
        audience=audience,
        stage=stage,
        review_number=review_number,
        made_by=made_by,
        made_on=made_on,
    )
    return m
