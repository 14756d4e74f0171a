"""Paper Town as fixtures, real layers where they are, and no network for anybody."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import geopandas as gpd
import pytest
from hypothesis import settings

from deqing_geo import sample
from tests import counties

# The same examples on every machine, however busy it is.
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """A test that reaches for the network fails; pipes and this machine are no network."""
    connect = socket.socket.connect

    def refuse(self, address, *rest):
        if self.family == socket.AF_UNIX or (
            isinstance(address, tuple) and address[0] in ("127.0.0.1", "localhost", "::1")
        ):
            return connect(self, address, *rest)
        raise AssertionError(f"a test asked the network for {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session", autouse=True)
def _a_county_is_made_once(tmp_path_factory):
    """Workers share what they make of schematic counties, for this run alone."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "counties"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        counties.share(patch, folder)
        yield


@pytest.fixture(scope="session")
def other_hashes():
    """An environment in which strings hash otherwise than here."""
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    return {**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"}


@pytest.fixture
def villages() -> gpd.GeoDataFrame:
    return sample.villages()


@pytest.fixture
def roads() -> gpd.GeoDataFrame:
    return sample.roads()


@pytest.fixture
def parks() -> gpd.GeoDataFrame:
    return sample.parks()


@pytest.fixture
def homes() -> gpd.GeoDataFrame:
    return sample.homes()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Layers kept outside the repository."""
    folder = Path(os.environ.get("DEQING_GEO_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real layers here (DEQING_GEO_REAL_DATA)")
    return folder
