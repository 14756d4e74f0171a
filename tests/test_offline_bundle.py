"""The offline bundle: closed lists, whole or nothing, and an installer that asks first.

The wheels are made here, a line of code each; the real ones are installed by `make bundle-check`.
"""

import csv
import importlib.util
import re
import shutil
import sys
import zipfile

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT


def script(name, path):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


bundle = script("offline_bundle", "offline_bundle.py")
setup = script("offline_install", "offline/install.py")
HERE = bundle.Target("linux", f"{sys.version_info[0]}.{sys.version_info[1]}")
WINDOWS = bundle.Target("windows", "3.12")
OWN_FILE = "deqing_geo-1.0-py3-none-any.whl"


def wheel(folder, name, *requires, licence="MIT", version="1.0", tag="py3-none-any"):
    folder.mkdir(exist_ok=True)
    inner = name.replace("-", "_")
    path = folder / f"{inner}-{version}-{tag}.whl"
    head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: {licence}"]
    head += [f"Provides-Extra: {extra}" for extra in ("fonts",)]
    head += [f"Requires-Dist: {text}" for text in requires]
    kind = f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n"
    with zipfile.ZipFile(path, "w") as packed:
        about = f"{inner}-{version}.dist-info"
        for part, text in (
            (f"{inner}.py", ""),
            (f"{about}/METADATA", "\n".join([*head, ""])),
            (f"{about}/WHEEL", kind),
            (f"{about}/RECORD", ""),
        ):
            packed.writestr(zipfile.ZipInfo(part), text)
    return path


def county(folder, **others):
    """Ours, with a dependency that only Windows has and one that only the extra has."""
    wheel(folder, "colours", **others)
    wheel(folder, "type-faces")
    wheel(folder, "tables", 'colours; sys_platform == "win32"')
    return wheel(folder, "deqing-geo", "tables>=1", 'type-faces; extra == "fonts"')


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    own = county(folder / "from")
    bundle.build(folder / "安装 包 (1)", [HERE, WINDOWS], wheels=folder / "from", own=own)
    return folder


@pytest.fixture
def made(once, tmp_path):
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "安装 包 (1)"


def names(out, target):
    lines = (out / "lists" / f"{target.name}.txt").read_text().splitlines()
    return [line.split("==")[0] for line in lines if "==" in line]


def test_a_list_holds_what_its_own_machine_needs_and_no_more(made):
    """pip asks the markers of the machine it runs on; a list for Windows is made on Linux."""
    assert names(made, HERE) == ["deqing-geo", "tables", "type-faces"]
    assert names(made, WINDOWS) == ["colours", "deqing-geo", "tables", "type-faces"]


def test_the_sums_name_every_file_but_themselves_and_are_true(made):
    listed = dict(line.split("  ")[::-1] for line in (made / "SHA256SUMS").read_text().splitlines())
    there = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}

    assert set(listed) == there - {"SHA256SUMS"} and list(listed) == sorted(listed)
    assert all(bundle.sha256(made / name) == digest for name, digest in listed.items())
    assert f"全部 {len(listed)} 个文件" in (made / "安装说明.html").read_text()


def test_the_same_wheels_are_the_same_bundle(made, tmp_path):
    again = tmp_path / "again"
    bundle.build(again, [HERE, WINDOWS], wheels=tmp_path / "from", own=made / "wheels" / OWN_FILE)

    assert (again / "SHA256SUMS").read_bytes() == (made / "SHA256SUMS").read_bytes()


def test_an_earlier_bundle_s_versions_are_kept_though_newer_ones_came(made, tmp_path):
    wheel(tmp_path / "from", "tables", version="2.0")
    own, out = tmp_path / "from" / OWN_FILE, tmp_path / "new"

    bundle.build(out, [HERE], wheels=tmp_path / "from", own=own)
    assert "tables==2.0 " in (out / "lists" / f"{HERE.name}.txt").read_text()
    bundle.build(out, [HERE], wheels=tmp_path / "from", own=own, like=made)
    assert "tables==1.0 " in (out / "lists" / f"{HERE.name}.txt").read_text()


def test_missing_wheels_are_named_for_every_machine_and_nothing_is_written(tmp_path):
    own = county(tmp_path / "from")
    (tmp_path / "from" / "colours-1.0-py3-none-any.whl").unlink()

    with pytest.raises(bundle.BundleError, match=r"windows-3.12: no wheel for colours"):
        bundle.build(tmp_path / "out", [HERE, WINDOWS], wheels=tmp_path / "from", own=own)
    assert not (tmp_path / "out").exists()


def test_what_may_not_be_handed_on_is_refused_by_name(tmp_path):
    own = county(tmp_path / "from", licence="GPL-3.0-or-later")

    with pytest.raises(bundle.BundleError, match=r"not to be handed on: colours.*GPL"):
        bundle.build(tmp_path / "out", [WINDOWS], wheels=tmp_path / "from", own=own)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("BSD-3-Clause AND 0BSD AND Zlib", "宽松"),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", "宽松"),
        ("SIL Open Font License 1.1", "宽松"),
        ("MPL-2.0 AND MIT", "按文件公开"),
        ("GNU Lesser General Public License v3", "不可附带"),
        ("UNKNOWN", "未写明"),
    ],
)
def test_a_licence_is_judged_by_its_hardest_words(tmp_path, licence, kind):
    assert bundle.read_wheel(wheel(tmp_path, "one", licence=licence)).kind == kind


def test_the_licences_are_one_row_a_wheel(made):
    text = (made / "许可证.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))

    assert [row["文件"] for row in rows] == sorted(
        path.name for path in (made / "wheels").iterdir()
    )
    assert {row["类别"] for row in rows} == {"宽松"}


def test_wheels_of_other_machines_do_not_fit():
    tags = {str(tag) for tag in WINDOWS.tags()}

    assert "cp312-cp312-win_amd64" in tags and "cp311-abi3-win_amd64" in tags
    assert not any("linux" in tag or "cp313" in tag for tag in tags)


def test_a_marker_counts_if_any_patch_of_the_python_answers_yes():
    early = Requirement('a; python_full_version < "3.12.4"')

    assert bundle._applies(early, WINDOWS, "") and not bundle._applies(early, WINDOWS, "fonts")


def test_the_batch_file_is_read_right_by_any_code_page(made):
    """Bytes of GB2312 are all high: none is taken for a pipe or a caret."""
    raw = (made / "install.bat").read_bytes()

    raw.decode("gbk").encode("gb2312")
    assert raw.count(b"\n") == raw.count(b"\r\n") and not raw.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("file", ["install.py", "install.sh", "page.html"])
def test_what_the_installer_says_survives_a_gbk_console(file):
    (ROOT / "scripts" / "offline" / file).read_text(encoding="utf-8").encode("gbk")


def test_the_page_asks_for_nothing_and_names_what_the_installer_says(made):
    page = (made / "安装说明.html").read_text(encoding="utf-8")
    said = (ROOT / "scripts" / "offline" / "install.py").read_text(encoding="utf-8")

    assert not re.search(r"https?:|src=|href=|@[A-Z]", page)
    for words in ("内容与校验值不符", "没有本机所需的清单", "已有别的内容", "空间不足", "试运行"):
        assert words in page and words in said


@pytest.fixture
def at(made, monkeypatch):
    monkeypatch.setattr(setup, "HERE", made)
    return made


def test_a_whole_bundle_passes_its_check(at, capsys):
    assert setup.main(["--check"]) == 0
    assert "逐一核对无误" in capsys.readouterr().out


@pytest.mark.parametrize(("deed", "word"), [("lose", "缺:"), ("spoil", "内容与校验值不符:")])
def test_a_lost_or_spoilt_wheel_is_named_before_anything_is_written(
    at, deed, word, tmp_path, capsys
):
    file = at / "wheels" / "tables-1.0-py3-none-any.whl"
    file.unlink() if deed == "lose" else file.write_bytes(b"half")

    assert setup.main(["--to", str(tmp_path / "there")]) == 1
    assert f"{word}wheels/{file.name}" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()


def test_a_folder_of_somebody_else_s_is_left_alone(at, tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "论文.txt").write_text("mine")

    assert setup.main(["--to", str(tmp_path / "there")]) == 1
    assert "已有别的内容" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["论文.txt"]


def test_a_machine_the_bundle_is_not_for_is_told_what_to_ask_for(at, monkeypatch, capsys):
    (at / "lists" / f"{HERE.name}.txt").unlink()

    assert setup.main([]) == 1
    assert HERE.name in capsys.readouterr().err


def test_another_python_is_refused(at, monkeypatch, capsys):
    monkeypatch.setattr(setup, "PYTHONS", ((3, 8),))

    assert setup.main([]) == 1
    assert "需要 Python" in capsys.readouterr().err


def old_installation(place):
    place.mkdir()
    (place / setup.DONE).write_text("old")


def test_what_stood_there_comes_back_when_the_new_one_cannot_be_filled(
    at, tmp_path, monkeypatch, capsys
):
    place = tmp_path / "there"
    old_installation(place)

    def fail(*_):
        raise setup.RefusedError("试运行失败")

    monkeypatch.setattr(setup, "fill", fail)
    assert setup.main(["--to", str(place)]) == 1
    assert (place / setup.DONE).read_text() == "old"
    assert [path.name for path in tmp_path.glob("there*")] == ["there"]


def test_after_a_cut_in_the_middle_the_next_run_installs(at, tmp_path, monkeypatch):
    place = tmp_path / "there"
    old_installation(place)
    shutil.copytree(place, tmp_path / "there.before")
    (place / setup.UNFINISHED).touch()
    (place / setup.DONE).unlink()
    monkeypatch.setattr(setup, "fill", lambda *_: None)

    assert setup.main(["--to", str(place)]) == 0
    assert sorted(path.name for path in place.iterdir()) == [setup.DONE]
    assert not (tmp_path / "there.before").exists()


def test_the_same_version_is_not_installed_twice(at, tmp_path, monkeypatch, capsys):
    filled = []
    monkeypatch.setattr(setup, "fill", lambda *_: filled.append(1))
    for extra in ([], [], ["--again"]):
        assert setup.main(["--to", str(tmp_path / "there"), *extra]) == 0

    assert len(filled) == 2 and "无需再装" in capsys.readouterr().out
