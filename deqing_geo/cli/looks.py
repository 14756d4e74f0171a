"""Options of every command that draws: whose colours, at what stage, made by whom."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

# What messages call an option, and how it is given here.
FLAGS = {"stage": "--stage TEXT", "made_on": "--made-on YYYY-MM-DD"}
OPTIONS = ("stage", "made_by", "made_on")


def add_looks(command: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser.

    Parameters
    ----------
    command : ArgumentParser
        Of a command that draws maps.
    """
    group = command.add_argument_group("on every map")
    group.add_argument("--palette", metavar="FILE.toml", help="the bureau's own colours")
    group.add_argument("--stage", metavar="TEXT", help="征求意见稿, 会审稿 or 报批稿")
    group.add_argument("--made-by", metavar="TEXT", help="编制单位")
    group.add_argument("--made-on", metavar="YYYY-MM-DD", help="制图日期")


@contextlib.contextmanager
def dressed(arguments: argparse.Namespace) -> Iterator[None]:
    """Draw what follows as the options say.

    Parameters
    ----------
    arguments : Namespace
        Of any command; one that draws nothing has no such options.

    Yields
    ------
    None
        While it lasts.

    Raises
    ------
    DeqingGeoError
        If the palette is refused, there is no such stage, or the date is none.
    """
    with contextlib.ExitStack() as stack:
        if getattr(arguments, "palette", None):
            from deqing_geo.looks.palette import use_palette

            stack.enter_context(use_palette(arguments.palette))
        stage, by, on = (getattr(arguments, name, None) for name in OPTIONS)
        if stage or by or on:
            from deqing_geo.looks.imprint import imprint_of, use_imprint

            imprint = imprint_of(stage=stage, made_by=by, made_on=on)
            stack.enter_context(use_imprint(imprint))
        yield
