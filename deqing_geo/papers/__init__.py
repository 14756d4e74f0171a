"""Papers a bureau files: written whole, the same bytes every time, official only when signed.

A paper repeats what a result says and decides nothing. The same description is written as an
HTML page or as a Word document; only `word` knows the library that writes the latter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deqing_geo.papers.board import save_scorecard
from deqing_geo.papers.by_hand import save_hand_check
from deqing_geo.papers.method import save_method_note
from deqing_geo.papers.parks import save_park_papers
from deqing_geo.papers.progress import save_progress_papers
from deqing_geo.papers.quality import changed, quality_paper
from deqing_geo.papers.roads import save_road_papers
from deqing_geo.papers.saved import require_ending, save_paper
from deqing_geo.papers.submission import Submission, save_submission
from deqing_geo.papers.villages import save_village_papers

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from deqing_geo.faults import BoundaryReport

__all__ = [
    "Submission",
    "changed",
    "save_hand_check",
    "save_method_note",
    "save_park_papers",
    "save_progress_papers",
    "save_quality_report",
    "save_road_papers",
    "save_scorecard",
    "save_submission",
    "save_village_papers",
]


def save_quality_report(
    report: BoundaryReport,
    path: str | os.PathLike[str],
    *,
    changes: pd.DataFrame | None = None,
    villages: gpd.GeoDataFrame | None = None,
    unit: str = "",
    checked_on: date | str | None = None,
) -> Path:
    """The paper on the quality of boundaries (质量检查报告) that a bureau can file.

    On A4: what was checked and how it was read, which kinds of fault were looked for and which
    were not, how many of each kind and in each town, every fault with its number and its
    sentence, what was mended, and a line to sign on. Numbers are those of the report and of
    `fault_map`. From sample data it comes as 示意样张, without stamp or signature.

    Parameters
    ----------
    report : BoundaryReport
        Of `check_boundaries`.
    path : path
        Where; ``.html`` or ``.docx``.
    changes : DataFrame, optional
        Of `repair_boundaries`: adds the table of repairs (整改), in m2.
    villages : GeoDataFrame, optional
        The layer that was checked: what its reader decided is told.
    unit : str
        Who files it (填报单位).
    checked_on : date or str, optional
        The day of the check, like 2026-03-31; without one the day is left blank for a pen.

    Returns
    -------
    Path
        The file: the same bytes for the same input. The page asks for nothing over a network.

    Raises
    ------
    ExportError
        If the name ends in neither ``.html`` nor ``.docx``, or the file cannot be written.
    ColumnError
        If `checked_on` is not a date.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import check_boundaries, sample
    >>> report = check_boundaries(sample.villages())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_quality_report(report, f"{folder}/质量检查报告.html")
    ...     "示意样张" in file.read_text("utf-8")
    True
    """
    require_ending(path)
    paper = quality_paper(
        report, changes=changes, villages=villages, unit=unit, checked_on=checked_on
    )
    return save_paper(paper, path)
