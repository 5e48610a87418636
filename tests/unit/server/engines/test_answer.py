"""An answer in words, whichever engine gives it."""

import pytest

from pipeline.server.engines import EngineRequest
from pipeline.server.engines.reply import reply

TEXT = "\n".join(f"[00:{number:02}.0-00:{number + 1:02}.0] medium bright, mostly grey (98%)" for number in range(20))


@pytest.mark.parametrize("max_tokens", [1, 2, 10, 40, 100])
def test_an_answer_that_is_too_long_is_cut(max_tokens: int) -> None:
    """A cut answer stays within its tokens, says why it ended, and is the beginning of the whole one."""
    short, whole = (reply(EngineRequest(None, "Summary", most), TEXT) for most in (max_tokens, 4096))
    assert 1 <= short.output_tokens <= max_tokens
    assert short.finish_reason == "length"
    assert short.warning is not None
    assert whole.text.startswith(short.text)
    assert (whole.finish_reason, whole.warning) == ("stop", None)
