"""The section of a model of one's own: any endpoint that speaks the chat completions of OpenAI and sees pictures."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from pipeline.config.section import Section


class OpenAISettings(Section):
    """What the engine `openai` asks, and how much it sends.

    Attributes:
        base_url: everything before `/chat/completions`; the default is Ollama on this machine.
        model: its name there; needed.
        api_key: never set here: it comes from the variable OPENAI_API_KEY alone, and endpoints nearby need none.
        max_frames: most frames of the video in one request.
        frame_pixels: most pixels of a picture; larger ones are made smaller.
        pixels_per_token: what a picture costs, for keeping to `request_tokens`; models differ.
        request_tokens: most input tokens of a request, estimated; frames are left out to keep to it.
        evidence: whether what is said and written in the video is sent along, as far as the packages of the extra
            `evidence` are installed, which find it out; it takes at most half of what `request_tokens` leaves.
        frame_every_s: frames are at least this far apart, but every shot has one while the budget lasts.
        window_s: longer videos are asked about in windows of at most this length, and the answers are merged.
        note_tokens: most tokens of what is noted of one window, to be merged.
        max_tokens_parameter: the name by which the endpoint takes the limit of output tokens.
        timeout_s: of one request; it is not asked again then, for it would be paid again and take as long.
        retries: after 429, 5xx and a lost connection.
        backoff_s: how long to wait before the first retry, twice as long before each further one, unless the
            endpoint tells it.
        retry_after_max_s: an endpoint that wants to be left alone for longer is given up.
        concurrency: windows of one video asked about at once, in each of `server.analysis_processes`.
    """

    base_url: str = "http://127.0.0.1:11434/v1"
    model: str | None = None
    api_key: SecretStr | None = Field(None, exclude=True)
    max_frames: int = Field(24, ge=1, le=1000)
    frame_pixels: int = Field(200_000, ge=1024)
    pixels_per_token: int = Field(750, ge=1)
    request_tokens: int = Field(16_000, ge=256)
    evidence: bool = True
    frame_every_s: float = Field(1, gt=0)
    window_s: float = Field(600, ge=1)
    note_tokens: int = Field(800, ge=16)
    max_tokens_parameter: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    timeout_s: float = Field(300, gt=0)
    retries: int = Field(4, ge=0)
    backoff_s: float = Field(1, ge=0)
    retry_after_max_s: float = Field(120, ge=0)
    concurrency: int = Field(2, ge=1, le=64)

    @field_validator("base_url")
    @classmethod
    def _is_an_address_alone(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("no http or https address; write it as http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("an address alone, without name, key or query; the key belongs into OPENAI_API_KEY")
        return url.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _comes_from_its_variable(cls, _: SecretStr | None) -> SecretStr | None:
        raise ValueError("the key does not belong here; set OPENAI_API_KEY")
