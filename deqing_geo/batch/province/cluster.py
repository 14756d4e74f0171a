"""Counties made by a cluster of `dask.distributed`: the same few calls as `lanes`.

Nothing but paths and words travels; every machine must see the same files under the same names.
"""

from __future__ import annotations

import contextlib
import queue
import re
from typing import TYPE_CHECKING, Any

from deqing_geo.batch.province.county import Done, Task, run_county
from deqing_geo.batch.province.lanes import Lost
from deqing_geo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/:]+:[0-9]+|tcp://\[[0-9a-fA-F:]+\]:[0-9]+")
# How long a scheduler may take to answer, and how often it is asked whether it still lives.
ANSWER_S, ASK_S = 10.0, 2.0
# So many counties wait at the cluster beside those in hand, so that no machine waits for us.
AHEAD = 2


class Cluster:
    """Workers of a scheduler.

    Parameters
    ----------
    address : str
        ``tcp://host:port``.
    call : callable
        What makes a county of a task.

    Raises
    ------
    InputError
        If `dask.distributed` is not installed, or nobody answers at the address.
    """

    def __init__(self, address: str, call: Callable[[Task], Done] = run_county) -> None:
        if not _ADDRESS.fullmatch(address):
            raise InputError(
                f"--scheduler {address}: write the address the scheduler shows when it starts, "
                "like tcp://10.1.2.3:8786."
            )
        try:
            import distributed
        except ImportError as error:
            raise InputError(
                "--scheduler needs dask.distributed on every machine: "
                "pip install deqing_geo[cluster]. Without it, leave --scheduler out: processes "
                "of this machine do the same."
            ) from error
        self._killed = distributed.KilledWorker
        try:
            self._client = distributed.Client(address, timeout=ANSWER_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"--scheduler {address}: no scheduler answers there. Start one with `dask "
                "scheduler` and give the address it shows."
            ) from error
        self._address, self._call = address, call
        self._futures: dict[str, Any] = {}
        self._over: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._given = 0

    def room(self) -> int:
        """How many more counties can be given now.

        Returns
        -------
        int
        """
        workers = int(sum(self._client.nthreads().values()))
        return max(workers, 1) + AHEAD - len(self._futures)

    def start(self, task: Task) -> None:
        """Give a county; what is given first is begun first.

        Parameters
        ----------
        task : Task
            Which.
        """
        code = task.county.code
        self._given += 1
        future = self._client.submit(
            self._call, task, key=f"county-{code}-{self._given}", pure=False,
            priority=-self._given,
        )  # fmt: skip
        self._futures[code] = future
        future.add_done_callback(lambda one: self._over.put((code, one)))

    def ended(self) -> list[Done | Lost]:
        """Wait until a county ends.

        Returns
        -------
        list of Done and Lost

        Raises
        ------
        InputError
            If the scheduler is gone.
        """
        while self._futures:
            try:
                code, future = self._over.get(timeout=ASK_S)
            except queue.Empty:
                if self._client.status != "running":
                    raise self._gone() from None
                continue
            if self._futures.get(code) is not future:
                continue
            del self._futures[code]
            return [self._told(code, future)]
        return []

    def _told(self, code: str, future: Any) -> Done | Lost:
        if future.status == "finished":
            done: Done = future.result()
            return done
        if future.status == "error":
            error = future.exception()
            if isinstance(error, self._killed):
                why = "every worker that took it was killed (memory?)"
                return Lost(code, why, final=True)
            return Lost(code, f"{type(error).__name__}: {error}")
        if self._client.status != "running":
            raise self._gone()
        return Lost(code, f"the scheduler gave it up ({future.status})")

    def _gone(self) -> InputError:
        return InputError(
            f"--scheduler {self._address}: it answers no more. What stands is whole: start it and "
            "give the same command again."
        )

    def close(self) -> None:
        """Take back what was not begun, and leave the cluster."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._futures.values()))
        self._client.close()
