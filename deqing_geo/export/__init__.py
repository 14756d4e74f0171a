"""Tables and layers written whole, for the people who open them next.

A table for readers has Chinese headings with units, percentages where frames hold ratios,
and no cell a spreadsheet would run as a formula. A layer for machines keeps the names and
the ratios of the frames. `save_results` writes either, in the formats an office asks for, for the
house or for the public.
"""

from __future__ import annotations

from deqing_geo.export.layers import save_layers
from deqing_geo.export.saving import Exported, save_results
from deqing_geo.export.tables import save_table

__all__ = ["Exported", "save_layers", "save_results", "save_table"]
