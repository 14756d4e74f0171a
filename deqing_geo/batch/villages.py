"""The villages of a county from facts to papers: types, reasons, doubts, and what the towns said.

The command line prints what `judge_villages` finds; `write_villages` puts it into a folder.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError

from deqing_geo import columns as names
from deqing_geo import standards
from deqing_geo.batch.job import Tell, silent
from deqing_geo.batch.quality import refuse_overwriting
from deqing_geo.errors import InputError
from deqing_geo.export import save_layers, save_table
from deqing_geo.export.tables import index_name
from deqing_geo.files import whole_folder, write_json
from deqing_geo.inputs import read_overrides
from deqing_geo.maps import add_layer, save_map, village_map
from deqing_geo.papers import save_method_note, save_village_papers
from deqing_geo.villages import (
    Agreement,
    Fit,
    Opinions,
    VillageTypes,
    classify_villages,
    read_opinions,
    save_facts,
    village_facts,
)
from deqing_geo.villages.scheme import DEFAULT

if TYPE_CHECKING:
    from deqing_geo.villages.changes import TypeChanges
    from deqing_geo.villages.patches import Patches

MAP, TABLE, FACTS, LAYERS, FIT, SUMMARY = (
    "县域村庄分类图.html", "villages.csv", "村庄指标及来源.xlsx", "villages.gpkg", "fit.toml",
    "summary.json",
)  # fmt: skip
CHANGES = "村庄类型变化表.xlsx"
FORMS = "村庄分类意见征询表"
NOTE = "村庄分类测算方法说明.docx"
# What a run was judged by, kept beside it so that the next can judge it again.
SCHEME, LOCAL, LOG = "scheme.toml", "local.toml", "decisions.csv"
LAYER = "villages"
STEPS = ("facts", "villages", "opinions", "map", "tables")


@dataclass(frozen=True, slots=True, eq=False)
class VillageJob:
    """What is judged, and by what.

    Attributes
    ----------
    villages : GeoDataFrame
        Boundaries, as `read_villages` gives them.
    layers : mapping of str to object
        What `village_facts` takes beside them.
    title : str
        Of the map.
    local : path or None
        The bureau's own numbers and confirmations, beside Deqing's standard.
    scheme : path or None
        The bureau's own conditions.
    judging : mapping of str to object
        What `classify_villages` takes beside facts, law, scheme and day: ``skip``, ``weights``,
        ``fit``, ``draws``, ``seed``.
    as_of : date or None
        The day by which meetings have been held; None is today.
    log : path or None
        The log of decisions (CSV); opinions are added to it.
    opinions : path or None
        The folder of forms that came back from the towns.
    official : str or None
        The column of an official typing to compare with.
    before : path or None
        The folder of an earlier run, to say what changed.
    ask : bool
        Whether forms for the towns are written.
    unit : str
        Who files the papers (填报单位).
    around : mapping of str to GeoDataFrame
        What the map shows beside the villages, by its look.
    """

    villages: gpd.GeoDataFrame
    layers: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    local: str | os.PathLike[str] | None = None
    scheme: str | os.PathLike[str] | None = None
    judging: Mapping[str, Any] = field(default_factory=dict)
    as_of: date | None = None
    log: str | os.PathLike[str] | None = None
    opinions: str | os.PathLike[str] | None = None
    official: str | None = None
    before: str | os.PathLike[str] | None = None
    ask: bool = False
    unit: str = ""
    around: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class VillageResults:
    """What was found of the villages.

    Attributes
    ----------
    types : VillageTypes
        With the facts in its table.
    opinions : Opinions or None
        What the towns said, where their forms were given.
    agreement : Agreement or None
        With the official typing, where there is one.
    patches : Patches
        Where villages of one type lie together.
    changes : TypeChanges or None
        Against the earlier run, where one was given.
    """

    types: VillageTypes
    opinions: Opinions | None
    agreement: Agreement | None
    patches: Patches
    changes: TypeChanges | None = None


def judge_villages(job: VillageJob, tell: Tell = silent) -> VillageResults:
    """Measure the facts, judge the villages, and take in what the towns said.

    Parameters
    ----------
    job : VillageJob
        The layers.
    tell : callable
        Is told what is being done, how many steps are done, and of how many.

    Returns
    -------
    VillageResults
        Nothing is written but the log of decisions, where opinions were given.

    Raises
    ------
    DeqingGeoError
        If a layer cannot carry its fact, an option is not understood, or a form is mistaken.

    Examples
    --------
    >>> from deqing_geo import sample
    >>> found = judge_villages(VillageJob(sample.villages(), {"homes": sample.homes()}))
    >>> found.types.headline
    '4 个单元:待补数据 4'
    """
    law = standards.load(local=job.local)
    # The earlier run first: a folder that is none is told before anything is measured.
    previous = None if job.before is None else judged_before(job.before)
    tell(STEPS[0], 0, len(STEPS))
    facts = village_facts(job.villages, law=law, **job.layers)
    tell(STEPS[1], 1, len(STEPS))
    types = _types(job, facts, law)
    opinions = None
    if job.opinions is not None:
        tell(STEPS[2], 2, len(STEPS))
        if job.log is None:
            raise InputError("Opinions are kept in a log of decisions: name one, such as log.csv.")
        opinions = read_opinions(job.opinions, types, log=job.log, as_of=job.as_of)
        types = _types(job, opinions.into(facts), law)
    agreement = None if job.official is None else types.agreement(job.official)
    changes = None if previous is None else types.changes(previous)
    return VillageResults(types, opinions, agreement, types.patches(), changes)


def _types(job: VillageJob, facts: gpd.GeoDataFrame, law: standards.Standard) -> VillageTypes:
    log = job.log
    overrides = None if log is None or not Path(log).exists() else read_overrides(log)
    own = DEFAULT if job.scheme is None else Path(job.scheme)
    return classify_villages(
        facts, law, scheme=own, overrides=overrides, as_of=job.as_of, **job.judging
    )


def judged_before(folder: str | os.PathLike[str]) -> VillageTypes:
    """The types of an earlier run, judged again from what it left in its folder.

    Parameters
    ----------
    folder : path
        Of `write_villages`.

    Returns
    -------
    VillageTypes
        By the facts, conditions, numbers, decisions and day of that run.

    Raises
    ------
    InputError
        If the folder is none of an earlier run.
    DeqingGeoError
        If a file in it cannot be read.
    """
    room = Path(folder)
    try:
        said = json.loads((room / SUMMARY).read_text(encoding="utf-8"))["asked"]
        day = date.fromisoformat(said["as_of"])
        judging = {name: said[name] for name in ("skip", "weights", "seed")}
        bounded = bool(said["fit"])
        law = str(said.get("standard", standards.DEFAULT))
        label = str(said.get("label", "village_code"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: is no folder of an earlier run: {SUMMARY} is not there or does not say "
            "what was asked. Name the folder that deqing-geo classify --out wrote."
        ) from error

    def there(name: str) -> Path | None:
        return room / name if (room / name).exists() else None

    try:
        table = gpd.read_file(room / LAYERS, layer=LAYER).set_index(label)
    except (DataSourceError, DataLayerError, KeyError) as error:
        raise InputError(f"{room / LAYERS}: cannot be read as the villages of a run.") from error
    log = there(LOG)
    return classify_villages(
        table,
        standards.load(law, local=there(LOCAL)),
        scheme=there(SCHEME) or DEFAULT,
        overrides=None if log is None else read_overrides(log),
        fit=Fit.load(room / FIT) if bounded else None,
        as_of=day,
        draws=0,
        **judging,
    )


def keep_judged(
    types: VillageTypes,
    folder: Path,
    files: Mapping[str, str | os.PathLike[str]],
) -> None:
    """What types were judged by, so that `judged_before` can judge them again.

    Parameters
    ----------
    types : VillageTypes
        The types.
    folder : Path
        Where: the layer of villages, ``summary.json``, bounds, and copies of the files.
    files : mapping of str to path
        ``scheme``, ``local`` and ``overrides``, as far as there are any.
    """
    save_layers(folder / LAYERS, {LAYER: plain(types.table)}, sources=types.sources)
    if types.fit is not None:
        types.fit.save(folder / FIT)
    _copied(files, folder)
    write_json(folder / SUMMARY, {"asked": asked_of(types)})


def _copied(files: Mapping[str, str | os.PathLike[str] | None], folder: Path) -> None:
    """The bureau's own files, under the names by which they are found again."""
    for given, name in (("scheme", SCHEME), ("local", LOCAL), ("overrides", LOG)):
        file = files.get(given)
        if file is not None and Path(file).exists():
            shutil.copyfile(file, folder / name)


def asked_of(types: VillageTypes) -> dict[str, Any]:
    """With what options types were judged, as plain values.

    Parameters
    ----------
    types : VillageTypes
        The types.

    Returns
    -------
    dict
        For ``summary.json``; files are not in it.
    """
    asked = types.asked
    return {
        "as_of": asked["as_of"].isoformat(),
        "skip": list(asked["skip"]),
        "weights": asked["weights"],
        "fit": asked["fit"] is not None,
        "draws": asked["draws"],
        "seed": asked["seed"],
        "standard": asked["law"].name,
        "label": index_name(types.table.index, types.table.columns),
    }


def write_villages(
    job: VillageJob,
    results: VillageResults,
    out: str | os.PathLike[str],
    inputs: Sequence[str] = (),
    tell: Tell = silent,
) -> tuple[Path, ...]:
    """What was found, in a folder; all of it or nothing.

    Parameters
    ----------
    job, results
        Of `judge_villages`.
    out : path
        The folder; files of an earlier run are replaced, others stay. Forms that a town has
        begun to fill in are never overwritten.
    inputs : sequence of str
        Files that were read: none of them is written over.
    tell : callable
        Is told what is being done.

    Returns
    -------
    tuple of Path
        The files: the map, the table for machines and people, the layer, the papers with the
        note on method, the bounds of the potential for next year (``fit.toml``), and
        ``summary.json``.

    Raises
    ------
    ExportError
        If a file that was read would be overwritten, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deqing_geo import sample
    >>> job = VillageJob(sample.villages(), {"homes": sample.homes()})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_villages(job, judge_villages(job), folder)
    >>> MAP in [file.name for file in files]
    True
    """
    folder, types = Path(out), results.types
    for name in (MAP, TABLE, FACTS, LAYERS, FIT, SUMMARY, CHANGES, NOTE, SCHEME, LOCAL, LOG):
        refuse_overwriting(folder / name, inputs)
    with whole_folder(folder, last=SUMMARY) as draft:
        tell(STEPS[3], 3, len(STEPS))
        m = village_map(types, title=job.title or MAP.removesuffix(".html"))
        for look, frame in job.around.items():
            add_layer(m, frame, look)
        save_map(m, draft / MAP)
        tell(STEPS[4], 4, len(STEPS))
        save_table(readable(types), draft / TABLE)
        save_facts(types.table, draft / FACTS, scheme=types.scheme)
        save_layers(draft / LAYERS, {LAYER: plain(types.table)}, sources=types.sources, styled=True)
        save_method_note(types, draft / NOTE, unit=job.unit, day=job.as_of)
        if "town_name" in types.table:
            save_village_papers(types, draft, unit=job.unit, day=job.as_of)
        if results.changes is not None:
            save_table(results.changes.table, draft / CHANGES)
        if types.fit is not None:
            types.fit.save(draft / FIT)
        _copied({"scheme": job.scheme, "local": job.local, "overrides": job.log}, draft)
        write_json(draft / SUMMARY, _summary(job, results))
        made = sorted(file.name for file in draft.iterdir())
    files = [folder / name for name in made]
    if job.ask:
        files += types.opinion_forms(folder / FORMS, unit=job.unit, day=job.as_of)
    return tuple(files)


def _summary(job: VillageJob, results: VillageResults) -> dict[str, Any]:
    types = results.types
    said = typed(types)
    said["asked"] = asked_of(types)
    for name in ("agreement", "opinions", "changes"):
        found = getattr(results, name)
        if found is not None:
            said[name] = found.headline
    said["patches"] = results.patches.headline
    return said


# ---------------------------------------------------------------- tables


def readable(types: VillageTypes) -> pd.DataFrame:
    """The types as a person reads them, without what is for machines only.

    Parameters
    ----------
    types : VillageTypes
        The types.

    Returns
    -------
    DataFrame
        One row per village; yes and no as booleans, missing fields by their labels.
    """
    table = types.table
    for_machines = [table.geometry.name, "whole_area", "flags", *_internal(table)]
    out = pd.DataFrame(table.drop(columns=for_machines, errors="ignore"))
    for column in out.columns:
        if _yes_no(out[column]):
            out[column] = out[column].astype("boolean")
    out["missing_fields"] = [
        "、".join(names.label(field) for field in fields.split(";") if field)
        for fields in out["missing_fields"]
    ]
    out.attrs.update(table.attrs)
    return out


def plain(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Columns a GeoPackage can hold: yes, no and not known as numbers.

    Parameters
    ----------
    table : GeoDataFrame
        Of `VillageTypes`.

    Returns
    -------
    GeoDataFrame
        A copy.
    """
    out = table.drop(columns=_internal(table))
    for column in out.columns:
        if column != out.geometry.name and _yes_no(out[column]):
            out[column] = out[column].astype("boolean").astype("Int8")
    return out


def _internal(table: pd.DataFrame) -> list[str]:
    """Columns that stand on no product, such as the shares of the draws."""
    known = names.registry()
    return [one for one in table.columns if one in known and known[str(one)].internal]


def _yes_no(values: pd.Series[Any]) -> bool:
    kind = pd.api.types.infer_dtype(values, skipna=True)
    return bool(values.dtype == object and kind == "boolean")


def typed(types: VillageTypes) -> dict[str, Any]:
    """What a summary for machines says of the types.

    Parameters
    ----------
    types : VillageTypes
        The types.

    Returns
    -------
    dict
        Plain values.
    """
    weights: pd.Series[Any] = types.weights["weight"]
    return {
        "units": len(types.table),
        "counts": {str(kind): int(count) for kind, count in types.counts.items()},
        "candidates": [str(code) for code in types.candidates.index],
        "refused": [str(code) for code in types.refused.index],
        "to_adjust": [str(code) for code in types.adjustments.index],
        "switched_off": {rung: list(columns) for rung, columns in types.off.items()},
        "weights": {str(name): round(float(weight), 12) for name, weight in weights.items()},
        "rules": {rule.key: str(rule) for rule in types.sources},
        "scheme": {"name": types.scheme.name, "sha256": types.scheme.digest},
        "definition": types.line,
        "notices": list(types.notices),
        "data": list(types.origins),
    }
