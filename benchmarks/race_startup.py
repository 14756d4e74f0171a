"""Race: how long a shell waits for ``deqing-geo --help``.

A bare interpreter is the floor and importing geopandas is what a help text would cost if
the library loaded its tools at once. The commands take turns, fifteen rounds; medians are
shown. CPU is user and system time of the child process, peak memory the child's largest
resident set (`os.wait4`); where the system has no ``wait4`` (Windows), wall time stands in
for CPU and the memory is not known.

Run it with ``python benchmarks/race_startup.py``.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
BARE = "python -c pass"
# Commands held to the bar, and how many bare interpreters they may cost.
BAR = 5.0


def commands() -> dict[str, list[str]]:
    """What is started, by the name shown; the console script only where it is installed."""
    beside = Path(sys.executable).with_name("deqing-geo")
    script = str(beside) if beside.exists() else shutil.which("deqing-geo")
    out = {BARE: [sys.executable, "-c", "pass"]}
    if script:
        out["deqing-geo --help"] = [script, "--help"]
    out["python -m deqing_geo --help"] = [sys.executable, "-m", "deqing_geo", "--help"]
    out["import deqing_geo"] = [sys.executable, "-c", "import deqing_geo"]
    out["import geopandas"] = [sys.executable, "-c", "import geopandas"]
    return out


def once(command: list[str]) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MB of one run."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        if not hasattr(os, "wait4"):
            code = process.wait()
            wall = time.perf_counter() - start
            cpu, peak = wall, math.nan
        else:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            code = process.returncode = os.waitstatus_to_exitcode(status)
            cpu = used.ru_utime + used.ru_stime
            peak = used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}")
    return cpu, wall, peak


def main() -> int:
    """Print the table; 1 if ``--help`` costs more than the bar allows."""
    racers = commands()
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in racers}
    for command in racers.values():
        once(command)  # byte code is compiled and files are read before anything is timed
    for _ in range(ROUNDS):
        for name, command in racers.items():
            runs[name].append(once(command))
    middle = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in runs.items()
    }
    print(f"Starting up: medians of {ROUNDS} runs, in turns; peak RSS of the process")
    print(f"{'command':<30}{'CPU ms':>9}{'wall ms':>9}{'MB':>7}{'x bare':>9}")
    late = False
    for name, (cpu, wall, peak) in middle.items():
        ratio = cpu / middle[BARE][0]
        late |= name.endswith("--help") and ratio > BAR
        print(f"{name:<30}{cpu * 1000:>9.1f}{wall * 1000:>9.1f}{peak:>7.0f}{ratio:>8.1f}x")
    print(f"--help is over {BAR:g} bare interpreters" if late else "--help is within the bar")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
