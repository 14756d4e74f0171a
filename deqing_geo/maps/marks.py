"""What a map for the public leaves out; what it must say stands in `looks.imprint`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deqing_geo import columns as names
from deqing_geo.errors import ExportError

# What nobody has agreed to is on internal maps only.
NOT_PUBLIC = ("candidate", "refused")
# Of a village the public reads its town and its type; reasons hold people and incomes.
PUBLIC_ROWS = ("town_name", "village_type")
PUBLIC_PARTS = ("road_density", "park_coverage")


def for_the_public(
    stories: Mapping[str, Mapping[str, Any]], legends: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Stories without reasons, people, incomes, doubts and proposals.

    Parameters
    ----------
    stories : mapping
        Of a page, by key.
    legends : sequence of mapping
        Of a page.

    Returns
    -------
    dict, list
        Stories a public map may tell, and its legends.

    Raises
    ------
    ExportError
        If the map shows villages whose relocation nobody has agreed to, or suggested sites.
    """
    words = names.vocabulary("status")
    held = tuple(words[one] for one in NOT_PUBLIC)
    labels = [entry["label"] for part in legends for entry in part["entries"]]
    if found := [label for label in labels if label.startswith(held)]:
        raise ExportError(
            f"A map for the public may not show {found[0]}: nobody has agreed to it. Draw "
            "types.of(...) without these villages, or keep the map internal."
        )
    sites = names.word("layer.sites")
    if any(part["layer"] == sites for part in legends):
        raise ExportError(
            f"A map for the public may not show {sites}: a suggestion is no plan, and nobody has "
            "decided on it. Draw the map without add_sites, or keep it internal."
        )
    rows = {names.label(one) for one in PUBLIC_ROWS}
    parts = {names.label(one) for one in PUBLIC_PARTS} | {names.word("layer.density")}
    typed = names.label("village_type")
    out = {}
    for key, story in stories.items():
        told = story["parts"]
        if any(row[0] == typed for part in told for row in part["rows"]):
            head = {"title": "", "rows": [row for row in told[0]["rows"] if row[0] in rows]}
            told = [head, *(part for part in told[1:] if part["title"] in parts)]
        out[key] = {**story, "parts": told}
    return out, [dict(part) for part in legends]
