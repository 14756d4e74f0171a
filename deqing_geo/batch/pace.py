"""How fast a run goes, and how long still, by a clock nobody sets."""

from __future__ import annotations

import time


class Pace:
    """Counts what is done.

    Parameters
    ----------
    of : int
        How much there is to do.

    Examples
    --------
    >>> Pace(1).step().split(",")[0]
    '1/1'
    """

    def __init__(self, of: int) -> None:
        self.of, self.done, self.began = of, 0, time.monotonic()

    def step(self) -> str:
        """One more is done.

        Returns
        -------
        str
            How many, how fast, and the time left.
        """
        self.done += 1
        rate = self.done / max(time.monotonic() - self.began, 1e-9)
        left = (self.of - self.done) / rate
        shown = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        pace = f"{rate:.1f}/s" if rate >= 0.1 else f"{rate * 60:.1f}/min"
        return f"{self.done}/{self.of}, {pace}, {shown} left"
