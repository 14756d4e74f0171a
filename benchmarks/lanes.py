"""What the races share: one lane in a process of its own, its CPU seconds and its memory."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def measure(call: Callable[[], list[float]], repeats: int) -> dict[str, Any]:
    """Answer, best CPU seconds and peak memory of a call."""
    before = _peak_mb()
    seconds = []
    answer: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        answer = call()
        seconds.append(time.process_time() - start)
    return {"answer": answer, "cpu_s": min(seconds), "peak_mb": _peak_mb() - before}


def in_own_process(script: str, lane: str, counties: int) -> dict[str, Any]:
    """One lane of a race at one size, in a fresh process."""
    command = [sys.executable, script, "--lane", lane, "--counties", str(counties)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Slope of log seconds over log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
