"""The one rule by which input and output tokens are counted: four bytes of UTF-8 are one, a rest counts whole.

Text alone is counted, of whatever is asked: pictures and sound cost no tokens.
"""

BYTES_PER_TOKEN = 4


def count_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def fit(text: str, max_tokens: int | None) -> tuple[str, bool]:
    """`text` within `max_tokens`, and whether it was cut for that: after a line, else a word, else a letter."""
    kept, was_cut = fit_letters(text, max_tokens)
    if not was_cut or text[len(kept)] == "\n":
        return kept, was_cut
    for boundary in ("\n", " "):
        if boundary in kept:
            return kept[: kept.rindex(boundary)].rstrip(), True
    return kept, True


def fit_letters(text: str, max_tokens: int | None) -> tuple[str, bool]:
    """As `fit`, but cut after any letter: JSON has no words to keep whole."""
    if max_tokens is None or count_tokens(text) <= max_tokens:
        return text, False
    return text.encode()[: max_tokens * BYTES_PER_TOKEN].decode(errors="ignore"), True
