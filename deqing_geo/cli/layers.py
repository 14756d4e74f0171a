"""Which layer of its file each option of a command means: ``--layer OPTION=NAME``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

FLAG = "--layer OPTION=NAME"


def add_layer(command: argparse.ArgumentParser, example: str) -> None:
    """Add the option to a command's parser.

    Parameters
    ----------
    command : ArgumentParser
        Of the command.
    example : str
        A pair that fits it, ``before=roads_2025``.
    """
    command.add_argument(
        "--layer",
        action="append",
        default=[],
        metavar="OPTION=NAME",
        help=f"the layer of a file with several, as {example}; repeat it",
    )


def layers_of(given: Sequence[str], known: Sequence[str], *, main: str = "") -> dict[str, str]:
    """Which layer of its file each option means.

    Parameters
    ----------
    given : sequence of str
        As they were written.
    known : sequence of str
        Options that name files.
    main : str
        Which of them a name alone is of; empty where it must be said.

    Returns
    -------
    dict of str to str
        By option, with underscores.

    Raises
    ------
    InputError
        If one is no pair, or there is no such option.

    Examples
    --------
    >>> layers_of(["water-source=YYSSYBHQ", "道路"], ["roads", "water-source"], main="roads")
    {'water_source': 'YYSSYBHQ', 'roads': '道路'}
    """
    from deqing_geo.errors import InputError

    found = {}
    for one in given:
        option, mark, name = one.partition("=")
        option = option.removeprefix("--")
        if main and not mark:
            option, name = main, one
        if not name or option not in known:
            raise InputError(
                f"--layer {one} is not OPTION=NAME with one of {', '.join(known)}, as "
                f"{known[-1]}=NAME."
            )
        found[option.replace("-", "_")] = name
    return found


@contextlib.contextmanager
def of(option: str) -> Iterator[None]:
    """Whatever is refused meanwhile was asked of the file of one option.

    Parameters
    ----------
    option : str
        Without its dashes.

    Yields
    ------
    None
        While its file is read.

    Raises
    ------
    BoundaryFileError
        As it was, with the pair that would say which layer.
    """
    from deqing_geo.errors import BoundaryFileError

    try:
        yield
    except BoundaryFileError as error:
        if "which layer" in str(error) and not getattr(error, "__notes__", ()):
            error.add_note(f"write --layer {option}=NAME with one of these names.")
        raise
