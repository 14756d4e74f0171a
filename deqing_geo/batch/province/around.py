"""A county's parts of the layers for all: its box and a halo, cut once, kept beside its products.

The cut-outs are the county's inputs: where a road changes far away, they stay as they were, and
so does all that is made from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deqing_geo.batch import ledger
from deqing_geo.batch.products import AREAS
from deqing_geo.errors import DeqingGeoError
from deqing_geo.files import parts, sha256, whole_file

if TYPE_CHECKING:
    import geopandas as gpd

    from deqing_geo.batch.recipe import Recipe

FOLDER, RECORD = ledger.CUT_OUTS, "layers.json"
# Options that say how the shared file is opened: the cut-out needs them no more.
_SPENT = ("layer", "assume_crs")
_AREA_OPTIONS = ("file", "layer", "columns", "assume_crs", "datum", "reference", "source", "as_of")


def prints(shared: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The layers for all by their bytes: once for all counties.

    Parameters
    ----------
    shared : mapping of str to mapping
        Of the list.

    Returns
    -------
    dict of str to str
        SHA-256 by path; where a layer is several files, of all of them.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    out = {}
    for options in shared.values():
        for key in ("file", "also"):
            if key in options:
                together = hashlib.sha256()
                for part in parts(Path(options[key])):
                    together.update(sha256(part).encode())
                out[str(options[key])] = together.hexdigest()
    return out


def with_cut_outs(
    recipe: Recipe,
    sections: tuple[str, ...],
    halo_m: float,
    known: Mapping[str, str],
    folder: Path,
    program: str,
) -> Recipe:
    """A county's recipe on its own parts of the layers for all.

    Parameters
    ----------
    recipe : Recipe
        With the layers for all as they lie.
    sections : tuple of str
        Which sections those are.
    halo_m : float
        How far around the county's box rows are taken.
    known : mapping of str to str
        Of `prints`.
    folder : Path
        The county's; cut-outs lie in ``layers`` in it.
    program : str
        What cuts; another one cuts anew.

    Returns
    -------
    Recipe
        Its layers in `sections` are the cut-outs.

    Raises
    ------
    DeqingGeoError
        If the areas or a layer cannot be read.
    """
    if not sections:
        return recipe
    around = _asked_areas(recipe)
    record = _record(folder)
    box: list[Any] = []
    layers, files = dict(recipe.layers), dict(recipe.files)
    written, entries = dict(recipe.options), {}
    for section in sections:
        given = dict(recipe.layers[section])
        for key in ("file", "also"):
            if key not in given:
                continue
            name = f"{FOLDER}/{section}{'_also' * (key == 'also')}.parquet"
            target = folder / name
            asked = {
                "source": known[str(given[key])],
                "options": {one: str(given[one]) for one in (*_SPENT, "datum") if one in given},
                "halo_m": halo_m, "areas": around, "program": program,
            }  # fmt: skip
            seal = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
            if not _stands(record.get(name), seal, target):
                if not box:
                    box += _box(recipe, halo_m)
                _cut(recipe, section, given, Path(given[key]), (box[0], box[1]), target)
            entries[name] = {"seal": seal, **ledger.printed(target, name)}
            files.pop(str(recipe.options[section][key]), None)
            files[name] = target
            given[key] = target
            written[section] = {**written[section], key: name, "beyond_m": halo_m}
        if "classes" in given:
            # Named as it is called, not where it lies: a manifest knows no disk.
            files.pop(str(recipe.options[section]["classes"]), None)
            files[Path(given["classes"]).name] = Path(given["classes"])
            written[section] = {**written[section], "classes": Path(given["classes"]).name}
        written[section] = {
            one: value for one, value in written[section].items() if one not in _SPENT
        }
        layers[section] = MappingProxyType(
            {one: value for one, value in given.items() if one not in _SPENT}
        )
    if entries != record:
        ledger.write_json(folder / FOLDER / RECORD, entries)
    return replace(
        recipe,
        layers=MappingProxyType(layers),
        files=MappingProxyType(files),
        options=MappingProxyType(written),
        beyond=tuple(sections),
    )


def _record(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FOLDER / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stands(entry: Any, seal: str, target: Path) -> bool:
    try:
        return bool(entry["seal"] == seal and sha256(target) == entry["sha256"])
    except (OSError, KeyError, TypeError):
        return False


def _asked_areas(recipe: Recipe) -> list[Any]:
    """What the box hangs on, by its bytes."""
    out: list[Any] = []
    for section in AREAS:
        if section in recipe.layers:
            options = recipe.layers[section]
            for key in ("file", "reference"):
                if key in options:
                    out += [[section, key, sha256(part)] for part in parts(Path(options[key]))]
            out.append({one: str(options[one]) for one in _AREA_OPTIONS[1:] if one in options})
    return out


def _box(recipe: Recipe, halo_m: float) -> Iterator[Any]:
    """The county's box and its system: all areas it is reported on, and the halo."""
    import numpy as np

    from deqing_geo.batch.job import open_recipe

    layers = {
        name: MappingProxyType({one: recipe.layers[name][one] for one in _AREA_OPTIONS
                                if one in recipe.layers[name]})
        for name in AREAS if name in recipe.layers
    }  # fmt: skip
    job = open_recipe(replace(recipe, layers=MappingProxyType(layers)))
    frames: list[gpd.GeoDataFrame] = [job.areas]
    frames += [] if job.villages is None else [job.villages]
    frames += [job.around["town"]] if "town" in job.around else []
    bounds = np.array([frame.total_bounds for frame in frames])
    west, south = bounds[:, :2].min(axis=0) - halo_m
    east, north = bounds[:, 2:].max(axis=0) + halo_m
    yield (float(west), float(south), float(east), float(north))
    yield job.areas.crs


def _cut(
    recipe: Recipe,
    section: str,
    options: Mapping[str, Any],
    source: Path,
    where: tuple[Any, Any],
    target: Path,
) -> None:
    from deqing_geo.layers.boxed import cut_out

    opened = {one: options[one] for one in (*_SPENT, "datum") if one in options}
    try:
        part = cut_out(source, section, *where, **opened)
    except DeqingGeoError as error:
        error.add_note(f"in {recipe.path.name}: [shared.{section}]")
        raise
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as draft:
        part.to_parquet(draft, index=False, compression="zstd")
