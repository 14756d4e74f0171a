"""``deqing-geo export``: the layers of an earlier run in the formats an office asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo.cli import shown, submit

if TYPE_CHECKING:
    import argparse

RESULTS = "results"
# What messages call an option, and how it is given here.
FLAGS = {
    **submit.FLAGS,
    "formats": "--formats gpkg,xlsx",
    "audience": "--audience public",
    "review_number": "--review-number TEXT",
}
FORMATS = "gpkg, gdb, lyrx, shp, fgb, parquet, csv, dxf, xlsx"


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    export = commands.add_parser(
        "export",
        help="layers of an earlier run as .gdb, .shp, .xlsx, .dxf and more (成果导出)",
        description="Takes the layers of an earlier run from its folder and writes them in the "
        "formats an office asks for, in the colours of the maps, with a list of files and of "
        "fields. Nothing is measured again and no layer is changed. For the public, only what "
        "may leave the house is written, simplified and rounded; without a review number it is "
        "a 送审稿.",
    )
    export.add_argument(
        "layers", nargs="+", metavar="DIR|FILE.gpkg", help="the folder of an earlier run"
    )
    export.add_argument("--out", metavar="DIR", help="folder for the files")
    export.add_argument(
        "--submission",
        metavar="DIR",
        help="instead, gather the runs' maps, layers, tables and documents for handing in "
        "(图件、矢量、表格、文档); with --code and --name",
    )
    submit.add_place(export)
    export.add_argument(
        "--formats", default="gpkg,xlsx", metavar="LIST", help=f"of {FORMATS}; default: gpkg,xlsx"
    )
    export.add_argument(
        "--audience", default="internal", metavar="WHO", help="internal (default) or public"
    )
    export.add_argument("--review-number", metavar="TEXT", help="审图号, as it was given")
    export.add_argument("--made-by", metavar="TEXT", help="编制单位")
    export.add_argument(
        "--name",
        default=RESULTS,
        metavar="TEXT",
        help="of files that hold all layers; with --submission the place, such as 德清县",
    )
    export.set_defaults(run=run, flags=FLAGS)


def run(arguments: argparse.Namespace) -> None:
    """Read, write, and list what was written.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file is refused, an option is mistaken, or the folder cannot be written.
    """
    from deqing_geo.batch import require_folder
    from deqing_geo.batch.exports import earlier_layers
    from deqing_geo.errors import InputError
    from deqing_geo.export import save_results

    if (arguments.out is None) == (arguments.submission is None):
        raise InputError("Give --out DIR for the files, or --submission DIR to hand runs in.")
    if arguments.submission is not None:
        _hand_in(arguments)
        return
    require_folder(arguments.out)
    _refuse(arguments)
    kinds = [one.strip() for one in arguments.formats.replace("，", ",").split(",") if one.strip()]
    with shown.waiting("export"):
        made = save_results(
            earlier_layers(arguments.layers),
            arguments.out,
            formats=kinds,
            audience=arguments.audience,
            review_number=arguments.review_number,
            made_by=arguments.made_by,
            name=arguments.name,
        )
    console = shown.console()
    console.print(made.headline, style="bold")
    console.print(";".join(made.imprint.marks), soft_wrap=True, markup=False)
    for file in made.files:
        console.print(f"  {file}", markup=False, soft_wrap=True)
    left = made.left_out
    if len(left):
        from deqing_geo.columns import word

        whole = left[left["field_name"] == ""]["layer_title"].to_list()
        said = f"{word('export.left_out')}: {len(left)}"
        console.print(f"{said}{' (' + '、'.join(whole) + ')' if whole else ''}", markup=False)
    for notice in made.notices:
        console.print(f"注意: {notice}", style="red", soft_wrap=True, markup=False)


def _hand_in(arguments: argparse.Namespace) -> None:
    from deqing_geo.batch.exports import gather, staying
    from deqing_geo.columns import word
    from deqing_geo.errors import InputError

    if not arguments.code:
        raise InputError("--submission goes with --code N, such as 330521.")
    with shown.waiting("submission"):
        made = gather(
            arguments.layers,
            arguments.submission,
            code=arguments.code,
            name=arguments.name if arguments.name != RESULTS else "",
            audience=arguments.audience,
            review_number=arguments.review_number,
            made_by=arguments.made_by,
            cleared=arguments.cleared,
            unit=arguments.unit,
            day=arguments.until,
        )
    submit.tell(made)
    for file in staying(arguments.layers):
        shown.console().print(
            f"  {word('submission.staying')}: {file}", markup=False, soft_wrap=True
        )


def _refuse(arguments: argparse.Namespace) -> None:
    """No file that is read is written over."""
    from pathlib import Path

    from deqing_geo.batch.quality import refuse_overwriting

    inputs: list[str] = []
    for given in map(Path, arguments.layers):
        inputs += [str(one) for one in given.glob("*.gpkg")] if given.is_dir() else [str(given)]
    refuse_overwriting(Path(arguments.out) / f"{arguments.name}.gpkg", inputs)
