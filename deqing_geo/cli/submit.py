"""``deqing-geo submit``: what is handed in, gathered with its list (成果报送)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deqing_geo.cli import shown

if TYPE_CHECKING:
    import argparse

    from deqing_geo.papers import Submission

# What messages call an option, and how it is given here.
FLAGS = {
    "code": "--code 330521",
    "name": "--name 德清县",
    "cleared": "--cleared FILE",
    "review_number": "--review-number N",
    "audience": "--audience public",
    "day": "--until YYYY-MM-DD",
}
PARTS = {
    "maps": "maps (图件): .jpg of 300 dots an inch or more, .png .tif .pdf .html",
    "vectors": "layers and styles (矢量): .gdb .gpkg .shp .dxf .lyrx .qml and others",
    "tables": "tables (表格): .xlsx .csv",
    "documents": "notes and 质量检查报告 (文档): .pdf .docx .html .txt",
}


def add(commands: Any) -> None:
    """Add the command to the parser's commands.

    Parameters
    ----------
    commands : argparse action
        Of ``add_subparsers``.
    """
    submit = commands.add_parser(
        "submit",
        help="gather finished files for handing in: 图件, 矢量, 表格, 文档 and a list (成果报送)",
        description="Copies finished files into one folder under the names the rule gives, with a "
        "list of every file and its sum. With --audience public nothing goes along that says it is "
        "internal, or that says nothing and was not named with --cleared. No FILE is changed.",
    )
    submit.add_argument("--out", required=True, metavar="DIR", help="folder for the submission")
    add_place(submit, required=True)
    submit.add_argument("--name", default="", metavar="TEXT", help="the place, such as 德清县")
    for part, what in PARTS.items():
        submit.add_argument(f"--{part}", nargs="+", default=[], metavar="FILE", help=what)
    submit.add_argument(
        "--audience", default="internal", metavar="WHO", help="internal (default) or public"
    )
    submit.add_argument("--review-number", metavar="N", help="审图号 of the maps")
    submit.set_defaults(run=run, flags=FLAGS)


def add_place(command: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Options of everything that is handed in: whose, by whom, and to which day.

    Parameters
    ----------
    command : ArgumentParser
        Of ``submit`` or ``export``.
    required : bool
        Whether there is nothing without a code.
    """
    command.add_argument(
        "--code", required=required, metavar="N", help="行政区代码, such as 330521"
    )
    command.add_argument(
        "--cleared", nargs="+", default=[], metavar="FILE", help="looked at, and fit for the public"
    )
    command.add_argument("--unit", default="", metavar="TEXT", help="who hands in (报送单位)")
    command.add_argument("--until", metavar="YYYY-MM-DD", help="day the data reach to")


def run(arguments: argparse.Namespace) -> None:
    """Gather, and show what is there and what is missing.

    Parameters
    ----------
    arguments : Namespace
        Of the parser.

    Raises
    ------
    DeqingGeoError
        If a file cannot be handed in, or the folder cannot be written.
    """
    from deqing_geo.papers import save_submission

    with shown.waiting("submission"):
        made = save_submission(
            arguments.out,
            code=arguments.code,
            name=arguments.name,
            maps=arguments.maps,
            vectors=arguments.vectors,
            tables=arguments.tables,
            documents=arguments.documents,
            audience=arguments.audience,
            review_number=arguments.review_number,
            cleared=arguments.cleared,
            unit=arguments.unit,
            day=arguments.until,
        )
    tell(made)


def tell(made: Submission) -> None:
    """Print what was handed in, and what is missing.

    Parameters
    ----------
    made : Submission
        Of `save_submission`.
    """
    from deqing_geo.columns import word

    console = shown.console()
    title, products = word("submission.title"), word("submission.products")
    console.print(f"{title}: {len(made.table)} {products}", markup=False)
    for one in made.missing:
        console.print(f"  {word('submission.missing')}: {one}", markup=False)
    for file in made.files:
        console.print(f"  {file}", markup=False, soft_wrap=True)
