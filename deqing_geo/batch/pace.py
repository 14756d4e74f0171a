"""How fast a run goes, and how long still, by a clock nobody sets."""

from __future__ import annotations

import time

from deqing_geo.columns import word


class Pace:
    """Counts what is done; the first piece starts the clock, since getting ready is no pace.

    Parameters
    ----------
    of : int
        How much there is to do.

    Examples
    --------
    >>> Pace(3).step()
    '1/3'
    """

    def __init__(self, of: int) -> None:
        self.of, self.done, self.began = of, 0, 0.0

    def step(self) -> str:
        """One more is done.

        Returns
        -------
        str
            How many; after the first also how fast, and the time left.
        """
        self.done += 1
        if self.done == 1:
            self.began = time.monotonic()
            return f"1/{self.of}"
        rate = (self.done - 1) / max(time.monotonic() - self.began, 1e-9)
        left = (self.of - self.done) / rate
        shown = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        pace = f"{rate:.1f}/s" if rate >= 0.1 else f"{rate * 60:.1f}/min"
        return f"{self.done}/{self.of}, {pace}, {word('press.left')} {shown}"
