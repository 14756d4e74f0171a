"""Install deqing_geo from the folder this file lies in, without a network (离线安装).

    python install.py              into the user's own folder
    python install.py --to DIR     somewhere else, for instance where all users may read
    python install.py --check      only compare every file with SHA256SUMS

Needs nothing but Python itself. Everything that can be known beforehand is asked before anything is
written: the Python, each wheel and its hash, the room on the disk. What is half-installed when the
power goes is thrown away by the next run; what stood there before comes back.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS, LISTS, WHEELS = "SHA256SUMS", "lists", "wheels"
# Left in the folder while it is being filled, and when it is done.
UNFINISHED, DONE = "UNFINISHED", "installed.txt"
PYTHONS = ((3, 11), (3, 12), (3, 13))
CHUNK = 1 << 20
# Compiled modules beside the sources: what is unpacked grows by about this much.
ROOM = 1.4
# Windows without long paths; one is for the end of the string.
LONGEST_PATH = 259
NAMED = 5
# A window in which the command is known.
SHORTCUT = """@echo off\r
set "PATH=%~dp0Scripts;%PATH%"\r
cd /d "%USERPROFILE%"\r
cmd /k deqing-geo --help\r
"""
WINDOWS = os.name == "nt"


class RefusedError(Exception):
    """What keeps this from being installed, in words for the person at the machine."""


def main(argv: list[str] | None = None) -> int:
    """Return 0 when the program is installed and has run once."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description="离线安装 deqing_geo")
    parser.add_argument("--to", metavar="DIR", help="装到哪个文件夹(默认:本用户目录下)")
    parser.add_argument("--check", action="store_true", help="只核对安装包,不安装")
    parser.add_argument("--again", action="store_true", help="已装好也重装一遍")
    asked = parser.parse_args(argv)
    try:
        if asked.check:
            print(f"安装包完整:{len(check(sums()))} 个文件逐一核对无误。")
            return 0
        return install(Path(asked.to).absolute() if asked.to else usual_place(), asked.again)
    except RefusedError as why:
        print(f"未安装:{why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断,未留下半成品。", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"未安装:{error.filename or ''} {error.strerror or error}", file=sys.stderr)
        return 1


def install(place: Path, again: bool = False) -> int:
    """Check everything, then install into `place`, whole or not at all."""
    wanted = HERE / LISTS / f"{this_machine()}.txt"
    listed = sums()
    if not wanted.is_file():
        raise RefusedError(
            f"安装包中没有本机所需的清单 {LISTS}/{wanted.name},请索取含 {wanted.stem} 的安装包。"
        )
    check({wanted.relative_to(HERE).as_posix(): listed.get(f"{LISTS}/{wanted.name}", "")})
    text = wanted.read_text(encoding="ascii")
    facts = dict(line[2:].split(" ", 1) for line in text.splitlines() if line.startswith("# "))
    digests = {part[14:] for part in text.split() if part.startswith("--hash=sha256:")}
    mine = {name: digest for name, digest in listed.items() if digest in digests}
    if lost := digests - set(mine.values()):
        raise RefusedError(f"{SUMS} 中缺 {len(lost)} 个安装文件的校验值,请重新拷贝安装包。")
    check(mine)
    new_glibc(facts)
    stamp = f"{facts['version']}\n{wanted.stem}\n{hashlib.sha256(text.encode()).hexdigest()}\n"
    done = place / DONE
    if not again and done.is_file() and done.read_text(encoding="ascii") == stamp:
        print(f"{place} 中已装好同一版本,无需再装。重装请加 --again。")
        return 0
    print(f"核对无误:{len(mine)} 个安装文件。正在安装到 {place},约需几分钟......", flush=True)
    os.umask(0o022)  # for whoever else works on this machine
    with replaced(place, facts):
        fill(place, wanted)
        done.write_text(stamp, encoding="ascii", newline="\n")
    shown = place / "示例" / "map.html"
    print(f"安装完成。示例地图:{shown}")
    print(f"命令:{command(place)}")
    return 0


def this_machine() -> str:
    """The list this machine needs, such as ``windows-3.12``; refused if there can be none."""
    here = sys.version_info[:2]
    if here not in PYTHONS or sys.implementation.name != "cpython":
        raise RefusedError(
            "需要 Python 3.11、3.12 或 3.13(64 位),"
            f"现在运行的是 {platform.python_version()}({sys.executable})。"
        )
    if sys.maxsize < 2**32 or platform.machine().lower() not in ("amd64", "x86_64"):
        raise RefusedError(
            f"需要 64 位 Intel/AMD 机器上的 64 位 Python,本机是 {platform.machine()}。"
        )
    systems = {"win32": "windows", "linux": "linux"}
    if sys.platform not in systems:
        raise RefusedError(f"本安装包只用于 Windows 和 Linux,本机是 {sys.platform}。")
    return f"{systems[sys.platform]}-{here[0]}.{here[1]}"


def new_glibc(facts: dict[str, str]) -> None:
    """Refuse a Linux whose C library is older than the wheels ask for."""
    if WINDOWS or "glibc" not in facts:
        return
    kind, has = platform.libc_ver()
    numbers = [
        tuple(int(part) for part in text.split(".")[:2]) for text in (has or "0.0", facts["glibc"])
    ]
    if kind != "glibc" or numbers[0] < numbers[1]:
        raise RefusedError(
            f"系统 C 库过旧:需要 glibc {facts['glibc']} 以上,本机是 {kind or '其他'} {has}。"
        )


def sums() -> dict[str, str]:
    """Every file of the bundle and the hash it was sent with."""
    listing = HERE / SUMS
    if not listing.is_file():
        raise RefusedError(f"缺校验清单 {SUMS},安装包不完整,请重新拷贝。")
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except ValueError:
        raise RefusedError(f"校验清单 {SUMS} 已损坏,请重新拷贝安装包。") from None


def check(listed: dict[str, str]) -> dict[str, str]:
    """Refuse, with their names, files that are missing or are not what was sent."""
    missing = [name for name in sorted(listed) if not (HERE / name).is_file()]
    changed = [
        name
        for name in sorted(listed)
        if name not in missing and sha256(HERE / name) != listed[name]
    ]
    said = []
    for names, what in ((missing, "缺"), (changed, "内容与校验值不符")):
        if names:
            more = f" 等 {len(names)} 个" if len(names) > NAMED else ""
            said.append(f"{what}:" + "、".join(names[:NAMED]) + more)
    if said:
        raise RefusedError(";".join(said) + "。请重新拷贝安装包。")
    return listed


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def usual_place() -> Path:
    """Where a program of one user belongs."""
    if WINDOWS:
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    if not base or base.startswith("~"):
        raise RefusedError("找不到本用户目录,请用 --to 指定装到哪个文件夹。")
    return Path(base) / "deqing_geo"


@contextlib.contextmanager
def replaced(place: Path, facts: dict[str, str]):
    """An empty folder to install into; what stood there comes back if it cannot be filled."""
    aside = place.with_name(place.name + ".before")
    if (place / UNFINISHED).exists():
        shutil.rmtree(place)
    if aside.exists():
        # An earlier run was cut off: either it was done, or what it put aside is what counts.
        shutil.rmtree(aside) if place.exists() else os.replace(aside, place)
    if (
        place.exists()
        and not (place / DONE).is_file()
        and (place.is_file() or any(place.iterdir()))
    ):
        raise RefusedError(f"{place} 已有别的内容,请用 --to 另指定一个空文件夹。")
    if WINDOWS:
        deepest = len(str(place)) + len("\\Lib\\site-packages\\") + int(facts["longest_path"])
        if deepest > LONGEST_PATH:
            raise RefusedError(
                f"{place} 路径过长(超 {deepest - LONGEST_PATH} 字),请用 --to 指定较短的文件夹。"
            )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(place.parent).free
        need = int(int(facts["unpacked_bytes"]) * ROOM)
        if free < need:
            raise RefusedError(
                f"{place.parent} 所在磁盘空间不足:需要 {need >> 20} MB,剩余 {free >> 20} MB。"
            )
        if place.exists():
            os.replace(place, aside)
        place.mkdir()
        (place / UNFINISHED).touch()
    except OSError as error:
        if aside.exists() and not place.exists():
            os.replace(aside, place)
        cure = "请关闭正在使用它的程序,或用 --to 指定可写的文件夹。"
        raise RefusedError(f"{place} 不能写入({error.strerror or error})。{cure}") from None
    try:
        yield
        (place / UNFINISHED).unlink()
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if aside.exists() and not place.exists():
            os.replace(aside, place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def fill(place: Path, wanted: Path) -> None:
    """An environment, the wheels in it, and the first run."""
    run("建立运行环境", [sys.executable, "-I", "-m", "venv", str(place)])
    python = place / ("Scripts/python.exe" if WINDOWS else "bin/python")
    pip = [str(python), "-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]
    ours = [
        "--no-index",
        "--find-links",
        str(HERE / WHEELS),
        "--only-binary=:all:",
        "--no-cache-dir",
    ]
    # The list is closed and pinned: pip only unpacks what has the hash written there.
    exact = ["--no-deps", "--require-hashes", "--requirement", str(wanted)]
    run("安装", [*pip, "install", "--quiet", *ours, *exact])
    run("核对依赖", [*pip, "check"])
    if WINDOWS:
        (place / "打开命令行.bat").write_bytes(SHORTCUT.encode("ascii"))
    run("试运行", [str(command(place)), "demo", "--out", str(place / "示例")])
    if not (place / "示例" / "map.html").is_file():
        raise RefusedError("试运行没有生成示例地图。")


def command(place: Path) -> Path:
    """What a person types, or a shortcut points to."""
    return place / ("Scripts/deqing-geo.exe" if WINDOWS else "bin/deqing-geo")


def run(what: str, words: list[str]) -> None:
    """Run one step, quietly; if it fails, say the end of what it said."""
    print(f"  {what}", flush=True)
    foreign = ("PIP_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV")
    around = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    # Settings of this machine may name an index; nothing here may look for one.
    around |= {"PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(
            words,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise RefusedError(f"{what}失败:{error.strerror or error}") from None
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()[-8:]
        cure = ""
        if "ensurepip" in " ".join(said):
            cure = "\n本机 Python 缺少 venv 组件(Debian、Ubuntu 上名为 python3-venv),请先安装。"
        raise RefusedError(f"{what}失败(状态 {done.returncode}):\n" + "\n".join(said) + cure)


if __name__ == "__main__":
    sys.exit(main())
