"""Tables of offices: sheets of cells, the heading among them, and places with coordinates.

One way in for .csv, .xlsx, .xlsm and .xls. What a column means is for the readers to say.
"""

from __future__ import annotations

from deqing_geo.tables.appended import ended, log_cells, log_file, log_line, log_text, write_log
from deqing_geo.tables.heading import Table, read_sheets, read_table
from deqing_geo.tables.places import is_table, read_places

__all__ = [
    "Table",
    "ended",
    "is_table",
    "log_cells",
    "log_file",
    "log_line",
    "log_text",
    "read_places",
    "read_sheets",
    "read_table",
    "write_log",
]
