"""The button under whatever a disk, a person or the system does to it while it is at work."""

import contextlib
import dataclasses
import errno
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from deqing_geo import batch, errors
from deqing_geo.batch import holding, ledger, making, products, slicing, trouble, workers
from deqing_geo.batch.layered import layer_digest
from deqing_geo.cli import main, shown
from deqing_geo.files.naming import MOST_BYTES, stems
from tests.killed import digests
from tests.test_press import RECIPE, layers, press  # noqa: F401

COUNTY = "\n".join(line for line in RECIPE.splitlines() if not line.startswith("each_")) + "\n"


@pytest.fixture
def folder(layers, tmp_path):  # noqa: F811
    shutil.copytree(layers, tmp_path / "in")
    write(tmp_path / "in", RECIPE)
    return tmp_path / "in"


unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals and limits")


def write(folder, text):
    (folder / "r.toml").write_text(text, encoding="utf-8")


def fewer_roads(folder):
    roads = gpd.read_file(folder / "roads.gpkg")
    other = folder / "other.gpkg"
    pyogrio.write_dataframe(roads.iloc[1:], other)
    os.replace(other, folder / "roads.gpkg")


def afresh(folder, out):
    """What a folder nobody disturbed holds."""
    done = batch.press(batch.load_recipe(folder / "r.toml"), folder.parent / "afresh")
    assert not done.failed
    return digests(folder.parent / "afresh") == digests(out)


# ---------------------------------------------------------------- killed


def killed(folder, *options):
    command = [sys.executable, "-m", "tests.killed", str(folder / "r.toml")]
    done = subprocess.run(
        [*command, str(folder.parent / "killed"), *options],
        capture_output=True,
        cwd=Path(__file__).resolve().parent.parent,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@unix
def test_killed_at_any_point_a_run_goes_on_to_the_same_bytes(folder):
    said = killed(folder, "--points", "3", "--seed", "7")
    assert len(said) == 1 + 3 and all("then the same" in line for line in said[1:])


@unix
def test_next_months_run_killed_never_mixes_with_this_months(folder):
    shutil.copytree(folder, folder.parent / "first")
    fewer_roads(folder)
    write(folder, RECIPE.replace('each_village = ["reasons"]\n', ""))
    before = folder.parent / "first" / "r.toml"
    said = killed(folder, "--points", "3", "--seed", "5", "--before", str(before))

    assert len(said) == 1 + 3


@unix
def test_processes_of_a_killed_run_write_no_further_and_the_next_run_waits_for_them(folder):
    said = killed(folder, "--points", "1", "--seed", "2", "--jobs", "2")
    assert "then the same" in said[1]


def deadly(made, folder):
    """Takes its process along, the first time."""
    marker = made.job.inputs["roads.gpkg"].parent / f"died{made.unit}"
    if not marker.exists():
        marker.write_text("once")
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / f"alive{made.stem}.txt").write_text("made")


def always_deadly(made, folder):
    os.kill(os.getpid(), signal.SIGKILL)


@unix
def test_a_process_killed_in_the_middle_costs_nothing_and_one_product_its_own(folder, monkeypatch):
    for name in ("deadly", "always_deadly"):
        one = products.Product(name, "county", "kills", f"{__name__}:{name}")
        monkeypatch.setitem(products._known, ("county", name), one)
    write(folder, COUNTY.replace('["roads"', '["roads", "deadly", "always_deadly"'))
    done = press(folder, jobs=2)

    assert list(done.failed) == ["county always_deadly"]
    assert "ended by the system" in done.failed["county always_deadly"]
    assert set(done.made) == {f"county {name}" for name in (
        "roads", "deadly", "parks", "villages", "summary",
    )}  # fmt: skip
    assert not multiprocessing.active_children()


# ---------------------------------------------------------------- interrupted, twice at once


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(folder, monkeypatch, capsys):
    out, real = folder.parent / "out", workers.make_one
    count = []

    def make_one(*given):
        count.append(1)
        if len(count) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(workers, "make_one", make_one)
    command = ["report", str(folder / "r.toml"), "--out", str(out)]
    assert main(command) == 130
    assert "--resume" in capsys.readouterr().err
    assert not (out / "manifest.json").exists() and not [*(out / ".report").glob("drafts/*")]
    assert main([*command, "--resume"]) == 0
    assert "9 products made, 3 stood already" in capsys.readouterr().out
    assert afresh(folder, out) and not (out / ".report").exists()


def test_neither_way_of_making_a_folder_enters_one_that_is_held(folder):
    out = folder.parent / "out"
    press(folder)
    before = digests(out)
    with ledger.held(out):
        with pytest.raises(ledger.HeldError, match="another run is at work"):
            press(folder)
        with pytest.raises(ledger.HeldError, match="another run is at work"):
            batch.run(batch.paper_town(), out)

    assert digests(out) == before and not (out / ledger.LOCK).exists()


def test_two_that_come_at_once_are_never_both_let_in(tmp_path):
    out, inside, most, came = tmp_path / "out", [0], [0], [0]
    guard = threading.Lock()

    def come():
        for _ in range(60):
            try:
                with ledger.held(out):
                    with guard:
                        inside[0] += 1
                        most[0] = max(most[0], inside[0])
                        came[0] += 1
                    time.sleep(0.0005)
                    with guard:
                        inside[0] -= 1
            except ledger.HeldError:
                time.sleep(0.0002)

    several = [threading.Thread(target=come) for _ in range(4)]
    for one in several:
        one.start()
    for one in several:
        one.join()

    assert most == [1] and came[0] > 10 and not (out / ledger.LOCK).exists()


def test_processes_that_do_not_end_keep_the_folder_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(holding, "_PATIENCE_S", 0.1)
    (tmp_path / holding.STATE).mkdir()
    hold = holding.working_in(tmp_path, tmp_path / holding.STATE)
    with pytest.raises(ledger.HeldError, match="still at work"), ledger.held(tmp_path):
        pass
    os.close(hold._handle)
    with ledger.held(tmp_path):
        pass


def test_a_file_of_ones_own_is_not_written_over(folder):
    out = folder.parent / "out"
    out.mkdir()
    (out / "road_density.csv").write_text("mine", "utf-8")

    done = press(folder)

    assert (out / "road_density.csv").read_text("utf-8") == "mine"
    assert list(done.failed) == ["county roads"]
    assert "was not made by" in done.failed["county roads"]
    (out / "road_density.csv").unlink()
    assert press(folder).made == ("county roads",)


def test_what_a_killed_run_left_half_written_beside_the_files_goes(folder):
    press(folder)
    out = folder.parent / "out"
    (out / "layers").mkdir()
    half = (out / ".map.html.0123abcd.part", out / "layers" / ".roads.9d2c8659.part.parquet")
    for file in (*half, out / "layers" / "roads.parquet"):
        file.write_bytes(b"half")

    press(folder)

    assert not any(file.exists() for file in half)
    assert (out / "layers" / "roads.parquet").exists()


def test_a_report_in_one_piece_writes_nothing_over_a_file_of_ones_own(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "parks.csv").write_text("mine", "utf-8")

    with pytest.raises(errors.ExportError, match=r"parks\.csv.*was not made by"):
        batch.run(batch.paper_town(), out)

    assert [(one.name, one.read_text("utf-8")) for one in out.iterdir()] == [("parks.csv", "mine")]
    (out / "parks.csv").unlink()
    batch.run(batch.paper_town(), out)
    batch.run(batch.paper_town(), out)


def test_a_disk_without_locks_is_told_from_another_run(tmp_path, monkeypatch):
    def refuse(handle, **_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(holding, "_lock", refuse)
    with pytest.raises(errors.ExportError, match="knows no locks"), ledger.held(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- layers replaced meanwhile


@pytest.mark.parametrize("moment", ["zone", "homes", "tallies"])
def test_a_layer_replaced_while_it_is_read_is_refused_and_the_folder_stays(folder, moment):
    press(folder)
    out = folder.parent / "out"
    write(folder, RECIPE.replace("练习", "下月"))
    before = digests(out)

    def tell(what, done, of):
        if what == moment:
            fewer_roads(folder)

    with pytest.raises(errors.ExportError, match=r"roads\.gpkg: replaced while it was read"):
        press(folder, tell=tell)
    assert digests(out) == before and not (out / ".report").exists()
    assert "replaced while it was read" in (out / "report.log").read_text("utf-8")


def test_a_part_of_a_layer_replaced_while_it_is_read_is_seen(folder):
    roads = gpd.read_file(folder / "roads.gpkg")
    short = [name for name in roads if len(name) <= 10]
    pyogrio.write_dataframe(roads[short], folder / "roads.shp")
    write(folder, COUNTY.replace("roads.gpkg", "roads.shp"))

    def tell(what, done, of):
        if what == "road_density":
            with (folder / "roads.dbf").open("r+b") as file:
                file.seek(1)
                file.write(b"\x01")  # only the year it was written in

    with pytest.raises(errors.ExportError, match=r"roads\.dbf: replaced"):
        press(folder, tell=tell)


def test_a_layer_that_goes_while_it_is_read_is_refused(folder):
    def tell(what, done, of):
        if what == "road_density":
            (folder / "parks.gpkg").unlink()

    with pytest.raises(errors.ExportError, match="went while it was read"):
        press(folder, tell=tell)


def test_a_layer_replaced_after_it_was_read_counts_next_time(folder):
    write(folder, COUNTY)
    out = folder.parent / "out"

    def tell(what, done, of):
        if what.startswith("county roads"):
            fewer_roads(folder)

    press(folder, tell=tell)
    kept = (out / "road_density.csv").read_bytes()
    assert set(press(folder).made) == {"county roads", "county summary"}
    assert (out / "road_density.csv").read_bytes() != kept and afresh(folder, out)


# ---------------------------------------------------------------- several layers in one file


@pytest.fixture
def one_file(folder):
    """All layers in one GeoPackage, as many offices keep them."""
    for name in ("villages", "zone", "roads", "parks", "homes"):
        frame = gpd.read_file(folder / f"{name}.gpkg")
        pyogrio.write_dataframe(frame, folder / "all.gpkg", layer=name)
    text = "\n".join(
        f'file = "all.gpkg"\nlayer = "{line.split(chr(34))[1][:-5]}"' if "file =" in line else line
        for line in RECIPE.splitlines()
    )
    write(folder, text + "\n")
    return folder


def test_of_a_file_with_several_layers_only_the_changed_one_counts(one_file):
    press(one_file)
    before = (
        layer_digest(one_file / "all.gpkg", "roads"),
        layer_digest(one_file / "all.gpkg", "parks"),
    )
    roads = gpd.read_file(one_file / "all.gpkg", layer="roads")
    pyogrio.write_dataframe(roads.iloc[1:], one_file / "all.gpkg", layer="roads")
    again = press(one_file)

    assert set(again.made) == {"county roads", "county summary"}
    assert layer_digest(one_file / "all.gpkg", "parks") == before[1]
    assert layer_digest(one_file / "all.gpkg", "roads") != before[0]
    assert afresh(one_file, one_file.parent / "out")
    # Written again as it was: nothing is to be made, and the manifest knows the file's new bytes.
    pyogrio.write_dataframe(roads.iloc[1:], one_file / "all.gpkg", layer="roads")
    assert press(one_file).made == () and afresh(one_file, one_file.parent / "out")


def test_what_a_reader_of_a_layer_can_see_counts(one_file):
    file = one_file / "all.gpkg"

    def changed(*statements):
        before = layer_digest(file, "roads")
        with contextlib.closing(sqlite3.connect(file)) as base:
            for one in statements:
                base.execute(one)
            base.commit()
        return layer_digest(file, "roads") != before

    with contextlib.closing(sqlite3.connect(file)) as base:
        # They keep the index of places, with functions only GDAL has.
        for (name,) in base.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        base.commit()

    assert layer_digest(file, "roads") == layer_digest(file, "roads") is not None
    assert not changed("UPDATE gpkg_contents SET last_change = '1999-01-01T00:00:00Z'")
    assert not changed("UPDATE parks SET park_name = 'other'")
    assert changed("UPDATE roads SET road_name = 'other' WHERE fid = 1")
    assert changed("UPDATE gpkg_geometry_columns SET srs_id = 4326 WHERE table_name = 'roads'")
    assert changed("UPDATE gpkg_spatial_ref_sys SET definition = 'odd' WHERE srs_id = 4326")
    assert changed("ALTER TABLE roads ADD COLUMN note TEXT")
    assert layer_digest(file, "absent") is None and layer_digest(one_file / "r.toml", "r") is None
    (one_file / "all.gpkg-wal").write_bytes(b"")
    assert layer_digest(file, "roads") is None


# ---------------------------------------------------------------- one village's fact


def rewritten(file, change):
    frame = change(gpd.read_file(file))
    file.unlink()
    pyogrio.write_dataframe(frame, file)


def test_one_village_that_changes_redoes_its_own_pages_and_its_towns(folder):
    press(folder)

    def cut(frame):
        last = frame["village_name"] == "丁村"
        _, _, east, north = frame.total_bounds
        corner = shapely.box(east - 50, north - 50, east, north)
        assert frame.geometry[last].intersects(corner).all()
        return frame.set_geometry(frame.geometry.where(~last, frame.geometry.difference(corner)))

    rewritten(folder / "villages.gpkg", cut)
    again = press(folder)

    assert {name for name in again.made if name.startswith("each_")} == {
        "each_town map 乙镇", "each_town table 乙镇", "each_village reasons 丁村",
    }  # fmt: skip
    assert afresh(folder, folder.parent / "out")
    assert press(folder).made == ()


def test_a_layer_all_villages_are_judged_by_redoes_only_those_it_is_other_for(folder):
    press(folder)
    villages = gpd.read_file(folder / "villages.gpkg").set_index("village_name")
    home = gpd.read_file(folder / "homes.gpkg").geometry.iloc[0]
    rewritten(folder / "homes.gpkg", lambda frame: frame.iloc[1:])
    again = press(folder)

    units = {name.split()[2] for name in again.made if name.startswith("each_village")}
    assert units == {*villages.index[villages.intersection(home).area > 0]} == {"甲村", "乙村"}
    assert {"each_town map 乙镇", "each_village reasons 丁村"} <= {*again.kept}
    assert afresh(folder, folder.parent / "out")


def test_a_sliced_product_sees_nothing_of_other_units():
    job = batch.paper_town()
    villages = job.areas.assign(town_name=["甲镇", "甲镇", "乙镇", "乙镇"], is_town_seat=False)
    job = dataclasses.replace(job, villages=villages)
    results = batch.measure(job, parts=("types", "density"))
    made = making.Made(job, results, "乙镇", "x")
    part = slicing.own_part(made, "each_town")

    assert list(part.types.table.index) == ["C", "D"] == list(part.of_town.table.index)
    assert part.results.density is None and part.job.roads is None and not part.job.inputs
    assert list(
        slicing.own_part(dataclasses.replace(made, unit="A"), "each_village").types.table.index
    ) == ["A"]


# ---------------------------------------------------------------- disks


@unix
def test_a_limit_of_the_system_fails_what_is_too_large_and_nothing_is_half_written(folder):
    import resource

    out = folder.parent / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        done = press(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "county villages" in done.failed and "each_town map 甲镇" in done.failed
    assert "county roads" in done.made and not (out / "towns" / "甲镇01村庄分类图.html").exists()
    assert max(path.stat().st_size for path in out.rglob("*")) <= 60_000
    again = press(folder)
    asked = {name for name in done.failed if " counted_" not in name}
    assert set(again.made) == asked and afresh(folder, out)


@pytest.mark.parametrize("at", [3, 8])
def test_a_full_disk_ends_the_run_at_once_and_resume_finishes_it(folder, monkeypatch, at, capsys):
    out, real, count = folder.parent / "out", os.replace, []

    def replace(old, new):
        if "drafts" in Path(old).parts and "drafts" not in Path(new).parts:
            count.append(1)
            if len(count) >= at:
                raise OSError(errno.ENOSPC, "No space left on device")
        real(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert main(["report", str(folder / "r.toml"), "--out", str(out)]) == 1
    assert "disk is full" in capsys.readouterr().err
    assert len(count) == at and not (out / "manifest.json").exists()
    assert press(folder, resume=True).kept and afresh(folder, out)


@contextlib.contextmanager
def small_disk(room, size):
    room.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(room)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(options).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        yield lambda *more: subprocess.run(["mount", "-o", f"remount,{','.join(more)}", str(room)])
    finally:
        subprocess.run(["umount", str(room)], check=True)


def test_a_disk_that_is_really_full_or_read_only(folder):
    room = folder.parent / "disk"
    with small_disk(room, "500k") as remount:
        recipe = batch.load_recipe(folder / "r.toml")
        with pytest.raises(errors.ExportError, match="disk is full"):
            batch.press(recipe, room / "out")
        assert not (room / "out" / "manifest.json").exists()
        remount("size=20m")
        assert batch.press(recipe, room / "out", resume=True).ended == "whole"
        assert afresh(folder, room / "out")
        remount("ro")
        with pytest.raises(errors.ExportError, match="cannot be written"):
            batch.press(recipe, room / "out")
        assert afresh(folder, room / "out")


def test_a_folder_taken_away_is_noticed_and_not_made_again(folder):
    out, elsewhere = folder.parent / "out", folder.parent / "elsewhere"

    def tell(what, done, of):
        if what.startswith("county villages"):
            shutil.move(out, elsewhere)

    with pytest.raises(errors.ExportError, match="removed, renamed or emptied"):
        press(folder, tell=tell)
    assert not out.exists() and not (elsewhere / "manifest.json").exists()
    shutil.move(elsewhere, out)
    assert press(folder, resume=True).kept and afresh(folder, out)


def test_a_product_removed_while_the_run_is_at_work_is_not_vouched_for(folder):
    out = folder.parent / "out"

    def tell(what, done, of):
        if what.startswith("county villages"):
            (out / "parks.csv").unlink()

    done = press(folder, tell=tell)
    assert "changed or removed" in done.failed["county parks"] and "county parks" not in done.made
    assert not (out / "park_coverage.csv").exists()
    assert press(folder).made == ("county parks",) and afresh(folder, out)


# ---------------------------------------------------------------- Windows' ways


def open_in_excel(monkeypatch, *names):
    real_replace, real_unlink = os.replace, Path.unlink

    def replace(old, new):
        if Path(new).name in names and "drafts" not in Path(new).parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        real_replace(old, new)

    def unlink(self, *rest, **options):
        if self.name in names and "drafts" not in self.parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        real_unlink(self, *rest, **options)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(Path, "unlink", unlink)


def test_a_file_open_in_excel_fails_its_product_alone_and_says_what_to_do(folder, monkeypatch):
    write(folder, COUNTY)
    press(folder)
    out = folder.parent / "out"
    fewer_roads(folder)
    with monkeypatch.context() as patch:
        open_in_excel(patch, "road_km_by_class.csv")
        done = press(folder)
    assert "close it in Excel or WPS" in done.failed["county roads"]
    assert "road_km_by_class.csv" in done.failed["county roads"]
    assert done.made == ("county summary",)
    # Half of this month's table does not stand beside half of last month's.
    assert not (out / "road_density.csv").exists()
    left = json.loads((out / "manifest.json").read_text("utf-8"))["left"]
    assert [one["file"] for one in left] == ["road_km_by_class.csv"]
    assert press(folder).made == ("county roads",) and afresh(folder, out)


def test_an_old_file_that_cannot_be_removed_is_told_until_it_goes(folder, monkeypatch, capsys):
    write(folder, COUNTY)
    press(folder)
    out = folder.parent / "out"
    write(folder, COUNTY.replace('"parks", ', ""))
    with monkeypatch.context() as patch:
        open_in_excel(patch, "parks.csv")
        for _ in range(2):
            assert main(["report", str(folder / "r.toml"), "--out", str(out)]) == 4
            assert "parks.csv is open in another program" in capsys.readouterr().out
    assert main(["report", str(folder / "r.toml"), "--out", str(out)]) == 0
    assert not (out / "parks.csv").exists() and afresh(folder, out)


def test_a_path_too_long_for_windows_is_said_so(monkeypatch):
    monkeypatch.setattr(trouble, "WINDOWS", True)
    said = trouble.said(FileNotFoundError(errno.ENOENT, "No such file"), Path("村" * 260))

    assert "too long" in said and "--out" in said
    assert trouble.said(FileNotFoundError(errno.ENOENT, "No such file"), Path("村")).endswith(
        "file"
    )


def test_no_two_units_share_a_file_and_every_disk_takes_its_name():
    names = [
        "A镇",
        "a镇",
        "CON",
        "con",
        "名 字",
        "名/字",
        "尾.",
        "村" * 200,
        "村" * 201,
        "\x00",
        "",
    ]
    found = stems(names)

    assert len({one.casefold() for one in found}) == len(names)
    assert all(len(one.encode()) <= MOST_BYTES + 12 and one.strip(". ") == one for one in found)
    assert not {one.casefold() for one in found} & {"con", "aux", ""}
    assert stems(names) == found


def test_a_village_with_an_endless_name_has_its_files(folder):
    villages = gpd.read_file(folder / "villages.gpkg")
    villages["village_name"] = ["长" * 300, "长" * 301, "尾巴.", "a:b"]
    (folder / "villages.gpkg").unlink()
    pyogrio.write_dataframe(villages, folder / "villages.gpkg")
    write(folder, RECIPE)

    assert not press(folder).failed
    assert len([*(folder.parent / "out" / "villages").iterdir()]) == 4


def test_processes_that_cannot_be_started_are_one_clear_error(folder, monkeypatch):
    monkeypatch.setattr(workers, "_move_in", os._exit)
    write(folder, COUNTY)
    with pytest.raises(errors.InputError, match="__main__"):
        press(folder, jobs=2)


# ---------------------------------------------------------------- both ways of making a folder


def test_a_report_in_one_piece_and_products_never_leave_a_mixed_folder(folder):
    out = folder.parent / "out"
    press(folder)
    (out / "notes.txt").write_text("mine")
    recipe = batch.load_recipe(folder / "r.toml")
    report = batch.run(batch.open_recipe(recipe), out, each="town")
    assert {*digests(out)} == {*report.files, "notes.txt"}
    assert not (out / "times.json").exists() and not (out / "villages").exists()

    assert len(press(folder).made) == 12
    (out / "notes.txt").unlink()
    assert afresh(folder, out) and not (out / "towns" / "manifest.json").exists()
    report = batch.run(batch.open_recipe(recipe), out)
    assert {*digests(out)} == {*report.files} and not (out / "towns").exists()


def test_a_report_that_cannot_arrive_leaves_the_products_as_they_were(folder, monkeypatch):
    out, real = folder.parent / "out", os.replace
    press(folder)
    before = digests(out)
    job = batch.open_recipe(batch.load_recipe(folder / "r.toml"))

    def replace(old, new):
        if Path(new) == out / "summary.json" and "before" not in str(old):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(errors.ExportError, match="unchanged"):
            batch.run(job, out)
    assert digests(out) == before and press(folder).made == ()


@unix
def test_a_report_killed_while_it_arrives_is_cleared_up_by_the_next_run(folder):
    out = folder.parent / "out"
    press(folder)
    (out / ".report").mkdir()
    half = out / ".0123abcd.part"
    half.mkdir()
    (half / "map.html").write_text("half")
    (out / ".report" / "known.json").write_text('{"outputs": [{"file": "old.csv"}]}')
    (out / "old.csv").write_text("of a run that was killed")
    write(folder, RECIPE.replace("练习", "下月"))

    assert len(press(folder).made) == 12
    assert not half.exists() and not (out / "old.csv").exists() and afresh(folder, out)


def test_somebodys_layer_is_not_cleared_away_whoever_made_it(folder):
    out = folder.parent / "out"
    press(folder)
    text = RECIPE.replace('"villages", ', "").replace(
        '[villages]\nfile = "villages.gpkg"', '[villages]\nfile = "../out/villages.gpkg"'
    )
    write(folder, text)
    done = press(folder)

    assert done.ended == "whole" and (out / "villages.gpkg").exists()
    assert not (out / "villages.csv").exists()


# ---------------------------------------------------------------- words


def test_a_run_that_draws_no_bar_says_where_it_is_and_how_long_still(folder, monkeypatch, capsys):
    monkeypatch.setattr(shown, "A_LINE_EACH_S", 0.0)
    assert main(["report", str(folder / "r.toml"), "--out", str(folder.parent / "out")]) == 0
    said = capsys.readouterr()

    assert "读取道路" in said.err and "测算路网密度" in said.err
    assert "county roads (" in said.err and "/s, 还需 0 s)" in said.err
    assert "做成 12 项" in said.out and "12 products made, 0 stood already" in said.out
    (said.out + said.err).encode("gbk")
    (folder.parent / "out" / "report.log").read_text("utf-8").encode("gbk")


def test_a_long_step_is_told_again_while_it_lasts(monkeypatch, capsys):
    monkeypatch.setattr(shown, "A_LINE_EACH_S", 0.02)
    with shown.followed() as tell:
        tell("road_density", 0, 4)
        said, end = "", time.monotonic() + 10
        while said.count("0/4 测算路网密度") < 2 and time.monotonic() < end:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert said.count("0/4 测算路网密度") >= 2


def test_a_run_with_nothing_to_do_loads_nothing_that_opens_layers(folder):
    press(folder)
    code = (
        "import sys\nfrom deqing_geo.cli import main\n"
        f"main(['report', {str(folder / 'r.toml')!r}, '--out', {str(folder.parent / 'out')!r}])\n"
        "print({'geopandas', 'shapely', 'pyproj', 'scipy', 'folium', 'rich'} & {*sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert b"nothing to do" in done.stdout and done.stdout.strip().endswith(b"set()")
