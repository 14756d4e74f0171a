"""The atlas on a machine whose home nobody can write to: quiet, and nothing left behind."""

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a home that is no folder, as POSIX has it")

FIND = "from deqing_geo.atlas import fonts; fonts.find_typeface(); "
# A worker that loads matplotlib where its parent has not.
WORKER = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import os

from deqing_geo.atlas import engine


def where():
    engine.load()
    return os.path.isdir(os.environ["MPLCONFIGDIR"])


if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(where).result()
"""
NO_ROOM = """
import sys, tempfile
from deqing_geo.atlas import engine
from deqing_geo.errors import ExportError

def full(**_):
    raise OSError(28, "No space left on device")

tempfile.mkdtemp = full
try:
    engine.load()
except ExportError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def run(tmp_path):
    def run(code, **settings):
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        (tmp_path / "tmp").mkdir()
        file = tmp_path / "job.py"
        file.write_text(code)
        around = {
            **kept,
            "HOME": f"{os.devnull}/nobody",
            "TMPDIR": str(tmp_path / "tmp"),
            **settings,
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", str(file)], env=around, capture_output=True, text=True
        )
        return done.returncode, done.stderr, list((tmp_path / "tmp").iterdir())

    return run


def test_a_home_nobody_can_write_to_is_no_matter(run):
    assert run(FIND) == (0, "", [])


def test_fonts_that_fontconfig_does_not_know_yet_are_no_matter_either(run, tmp_path):
    """Somebody put fonts on the machine, and nobody who may write has looked since."""
    if not shutil.which("fc-list"):
        pytest.skip("a machine without fontconfig")
    asked = tmp_path / "fonts.conf"
    asked.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<dir>/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>'
    )
    code = f"{FIND}import os; assert 'XDG_CACHE_HOME' not in os.environ"

    assert run(code, FONTCONFIG_FILE=str(asked)) == (0, "", [])


def test_a_worker_leaves_no_folder_behind_either(run):
    assert run(WORKER) == (0, "", [])


def test_a_folder_somebody_chose_and_cannot_have_is_told(run):
    status, said, left = run(FIND, MPLCONFIGDIR=f"{os.devnull}/chosen")

    assert (status, left) == (0, []) and f"{os.devnull}/chosen" in said


def test_what_can_be_written_is_used_and_what_matplotlib_is_told_elsewhere_stays(run, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    code = f"{FIND}import os; assert 'MPLCONFIGDIR' not in os.environ"

    assert run(code, HOME=str(home)) == (0, "", [])
    assert [path.name for path in home.glob(".cache/matplotlib/*")]


def test_no_folder_at_all_is_said_with_the_cure(run):
    status, said, _ = run(NO_ROOM)

    assert status == 1 and said.startswith("the atlas needs a folder") and "Set TMPDIR" in said
    assert "Traceback" not in said
