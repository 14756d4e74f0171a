"""matplotlib, loaded the first time something is measured or drawn.

It keeps a list of the machine's fonts in the user's home. Where nobody can write there, as for a
second user of an office's machine, it takes a folder of its own for as long as the process lives;
that is all the atlas needs, and nothing a planner could or should mend.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterator
from types import ModuleType

from deqing_geo.errors import ExportError

# Where matplotlib looks if told to; it names its folder for this process here too.
SETTING = "MPLCONFIGDIR"
# Its one function that looks for a folder.
LOOKS = "_get_config_or_cache_dir"
# Where fontconfig keeps its list, if told to.
CACHES = "XDG_CACHE_HOME"


def load() -> ModuleType:
    """matplotlib, with what it needs to write set right.

    A folder somebody chose by MPLCONFIGDIR and that cannot be written is still told of: that
    is a slip of theirs.

    Returns
    -------
    module
        ``matplotlib``.

    Raises
    ------
    ExportError
        If there is no folder at all that can be written to.
    """
    return _loaded()[0]


@contextlib.contextmanager
def listing() -> Iterator[None]:
    """While matplotlib asks fontconfig for the machine's fonts.

    fontconfig too keeps a list in the home, and complains on the console of one it cannot write.
    It is given matplotlib's own folder, where that had to take one.
    """
    _, folder = _loaded()
    if folder is None or os.environ.get(CACHES):
        yield
        return
    os.environ[CACHES] = folder
    try:
        yield
    finally:
        del os.environ[CACHES]


@functools.cache
def _loaded() -> tuple[ModuleType, str | None]:
    """matplotlib, and the folder it took because there was no other."""
    chosen = bool(os.environ.get(SETTING))
    log = logging.getLogger("matplotlib")

    def wanted(record: logging.LogRecord) -> bool:
        return chosen or record.funcName != LOOKS

    log.addFilter(wanted)
    try:
        import matplotlib

        # Both are asked once in a process and remembered.
        matplotlib.get_configdir()
        matplotlib.get_cachedir()
    except OSError as error:
        raise ExportError(
            "the atlas needs a folder for its list of fonts, and neither the home nor the folder "
            f"for temporary files can be written to ({error.strerror or error}). Set TMPDIR "
            "(Windows: TEMP) to one that can."
        ) from error
    finally:
        log.removeFilter(wanted)
    return matplotlib, None if chosen else os.environ.get(SETTING)
