"""The one rule by which input and output tokens are counted: four bytes of UTF-8 are one, a rest counts whole."""

BYTES_PER_TOKEN = 4


def count_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def fit(text: str, max_tokens: int) -> tuple[str, bool]:
    """`text` within `max_tokens`, and whether it was cut for that: after a line, else a word, else a letter."""
    if count_tokens(text) <= max_tokens:
        return text, False
    kept = text.encode()[: max_tokens * BYTES_PER_TOKEN].decode(errors="ignore")
    if text[len(kept)] == "\n":
        return kept, True
    for boundary in ("\n", " "):
        if boundary in kept:
            return kept[: kept.rindex(boundary)].rstrip(), True
    return kept, True
