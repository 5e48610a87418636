"""How long answers will be, from those that the ledger holds."""

from collections.abc import Iterator
from functools import lru_cache

from pipeline.errors import UnexpectedResponse
from pipeline.ledger import LedgerView
from pipeline.models import Recipe
from pipeline.modes.envelope import unwrap
from pipeline.plan import FEW_ANSWERS, Tokens, tokens_of

MOST_ANSWERS = 1000  # the newest of a recipe


class Expectations:
    """How many tokens the answers to each recipe will take."""

    def __init__(self, ledger: LedgerView | None, likely: float) -> None:
        """Find out which recipes were answered before.

        Args:
            ledger: None where there is none.
            likely: what an answer is thought to take as long as nothing tells better.
        """
        self._ledger = ledger
        self._likely = likely
        self._answered = frozenset[str]() if ledger is None else ledger.recipes_with_answers(FEW_ANSWERS)
        self.of = lru_cache(maxsize=256)(self._of)  # a manifest has few recipes, if not one for every row
        self.untold = lru_cache(maxsize=256)(self._untold)

    def _of(self, recipe: Recipe) -> Tokens:
        if self._ledger is None or recipe.id not in self._answered:
            return self._untold(recipe)
        return tokens_of(recipe, list(_told(self._ledger, recipe.id)), self._likely)

    def _untold(self, recipe: Recipe) -> Tokens:
        return tokens_of(recipe, (), self._likely)


def _told(ledger: LedgerView, recipe_id: str) -> Iterator[int]:
    for raw in ledger.answers_to(recipe_id, MOST_ANSWERS):
        try:
            yield unwrap(raw).output_tokens
        except UnexpectedResponse:
            continue
