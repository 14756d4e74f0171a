"""Text that does nothing but be read, and figures that do not flatter."""

import html
import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template

from deqing_geo.text import card, change, escape, figure, percent, script_json, subtracts


@given(st.text())
def test_escaped_text_reads_as_it_was_written(text):
    assert html.unescape(escape(text)) == html.unescape(html.escape(text)) or "&" in text
    assert not set(escape(text)) & set("<>\"'`$\\{}")


def test_escaped_text_is_shown_exactly():
    text = "二都村 <A&B> {{x}} ${y} `z` \\n \"'"

    assert html.unescape(escape(text)) == text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_script_json_holds_the_same_data(value):
    assert json.loads(script_json(value)) == value


@given(JSON)
def test_script_json_passes_a_template_unchanged_and_cannot_close_a_script(value):
    written = script_json(value)

    assert Template(written).render() == written
    assert "</" not in written and "<!--" not in written and "${" not in written


def test_script_json_has_no_word_for_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json({"km": float("nan")})


@pytest.mark.parametrize(
    ("value", "against", "shown"),
    [
        (7.996, (8,), "7.996"),
        (7.9999, (8,), "7.9999"),
        (7.994, (8,), "7.99"),
        (8.0, (8,), "8.00"),
        (8.004, (8,), "8.004"),
        (8.01, (8,), "8.01"),
        (7.996, (), "8.00"),
        (7.9999999999, (8,), "7.9999999999"),
        (-0.001, (), "-0.00"),
    ],
)
def test_a_figure_is_never_rounded_across_what_it_is_judged_by(value, against, shown):
    assert figure(value, against=against) == shown


@given(st.floats(0, 20), st.floats(0, 20))
def test_a_shown_figure_stands_on_the_same_side_of_its_target(value, target):
    shown = float(figure(value, against=[target]))

    assert (shown >= target) == (value >= target)
    assert (shown > target) == (value > target)


def test_percent_is_exact_at_the_target():
    assert percent(0.91, against=[0.91]) == "91.00%"
    assert percent(0.909999, against=[0.91]) == "90.9999%"
    assert percent(0.07, against=[0.07]) == "7.00%"
    assert percent(float("nan")) == "-"


def test_a_card_escapes_every_text():
    evil = "<img src=x onerror=alert(1)>"
    made = card(evil, evil, [(evil, evil)], [evil], ([evil], [[evil]]))

    assert "<img" not in made
    assert made.count("&#60;img") == 7


def test_a_difference_is_never_at_odds_with_the_two_figures_beside_it():
    seed = np.random.default_rng(12)
    for before, step in zip(seed.uniform(0, 9, 3000), seed.normal(0, 0.03, 3000), strict=True):
        now = before + step
        shown = figure(before), figure(now)
        said = change(step, between=shown)
        apart = Decimal(shown[1]) - Decimal(shown[0])

        # Either a reader who subtracts finds it, or it is told more exactly than they are.
        assert Decimal(said) == apart or len(said.partition(".")[2]) > 2
        assert abs(float(said) - step) <= 0.5 * 10.0 ** -len(said.partition(".")[2]) + 1e-12
        assert float(said) != 0


def test_what_sums_of_the_same_parts_differ_by_is_no_difference():
    assert change(0.1 + 0.2 - 0.3) == "0.00" and change(float("nan")) == "-"
    assert change(-0.0004) == "-0.0004" and change(None) == "-"
    assert subtracts("+0.02", ("-", "7.07"))
