"""Texts made for regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.server.engines.patterns import shortest

PARTS = [
    "a",
    "[a-f]",
    r"\d",
    r"\w+",
    r"\s*",
    "(xy|z)",
    "[^0-9]",
    "(?:q){2,4}",
    ".",
    r"\.",
    "[À-Ö]",
    "(?=[a-z])b",
    "x?",
    "\\W",
]


@given(st.lists(st.sampled_from(PARTS), max_size=6), st.booleans())
def test_what_is_made_matches(parts: list[str], anchored: bool) -> None:
    """A text is found for patterns of letters, classes, groups and repetitions, and it matches."""
    pattern = "".join(parts)
    pattern = f"^{pattern}$" if anchored else pattern
    text = shortest(pattern)
    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[A-Z]{3}-\d{2,}$", "AAA-00"),
        (r"#[0-9a-f]{6}", "#000000"),
        (r"^(yes|no)$", "no"),
        ("optional?.*", "optiona"),
        ("", ""),
        (r"^(a)?(?(1)b|c)$", "c"),
    ],
)
def test_it_is_short_and_plain(pattern: str, text: str) -> None:
    """Of many texts a short one of plain letters is made."""
    assert shortest(pattern) == text


@pytest.mark.parametrize("pattern", ["(", "a(?!a)b(?<=x)", "^a{99999999}$", "$x", r"[^\s\S]"])
def test_what_nothing_matches_has_no_text(pattern: str) -> None:
    """A pattern that is broken, that nothing matches, or that wants a text without measure, has none."""
    assert shortest(pattern) is None
