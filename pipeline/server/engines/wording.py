"""Measurements in words: the same number always has the same word, and every threshold of one stands here."""

# Up to here, and from here on: dark, bright; nothing stirs, much moves; silent, quiet, loud.
DARK, BRIGHT = 0.35, 0.65
STIRS, MOVES = 0.0005, 0.02
SILENT_DBFS, QUIET_DBFS, LOUD_DBFS = -55.0, -35.0, -18.0

Scale = tuple[tuple[float, str], ...]

# Up to which value each word holds.
BRIGHTNESS: Scale = ((0.02, "black"), (0.15, "very dark"), (DARK, "dark"), (BRIGHT, "medium bright"), (1.01, "bright"))
MOTION: Scale = ((STIRS, "no motion"), (MOVES, "slight motion"), (0.15, "moderate motion"), (1.01, "strong motion"))
LOUDNESS: Scale = (
    (SILENT_DBFS, "silence"),
    (QUIET_DBFS, "quiet sound"),
    (LOUD_DBFS, "moderate sound"),
    (99.0, "loud sound"),
)
UNLIKE = 0.55
LIKENESS: Scale = ((UNLIKE, "unlike"), (0.75, "some likeness"), (0.9, "similar"), (1.01, "nearly the same picture"))

ALL = 0.995


def word(scale: Scale, value: float) -> str:
    return next(word for limit, word in scale if value < limit or limit == scale[-1][0])


def colours(shares: tuple[tuple[str, float], ...]) -> str:
    """The colours of a picture, the largest first."""
    if not shares:
        return "no colour covers much"
    if shares[0][1] >= ALL:
        return f"all {shares[0][0]}"
    named = [f"{name} ({share:.0%})" for name, share in shares[:3]]
    first = f"mostly {named[0]}" if shares[0][1] >= 0.5 else named[0]
    return " with ".join((first, " and ".join(named[1:]))) if named[1:] else first
