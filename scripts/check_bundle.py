"""Build an offline bundle, install from it with the network closed, run the main job.

    python scripts/check_bundle.py                 # Linux, the Python this runs on
    python scripts/check_bundle.py --bundle DIR    # one that stands

Everything a machine in an office may be is tried at once: folders with Chinese characters,
spaces and brackets, a home nobody can write to, a console in GBK, a second user who may only read.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "/nonexistent/home"
# Nobody listens there; it closes pip's road where a namespace of one's own is not allowed.
CLOSED = {
    "PIP_NO_INDEX": "1",
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
}
NOBODY = 65534


def main() -> int:
    """Return 0 when the bundle installs and the program runs from it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, help="a bundle that stands; by default one is built")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deqing-check-") as name:
        folder = Path(name)
        # A second user has to come through.
        folder.chmod(0o755)
        bundle = asked.bundle
        if bundle is None:
            bundle = folder / "安装 包 (1)"
            python = f"{sys.version_info[0]}.{sys.version_info[1]}"
            words = [sys.executable, str(ROOT / "scripts" / "offline_bundle.py"), str(bundle)]
            subprocess.run([*words, "--system", "linux", "--python", python], check=True)
        place = folder / "软 件" / "德 清 (2)"
        around = {"PATH": os.environ["PATH"], "HOME": NOWHERE, **CLOSED}
        shell = ["sh", str(bundle / "install.sh"), "--to", str(place)]
        _closed(shell, {**around, "PYTHON": sys.executable}, folder)
        command = place / "bin" / "deqing-geo"
        strict = {**around, "PYTHONIOENCODING": "gbk", "PYTHONWARNINGS": "default"}
        said = _closed([str(command), "demo", "--out", "成 果"], strict, folder)
        if "Warning" in said or not (folder / "成 果" / "map.html").is_file():
            print(f"the demo did not run as it should:\n{said}", file=sys.stderr)
            return 1
        _second_user(command, strict, folder)
    print("the bundle installs and runs with the network closed")
    return 0


def _second_user(command: Path, around: dict[str, str], folder: Path) -> None:
    if os.geteuid() or not shutil.which("setpriv"):
        print("a second user was not tried: that takes root and setpriv")
        return
    theirs = folder / "别人的"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reads = [*who, str(command.parent / "python"), "-c", "pass"]
    if subprocess.run(reads, env=around, capture_output=True, check=False).returncode:
        print("a second user was not tried: this Python lies where others may not read")
        return
    _closed([*who, str(command), "demo", "--out", str(theirs / "成 果")], around, folder)


def _closed(words: list[str], around: dict[str, str], folder: Path) -> str:
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
