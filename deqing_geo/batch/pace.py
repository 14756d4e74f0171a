"""How fast a run goes, and how long still, by a clock nobody sets."""

from __future__ import annotations

import time

from deqing_geo.columns import word


class Pace:
    """Counts what is done; the first piece starts the clock, since getting ready is no pace.

    Where several are made at a time, the first ones end together and the clock runs from the
    beginning: between them is no pace either.

    Parameters
    ----------
    of : int
        How much there is to do.
    together : bool
        Whether several are made at a time.

    Examples
    --------
    >>> Pace(3).step()
    '1/3'
    """

    def __init__(self, of: int, *, together: bool = False) -> None:
        self.of, self.done, self.together = of, 0, together
        self.began = time.monotonic()

    def step(self) -> str:
        """One more is done.

        Returns
        -------
        str
            How many; after the first also how fast, and the time left.
        """
        self.done += 1
        if self.done == 1:
            if not self.together:
                self.began = time.monotonic()
            return f"1/{self.of}"
        rate = (self.done - (not self.together)) / max(time.monotonic() - self.began, 1e-9)
        left = (self.of - self.done) / rate
        shown = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        pace = f"{rate:.1f}/s" if rate >= 0.1 else f"{rate * 60:.1f}/min"
        return f"{self.done}/{self.of}, {pace}, {word('press.left')} {shown}"
