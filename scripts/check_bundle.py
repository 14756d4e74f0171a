"""Build an offline bundle, install from it with the network closed, run the main jobs.

    python scripts/check_bundle.py                 # Linux, the Python this runs on
    python scripts/check_bundle.py --bundle DIR    # one that stands, with all its lists

Every list is resolved anew by uv, which answers dependency markers as the machine it is asked
for would. Then everything a machine in an office may be is tried at once: folders with Chinese
characters, spaces and brackets, a home nobody can write to, a console in GBK, a second user who
may only read. What the batch file does is tried by `check_batch.py`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "/nonexistent/home"
# Nobody listens there; it closes pip's road where a namespace of one's own is not allowed.
CLOSED = {
    "PIP_NO_INDEX": "1",
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
}
NOBODY = 65534
# By way of a shell: setpriv itself still opens what only root may.
SECOND = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
SECOND += ["sh", "-c", 'exec "$0" "$@"']
# As uv calls the machines; the oldest C library of offices is the bundle's.
PLATFORMS = {"windows": "x86_64-pc-windows-msvc", "linux": "x86_64-manylinux_2_28"}
VERSION = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
PRODUCTS = '\n[products]\ncounty = ["roads", "villages", "summary"]\neach_town = ["map"]\n'


def main() -> int:
    """Return 0 when the bundle installs and the program runs from it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="a bundle that stands; by default one is built")
    parser.add_argument("--python", help="to install with; by default one a second user may run")
    asked = parser.parse_args()
    second = not os.geteuid() and shutil.which("setpriv") is not None
    python = asked.python or _python(second)
    with tempfile.TemporaryDirectory(prefix="deqing-check-") as name:
        folder = Path(name)
        # A second user has to come through.
        folder.chmod(0o755)
        bundle = asked.bundle
        if bundle is None:
            bundle = folder / "规划 办公室" / "安装 包 (1)"
            words = [sys.executable, str(ROOT / "scripts" / "offline_bundle.py"), str(bundle)]
            kind = ["--system", "linux", "--python", _version([python])]
            subprocess.run([*words, *kind], check=True)
        for listed in sorted((bundle / "lists").iterdir()):
            _resolve(bundle, listed)
        place = folder / "规划 办公室" / "软 件" / "德 清 (2)"
        around = {"PATH": os.environ["PATH"], "HOME": NOWHERE, **CLOSED}
        shell = ["sh", str(bundle.absolute() / "install.sh"), "--to", str(place)]
        _closed(shell, {**around, "PYTHON": python}, folder)
        who = SECOND if second and _version([*SECOND, str(place / "bin" / "python")]) else []
        if not who:
            print("a second user was not tried: that takes root, setpriv and a Python all may run")
        _work(place / "bin" / "deqing-geo", around, folder, who)
    print("the bundle installs and runs with the network closed")
    return 0


def _python(second: bool) -> str:
    """The one that runs this, or the system's where only that is for everybody."""
    if second:
        for one in (sys.executable, "/usr/bin/python3"):
            if _version([*SECOND, one]) in ("3.11", "3.12", "3.13"):
                return one
    return sys.executable


def _version(python: list[str]) -> str:
    done = subprocess.run([*python, "-I", "-c", VERSION], capture_output=True, text=True)
    return done.stdout.strip() if not done.returncode else ""


def _resolve(bundle: Path, listed: Path) -> None:
    """Ask for this library alone, on that machine: what is found must be the list, hash by hash."""
    import uv

    system, python = listed.stem.split("-")
    words = [uv.find_uv_bin(), "pip", "install", "--dry-run", "--offline", "--no-cache"]
    words += ["--no-config", "--no-build", "--no-index", "--find-links", str(bundle / "wheels")]
    words += ["--python-platform", PLATFORMS[system], "--python-version", python]
    words += ["--target", str(bundle.parent / "never written"), "--python", sys.executable]
    pinned = {line.split(" ")[0] for line in listed.read_text("ascii").splitlines() if "==" in line}
    for what in (["deqing-geo[fonts]"], ["--require-hashes", "--requirement", str(listed)]):
        done = subprocess.run([*words, *what], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{listed.name}: {done.stderr}")
        found = re.findall(r"^ \+ ([a-z0-9-]+==\S+)", done.stderr, re.MULTILINE)
        found = {re.sub(r"==(.*) \(from .*", r"==\1", one) for one in found}
        if found != pinned:
            raise SystemExit(f"{listed.name} is not what is needed: {sorted(found ^ pinned)}")
    print(f"{listed.name}: resolved to its {len(pinned)} wheels")


def _work(command: Path, around: Mapping[str, str], folder: Path, who: list[str]) -> None:
    """The month's work, by somebody who may only read the installation; nothing is left behind."""
    theirs, passing = folder / "别 人", folder / "临 时"
    for one in (theirs, passing):
        one.mkdir()
        if who:
            os.chown(one, NOBODY, NOBODY)
    strict = {
        **around,
        "PYTHONIOENCODING": "gbk",
        "PYTHONWARNINGS": "default",
        "TMPDIR": str(passing),
    }
    recipe = theirs / "示意 县" / "recipe.toml"
    for words, made in (
        (["demo", "--out", "成 果", "--atlas"], "成 果/atlas"),
        (["sample", "--out", "示意 县"], "示意 县/recipe.toml"),
        (["report", "示意 县/recipe.toml", "--out", "月 报", "--jobs", "2"], "月 报/manifest.json"),
        (["export", "月 报", "--out", "导 出", "--formats", "gpkg,gdb,shp,xlsx"], "导 出"),
    ):
        said = _closed([*who, str(command), *words], strict, theirs)
        left = [path.name for path in passing.iterdir()]
        # A letter the console does not have would stand there as a question mark.
        bad = [word for word in ("arning", "matplotlib", "?") if word in said]
        if bad or left or not (theirs / made).exists():
            raise SystemExit(f"{words[0]}: said {bad}, left {left}, of all this:\n{said}")
        print(f"{words[0]}: as it should")
        if words[0] == "sample":
            text = recipe.read_text("utf-8").partition("\n[products]")[0]
            recipe.write_text(text + PRODUCTS, "utf-8")


def _closed(words: list[str], around: Mapping[str, str], folder: Path) -> str:
    """Run with no network but the closed one; what it printed, in GBK where it was told so."""
    alone = ["unshare", "--net"]
    if shutil.which("unshare") and not subprocess.run([*alone, "true"], check=False).returncode:
        words = [*alone, *words]
    done = subprocess.run(
        words, env=around, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    said = done.stdout.decode(around.get("PYTHONIOENCODING", "utf-8"), "replace")
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{said}\nstatus {done.returncode}")
    return said


if __name__ == "__main__":
    sys.exit(main())
