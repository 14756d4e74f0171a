"""Run install.bat under wine, with a stand-in for Python that writes down how it was called.

    python scripts/check_batch.py

This shows that the batch file is read as meant on code page 936, finds the right Python, hands on
its arguments whole, and says so when there is none. It shows nothing of Windows itself: no real
Python runs here, no wheel is installed, and wine's cmd is not Microsoft's. Takes wine and MinGW
(Debian: wine, wine64, gcc-mingw-w64-x86-64, locales); without them it says so and does nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
COMPILER = "x86_64-w64-mingw32-gcc"
# Answers a question (-c) with yes if KNOWN holds what it was called as, and notes all its words.
STAND_IN = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char text[8192];
static const char *utf8(const wchar_t *word) {
    WideCharToMultiByte(CP_UTF8, 0, word, -1, text, sizeof text, 0, 0);
    return text;
}
int wmain(int argc, wchar_t **argv) {
    char self[MAX_PATH], asked[64] = "";
    GetModuleFileNameA(0, self, MAX_PATH);
    FILE *notes = fopen("C:\\notes.txt", "ab");
    fprintf(notes, "%s", strrchr(self, '\\') + 1);
    int question = 0;
    for (int at = 1; at < argc; at++) {
        fprintf(notes, "\t%s", utf8(argv[at]));
        question |= !wcscmp(argv[at], L"-c");
    }
    fprintf(notes, "\n");
    fclose(notes);
    const char *known = getenv("KNOWN"), *end = getenv("ENDS");
    if (!question) return end ? atoi(end) : 0;
    snprintf(asked, sizeof asked, "[%s]", argv[1][1] == '3' ? utf8(argv[1] + 1) : "python");
    return known && strstr(known, asked) ? 0 : 1;
}
"""
BUNDLE, ELSEWHERE = r"C:\规划 & 办公室\安装包 (1)", r"C:\软件 (2)"
HAND_OVER = ["-I", rf"{BUNDLE}\install.py"]
TO = r"D:\软件 (2)\德 清"


class Wine:
    """A Windows of code page 936 that lasts as long as its folder."""

    def __init__(self, folder: Path) -> None:
        self.drive = folder / "wine" / "drive_c"
        (folder / "home").mkdir()
        names = folder / "names"
        names.mkdir()
        words = ["localedef", "-i", "zh_CN", "-f", "UTF-8", str(names / "zh_CN.UTF-8")]
        subprocess.run(words, check=True, capture_output=True)
        self.around = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "WINEPREFIX": str(folder / "wine"),
            "WINEDEBUG": "-all",
            "LOCPATH": str(names),
            "LC_ALL": "zh_CN.UTF-8",
            "NOPAUSE": "1",
        }
        self.run("ver")

    def put(self, place: str, content: bytes) -> None:
        """A file, by its name on Windows."""
        path = self.drive.joinpath(*place.removeprefix("C:\\").split("\\"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(self, *lines: str, **around: str) -> tuple[int, str, list[list[str]]]:
        """Status, what was said, and the stand-in's notes, of lines in a batch file."""
        notes = self.drive / "notes.txt"
        notes.unlink(missing_ok=True)
        if self.drive.exists():
            job = "\r\n".join(["@echo off", *lines, 'if not "%ERRORLEVEL%"=="0" exit 1', ""])
            self.put(r"C:\job.bat", job.encode("gbk"))
        words = ["wine", "cmd", "/c", r"C:\job.bat" if self.drive.exists() else lines[0]]
        done = subprocess.run(
            words, env=self.around | around, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=180, check=False,
        )  # fmt: skip
        noted = notes.read_text("utf-8").splitlines() if notes.exists() else []
        return done.returncode, done.stdout.decode("gbk"), [line.split("\t") for line in noted]


def main() -> int:
    """Return 0 when the batch file does what it should, or cannot be tried here."""
    lacking = [name for name in ("wine", COMPILER, "localedef") if not shutil.which(name)]
    if lacking:
        print(f"install.bat was not run: no {', no '.join(lacking)} here")
        return 0
    with tempfile.TemporaryDirectory(prefix="deqing-batch-") as name:
        folder = Path(name)
        (folder / "stand_in.c").write_text(STAND_IN, "ascii")
        made = folder / "python.exe"
        subprocess.run(
            [COMPILER, "-municode", "-o", str(made), str(folder / "stand_in.c")], check=True
        )
        wine = Wine(folder)
        try:
            faults = tried(wine, made.read_bytes())
        finally:
            subprocess.run(["wineserver", "-k"], env=wine.around, check=False)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"install.bat under wine: {'; '.join(faults) or 'as it should'}")
    return 1 if faults else 0


def tried(wine: Wine, stand_in: bytes) -> list[str]:
    """What went otherwise than it should."""
    wine.put(rf"{BUNDLE}\install.bat", _part("offline_bundle").batch_file())
    for name in (r"C:\both\py.exe", r"C:\both\python.exe", r"C:\one\python.exe"):
        wine.put(name, stand_in)
    wine.put(rf"{ELSEWHERE}\our python.exe", stand_in)
    call = rf'call "{BUNDLE}\install.bat"'
    own = rf"{ELSEWHERE}\our python.exe"
    faults = []
    for what, words, around, status, last in (
        ("no Python", "", {"WINEPATH": r"C:\windows"}, 1, None),
        ("an old Python", "", {"WINEPATH": r"C:\both", "KNOWN": "[3.8]"}, 1, None),
        ("the newest of two", rf' --to "{TO}"', {"WINEPATH": r"C:\both", "KNOWN": "[3.12][3.11]"},
         0, ["py.exe", "-3.12", *HAND_OVER, "--to", TO]),
        ("no launcher", " --check", {"WINEPATH": r"C:\one", "KNOWN": "[python]"},
         0, ["python.exe", *HAND_OVER, "--check"]),
        ("a Python by name", "", {"WINEPATH": r"C:\both", "PYTHON": own, "KNOWN": "[python][3.13]"},
         0, ["our python.exe", *HAND_OVER]),
        ("one in quotes", "", {"WINEPATH": r"C:\both", "PYTHON": f'"{own}"', "KNOWN": "[python]"},
         0, ["our python.exe", *HAND_OVER]),
        ("a failure", "", {"WINEPATH": r"C:\both", "KNOWN": "[3.13]", "ENDS": "7"},
         1, ["py.exe", "-3.13", *HAND_OVER]),
    ):  # fmt: skip
        ended, said, notes = wine.run(call + words, **around)
        calls = [note for note in notes if "-c" not in note]
        if last is None:
            right = not calls and "未找到 64 位 Python" in said and "No 64-bit Python" in said
        else:
            right = calls == [last] and said == ""
        if not right or ended != status:
            faults.append(f"{what}: status {ended}, said {said!r}, called {notes}")
    place = r"C:\规划 办公室\软 件 (1)"
    wine.put(rf"{place}\打开命令行.bat", _part("offline/install").SHORTCUT.encode("ascii"))
    wine.put(rf"{place}\Scripts\deqing-geo.exe", stand_in)
    _, _, notes = wine.run(rf'call "{place}\打开命令行.bat"')
    if notes != [["deqing-geo.exe", "--help"]]:
        faults.append(f"the shortcut: called {notes}")
    return faults


def _part(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(name).name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


if __name__ == "__main__":
    sys.exit(main())
