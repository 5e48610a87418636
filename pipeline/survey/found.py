"""What a survey finds out."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.plan import Fit, Plan, Schedule
from pipeline.steps.delivery import Choice


@dataclass(slots=True)
class Survey:
    """A plan and everything beside it.

    Attributes:
        looked: rows sorted in so far.
        choice: how questions would be asked; known once the rows are counted.
        schedule: under the limits that hold.
        fits: what is to be asked against each cap of the budget, the caps of the run untouched yet.
        remote_schedule: under those of the remote platform, where the embedded one is asked and has others.
    """

    plan: Plan
    looked: int = 0
    choice: Choice | None = None
    schedule: Schedule | None = None
    fits: Sequence[Fit] = ()
    remote_schedule: Schedule | None = None
