"""``python -m deqing_geo`` is the command ``deqing-geo``."""

from __future__ import annotations

import sys

from deqing_geo.cli import main

if __name__ == "__main__":
    sys.exit(main())
