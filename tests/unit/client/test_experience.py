"""When a first look is worth a request."""

import pytest

from pipeline.client.experience import REMEMBERED, Experience
from pipeline.config import PollingSettings

POLLING = PollingSettings(first_look_s=4, per_video_minute_s=5)


def test_without_experience_the_settings_say_when():
    """Before anything was learned, the first look comes after a fixed time and one that grows with the video."""
    assert Experience(POLLING).first_look_s(600) == 54
    assert Experience(POLLING).first_look_s(None) == 4


def test_similar_videos_say_when():
    """A video is looked at when most of those of its length were done, whatever others took."""
    experience = Experience(POLLING)
    for tenth in range(20):
        experience.learn(video_s=2, seconds=2 + tenth / 10)
        experience.learn(video_s=3600, seconds=300)
    assert experience.first_look_s(3600) == 300
    assert experience.first_look_s(1800) == 150
    assert 3 < experience.first_look_s(2) < 4


def test_a_platform_that_gets_slower_is_followed():
    """The newest of equal videos count, and old ones are forgotten."""
    experience = Experience(POLLING)
    for _ in range(REMEMBERED * 2):
        experience.learn(video_s=60, seconds=5)
    for _ in range(20):
        experience.learn(video_s=60, seconds=50)
    assert experience.first_look_s(60) == pytest.approx(50)


def test_the_shortest_videos_count_alike():
    """Below a few seconds of video an analysis takes a fixed time, and no length divides by zero."""
    experience = Experience(POLLING)
    experience.learn(video_s=0, seconds=2)
    assert experience.first_look_s(0) == experience.first_look_s(1) == 2


def test_what_short_videos_waited_is_not_multiplied():
    """After a night of short clips that had to wait for their turn, a film is looked at when the settings say."""
    experience = Experience(POLLING)
    for _ in range(20):
        experience.learn(video_s=3, seconds=60)
    assert experience.first_look_s(3600) == 304
    assert experience.first_look_s(6) == 60
