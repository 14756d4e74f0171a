"""Words and figures as a reader meets them: in a page, in a table, on a console.

The one escaping way in for text that ends in HTML or JavaScript is here, and
so is the rounding that never turns a missed target into a met one. Nothing
here knows what the figures mean.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

# folium passes text through a Jinja template, a JavaScript template literal and
# innerHTML, in this order. Braces, `$`, backtick and backslash speak to the first
# two, the rest to HTML; as numeric entities none of them speaks to anybody, and the
# reader still sees the text as it was written.
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'`$\\{}"})
# Inside a JSON string the same characters become \\uXXXX. `/` too, so that an
# address in somebody's data never looks like a request made by the page, and the
# two line separators that JavaScript once took for the end of a line.
_JSON_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "&<>'`${}/\u2028\u2029\x7f"}
_JSON_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
MAX_DECIMALS = 6
# What is smaller than this is no difference: sums of the same parts differ so.
MAX_PLACES = 9
MISSING = "-"


def escape(value: object) -> str:
    r"""Text that stands in HTML, a Jinja template or a JavaScript literal and does nothing.

    Parameters
    ----------
    value : object
        Anything; ``str(value)`` is what the reader sees.

    Returns
    -------
    str
        The same text with every active character as a numeric entity.

    Examples
    --------
    >>> escape("二都村 <b>{{7*7}}</b> ${x}")
    '二都村 &#60;b&#62;&#123;&#123;7*7&#125;&#125;&#60;/b&#62; &#36;&#123;x&#125;'
    """
    return str(value).translate(_ENTITIES)


def script_json(value: object) -> str:
    r"""JSON to write into a ``<script>``: data that no template or parser can mistake for code.

    Parameters
    ----------
    value : object
        Numbers, strings, lists and dicts, as for `json.dumps`; no NaN.

    Returns
    -------
    str
        JSON whose strings hold no ``< > & ' ` $ { } /`` as such.

    Raises
    ------
    ValueError
        If a number is not finite: JSON has no word for it.

    Examples
    --------
    >>> script_json({"name": "</script>{{7*7}}", "km": 1.5})
    '{"name":"\\u003c\\u002fscript\\u003e\\u007b\\u007b7*7\\u007d\\u007d","km":1.5}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # The structural braces of JSON must stay and those inside strings must go.
    return _JSON_STRING.sub(lambda found: found[0].translate(_JSON_UNSAFE), text)


def figure(value: float | None, decimals: int = 2, *, against: Sequence[float] = ()) -> str:
    """A number for readers, never rounded across a figure it is judged by.

    Parameters
    ----------
    value : float or None
        The unrounded figure; None and NaN show as ``-``.
    decimals : int
        Places after the point.
    against : sequence of float
        Targets in the same unit. Where rounding would put the value on or past one
        it has not reached (or has passed), more places are shown.

    Returns
    -------
    str
        The figure with at least `decimals` places.

    Examples
    --------
    >>> figure(7.996), figure(7.996, against=[8])
    ('8.00', '7.996')
    >>> figure(float("nan"))
    '-'
    """
    if value is None or math.isnan(value):
        return MISSING
    for places in range(decimals, MAX_DECIMALS + 1):
        shown = f"{value:.{places}f}"
        if all(_side(float(shown), target) == _side(value, target) for target in against):
            return shown
    return repr(float(value))


def percent(ratio: float | None, decimals: int = 2, *, against: Sequence[float] = ()) -> str:
    """A ratio as a percentage for readers, by the same rounding as `figure`.

    Parameters
    ----------
    ratio : float or None
        0 to 1.
    decimals : int
        Places after the point.
    against : sequence of float
        Targets as ratios.

    Returns
    -------
    str
        For example ``"91.00%"``.

    Examples
    --------
    >>> percent(0.90999, against=[0.91])
    '90.999%'
    """
    if ratio is None or math.isnan(ratio):
        return MISSING
    # 0.07 * 100 is 7.000000000000001: twelve places keep the product honest.
    shown = figure(
        round(ratio * 100, 12), decimals, against=[round(goal * 100, 12) for goal in against]
    )
    return f"{shown}%"


def change(value: float | None, decimals: int = 2, *, between: Sequence[str] = ()) -> str:
    """A difference for readers, never at odds with the two figures it stands beside.

    Parameters
    ----------
    value : float or None
        The unrounded difference; None and NaN show as ``-``.
    decimals : int
        Places after the point at least. A difference is never shown as nothing: it takes as
        many places as it needs.
    between : sequence of str
        The earlier and the later figure as they are shown. Where these subtract to something
        else than the rounded difference, it is shown with one place more.

    Returns
    -------
    str
        With its sign.

    Examples
    --------
    >>> change(0.5), change(-0.0004), change(0.0)
    ('+0.50', '-0.0004', '0.00')
    >>> change(0.0152, between=("7.06", "7.07")), change(0.0149, between=("7.06", "7.07"))
    ('+0.015', '+0.01')
    """
    if value is None or math.isnan(value):
        return MISSING
    if not round(value, MAX_PLACES):
        return f"{0:.{decimals}f}"
    places = decimals + (not subtracts(f"{value:.{decimals}f}", between))
    while not round(value, places):
        places += 1
    return f"{value:+.{places}f}"


def subtracts(shown: str, between: Sequence[str]) -> bool:
    """Whether a difference is what a reader finds who subtracts the two figures shown.

    Parameters
    ----------
    shown : str
        The difference as it is shown.
    between : sequence of str
        The earlier and the later figure as they are shown; without both there is nothing to
        contradict.

    Returns
    -------
    bool
        Compared as decimal numbers, digit by digit.

    Examples
    --------
    >>> subtracts("+0.01", ("7.06", "7.07")), subtracts("+0.015", ("7.06", "7.07"))
    (True, False)
    """
    if len(between) != 2 or MISSING in between:
        return True
    before, now = (Decimal(one) for one in between)
    return now - before == Decimal(shown)


def _side(value: float, target: float) -> int:
    return int(value > target) - int(value < target)


def card(
    title: str,
    headline: str,
    rows: Iterable[tuple[str, str]],
    notes: Iterable[str] = (),
    table: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
) -> str:
    """One small HTML card: how every result shows itself in a notebook.

    Parameters
    ----------
    title, headline : str
        What it is and its one figure.
    rows : iterable of (str, str)
        Label and value.
    notes : iterable of str
        Sentences the figure must not travel without.
    table : (header, rows), optional
        A short table of text cells.

    Returns
    -------
    str
        HTML; every text in it is escaped.

    Examples
    --------
    >>> "&#60;b&#62;" in card("路网密度", "<b>", [])
    True
    """
    parts = [
        '<div style="border:1px solid #c9ced6;border-radius:6px;padding:10px 14px;'
        'max-width:62em;font-size:13px;line-height:1.5">',
        f'<div style="color:#555">{escape(title)}</div>',
        f'<div style="font-size:20px;font-weight:600;margin:2px 0 6px">{escape(headline)}</div>',
    ]
    if table is not None:
        header, body = table
        cells = "".join(
            f'<th style="text-align:left;padding:2px 10px 2px 0">{escape(name)}</th>'
            for name in header
        )
        parts.append(f'<table style="border-collapse:collapse"><tr>{cells}</tr>')
        for line in body:
            cells = "".join(
                f'<td style="text-align:left;padding:2px 10px 2px 0">{escape(cell)}</td>'
                for cell in line
            )
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</table>")
    parts += [
        f'<div><span style="color:#555">{escape(label)}:</span> {escape(value)}</div>'
        for label, value in rows
    ]
    parts += [f'<div style="color:#8a4b00">{escape(note)}</div>' for note in notes]
    parts.append("</div>")
    return "".join(parts)
