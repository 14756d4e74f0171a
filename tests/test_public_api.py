"""The public face: every name is there, lazily, and says what it does."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import deqing_geo as dg


def public_functions():
    rooms = [
        "alongside",
        "atlas",
        "atlas.board",
        "atlas.book",
        "atlas.drawing",
        "atlas.fonts",
        "atlas.frame",
        "atlas.ground",
        "atlas.index",
        "atlas.labels",
        "atlas.panel",
        "atlas.pdf",
        "atlas.render",
        "atlas.sheet",
        "atlas.subjects",
        "atlas.told",
        "boundaries",
        "checks",
        "columns",
        "coverage",
        "coverage.access",
        "coverage.band",
        "coverage.basis",
        "coverage.changes",
        "coverage.forecast",
        "coverage.ledger",
        "coverage.matching",
        "coverage.pairs",
        "coverage.result",
        "coverage.service",
        "coverage.single",
        "coverage.standing",
        "coverage.steps",
        "coverage.walking",
        "crs",
        "crs.cells",
        "divisions",
        "ellipsoid",
        "export",
        "export.content",
        "export.dxf",
        "export.formats",
        "export.layers",
        "export.lyrx",
        "export.public",
        "export.qml",
        "export.saving",
        "export.short",
        "export.symbols",
        "export.tables",
        "faults.arrange",
        "faults.attributes",
        "faults.check",
        "faults.corrections",
        "faults.corrections_book",
        "faults.edges",
        "faults.forms",
        "faults.found",
        "faults.identity",
        "faults.listed",
        "faults.outlines",
        "faults.parting",
        "faults.repair",
        "faults.report",
        "faults.topology",
        "files",
        "files.naming",
        "grades",
        "inputs.around",
        "inputs.declared",
        "inputs.folder",
        "landuse",
        "layers.boxed",
        "layers.classes",
        "layers.land",
        "layers.roads",
        "layers.saying",
        "layers.several",
        "layers.signs",
        "looks.classes",
        "looks.imprint",
        "looks.named",
        "looks.palette",
        "looks.shapes",
        "looks.simplify",
        "maps",
        "maps.asking",
        "maps.basemaps",
        "maps.compare",
        "maps.faults",
        "maps.finding",
        "maps.ground",
        "maps.imprint",
        "maps.marks",
        "maps.packing",
        "maps.parks",
        "maps.targets",
        "maps.timeline",
        "maps.tints",
        "network",
        "network.arrays",
        "network.graph",
        "network.reaching",
        "network.times",
        "network.ends",
        "network.links",
        "papers",
        "papers.blocks",
        "papers.board",
        "papers.bulletin",
        "papers.by_hand",
        "papers.filing",
        "papers.method",
        "papers.month",
        "papers.marks",
        "papers.page",
        "papers.parks",
        "papers.progress",
        "papers.quality",
        "papers.roads",
        "papers.saved",
        "papers.submission",
        "papers.villages",
        "papers.word",
        "progress",
        "progress.card",
        "progress.figures",
        "progress.form",
        "progress.judging",
        "progress.log",
        "progress.months",
        "progress.pace",
        "progress.projects",
        "progress.returned",
        "progress.told",
        "progress.views",
        "progress.why",
        "provenance",
        "rasters",
        "radii",
        "reading",
        "reading.boxed",
        "received",
        "roads",
        "roads.already",
        "roads.band",
        "roads.basis",
        "roads.changes",
        "roads.density",
        "roads.forecast",
        "roads.ledger",
        "roads.matching",
        "roads.merging",
        "roads.result",
        "roads.standing",
        "sample",
        "sample.borders",
        "sample.cover",
        "sample.ground",
        "sample.land",
        "sample.nature",
        "sample.network",
        "sample.people",
        "sample.plots",
        "sample.received",
        "sample.services",
        "sample.schematic",
        "sample.settlements",
        "sample.surveys",
        "sample.tiling",
        "sample.ways",
        "sample.writing",
        "sheets",
        "shifts",
        "siting.candidates",
        "siting.covering",
        "siting.demand",
        "siting.drawing_up",
        "siting.programs",
        "siting.search",
        "siting.suggest",
        "standards",
        "standards.goals",
        "standards.model",
        "standards.place",
        "tables.appended",
        "tables.cells",
        "tables.heading",
        "tables.newbook",
        "tables.oldbook",
        "tables.places",
        "tallies.declared",
        "tallies.land",
        "tallies.model",
        "tallies.places",
        "tallies.streets",
        "terrain",
        "text",
        "tracing",
        "villages.again",
        "villages.agreement",
        "villages.causes",
        "villages.changes",
        "villages.checking",
        "villages.conditions",
        "villages.decisions",
        "villages.doubt",
        "villages.facts",
        "villages.flips",
        "villages.declared",
        "villages.facts",
        "villages.facts_book",
        "villages.fact_forms",
        "villages.known",
        "villages.lived",
        "villages.told",
        "villages.towns",
        "villages.units",
        "villages.forms",
        "villages.grounds",
        "villages.ledger",
        "villages.log",
        "villages.opinions",
        "villages.returned",
        "villages.fitting",
        "villages.flags",
        "villages.held",
        "villages.judge",
        "villages.kinds",
        "villages.outlines",
        "villages.patches",
        "villages.potential",
        "villages.published",
        "villages.rollup",
        "villages.scenarios",
        "villages.reasons",
        "villages.scheme",
        "villages.summary",
        "villages.telling",
        "villages.types",
        "villages.wording",
        "weights.answers",
        "weights.given",
        "weights.judged",
        "weights.mixed",
        "weights.ranked",
        "weights.spread",
        "batch.drafting",
        "batch.earlier",
        "batch.atlas",
        "batch.job",
        "batch.ledger",
        "batch.lines",
        "batch.making",
        "batch.depending",
        "batch.holding",
        "batch.layered",
        "batch.pace",
        "batch.slicing",
        "batch.trouble",
        "batch.workers",
        "batch.pressing",
        "batch.products",
        "batch.province.around",
        "batch.province.cluster",
        "batch.province.county",
        "batch.province.drafting",
        "batch.province.going",
        "batch.province.lanes",
        "batch.province.listing",
        "batch.province.merging",
        "batch.province.summing",
        "batch.province.whole",
        "batch.quality",
        "batch.recipe",
        "batch.report",
        "batch.results",
        "batch.counted",
        "batch.months",
        "batch.options",
        "batch.pages",
        "batch.filed",
        "batch.showing",
        "batch.parks",
        "batch.roads",
        "batch.scorecard",
        "batch.tables",
        "cli",
        "cli.areas",
        "cli.check",
        "cli.parks",
        "cli.press",
        "cli.province",
        "cli.roads",
        "cli.shown",
    ]
    for room in rooms:
        module = importlib.import_module(f"deqing_geo.{room}")
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(value):
                yield pytest.param(value, id=f"{room}.{name}")


def test_every_public_name_is_there():
    assert [name for name in dg.__all__ if not hasattr(dg, name)] == []


def test_the_list_of_names_is_sorted_and_short():
    assert dg.__all__ == sorted(dg.__all__)
    assert len(dg.__all__) <= 80
    assert set(dg.__all__) <= set(dir(dg))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'road_densty'"):
        _ = dg.road_densty


@pytest.mark.parametrize("function", list(public_functions()))
def test_a_docstring_names_every_parameter_and_what_comes_back(function):
    text = inspect.getdoc(function) or ""
    signature = inspect.signature(function)

    for parameter in signature.parameters.values():
        name = parameter.name
        shown = f"**{name}" if parameter.kind is parameter.VAR_KEYWORD else name
        pattern = rf"^(\w+, )*{re.escape(shown)}(, \w+)*( :|$)"
        assert re.search(pattern, text, re.MULTILINE), f"{name} is not explained"
    if signature.return_annotation not in (None, "None"):
        assert "Returns\n" in text or "Yields\n" in text


@pytest.mark.parametrize(
    "function",
    [getattr(dg, name) for name in dg.__all__ if inspect.isfunction(getattr(dg, name))],
    ids=lambda function: function.__name__,
)
def test_a_public_function_says_what_it_raises_and_shows_an_example(function):
    text = inspect.getdoc(function) or ""

    assert "Raises\n" in text
    assert ">>> " in text
    raised = re.search(r"Raises\n-+\n(.*?)(\n\n[A-Z]|\Z)", text, re.DOTALL)[1]
    for name in re.findall(r"^(\w+)$", raised, re.MULTILINE):
        assert hasattr(dg.errors, name), name


@pytest.mark.parametrize(
    "package",
    [
        one
        for one in Path(dg.__file__).parent.glob("*/__init__.py")
        if "def __getattr__" in one.read_text("utf-8")
    ],
    ids=lambda one: one.parent.name,
)
def test_no_module_hides_a_name_that_is_loaded_when_it_is_touched(package):
    """Whoever imports the module first would get it in the place of the function."""
    names = importlib.import_module(f"deqing_geo.{package.parent.name}").__all__

    assert not {one.stem for one in package.parent.glob("*.py")} & {*names}


def test_every_error_is_also_what_a_stranger_would_catch():
    strangers = {
        dg.errors.InputError: ValueError,
        dg.errors.StandardsError: LookupError,
        dg.errors.BoundaryFileError: OSError,
        dg.errors.ExportError: RuntimeError,
        dg.errors.RecipeError: ValueError,
    }

    for ours, theirs in strangers.items():
        assert issubclass(ours, theirs) and issubclass(ours, dg.errors.DeqingGeoError)


def test_an_input_error_names_the_first_five_rows_and_counts_the_rest():
    error = dg.errors.InputError("Bad.", range(7))

    assert str(error) == "Bad. Rows: 0, 1, 2, 3, 4 and 2 more."
    assert error.rows == tuple(range(7))
