"""The command line as an officer meets it: words, exit status, a GBK console."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pyogrio
import pytest

from deqing_geo import sample
from deqing_geo.cli import main


def run(*arguments, **options):
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "deqing_geo", *map(str, arguments)],
        capture_output=True,
        env=environment,
        **options,
    )


@pytest.fixture
def folder(tmp_path):
    for name in ("town", "villages", "zone", "roads", "parks", "homes"):
        pyogrio.write_dataframe(getattr(sample, name)(), tmp_path / f"{name}.gpkg")
    return tmp_path


def test_help_explains_and_a_mistaken_command_is_two(capsys):
    for arguments, status in ((["--help"], 0), (["--version"], 0), ([], 2), (["mesure"], 2)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == status
    assert "demo" in capsys.readouterr().out


def test_road_density_of_a_zone_is_printed_with_its_definition(folder, capsys):
    arguments = ["measure", "roads", "--roads", folder / "roads.gpkg", "--csv", folder / "t.csv"]
    zone = ["--zone", folder / "zone.gpkg", "--source", "示意", "--as-of", "2025-12-31"]

    assert main([*map(str, arguments), *map(str, zone)]) == 0
    printed = capsys.readouterr().out
    assert "1.33" in printed and "口径: 城市道路口径" in printed
    assert "纸上镇建成区" in (folder / "t.csv").read_text("utf-8-sig")


def test_park_coverage_of_areas_is_printed(folder, capsys):
    layers = [f"--{name}={folder / name}.gpkg" for name in ("parks", "homes")]

    assert main(["measure", "parks", f"--areas={folder / 'town.gpkg'}", *layers]) == 0
    assert "41.94%" in capsys.readouterr().out


def test_the_definitions_are_listed(folder, capsys):
    assert main(["measure", "roads", "--by", "list", "--areas", "x", "--roads", "y"]) == 0
    printed = capsys.readouterr().out
    assert [line.split(":")[0] for line in printed.splitlines()] == [
        "road.core",
        "road.broad",
        "road.raw",
        "road.highway",
        "road.rural",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "absent.toml", "--out", "out"], "RecipeError: absent.toml: cannot be read"),
        (["measure", "roads", "--areas", "absent.gpkg", "--roads", "r"], "no such file"),
        (["measure", "roads", "--zone", "zone.gpkg", "--roads", "roads.gpkg"], "--source"),
        (["measure", "roads", "--areas", "town.gpkg", "--roads", "roads.gpkg", "--by", "x"], "`x`"),
        (["measure", "roads", "--areas", "roads.gpkg", "--roads", "roads.gpkg"], "needs polygons"),
        (["demo", "--out", "town.gpkg"], "cannot be written"),
    ],
)
def test_a_refusal_is_one_sentence_and_status_one(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)

    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert said in printed.err and "Traceback" not in printed.err
    assert printed.err.startswith("deqing-geo: ")
    assert not (folder / "out").exists()


def test_maps_say_at_what_stage_they_are_and_who_made_them(tmp_path, capsys):
    asked = ["--stage", "会审稿", "--made-by", "测绘院", "--made-on", "2026-13-01"]
    boundaries = sample.villages().to_crs(4490)
    boundaries.to_file(tmp_path / "villages.gpkg")
    command = ["check", str(tmp_path / "villages.gpkg"), "--out", str(tmp_path / "out")]

    assert main([*command, *asked]) == 1
    assert "--made-on 2026-13-01" in capsys.readouterr().err
    assert main([*command, *asked[:4]]) in (0, 3)
    text = (tmp_path / "out" / "fault_map.html").read_text(encoding="utf-8")
    assert '"stage":"会审稿"' in text and "编制单位:测绘院" in text


def test_a_name_the_console_does_not_have_does_not_end_the_run(folder):
    town = sample.town().assign(town_name="𠮷镇 ✓")
    pyogrio.write_dataframe(town, folder / "t.gpkg")
    done = run(
        "measure", "roads", "--areas", folder / "t.gpkg", "--roads", folder / "roads.gpkg",
        env={"PYTHONIOENCODING": "gbk"},
    )  # fmt: skip

    assert done.returncode == 0 and "1.00" in done.stdout.decode("gbk")


def test_plain_ascii_consoles_are_survived_too(folder):
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "COLUMNS": "120"}
    done = run(
        "measure", "roads", "--areas", folder / "town.gpkg",
        "--roads", folder / "roads.gpkg", env=environment,
    )  # fmt: skip

    assert done.returncode == 0 and b"1.00" in done.stdout


def test_names_are_not_markup(folder):
    pyogrio.write_dataframe(sample.town().assign(town_name="[red]镇[/red] [/]"), folder / "t.gpkg")
    done = run("measure", "roads", "--areas", folder / "t.gpkg", "--roads", folder / "roads.gpkg",
               env={"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"})  # fmt: skip

    assert "[red]镇[/red] [/]" in done.stdout.decode()


def test_a_warning_is_spoken_in_our_words(folder):
    import geopandas as gpd
    import pandas as pd

    empty = gpd.GeoDataFrame({"town_name": ["空镇"]}, geometry=[None], crs=sample.CRS)
    pyogrio.write_dataframe(pd.concat([sample.town(), empty]), folder / "t.gpkg")
    done = run("measure", "roads", "--areas", folder / "t.gpkg", "--roads", folder / "roads.gpkg",
               env={"PYTHONIOENCODING": "utf-8"})  # fmt: skip

    assert done.returncode == 0
    assert b"DeqingGeoWarning: `towns`: 1 rows" in done.stderr and b".py:" not in done.stderr


def test_a_closed_pipe_is_no_failure():
    reader = "import sys; sys.stdin.readline()"
    command = f'"{sys.executable}" -m deqing_geo register | "{sys.executable}" -c "{reader}"'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )

    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing_and_says_so(tmp_path, number, status):
    code = (
        # A shell that runs tests in the background leaves SIGINT ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import time, sys, deqing_geo.batch.report as r, deqing_geo.cli as c\n"
        "def wait(*a): print('ready', flush=True); time.sleep(60)\n"
        "r._save_tables = wait\n"
        # The small town does for this; the county takes its time.
        "import deqing_geo.batch as b; b.schematic_county = lambda seed: b.paper_town()\n"
        f"sys.exit(c.main(['demo', '--out', {str(tmp_path / 'out')!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline().strip() == b"ready"
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert process.returncode == status
    assert b"interrupted" in err and b"Traceback" not in err
    assert os.listdir(tmp_path) == []


ALL = """
import contextlib, io, json, sys
from deqing_geo.cli import main

for words in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = main(words)
    print(json.dumps([status, said.getvalue()]))
"""
CLOSED = (
    "check @/a.shp",
    "measure roads --areas @/a.gpkg --roads @/b.gpkg",
    "classify @/a.xlsx",
    "demo --out @/new",
    "sample --out @/new",
    "report @/a.toml --out @/new",
    "export @/run --out @/new",
    "recipe --new @/a.gpkg --out @/a.toml",
)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_folder_one_may_not_enter_is_not_called_empty_and_is_named(tmp_path):
    closed = tmp_path / "别人的"
    closed.mkdir()
    words = [sys.executable, "-c", ALL]
    if os.geteuid() == 0:
        # Not even root enters everywhere, once the right to is given up.
        if not shutil.which("setpriv"):
            pytest.skip("root enters everywhere")
        os.chown(closed, 65534, 65534)
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
    closed.chmod(0o700 if os.geteuid() == 0 else 0)
    orders = [line.replace("@", str(closed)).split() for line in CLOSED]
    done = subprocess.run(words, input=json.dumps(orders), capture_output=True, text=True)
    closed.chmod(0o700)

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(CLOSED), done.stderr
    for line, (status, said) in zip(CLOSED, answers, strict=True):
        assert (status, said.count("\n")) == (1, 1), (line, said)
        assert str(closed) in said and ("ermission" in said or "may be read" in said), (line, said)
