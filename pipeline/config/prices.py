"""What the platform charges, by model: one table with its date and source, and own prices on top of it."""

from datetime import date

from pydantic import Field

from pipeline.config.section import Section


class Price(Section):
    """What an analysis costs, in US dollars.

    Attributes:
        video_minute_usd: a billed minute of video.
        output_1k_tokens_usd: a thousand tokens of the answer; prompts and reference images have no documented price.
        as_of: when the price was read.
        source: where.
    """

    video_minute_usd: float = Field(ge=0)
    output_1k_tokens_usd: float = Field(ge=0)
    as_of: date | None = None
    source: str | None = None


# Pegasus, Developer pay-as-you-go; read second-hand, two readings agree. One price for general and segment analysis.
PEGASUS = Price(
    video_minute_usd=0.0292, output_1k_tokens_usd=0.0075, as_of=date(2026, 7, 30), source="twelvelabs.io/pricing"
)
PRICES = {"pegasus1.2": PEGASUS, "pegasus1.5": PEGASUS, "pegasus1.6": PEGASUS}
FREE = Price(video_minute_usd=0, output_1k_tokens_usd=0, source="the embedded platform")


class PriceSettings(Section):
    """Prices by model, in US dollars. `models` adds to the published table or takes the place of a line of it; null
    says that a price is not known. `video_minute_usd` and `output_1k_tokens_usd` are prices of one's own for every
    model, such as those of a contract.
    """

    video_minute_usd: float | None = Field(None, ge=0)
    output_1k_tokens_usd: float | None = Field(None, ge=0)
    models: dict[str, Price | None] = Field(default_factory=dict)

    def of(self, model: str) -> Price | None:
        """What a model costs; None where that is not known."""
        listed = self.models[model] if model in self.models else PRICES.get(model)
        own = {
            name: value
            for name in ("video_minute_usd", "output_1k_tokens_usd")
            if (value := getattr(self, name)) is not None
        }
        if listed is not None:
            return listed.model_copy(update=own | {"source": "the configuration"}) if own else listed
        return Price(**own, source="the configuration") if len(own) == 2 else None


class NoCharge(PriceSettings):
    """The embedded platform's, which has no account to charge."""

    def of(self, model: str) -> Price:  # noqa: ARG002 - the same for every model
        return FREE
