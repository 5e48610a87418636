"""What an analysis is charged for, and what it costs: the platform's rules as plain arithmetic."""

from pipeline.config import Price
from pipeline.models import Recipe


def billed_minutes(recipe: Recipe, duration_s: float | None) -> float | None:
    """Minutes of video that an analysis is charged for: the clip window, as far as the video reaches, once for each
    segment definition; time ranges do not make it less (release notes of 2026-05-07, twelvelabs 1.3.6).

    None where neither the video's duration nor the window's end is known. How the platform rounds is not documented:
    here to a millionth of a minute. Images have no minutes, and no price of their own is documented.
    """
    if recipe.images is not None:
        return 0.0
    seconds = recipe.window_s(duration_s)
    return None if seconds is None else round(seconds / 60 * recipe.definitions, 6)


def cost_usd(minutes: float | None, output_tokens: float, price: Price | None) -> float | None:
    """US dollars: billed minutes and output tokens at their prices; None where there is no price.

    Minutes that are not known cost nothing here.
    """
    if price is None:
        return None
    return round((minutes or 0) * price.video_minute_usd + output_tokens / 1000 * price.output_1k_tokens_usd, 6)
