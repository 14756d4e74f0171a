"""Many counties by one list: who is wrong is told, who can arrives, and nobody counts twice."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
from shapely import LineString, box

from deqing_geo import batch, errors, road_density, sample, standards
from deqing_geo.batch import ledger, pace
from deqing_geo.batch.province import county, lanes, merging, whole
from deqing_geo.batch.province.going import through
from deqing_geo.batch.province.listing import load_counties
from deqing_geo.batch.results import merged_around
from deqing_geo.cli import main
from deqing_geo.layers import read_parks, read_roads
from tests import paper_province
from tests.conftest import ROOT
from tests.paper_province import Here

APART = ("province.log", "times.json", "report.log", ledger.LOCK)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("province")
    paper_province.write(folder, 3)
    return folder


@pytest.fixture(scope="module")
def ran(made):
    """The folder of a run in this process, in the order of sizes: nobody writes in it."""
    out = made.parent / f"{made.name}-out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "_lanes", lambda *_: Here(county.run_county))
        batch.run_province(load_counties(made / "counties.toml"), out)
    return out


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def here(monkeypatch):
    """Counties are made in this process: what makes them is tried elsewhere."""
    lane = Here(county.run_county)
    monkeypatch.setattr(whole, "_lanes", lambda *_: lane)
    return lane


def run(folder, **options):
    listing = load_counties(folder / "counties.toml")
    return batch.run_province(listing, folder.parent / "out", **options)


def digests(out):
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in APART
    }


def written(out):
    return {
        path: path.stat().st_mtime_ns
        for path in out.rglob("*")
        if path.is_file() and path.name not in APART
    }


def said(file):
    return json.loads(pq.read_schema(file).metadata[b"deqing_geo"])


def change(folder, old, new):
    file = folder / "counties.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# ---------------------------------------------------------------- the list


def test_every_mistake_of_the_list_is_told_with_its_line_before_anything_runs(tmp_path):
    (tmp_path / "r.json").write_text("{}")
    (tmp_path / "counties.toml").write_text(
        """\
title = 3
halo = 5
[[county]]
code = "33052"
name = "甲县"
colour = "red"
[[county]]
code = "330522"
name = "乙县"
[[county]]
name = "丙县"
code = "330522"
[[county]]
code = 330523
[recipe.towns]
file = "{kode}/towns.gpkg"
file_ = 1
[recipe.roads]
file = "{code}/roads.gpkg"
[shared.parks]
file = "r.json"
[shared.homes]
file = "none.gpkg"
[shared.terrain]
file = "dem.tif"
""",
        encoding="utf-8",
    )
    with pytest.raises(errors.RecipeError) as caught:
        load_counties(tmp_path / "counties.toml")

    told = {one.split(":")[0]: one for one in caught.value.mistakes}
    assert [int(line.split()[1]) for line in told] == [1, 2, 4, 6, 12, 13, 14, 16, 17, 21, 23, 24]
    assert "first on line 7" in told["line 12"]
    assert "{kode}" in told["line 16"] and "no option `file_`" in told["line 17"]
    assert "GeoPackage" in told["line 21"] and "no such file" in told["line 23"]
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("halo_m = 1000", "halo_m = 300", "at least 1000"),
        ('name = "纸甲县"', 'name = "纸甲县"\nrecipe = 3', "`recipe` must be text"),
        ("halo_m = 1000", "halo_m = true", "number of metres"),
        ("halo_m = 1000", "halo_m = nan", "number of metres"),
        ('name = "纸甲县"', r'name = "纸甲县\u0007"', "cannot be printed"),
        ('name = "纸甲县"', r'name = "\u202e纸甲县"', "cannot be printed"),
        ("[shared.roads]", "[shared.roads]\ndatum = 'wgs'", "`datum` must be one of"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(folder, old, new, word):
    change(folder, old, new)

    with pytest.raises(errors.RecipeError, match=word):
        load_counties(folder / "counties.toml")


def test_a_list_that_is_no_list_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text("county = 3\n")
    (tmp_path / "b.toml").write_bytes("title = '德清'".encode("gbk"))
    (tmp_path / "c.toml").write_text("[recipe.towns]\nfile = 'x'\n")
    (tmp_path / "d.toml").write_text("county = []\n")
    entry = r"\[\[county\]\]"

    for name, word in (("a", entry), ("b", "UTF-8"), ("c", entry), ("d", "names no county")):
        with pytest.raises(errors.RecipeError, match=word):
            load_counties(tmp_path / f"{name}.toml")


# ---------------------------------------------------------------- figures


def test_a_county_measured_with_a_halo_is_what_it_is_on_the_whole_layer(made, ran):
    density = gpd.read_parquet(ran / "road_density.parquet")

    # The second road: the whole layer, towns read by themselves.
    for code in ("330521", "330522", "330523"):
        towns = pyogrio.read_dataframe(made / code / "towns.gpkg")
        roads = read_roads(made / "roads.gpkg", like=towns)
        own = density[density["county_code"] == code]
        alone = road_density(towns, roads)
        assert own["road_km"].to_list() == alone.table["road_km"].to_list()
        assert own["road_density"].to_list() == alone.table["road_density"].to_list()
    cut = gpd.read_parquet(ran / "counties/330521纸甲县/layers/roads.parquet")
    assert len(cut) < len(pyogrio.read_dataframe(made / "roads.gpkg"))


def test_roads_of_the_halo_do_not_count_twice(made, ran):
    table = pd.read_parquet(ran / "counties.parquet")

    # Six roads a town give 4 km that count; the road through all is 4 km in each.
    assert table["road_km"].round(6).to_list() == [8.0, 8.0, 8.0]
    towns = pd.concat(
        [pyogrio.read_dataframe(made / f"33052{at}" / "towns.gpkg") for at in (1, 2, 3)]
    )
    together = road_density(
        gpd.GeoDataFrame(towns.reset_index(drop=True)),
        read_roads(made / "roads.gpkg", like=gpd.GeoDataFrame(towns)),
    )
    assert table["road_km"].sum() == pytest.approx(together.table["road_km"].sum(), abs=1e-6)


def test_a_park_of_the_halo_is_not_counted_as_ones_own(folder, here):
    towns = pyogrio.read_dataframe(folder / "330521" / "towns.gpkg")
    _, south, east, _ = towns.total_bounds
    # 0.81 ha across the border between the first two counties, most of it in the second.
    park = sample.parks().iloc[[0]]
    park = park.set_geometry([box(east - 10, south, east + 80, south + 90)], crs=towns.crs)
    pyogrio.write_dataframe(park, folder / "parks.gpkg")
    run(folder)
    card = pd.read_parquet(folder.parent / "out" / "scorecard.parquet")
    pocket = card[card["target_key"] == "pocket_parks"].set_index("county_code")["measured"]

    assert pocket[["330521", "330522"]].fillna(0).to_list() == [0.0, 1.0]


def test_new_rural_roads_are_counted_by_the_county_they_lie_in(folder, here):
    roads = pyogrio.read_dataframe(folder / "roads.gpkg")
    through = roads["road_name"] == "省道"
    roads["road_class"] = roads["road_class"].where(~through, "county_road")
    roads["opened_on"] = ["2024-05-01"] * len(roads)
    pyogrio.write_dataframe(roads, folder / "roads.gpkg")
    run(folder)
    card = pd.read_parquet(folder.parent / "out" / "scorecard.parquet")
    rural = card[card["target_key"] == "rural_highways_built"]["measured"]

    assert rural.round(4).to_list() == [4.0, 4.0, 4.0]


def test_a_county_the_layer_for_all_does_not_have_is_told(folder, here):
    parks = pyogrio.read_dataframe(folder / "parks.gpkg")
    edge = pyogrio.read_dataframe(folder / "330523" / "towns.gpkg").to_crs(parks.crs)
    pyogrio.write_dataframe(
        parks[parks.geometry.bounds["maxx"] < edge.total_bounds[0]], folder / "parks.gpkg"
    )
    done = run(folder)
    out = folder.parent / "out"

    assert len(done.arrived) == 3
    (told,) = [text for text in said(out / "park_coverage.parquet")["notices"] if "parks" in text]
    assert told.startswith("[shared.parks] 在这些县(区)范围内没有一个要素:纸丙县;")
    assert told in (out / "counties.csv").read_text("utf-8-sig")


def test_a_layer_for_all_replaced_while_it_is_read_is_no_province(folder, ran, here, monkeypatch):
    old = (folder / "roads.gpkg").read_bytes()
    new = pyogrio.read_dataframe(folder / "roads.gpkg").iloc[:-1]

    def call(task):
        done = county.run_county(task)
        pyogrio.write_dataframe(new, folder / "roads.gpkg")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(here, "call", call)
        with pytest.raises(errors.InputError, match=r"roads\.gpkg: replaced while it was read"):
            run(folder)
    out = folder.parent / "out"
    assert not (out / "manifest.json").exists()
    # Put back, what was cut of the other version is not taken for this one.
    (folder / "roads.gpkg").write_bytes(old)
    assert len(run(folder).arrived) == 3 and digests(out) == digests(ran)


def test_a_reason_is_the_same_each_time(folder, here, monkeypatch):
    drafts = iter("0123456789")

    def call(task):
        name = f".roads.{next(drafts) * 8}.part.parquet"
        return county.Done(task.county.code, fault=f"layers/{name}: cannot be written")

    monkeypatch.setattr(here, "call", call)
    assert run(folder, retries=0).merged
    again = run(folder, retries=0)
    assert not again.merged
    assert set(again.quarantined.values()) == {"layers/.roads.part.parquet: cannot be written"}


def test_a_file_where_a_countys_folder_belongs_is_one_clear_reason(folder, here):
    taken = folder.parent / "out" / "counties" / "330522纸乙县"
    taken.parent.mkdir(parents=True)
    taken.write_text("somebody's")
    done = run(folder)

    assert done.arrived == ("330521", "330523") and taken.read_text() == "somebody's"
    assert done.quarantined["330522"].startswith("its folder or a file of it cannot be")
    assert "330522纸乙县" in done.quarantined["330522"]


# ---------------------------------------------------------------- again


def test_a_second_run_writes_nothing_and_one_changed_layer_redoes_its_county(folder, here):
    first = run(folder)
    out = folder.parent / "out"
    before = written(out)
    second = run(folder)
    after = written(out)

    assert first.merged and first.made == 3 and not first.quarantined
    assert not second.merged and second.made == 0 and before == after
    # A road far in the east: the first county does not see it.
    roads = pyogrio.read_dataframe(folder / "roads.gpkg")
    eastern = roads.geometry.bounds["minx"].argmax()
    pyogrio.write_dataframe(roads.drop(index=roads.index[eastern]), folder / "roads.gpkg")
    third = run(folder)
    assert third.merged and third.made == 1
    assert said(out / "road_density.parquet")["counties"] == ["330521", "330522", "330523"]


def test_a_broken_county_is_told_and_the_others_arrive(made, folder, here, capsys):
    out = folder.parent / "out"
    (folder / "330522" / "towns.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    shutil.rmtree(folder / "330523")
    assert main(["province", str(folder / "counties.toml"), "--out", str(out)]) == 4
    shown = capsys.readouterr().out
    shown.encode("gbk")
    table = pd.read_parquet(out / "counties.parquet").set_index("county_code")
    gone = json.loads((out / "quarantine.json").read_text("utf-8"))["counties"]

    assert table["county_state"].to_list() == ["arrived", "quarantined", "quarantined"]
    assert [one["county_code"] for one in gone] == ["330522", "330523"]
    assert "towns.gpkg" in gone[0]["reason"] and "no such file" in gone[1]["reason"]
    assert "line 14: [towns]" in gone[1]["reason"] and all(one["cure"] for one in gone)
    assert str(folder) not in json.dumps(gone)
    for name in ("road_density", "park_coverage", "scorecard"):
        told = said(out / f"{name}.parquet")
        assert told["counties"] == ["330521"] and told["missing"] == gone
        assert set(pd.read_parquet(out / f"{name}.parquet")["county_code"]) == {"330521"}
        assert "纸乙县、纸丙县" in told["notices"][0]
    text = (out / "counties.csv").read_text("utf-8-sig")
    assert "未汇总" in text and "纸丙县" in (out / "quarantine.csv").read_text("utf-8-sig")
    assert "missing: 330522 纸乙县" in shown
    # It is tried again, and the others are not made again once it is mended.
    for code in ("330522", "330523"):
        shutil.copytree(made / code, folder / code, dirs_exist_ok=True)
    mended = run(folder)
    assert mended.made == 2 and not mended.quarantined and mended.merged
    assert not said(out / "road_density.parquet")["missing"]


def test_a_countys_own_recipe_is_taken_and_its_mistakes_are_its_own(folder, here):
    (folder / "own.toml").write_text(
        '[towns]\nfile = "330522/towns.gpkg"\n[products]\ncounty = ["roads"]\n', encoding="utf-8"
    )
    (folder / "bad.toml").write_text('[towns]\nfile = "330523/towns.gpkg"\nfil = 3\n')
    change(folder, 'name = "纸乙县"', 'name = "纸乙县"\nrecipe = "own.toml"')
    change(folder, 'name = "纸丙县"', 'name = "纸丙县"\nrecipe = "bad.toml"')
    done = run(folder)

    assert done.arrived == ("330521", "330522")
    assert "bad.toml line 3" in done.quarantined["330523"]
    assert (done.out / "counties/330522纸乙县/road_density.csv").is_file()


def test_the_order_of_making_does_not_show_in_the_bytes(folder, ran, monkeypatch):
    lane = Here(county.run_county, backwards=True)
    monkeypatch.setattr(whole, "_lanes", lambda *_: lane)
    run(folder)

    assert lane.ended_in == ["330523", "330522", "330521"]
    assert digests(folder.parent / "out") == digests(ran)


def test_the_biggest_county_is_begun_first(folder, here):
    big = pyogrio.read_dataframe(folder / "330522" / "towns.gpkg")
    big = big.set_geometry(big.geometry.segmentize(0.5))
    pyogrio.write_dataframe(big, folder / "330522" / "towns.gpkg")
    run(folder)

    assert here.begun[0] == "330522"


def test_tables_of_unlike_counties_fit_together(folder, here):
    # Another zone of three degrees, a field more, and none of the homes and parks.
    towns = pyogrio.read_dataframe(folder / "330523" / "towns.gpkg")
    towns = towns.to_crs(4550).assign(remark=["a", None, "b", "c"])
    pyogrio.write_dataframe(towns, folder / "330523" / "towns.gpkg")
    text = (folder / "counties.toml").read_text("utf-8")
    own = '[towns]\nfile = "330523/towns.gpkg"\n[roads]\nfile = "roads.gpkg"\n'
    (folder / "own.toml").write_text(own, encoding="utf-8")
    text = text.replace('name = "纸丙县"', 'name = "纸丙县"\nrecipe = "own.toml"')
    text = text[: text.index("[shared.parks]")]
    (folder / "counties.toml").write_text(text, encoding="utf-8")
    done = run(folder)
    table = gpd.read_parquet(done.out / "road_density.parquet")
    truth = towns.to_crs(4490).geometry.reset_index(drop=True)

    assert table.crs.to_epsg() == 4490 and len(table) == 12
    assert table["remark"].fillna("-").to_list() == ["-"] * 8 + ["a", "-", "b", "c"]
    own = table[table["county_code"] == "330523"].geometry.reset_index(drop=True)
    assert own.geom_equals_exact(truth, 1e-9).all()
    file = pq.ParquetFile(done.out / "road_density.parquet")
    assert file.num_row_groups == 3


# ---------------------------------------------------------------- processes


def tasks(folder, count=3):
    listing = load_counties(folder / "counties.toml")
    (folder / "out").mkdir(exist_ok=True)
    return [
        county.Task(one, str(folder / "out"), 1000.0, {}, "") for one in listing.counties[:count]
    ]


def test_a_killed_process_takes_one_county_along_and_it_comes_again(folder):
    heard = []
    made = lanes.Processes(2, paper_province.killed_once)
    ended = list(through(tasks(folder), made, 1, heard.append))
    made.close()

    assert sorted(one.done.code for one in ended) == ["330521", "330522", "330523"]
    assert all(not one.done.fault for one in ended)
    assert {one.done.code: one.tries for one in ended}["330522"] == 2
    assert next(one for one in ended if one.done.code == "330522").done.said == ("taken up",)
    assert len(heard) == 1 and "signal 9" in heard[0]


def test_a_county_that_kills_every_process_is_given_up(folder):
    heard = []
    made = lanes.Processes(1, paper_province.killed_always)
    ended = {one.done.code: one for one in through(tasks(folder), made, 1, heard.append)}
    made.close()

    assert "signal 9" in ended["330522"].done.fault and ended["330522"].tries == 2
    assert ended["330522"].done.lost and not ended["330521"].done.lost
    assert not ended["330521"].done.fault and not ended["330523"].done.fault


def test_a_county_in_another_hand_is_waited_for(folder, here, monkeypatch):
    monkeypatch.setattr(county, "STEP_S", 0.02)
    mine = folder.parent / "out" / "counties" / "330521纸甲县"
    taken, free = threading.Event(), threading.Event()

    def hold():
        with ledger.held(mine):
            taken.set()
            free.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(10)
    threading.Timer(0.5, free.set).start()
    done = run(folder, retries=0)
    other.join()
    assert not done.quarantined

    monkeypatch.setattr(county, "WAIT_S", 0.1)
    with ledger.held(mine):
        done = run(folder, retries=0)
    assert "another run is at work" in done.quarantined["330521"]


def test_a_second_run_in_the_same_folder_is_refused(folder, here):
    with ledger.held(folder.parent / "out"), pytest.raises(errors.ExportError, match="another run"):
        run(folder)


def test_a_run_killed_in_the_middle_is_finished_by_the_next(folder, ran, monkeypatch):
    out = folder.parent / "out"
    command = [sys.executable, "-m", "deqing_geo", "province", str(folder / "counties.toml")]
    running = subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 120
    while not list(out.glob("counties/*/manifest.json")) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (out / "manifest.json").exists()
    monkeypatch.setattr(whole, "_lanes", lambda *_: Here(county.run_county))
    # Its process ends with it, and lets go of the county it had in hand.
    done = run(folder, resume=True)

    assert 0 < done.made < 3 and not done.quarantined
    assert digests(ran) == digests(out)


# ---------------------------------------------------------------- a cluster


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(folder, ran, here, monkeypatch, capsys):
    count = []

    def call(task):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return county.run_county(task)

    monkeypatch.setattr(here, "call", call)
    out = folder.parent / "out"
    command = ["province", str(folder / "counties.toml"), "--out", str(out)]
    assert main(command) == 130
    assert "--resume" in capsys.readouterr().err and not (out / "manifest.json").exists()
    here.tasks.clear()
    assert main([*command, "--resume"]) == 0
    assert digests(out) == digests(ran)


def test_counties_that_end_together_are_no_pace(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    # Two at a time, ten seconds each; alone, ten seconds each after five of getting ready.
    together, alone = pace.Pace(4, together=True), pace.Pace(4)
    for at in (10.0, 10.001, 20.0):
        clock[0] = 100.0 + at
        said_together = together.step()
        if at == 10.001:
            assert said_together == "2/4, 0.2/s, 还需 10 s"
    assert said_together == "3/4, 0.1/s, 还需 7 s"
    for at in (15.0, 25.0):
        clock[0] = 100.0 + at
        said_alone = alone.step()
    assert said_alone == "2/4, 0.1/s, 还需 20 s"


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_on_a_cluster_a_killed_worker_loses_nothing_and_doubles_nothing(folder, ran):
    distributed = pytest.importorskip("distributed")
    out = folder.parent / "cluster"
    listing = load_counties(folder / "counties.toml")
    struck = []

    def strike(cluster):
        until = time.monotonic() + 60
        while not struck and time.monotonic() < until:
            busy = [one.address for one in cluster.scheduler.workers.values() if one.processing]
            if list(out.glob("counties/*/.report/done")) and busy:
                nannies = {one.worker_address: one.pid for one in cluster.workers.values()}
                struck.append(nannies[busy[0]])
                os.kill(struck[0], signal.SIGKILL)
            time.sleep(0.005)

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1", silence_logs=50,
    ) as cluster:  # fmt: skip
        other = threading.Thread(target=strike, args=(cluster,))
        other.start()
        done = batch.run_province(listing, out, scheduler=cluster.scheduler_address)
        other.join()
        log = [(str(one[0]), one[1], one[2]) for one in cluster.scheduler.transition_log]
    taken_back = {key for key, was, became in log if (was, became) == ("processing", "released")}
    assert any(key.startswith("county-") for key in taken_back)
    assert struck and done.arrived == ("330521", "330522", "330523") and not done.quarantined
    assert digests(out) == digests(ran)


@pytest.mark.parametrize(
    ("address", "word"), [("10.1.2.3:8786", "like tcp"), ("tcp://127.0.0.1:9", "no scheduler")]
)
def test_a_scheduler_that_does_not_answer_is_told_of(folder, address, word, monkeypatch):
    pytest.importorskip("distributed")
    from deqing_geo.batch.province import cluster

    monkeypatch.setattr(cluster, "ANSWER_S", 0.5)
    with pytest.raises(errors.InputError, match=word):
        run(folder, scheduler=address)
    assert "STOPPED by InputError" in (folder.parent / "out" / "province.log").read_text("utf-8")


def test_without_the_extra_the_way_to_it_is_told(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(errors.InputError, match=r"deqing_geo\[cluster\]"):
        run(folder, scheduler="tcp://127.0.0.1:9")
    with contextlib.suppress(KeyError):
        assert sys.modules["distributed"] is None


def test_a_machine_with_another_program_makes_nothing(folder):
    task = tasks(folder, 1)[0]

    assert "another deqing_geo" in county.run_county(task).fault
    assert not task.folder.exists()


def test_parks_by_place_are_parks_by_the_whole_layer(made, ran):
    towns = pyogrio.read_dataframe(made / "330522" / "towns.gpkg")
    cut = ran / "counties/330522纸乙县/layers/parks.parquet"
    part, all_of_them = read_parks(cut, like=towns), read_parks(made / "parks.gpkg", like=towns)
    near = all_of_them[all_of_them.geometry.isin(part.geometry)]

    assert 0 < len(part) < len(all_of_them)
    assert part["park_name"].to_list() == near["park_name"].to_list()


def test_the_list_of_the_documentation_is_one(folder):
    text = (ROOT / "docs" / "province.md").read_text("utf-8")
    (folder / "doc.toml").write_text(re.search(r"```toml\n(.*?)```", text, re.S)[1], "utf-8")
    for name, shown in (("roads", "道路"), ("parks", "公园"), ("homes", "居住用地")):
        shutil.copy(folder / f"{name}.gpkg", folder / f"全省{shown}.gpkg")
    own = folder / "330521德清县"
    own.mkdir()
    shutil.copy(folder / "330521" / "towns.gpkg", own / "乡镇界.gpkg")
    pyogrio.write_dataframe(sample.zone(), own / "建成区.gpkg")
    listing = load_counties(folder / "doc.toml")

    assert [bool(one.fault) for one in listing.counties] == [False, True]
    assert listing.halo_m == standards.load().rule("province.halo").value == 5000
    assert listing.counties[0].recipe().products["county"] == ("map", "roads", "parks")


# ---------------------------------------------------------------- a list to begin with


def test_a_list_to_begin_with_runs_once_it_is_read_through(folder, here, capsys):
    (folder / "330521").rename(folder / "330521纸甲县")
    (folder / "counties.toml").unlink()
    new = ["province", str(folder / "counties.toml"), "--new", str(folder)]
    assert main(new) == 0
    text = (folder / "counties.toml").read_text("utf-8")
    assert 'file = "{code}{name}/towns.gpkg"' in text and "[shared.roads]" in text
    out = ["province", str(folder / "counties.toml"), "--out", str(folder.parent / "out")]
    assert main(out) == 1
    assert "line 13: [[county]] `name` must be text" in capsys.readouterr().err
    change(folder, 'name = ""', 'name = "某县"')
    assert main(out) == 4
    assert main(new) == 1
    assert "stands already" in capsys.readouterr().err
    assert main(["province", str(folder / "x.toml"), "--new", str(folder.parent)]) == 1
    assert main(["province", str(folder / "counties.toml")]) == 1


# ---------------------------------------------------------------- merging alone


def test_cells_of_unlike_kinds_are_kept_as_words(tmp_path):
    frames = {
        "a": pd.DataFrame({"x": [1, 2], "y": [None, None], "z": [1, 2]}),
        "b": pd.DataFrame({"x": ["one", None], "y": [0.5, 1.5], "w": [True, False]}),
        "c": pd.DataFrame({"x": [1.5], "z": [2.5]}).iloc[:0],
    }
    pieces = []
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
        pieces.append(merging.Piece(name, name.upper(), tmp_path / f"{name}.parquet"))
    rows = merging.merge(pieces, tmp_path / "all.parquet", {"title": "t"})
    table = pd.read_parquet(tmp_path / "all.parquet")

    assert rows == 4 and table["county_code"].to_list() == ["a", "a", "b", "b"]
    assert table["x"].fillna("-").to_list() == ["1", "2", "one", "-"]
    assert table["y"].fillna(-1).to_list() == [-1, -1, 0.5, 1.5]
    assert table["z"].fillna(-1).to_list() == [1, 2, -1, -1]
    assert table["w"].isna().to_list() == [True, True, False, False]
    assert said(tmp_path / "all.parquet") == {"title": "t"}


def test_tables_in_different_systems_are_never_merged(tmp_path):
    for name, crs in (("a", 4490), ("b", 4549)):
        sample.villages().to_crs(crs).to_parquet(tmp_path / f"{name}.parquet")
    pieces = [merging.Piece(one, one, tmp_path / f"{one}.parquet") for one in "ab"]

    with pytest.raises(ValueError, match="one system"):
        merging.merge(pieces, tmp_path / "all.parquet", {})


def test_what_is_merged_does_not_hang_on_how_large_a_part_is_given():
    town = sample.villages().iloc[[0]]
    west, south, east, _ = town.total_bounds
    far = (
        sample.roads()
        .iloc[[0]]
        .assign(geometry=[LineString([(east + 900, south - 900), (east + 950, south - 950)])])
    )
    near = (
        sample.roads()
        .iloc[[0]]
        .assign(geometry=[LineString([(west, south + 300), (east, south + 300)])])
    )
    roads = gpd.GeoDataFrame(pd.concat([*[near] * 9, far], ignore_index=True), crs=town.crs)
    roads["geometry"] = [
        line if at == 9 else line.parallel_offset(40 * at, "left")
        for at, line in enumerate(roads.geometry)
    ]
    part, whole_layer = (
        merged_around(town, roads, beyond=beyond).lines.geometry.union_all()
        for beyond in (True, False)
    )

    assert not part.intersects(far.geometry.iloc[0])
    assert whole_layer.intersects(far.geometry.iloc[0])
