"""Names of ten bytes for the fields of a shapefile, the same for the same columns.

Nothing is shortened twice the same way by chance: a name that is taken gets a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from deqing_geo.columns import SHAPEFILE_NAME

_VOWELS = re.compile(r"(?<=[a-z])[aeiou](?=[a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def short_names(columns: Sequence[str]) -> dict[str, str]:
    """Each column's name in a shapefile.

    Parameters
    ----------
    columns : sequence of str
        As frames have them, in any script.

    Returns
    -------
    dict of str to str
        At most ten ASCII letters each, none twice; what fits stays as it is.

    Examples
    --------
    >>> short_names(["road_km", "service_radius", "备注"])
    {'road_km': 'road_km', 'service_radius': 'srvce_rds', '备注': 'f3'}
    """
    fits = {one for one in columns if _fits(one)}
    taken = {one.casefold() for one in fits}
    out = {}
    for at, column in enumerate(columns, start=1):
        if column in fits:
            out[column] = column
            continue
        name = _shortened(column) or f"f{at}"
        wish, count = name, 1
        while name in taken:
            count += 1
            name = f"{wish[: SHAPEFILE_NAME - len(str(count))]}{count}"
        taken.add(name)
        out[column] = name
    return out


def _fits(column: str) -> bool:
    return (
        column.isascii()
        and len(column) <= SHAPEFILE_NAME
        and column == column.lower()
        and _OTHER.sub("_", column).strip("_") == column
        and column[:1].isalpha()
    )


def _shortened(column: str) -> str:
    """Without inner vowels first; then every word cut, the longest first."""
    words = [word for word in _OTHER.split(column.lower()) if word]
    if not words or not words[0][0].isalpha():
        return ""
    words = [_VOWELS.sub("", word) if len(word) > 3 else word for word in words]
    while len("_".join(words)) > SHAPEFILE_NAME:
        longest = max(range(len(words)), key=lambda at: (len(words[at]), at))
        if len(words[longest]) <= 1:
            return "_".join(words)[:SHAPEFILE_NAME].rstrip("_")
        words[longest] = words[longest][:-1]
    return "_".join(words)
