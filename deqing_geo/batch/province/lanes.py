"""Where counties are made: processes of this machine, or whatever offers the same few calls.

A process that is ended from outside takes one county along, which is told and made again by
whoever gave it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from deqing_geo.batch.province.county import Done, Task, run_county

if TYPE_CHECKING:
    from collections.abc import Callable

# A process ends after so many counties, or once it has held so much memory: whatever a library
# keeps goes with it.
COUNTIES_A_PROCESS, MOST_MB = 8, 2048.0


@dataclass(frozen=True, slots=True)
class Lost:
    """A county whose process is no more.

    Attributes
    ----------
    code : str
        Of the county.
    why : str
        What is known of the end.
    final : bool
        Whether it was tried often enough by whoever lost it.
    """

    code: str
    why: str
    final: bool = False


class Lanes(Protocol):
    """Where counties are made."""

    def room(self) -> int:
        """How many more counties can be given now.

        Returns
        -------
        int
        """

    def start(self, task: Task) -> None:
        """Give a county.

        Parameters
        ----------
        task : Task
            Which; it is made some time.
        """

    def ended(self) -> list[Done | Lost]:
        """Wait until a county ends.

        Returns
        -------
        list of Done and Lost
            At least one, unless none was given.
        """

    def close(self) -> None:
        """End what runs."""


class Processes:
    """Processes of this machine, each with one county at a time.

    Parameters
    ----------
    jobs : int
        How many.
    call : callable
        What makes a county of a task.
    """

    def __init__(self, jobs: int, call: Callable[[Task], Done] = run_county) -> None:
        self._jobs, self._call = jobs, call
        self._context = multiprocessing.get_context("spawn")
        self._idle: list[_Process] = []
        self._busy: dict[str, _Process] = {}

    def room(self) -> int:
        """How many more counties can be given now.

        Returns
        -------
        int
        """
        return self._jobs - len(self._busy)

    def start(self, task: Task) -> None:
        """Give a county.

        Parameters
        ----------
        task : Task
            Which.
        """
        while self._idle:
            process = self._idle.pop()
            with contextlib.suppress(OSError):
                process.pipe.send(task)
                self._busy[task.county.code] = process
                return
            process.end()
        process = _Process(self._context, self._call)
        # One that died at once is told of as any other.
        with contextlib.suppress(OSError):
            process.pipe.send(task)
        self._busy[task.county.code] = process

    def ended(self) -> list[Done | Lost]:
        """Wait until a county ends.

        Returns
        -------
        list of Done and Lost
        """
        if not self._busy:
            return []
        # A process that dies closes its end of the pipe, so the pipe tells both.
        ready = multiprocessing.connection.wait([one.pipe for one in self._busy.values()])
        out: list[Done | Lost] = []
        for code, process in list(self._busy.items()):
            if process.pipe not in ready:
                continue
            del self._busy[code]
            try:
                done: Done = process.pipe.recv()
            except (EOFError, OSError):
                out.append(Lost(code, process.end()))
                continue
            process.made += 1
            out.append(done)
            if process.made >= COUNTIES_A_PROCESS or done.peak_mb > MOST_MB:
                process.end()
            else:
                self._idle.append(process)
        return out

    def close(self) -> None:
        """End what runs."""
        for process in [*self._idle, *self._busy.values()]:
            process.end()
        self._idle, self._busy = [], {}


class _Process:
    """A process and the pipe to it."""

    def __init__(self, context: Any, call: Callable[[Task], Done]) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, call), daemon=True)
        self.process.start()
        theirs.close()
        self.made = 0

    def end(self) -> str:
        """How it ended; a process that still lives is ended."""
        self.pipe.close()
        self.process.join(0.5)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()
        number = self.process.exitcode
        if number is None or number >= 0:
            return f"its process ended (exit status {number})"
        return f"its process was ended by the system (signal {-number}; memory?)"


def _work(pipe: Any, call: Callable[[Task], Done]) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A process whose run was killed must not write on into folders another run holds.
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # Whoever interrupts the run ends its processes through it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(call(pipe.recv()))


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
