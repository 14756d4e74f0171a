"""The plan's five types, what stands beside them, and what readers call either."""

from __future__ import annotations

from deqing_geo import columns as names

# In the plan's order.
FIVE = ("suburban", "cluster", "improve", "heritage", "relocate")
OUTSIDE = ("undecided", "missing", "urban")
CANDIDATE = "candidate"
REFUSED = "refused"
# What readers are shown of a village: its type, or why it has none.
SHOWN = (*FIVE, CANDIDATE, REFUSED, *OUTSIDE)
# Stands in `decided_by` where people decided.
BY_HAND = "O1"
# What a villagers' meeting says.
CONSENT = ("villager_consent", "consent_on")
# What scores write, which no table of facts holds.
COMPUTED = ("potential", "potential_cut", "units_counted", "constraint")


def called(kind: object) -> str:
    """A type, or why there is none, as a reader knows it.

    Parameters
    ----------
    kind : object
        A word of ``type_final``, or ``candidate`` or ``refused``.

    Returns
    -------
    str
        Its Chinese label.

    Examples
    --------
    >>> called("suburban"), called("candidate")
    ('城郊融合类', '拟列入(待征求村民意见)')
    """
    if kind in (CANDIDATE, REFUSED):
        return names.vocabulary("status")[str(kind)]
    return names.vocabulary("type_final").get(str(kind), str(kind))


def worded(vocabulary: str, value: object) -> str:
    """A word of a vocabulary as a reader knows it; another value as it is.

    Parameters
    ----------
    vocabulary : str
        Such as ``status``.
    value : object
        As tables hold it.

    Returns
    -------
    str
        For readers.
    """
    return names.vocabulary(vocabulary).get(str(value), str(value))


def labelled(column: str, lang: str = "zh") -> str:
    """A column as a reader knows it; another text as it is.

    Parameters
    ----------
    column : str
        Registered or not.
    lang : str
        ``zh`` or ``en``; without an English label the Chinese one stands.

    Returns
    -------
    str
        For readers.
    """
    known = names.registry().get(column)
    if known is None:
        return column
    return known.en if lang == "en" and known.en else known.zh
