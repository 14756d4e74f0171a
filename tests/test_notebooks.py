"""Notebooks run as they stand, show their maps, and are kept without outputs."""

import importlib.util
import os
import warnings
from pathlib import Path

import pytest

from tests.conftest import ROOT

with warnings.catch_warnings():
    # Of the notebook libraries' own age, nothing of ours.
    warnings.simplefilter("ignore")
    import nbclient
    import nbformat

BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_five_notebooks_are_there():
    assert [book.stem for book in BOOKS] == [
        "01_boundaries",
        "02_road_density",
        "03_park_coverage",
        "04_village_types",
        "05_scorecard_and_batch",
    ]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_is_kept_without_outputs(book):
    made = nbformat.read(book, as_version=4)
    nbformat.validate(made)

    for cell in made.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id
    ids = [cell.id for cell in made.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_notebook_runs_and_shows_its_map(book, monkeypatch, tmp_path):
    # A kernel of this interpreter, with this project, wherever another is installed.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = nbformat.read(book, as_version=4)
    nbclient.NotebookClient(
        made, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(book.parent)}}
    ).execute()

    shown, said = [], []
    for cell in made.cells:
        for output in cell.get("outputs", []):
            shown.append(output.get("data", {}).get("text/html", ""))
            said.append(output.get("text", "") if output.output_type == "stream" else "")
    maps = [html for html in shown if "DeqingMap" in html]
    assert maps and all("示意" in html for html in maps)
    assert not [text for text in said if "Warning" in text]
    if folder := os.environ.get("DEQING_GEO_NOTEBOOKS"):
        # The documentation shows what came out here, and runs nothing again.
        pages().keep(made, book, Path(folder))


def pages():
    """What makes pages of notebooks."""
    spec = importlib.util.spec_from_file_location(
        "site_books", ROOT / "scripts" / "site" / "books.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
