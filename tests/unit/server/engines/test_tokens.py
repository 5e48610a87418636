"""Counting tokens and cutting a text to them."""

import pytest

from pipeline.server.engines.tokens import count_tokens, fit


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fives", 2), ("ää", 1), ("🎬", 1)])
def test_four_bytes_are_a_token(text: str, tokens: int) -> None:
    """Four bytes of UTF-8 count as a token, and what is left over as one more."""
    assert count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "max_tokens", "kept"),
    [
        ("one two", 2, "one two"),
        ("one two three", 2, "one two"),
        ("one\ntwo three", 2, "one"),
        ("a line\nanother", 2, "a line"),
        ("line two\nthree", 2, "line two"),
        ("unbreakable", 2, "unbreaka"),
        ("äääää", 1, "ää"),
        ("x🎬🎬", 1, "x"),
    ],
)
def test_a_text_is_cut_after_a_line_or_a_word(text: str, max_tokens: int, kept: str) -> None:
    """What is kept ends with a whole line, else with a whole word, else with a whole letter."""
    assert fit(text, max_tokens) == (kept, kept != text)
