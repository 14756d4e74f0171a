"""What one town's or village's products are made from, and by what that is known again.

A sliced product is given the types of its own villages and the frame around them, and nothing
else; where these are what they were, it is the same bytes and need not be made again, whatever
changed elsewhere in the county.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from deqing_geo.batch.job import Job
from deqing_geo.batch.making import Made
from deqing_geo.batch.products import TOWN
from deqing_geo.batch.results import Results
from deqing_geo.batch.showing import AROUND_TOWN
from deqing_geo.errors import InputError

if TYPE_CHECKING:
    from deqing_geo.batch.products import Product
    from deqing_geo.batch.workers import Shop
    from deqing_geo.villages import VillageTypes


def own_part(made: Made, scope: str) -> Made:
    """All that a sliced product may see.

    Parameters
    ----------
    made : Made
        The whole county, and the unit.
    scope : {"each_town", "each_village"}
        What the unit is.

    Returns
    -------
    Made
        With the types of the unit's villages alone, and the layers of the frame.
    """
    types = _own_types(made.types, scope, made.unit)
    frame = {look: made.job.around[look] for look in AROUND_TOWN if look in made.job.around}
    job = Job(made.job.title, made.job.standard, types.table, around=frame)
    results = Results(made.results.law, None, None, types, (), None)
    return replace(made, job=job, results=results)


def _own_types(types: VillageTypes, scope: str, unit: str) -> VillageTypes:
    table = types.table
    if scope == TOWN:
        return types.of(table["town_name"] == unit)
    return types.of(pd.Series(table.index.astype(str) == unit, table.index))


class Slices:
    """The parts of a county by their content.

    Parameters
    ----------
    shop : Shop
        What products are made from.
    how : mapping of Product to str
        By what the making of each product is known, apart from what it is made from.
    """

    def __init__(self, shop: Shop, how: Mapping[Product, str]) -> None:
        self.shop, self.how = shop, how
        self._known: dict[tuple[str, str], str] = {}
        self._frame = ""

    def key(self, product: Product, unit: str, stem: str) -> str:
        """By what a product of a unit is known.

        Parameters
        ----------
        product : Product
            Which.
        unit, stem : str
            Of what, and with what its files' names begin.

        Returns
        -------
        str
            Empty where the product is not a sliced one.
        """
        if not product.sliced:
            return ""
        at = product.scope, unit
        if at not in self._known:
            made = own_part(Made(self.shop.job, self.shop.results, unit), product.scope)
            if not self._frame:
                frame = {name: made.job.around[name] for name in made.job.around}
                told = (made.job.title, made.job.standard, made.results.law)
                self._frame = _digest((told, frame))
            self._known[at] = _digest(made.types)
        said = json.dumps([self.how[product], self._frame, self._known[at], unit, stem])
        return hashlib.sha256(said.encode()).hexdigest()


def _digest(one: Any) -> str:
    return hashlib.sha256(packed(one)).hexdigest()


# ---------------------------------------------------------------- what travels


def packed(one: Any) -> bytes:
    """Anything of a run as bytes, for another process or to be known again.

    Parameters
    ----------
    one : object
        Read-only mappings travel too.

    Returns
    -------
    bytes
        To be unpickled.

    Raises
    ------
    InputError
        If it cannot travel.
    """
    buffer = io.BytesIO()
    try:
        _Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(one)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InputError(f"a layer or result cannot go to another process ({error}).") from error
    return buffer.getvalue()


def _mapping(plain: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(plain)


class _Packer(pickle.Pickler):
    def reducer_override(self, one: Any) -> Any:
        if type(one) is MappingProxyType:
            return _mapping, (dict(one),)
        return NotImplemented
