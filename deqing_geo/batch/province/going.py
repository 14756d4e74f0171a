"""All counties through whatever makes them; one that failed comes again, and is told of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from deqing_geo.batch.province.county import Done, Task
from deqing_geo.batch.province.lanes import Lanes, Lost


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended with a county.

    Attributes
    ----------
    task : Task
        The county.
    done : Done
        The last try; its ``fault`` is empty where all stands.
    tries : int
        How often it was begun.
    """

    task: Task
    done: Done
    tries: int


def through(
    tasks: Sequence[Task], lanes: Lanes, retries: int, hear: Callable[[str], None]
) -> Iterator[Ended]:
    """Every county to its end.

    Parameters
    ----------
    tasks : sequence of Task
        In the order they are begun.
    lanes : Lanes
        What makes them.
    retries : int
        How often a county that failed is tried again.
    hear : callable
        Is told of every failed try.

    Yields
    ------
    Ended
        Of every task once.
    """
    waiting = deque(tasks)
    known = {task.county.code: task for task in tasks}
    tries = dict.fromkeys(known, 0)
    while known:
        while waiting and lanes.room() > 0:
            task = waiting.popleft()
            tries[task.county.code] += 1
            lanes.start(task)
        for one in lanes.ended():
            task, count = known[one.code], tries[one.code]
            fault = one.why if isinstance(one, Lost) else one.fault
            final = isinstance(one, Lost) and one.final
            if fault and count <= retries and not final:
                hear(f"{task.county.code} {task.county.name}, try {count}: {fault}")
                # What its process left is whole, and is taken up.
                known[one.code] = replace(task, resume=True)
                waiting.append(known[one.code])
                continue
            del known[one.code]
            done = Done(one.code, one.why, lost=True) if isinstance(one, Lost) else one
            yield Ended(task, done, count)
