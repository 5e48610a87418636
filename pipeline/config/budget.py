"""What may be spent at most."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.config.section import Section

Most = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None


class BudgetSettings(Section):
    """Caps on what a run commits to, in US dollars, billed minutes of video and output tokens; null is no cap.

    Each for the run, for any `day_s` (so that two nights in a row do not add up to more), and for the life of the
    output folder, answers from before there was a budget included. What is committed is remembered in `shared_file`,
    by which several output folders of one account spend one budget: then the caps of the day and of the life are those
    of all of them together. Where none is named the file lies in the output folder.

    Minutes are known before they are asked for; output tokens are expected, so that answers under way may take a
    little more than a cap on tokens or cost leaves.
    """

    max_cost_usd: Most = None
    max_minutes: Most = None
    max_tokens: Most = None
    max_cost_usd_per_day: Most = None
    max_minutes_per_day: Most = None
    max_tokens_per_day: Most = None
    max_cost_usd_of_life: Most = None
    max_minutes_of_life: Most = None
    max_tokens_of_life: Most = None
    day_s: float = Field(24 * 3600, gt=0)
    shared_file: Path | None = None
