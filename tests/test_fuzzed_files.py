"""Files with bytes changed or missing at random: read, or refused by us; nothing else happens."""

import contextlib
import random
import shutil
import warnings

import pytest

import deqing_geo as dg
from deqing_geo import errors

from .broken.cases import ENDINGS, members, packed, squares, write

ROUNDS = 12


def spoil(raw: bytes, chance: random.Random) -> bytes:
    """A file cut short, with bytes changed, a stretch zeroed, or one repeated."""
    if not raw:
        return b"\0"
    changed = bytearray(raw)
    how = chance.randrange(4)
    at = chance.randrange(len(raw))
    if how == 0:
        return raw[:at]
    if how == 1:
        for _ in range(chance.choice((1, 8, 64))):
            changed[chance.randrange(len(raw))] = chance.randrange(256)
    elif how == 2:
        changed[at : at + 64] = bytes(min(64, len(raw) - at))
    else:
        changed[at:at] = raw[at : at + 256]
    return bytes(changed)


@pytest.mark.parametrize("ending", [*ENDINGS, "dxf", "zip"])
def test_a_spoilt_file_is_read_or_refused_and_leaves_nothing(ending, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if ending == "zip":
            packed(tmp_path, "shp", "成果/", "gbk").rename(tmp_path / "v.zip")
        elif ending == "dxf":
            lines = squares()[["geometry"]].assign(Layer="村界")
            write(lines.set_geometry(lines.boundary), tmp_path / "v.dxf")
        else:
            write(squares(), tmp_path / f"v.{ending}")
    good = tmp_path / f"v.{ending}"
    parts = members(good)
    chance = random.Random(ending)
    for turn in range(ROUNDS):
        folder = tmp_path / str(turn)
        bad = folder / good.name
        shutil.copytree(good, bad) if good.is_dir() else folder.mkdir()
        for part in [] if good.is_dir() else parts:
            shutil.copy(part, folder / part.name)
        part = chance.choice(members(bad))
        part.write_bytes(spoil(part.read_bytes(), chance))
        before = sorted(file.name for file in folder.rglob("*"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Anything else that is raised fails the test.
            with contextlib.suppress(errors.DeqingGeoError):
                dg.read_villages(bad, **({"assume_crs": 4549} if ending == "dxf" else {}))
        assert sorted(file.name for file in folder.rglob("*")) == before
