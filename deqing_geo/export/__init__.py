"""Tables and layers written whole, for the people who open them next.

A table for readers has Chinese headings with units, percentages where frames hold ratios,
and no cell a spreadsheet would run as a formula. A layer for machines keeps the names and
the ratios of the frames.
"""

from __future__ import annotations

from deqing_geo.export.layers import save_layers
from deqing_geo.export.tables import save_table

__all__ = ["save_layers", "save_table"]
