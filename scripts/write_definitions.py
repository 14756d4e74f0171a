"""Write docs/definitions.md from the standards, so that the page cannot drift from the code."""

from __future__ import annotations

import sys
from pathlib import Path

from deqing_geo import columns, grades, standards

PAGE = Path(__file__).resolve().parent.parent / "docs" / "definitions.md"

HEAD = """\
# 口径与依据 Definitions and their evidence

This page is written by `make docs` from `deqing_geo/standards/*.toml` and
`deqing_geo/road_classes.csv`; do not edit it here.

The county's plan (德政办发〔2023〕18号) asks for a road network of at least 8 km/km2 in the
built-up area and for park green space whose service radius covers 91 % of residential land. It
defines neither the built-up area nor the roads or parks that count. Every figure of this
library therefore carries the definition it was counted by, and every definition says how its
wording was met:

| mark | shown as | meaning |
|---|---|---|
| printed | 已核对原文 | the document itself was read |
| seen | 原文转载,待核 | the wording was seen in a public copy |
| secondary | 二手引用,待核 | a paraphrase or a second-hand quotation |
| remembered | 待查证 | professional memory; look it up before citing it |
| ours | 本工具建议值 | a proposal of this library |
| local | 本单位自定 | a number of your own, with its reason |
| confirmed | 本单位已确认 | your bureau took responsibility (`standards.confirm`) |

Results built on `secondary` or `remembered` wording say 未核对原文.

## What is counted, and how

- **Land area** is ellipsoidal. **Road length** is that of the projection: at most 14 ppm off in
  the CGCS2000 3-degree zone at Deqing.
- **Roads are cut at the areas' borders.** A road along a border is shared equally by the areas it
  divides; along the outer edge of the layer it counts whole (by half or not at all where asked:
  `road.core+half`, `road.core+none`). `edge_km` says how much of the length lies within 15 m of
  that edge, and so hangs on where the outline was drawn. On blocks of 250 m over 6 x 3 km the
  three rules give 8.50, 8.00 and 7.50 km/km2.
- **Water is part of the area** unless a layer of it is given; net of water says so, and roads over
  water still count.
- **Divided carriageways** are merged to centre lines by `centre_lines` (neatnet) before anything
  is counted; a result from lines nobody merged is too high and says 未合并双线,偏高. In one 5 x 5
  km cut of a large city raw lines gave 1.4 to 1.6 times the length of centre lines, by who merged.
- **Only what is open counts.** Rows under construction or planned are reported apart; rows without
  a status count as open. With a day (`as_of`), what opened later is not open; rows without a date
  follow their status, and rows that contradict themselves do not count. Both are told.
- **A park's size** is that of the whole park, to the whole square metre. Only its part inside the
  areas serves, unless the definition counts parks outside. Distances run straight from its
  boundary.
- **Residential land** drawn twice is counted once. Homesteads (三调 0702, 用地用海 0703) are read
  and not counted by default (`park.health_check_2021+homestead` counts them); a result of a
  layer that has both shows both figures.
- **Other options** of a park definition: `+outside` counts parks beyond the border of the areas,
  `+joined` takes parks that touch or lie across a path as one park of their size together.
- **Classes from OpenStreetMap** are this library's proposal (trunk, primary, secondary, tertiary
  to 快速路, 主干路, 次干路, 支路; residential, unclassified and living_street to
  小区内部道路), and results say 代用数据.
"""


def main() -> int:
    """Write the page, or with ``--check`` say whether it is what would be written."""
    text = page()
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def page() -> str:
    """The page as it should be."""
    law = standards.load()
    parts = [HEAD]
    for measure in standards.MEASURES:
        parts.append(f"## {columns.label(measure)}\n")
        for way in law.ways(measure):
            parts.append(_definition(way, way.key == law.defaults.get(measure)))
        if law.goals(measure):
            parts.append(_thresholds(law, measure))
    parts.append(_numbers(law, "village.", "村庄类型 Numbers of the village types"))
    parts.append(_numbers(law, "speed.", "行车速度 Speeds"))
    parts.append(_others(law))
    parts.append(_road_classes())
    return "\n".join(parts).rstrip() + "\n"


def _definition(way: standards.Definition, default: bool) -> str:
    lines = [f"### `{way.key}`{' (default)' if default else ''}\n", f"{way.label}\n"]
    lines.append(f"- {way.document}, {way.clause}: {way.says}")
    lines.append(f"- evidence: {way.evidence} ({columns.word(f'evidence.{way.evidence}')})")
    for layer, words in way.counts.items():
        known = columns.vocabulary(
            {
                "roads": "road_class",
                "parks": "park_class",
                "facilities": "facility_class",
                "homes": "home_class",
            }[layer]
        )
        lines.append(f"- counts {layer}: {'、'.join(known[word] for word in words)}")
    for band in way.bands:
        size = f"from {band.from_m2:g} m2: " if band.from_m2 else ""
        lines.append(f"- {size}{band.radius_m:g} m")
    if way.note:
        lines.append(f"- {way.note}")
    return "\n".join(lines) + "\n"


def _thresholds(law: standards.Standard, measure: str) -> str:
    rows = ["### Figures it is judged by\n", "| figure | where | evidence |", "|---|---|---|"]
    target = law.targets[measure]
    rows.append(f"| {target} | 德政办发〔2023〕18号 {target.clause}: {target.quote} | printed |")
    for entry in law.values():
        if isinstance(entry, standards.Rule) and entry.measure == measure:
            rows.append(f"| {entry} | {entry.label}: {entry.says} | {entry.evidence} |")
    return "\n".join(rows) + "\n"


def _numbers(law: standards.Standard, head: str, title: str) -> str:
    rows = [f"## {title}\n", "| key | number | what it says | evidence |", "|---|---|---|---|"]
    for key, entry in law.items():
        if isinstance(entry, standards.Rule) and key.startswith(head):
            rows.append(f"| `{key}` | {entry.label}: {entry} | {entry.says} | {entry.evidence} |")
    return "\n".join(rows) + "\n"


def _others(law: standards.Standard) -> str:
    rows = ["## Other numbers\n", "| number | what | evidence |", "|---|---|---|"]
    rows += [
        f"| {entry} | {entry.label}: {entry.says} | {entry.evidence} |"
        for entry in law.values()
        if isinstance(entry, standards.Rule)
        and not entry.measure
        and not entry.key.startswith(("village.", "speed."))
    ]
    return "\n".join(rows) + "\n"


def _road_classes() -> str:
    labels = columns.vocabulary("road_class")
    systems = columns.vocabulary("class_system")
    rows = [
        "## 道路等级对照 Words for classes of roads\n",
        "`dg.road_classes()` gives this table. Write it with `dg.save_table`, change it, and give\n"
        "it to `dg.read_roads(..., classes=)`: your words win. In route numbers `#` is a digit,\n"
        "and the six digits of a county behind them are passed over. 等级不明 means that the word\n"
        "does not tell the class; such rows count in no definition until your table says what\n"
        "they are.\n",
        "| whose word | word | class | evidence | note |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {systems[row.class_system]} | {row.class_word} | {labels[row.road_class]} "
        f"| {row.evidence} | {row.class_note} |"
        for row in grades.road_classes().itertuples()
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
