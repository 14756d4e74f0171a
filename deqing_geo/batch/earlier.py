"""What a run or a month before says beside this one: its figures, and why they moved since."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deqing_geo.batch.counted import Earlier, read_run
from deqing_geo.batch.job import Job, open_recipe
from deqing_geo.batch.months import changes_of, earlier_of
from deqing_geo.batch.recipe import load_recipe
from deqing_geo.batch.results import Results, measure
from deqing_geo.batch.showing import SUMMARY
from deqing_geo.errors import BoundaryFileError, InputError
from deqing_geo.progress.figures import figure_of
from deqing_geo.progress.why import why_of


@dataclass(frozen=True, slots=True, eq=False)
class EarlierFigure:
    """A figure of an earlier run, as its folder keeps it.

    Attributes
    ----------
    key, unit, definition, how, outline : str
        Of the target it answers.
    value : float
        Unrounded.
    notices, origins : tuple of str
        What it must not travel without.
    """

    key: str
    value: float
    unit: str
    definition: str
    notices: tuple[str, ...]
    origins: tuple[str, ...]
    how: str = "computed"
    outline: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Since:
    """The month before: why figures moved since, and its figures counted as this month's are.

    Attributes
    ----------
    changes : tuple
        Of what answers a target.
    again : callable or None
        Gives answers of the month before, counted anew; None where that cannot be.
    """

    changes: tuple[Any, ...] = ()
    again: Callable[[], list[Any]] | None = None


def earlier_figures(folder: str | os.PathLike[str]) -> list[EarlierFigure]:
    """The figures an earlier run kept in its folder.

    Parameters
    ----------
    folder : path
        Of ``deqing-geo report`` or ``demo``.

    Returns
    -------
    list of EarlierFigure
        As `scorecard` takes them; they have no shapes.

    Raises
    ------
    BoundaryFileError
        If there is no ``summary.json`` with targets in it.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo.batch import paper_town, run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = run(paper_town(), folder)
    ...     [one.key for one in earlier_figures(folder)]
    ['pocket_parks']
    """
    file = Path(folder) / SUMMARY
    try:
        said = json.loads(file.read_text("utf-8"))
        figures: Mapping[str, Any] = said["targets"]["figures"]
        return [
            EarlierFigure(
                key=key,
                value=np.nan if one["measured"] is None else float(one["measured"]),
                unit=str(one["unit"]),
                definition=str(one["definition"]),
                notices=tuple(one.get("notices", ())),
                origins=tuple(one.get("data", ())),
                how=str(one.get("value_how", "computed")),
                outline=str(one.get("outline", "")),
            )
            for key, one in figures.items()
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoundaryFileError(
            f"{file}: no earlier run with figures of the plan lies there. Give the folder of "
            "deqing-geo report or demo, or its recipe."
        ) from error


def since(
    before: str | os.PathLike[str] | None, layers: Job | None, results: Results | None
) -> Since:
    """What moved since the month before, and that month counted as this one is.

    Parameters
    ----------
    before : path or None
        Its recipe or the folder of its run; by default what the recipe's ``[before]`` names.
    layers : Job or None
        Of this month.
    results : Results or None
        Of them.

    Returns
    -------
    Since
        Empty where there is nothing to compare with.

    Raises
    ------
    InputError
        If there is a month before and no layers of this one.
    DeqingGeoError
        If the month before cannot be read or counted.

    Examples
    --------
    >>> since(None, None, None).changes
    ()
    """
    if results is None or layers is None:
        if before is not None:
            raise InputError("before= says why a recipe's figures moved: it goes with a recipe.")
        return Since()
    if before is None:
        if not layers.before:
            return Since()
        return _of_run(results, earlier_of(layers, results), beyond="roads" in layers.beyond)
    if Path(before).is_dir():
        return _of_run(results, read_run(before), beyond="roads" in layers.beyond)
    then = open_recipe(load_recipe(before))
    same = dataclasses.replace(
        then, areas=layers.areas, is_zone=layers.is_zone, measures=layers.measures,
        merge=layers.merge, standard=layers.standard,
    )  # fmt: skip
    return Since(_own(_changes(results, measure(then)), results),
                 lambda: [*measure(same).answers])  # fmt: skip


def _of_run(results: Results, earlier: Earlier, *, beyond: bool) -> Since:
    """Of an earlier run's folder, which keeps what it counted."""
    found = changes_of(results, earlier, beyond=beyond)
    changes = [one.changes for one in found.figures.values() if one.changes is not None]
    again = [
        EarlierFigure(
            key=now.key, value=found.figures[now.key].again, unit=now.unit,
            definition=now.definition, notices=(), origins=(), how=now.how, outline=now.outline,
        )
        for now in map(figure_of, results.answers)
        if now.key in found.figures
    ]  # fmt: skip
    types = [] if found.types is None else [found.types]
    return Since(_own([*changes, *types], results), lambda: list(again))


def _own(changes: list[Any], results: Results) -> tuple[Any, ...]:
    """Changes of what answers a target: a density of whole towns is no figure of the plan."""
    there = {figure_of(one).key for one in results.answers}
    return tuple(one for one in changes if why_of(one)[0] in there)


def _changes(later: Results, earlier: Results) -> list[Any]:
    """Why figures moved, of every result both months have."""
    pairs: list[tuple[Any, Any]] = [
        (later.density, earlier.density),
        (later.coverage, earlier.coverage),
        (later.types, earlier.types),
    ]
    return [now.changes(then) for now, then in pairs if now is not None and then is not None]
