"""What the platform lets be asked: one table of models, and the rules by which a request's members go together."""

from pipeline.server.rules.models import MODELS, Delivery, ModelRules
from pipeline.server.rules.question import Question, answer_tokens, check

__all__ = ["MODELS", "Delivery", "ModelRules", "Question", "answer_tokens", "check"]
