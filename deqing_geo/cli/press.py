"""``deqing-geo report`` on a recipe that names its products: what was made, stood and failed."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from deqing_geo.cli import shown

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from deqing_geo.batch.recipe import Recipe

PARTLY = 4
MOST_SHOWN = 12


def run(arguments: argparse.Namespace, recipe: Recipe) -> int:
    """Make the products and say how it went.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.
    recipe : Recipe
        With products.

    Returns
    -------
    int
        0 where all stand, 4 where some could not be made.

    Raises
    ------
    DeqingGeoError
        If the folder is held or cannot be written.
    """
    from deqing_geo.batch import press
    from deqing_geo.columns import word
    from deqing_geo.errors import InputError

    if arguments.each or arguments.atlas:
        raise InputError(
            "--each and --atlas go with a recipe without [products]; this one names what is made."
        )
    drawn = str(recipe.layers.get("zone", {}).get("as_of", ""))
    if recipe.as_of is not None and f"{recipe.as_of}" < drawn:
        said = word("notice.before_zone").format(day=recipe.as_of, zone=drawn)
        print(f"注意: {said}", file=sys.stderr)
    started = time.perf_counter()
    with resumable() as tell:
        done = press(recipe, arguments.out, tell, jobs=arguments.jobs, resume=arguments.resume)
    seconds = time.perf_counter() - started
    if not done.made and not done.failed:
        said = word("press.nothing").format(files=done.files)
        print(f"{done.out}: {said} (nothing to do, all {done.files} files stand; {seconds:.1f} s)")
        return 0
    counts = {"made": len(done.made), "kept": len(done.kept), "failed": len(done.failed)}
    said = word("press.done").format(**counts, files=done.files)
    print(f"{done.out}: {said} ({seconds:.1f} s)")
    print(
        "  {made} products made, {kept} stood already, {failed} failed; {files} files".format(
            **counts, files=done.files
        )
    )
    for line in _figures(done.out):
        print(f"  {line}")
    for name, why in list(done.failed.items())[:MOST_SHOWN]:
        print(f"  {word('press.failed')} failed: {name}: {why}")
    if done.failed:
        print(f"  {word('press.log')} (all of it): {done.out / 'report.log'}")
        return PARTLY
    return 0


def _figures(out: Path) -> Iterator[str]:
    """The figures a run has counted, as it keeps them for the next."""
    from deqing_geo.batch.options import PARKS, ROADS
    from deqing_geo.batch.products import COUNTED
    from deqing_geo.columns import label

    for measure, name in (("road_density", ROADS), ("park_coverage", PARKS)):
        with contextlib.suppress(OSError, ValueError, KeyError):
            said = json.loads((out / COUNTED / name).read_text(encoding="utf-8"))
            yield f"{label(measure)}: {said['shown']}; {said['line']}"


@contextlib.contextmanager
def resumable() -> Iterator[Callable[[str, int, int], None]]:
    """A run that can be gone on with: its progress, and after an interruption how.

    What draws a bar is loaded when there is something to draw.

    Yields
    ------
    callable
        To be told what is being done, how many steps are done, and of how many.
    """
    with contextlib.ExitStack() as stack:
        inner: list[Callable[[str, int, int], None]] = []

        def tell(what: str, done: int, of: int) -> None:
            if not inner:
                inner.append(stack.enter_context(shown.followed()))
            inner[0](what, done, of)

        try:
            yield tell
        except KeyboardInterrupt:
            from deqing_geo.columns import word

            stack.close()
            print(f"deqing-geo: {word('press.again')} (go on with --resume)", file=sys.stderr)
            raise
