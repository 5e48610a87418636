"""What can be asked in one request."""

from pipeline.config import SyncSettings
from pipeline.models import Recipe
from pipeline.steps.one_request import length_problem, sync_problem


def test_segments_are_refused_up_front() -> None:
    """Segments are no matter of one request; the message says what is."""
    assert sync_problem(Recipe("local", "pegasus1.5", "what?")) is None
    assert "use delivery task" in (sync_problem(Recipe("local", "pegasus1.5", mode="segments")) or "")


def test_only_what_is_known_to_be_too_long_is_refused() -> None:
    """An hour is not too long, and neither is a video of unknown length."""
    settings = SyncSettings()
    assert length_problem("v.mp4", None, settings) is None
    assert length_problem("v.mp4", 3600, settings) is None
    error = length_problem("v.mp4", 3600.5, settings)
    assert error is not None
    assert "v.mp4: the video has 3,600.5 s" in error.message
    assert error.code == "video_duration_too_long"
