"""Data of a page as text in its script: as it is where small, deflated where large.

A page inflates by itself (``shapes.js``), so that it opens from a disk and in the browsers of
ten years ago, which have no stream to do it for them.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from deqing_geo.text import script_json

# Below this a page can be read by a person who looks into it; so much deflates to a fifth.
PACK_FROM = 100_000
# So many stories are told by their headings once; few are left as they are.
STORIES_FROM = 1_000


def packed(value: object) -> str:
    r"""A JavaScript expression of this value, for a script.

    Parameters
    ----------
    value : object
        Numbers, strings, lists and dicts, as for `json.dumps`; no NaN.

    Returns
    -------
    str
        JSON written by `text.script_json`; if that is long, a call that inflates it. Neither
        holds anything a template or a parser could take for code.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> packed([1, "<b>"])
    '[1,"\\u003cb\\u003e"]'
    >>> packed(["村"] * 100_000)[:20], len(packed(["村"] * 100_000)) < 2000
    ('DeqingShapes.unpack(', True)
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text) < PACK_FROM:
        return script_json(value)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(text.encode("utf-8")) + deflate.flush()
    return f'DeqingShapes.unpack("{base64.b64encode(body).decode()}")'


def unpacked(text: str) -> Any:
    """What `packed` wrote.

    Parameters
    ----------
    text : str
        JSON, or a call that inflates it.

    Returns
    -------
    object
        The value.

    Examples
    --------
    >>> unpacked(packed([1, "<b>"]))
    [1, '<b>']
    """
    if not text.startswith("DeqingShapes.unpack("):
        return json.loads(text)
    return json.loads(zlib.decompress(base64.b64decode(text.split('"')[1]), -zlib.MAX_WBITS))


def brief(stories: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Many stories with their headings told once.

    Parameters
    ----------
    stories : dict of str to dict
        ``name`` and ``parts``, of `Contents.stories`.

    Returns
    -------
    dict
        ``forms``, each a list of title, labels and whether a sentence stands there; and
        ``told``, per key the number of its form, its name and what stands in each place.

    Examples
    --------
    >>> part = {"title": "路网密度", "rows": [["道路面积率", "1.00"]]}
    >>> brief({"A": {"name": "甲村", "parts": [part]}})
    {'forms': [[['路网密度', ['道路面积率'], False]]], 'told': {'A': [0, '甲村', '1.00']}}
    """
    forms: dict[tuple[Any, ...], int] = {}
    told: dict[str, list[Any]] = {}
    for key, story in stories.items():
        form = tuple(
            (part["title"], tuple(row[0] for row in part["rows"]), "text" in part)
            for part in story["parts"]
        )
        told[key] = line = [forms.setdefault(form, len(forms)), story["name"]]
        for part in story["parts"]:
            line += [row[1] for row in part["rows"]]
            line += [part["text"]] if "text" in part else []
    listed = [[[title, list(labels), text] for title, labels, text in form] for form in forms]
    return {"forms": listed, "told": told}
