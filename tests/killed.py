"""Kill -9 a run at points drawn by chance, go on, and compare with one that nobody disturbed.

    python -m tests.killed RECIPE.toml FOLDER --points 20 --seed 1 [--jobs 2]

A point is one touch of the folder: a file opened, moved or removed, a folder made or removed;
the run is killed before it. With ``--jobs 2`` a point is a product that has arrived, and the
processes of the killed run are left behind. After each kill every file that stands must be one
of the undisturbed run's, byte for byte, or one of the folder's former content; ``--resume`` must
then give the same folder. FOLDER must be empty: its former content is a first run of
``--before RECIPE``, where that is given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from deqing_geo import batch
from deqing_geo.batch import ledger

APART = (ledger.LOG, ledger.TIMES, ledger.LOCK)
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def digests(out: Path) -> dict[str, str]:
    """Every file by its bytes; what a run that has not ended keeps stands apart."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and path.name not in APART
        and ledger.STATE not in (name := path.relative_to(out).as_posix()).split("/")
    }


def in_a_fork(work: Callable[[], None]) -> int:
    """The status of a process of its own that has all libraries already."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_touch(out: Path, point: int, told: Path | None = None) -> None:
    """From here on touches of the folder are counted, and one of them is the last."""
    count = 0
    inside = os.fspath(out) + os.sep

    def watch(event: str, given: tuple[object, ...]) -> None:
        nonlocal count
        if event not in TOUCHES or not isinstance(given[0], str | os.PathLike):
            return
        if os.fspath(given[0]).startswith(inside):
            if count == point:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            if told is not None:
                with open(os.open(told, os.O_WRONLY | os.O_CREAT), "w") as file:
                    file.write(str(count))

    sys.addaudithook(watch)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    # Loaded once, so that what is counted and killed is the run.
    from deqing_geo.batch import job, making, results, workers  # noqa: F401

    def press(recipe: Path, out: Path, **options: object) -> None:
        done = batch.press(batch.load_recipe(recipe), out, **options)
        assert not done.failed, done.failed

    former = folder / "former"
    former.mkdir(parents=True)
    if asked.before:
        assert in_a_fork(lambda: press(asked.before, former)) == 0
    whole = folder / "whole"
    shutil.copytree(former, whole)
    told = folder / "touches.txt"

    def undisturbed() -> None:
        if asked.jobs == 1:
            at_touch(whole, -1, told)
        press(asked.recipe, whole)

    assert in_a_fork(undisturbed) == 0
    wanted, old = digests(whole), digests(former)
    made = json.loads((whole / ledger.TIMES).read_text("utf-8"))["seconds"]
    total = int(told.read_text()) if asked.jobs == 1 else len(made)
    points = random.Random(asked.seed).sample(range(total), min(asked.points, total))
    print(f"{len(wanted)} files, {total} points, seed {asked.seed}, jobs {asked.jobs}")
    for number, point in enumerate(sorted(points), start=1):
        out = folder / f"killed{number}"
        shutil.copytree(former, out)

        def killed(out: Path = out, point: int = point) -> None:
            if asked.jobs == 1:
                at_touch(out, point)
                press(asked.recipe, out)
                return

            def tell(what: str, done: int, of: int) -> None:
                if of == total and done == point + 1:
                    os.kill(os.getpid(), signal.SIGKILL)

            press(asked.recipe, out, jobs=asked.jobs, tell=tell)

        status = in_a_fork(killed)
        assert status == -signal.SIGKILL, f"point {point}: not killed ({status})"
        with ledger.held(out):  # waits for processes that were left behind
            left = digests(out)
        strange = [
            name
            for name, digest in left.items()
            if digest not in (wanted.get(name), old.get(name)) and ".part" not in name
        ]
        assert not strange, f"point {point}: {strange}"
        if "manifest.json" in left:
            # Not begun, or just ended: the folder is what its manifest says.
            said = json.loads((out / "manifest.json").read_text("utf-8"))["outputs"]
            assert all(left[one["file"]] == one["sha256"] for one in said), f"point {point}"
        assert in_a_fork(lambda out=out: press(asked.recipe, out, resume=True)) == 0
        found = digests(out)
        differ = sorted(name for name in found | wanted if found.get(name) != wanted.get(name))
        assert not differ, f"point {point}: {differ}"
        assert not (out / ledger.STATE).exists()
        again = json.loads((out / ledger.TIMES).read_text("utf-8"))["seconds"]
        print(
            f"{number:3} killed before touch {point}: {len(left)} files stood, "
            f"{len(again)} of {len(made)} products made again, then the same",
            flush=True,
        )
        shutil.rmtree(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
