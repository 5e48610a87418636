"""What the embedded platform makes of uploaded media."""

import errno
import pickle
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from twelvelabs.types import TechnicalMetadata

from pipeline.server.inspect import MediaLimits, MediaRejected, inspect, open_media
from scripts.sample_videos.film import Film, Scene, encode
from scripts.sample_videos.odd import BROKEN, film_bytes, tiny_video

CODES = {
    "truncated.mp4": ("video_file_broken", "cut off"),
    "headless.mp4": ("video_file_broken", "cannot be read"),
    "text.mp4": ("video_file_broken", "cannot be read"),
    "empty.mp4": ("video_file_broken", "cannot be read"),
    "audio only.mp4": ("video_file_broken", "no video stream"),
    "90x90.mp4": ("video_resolution_too_low", "90x90"),
    "one picture.mp4": ("video_duration_too_short", "0.04 s"),
    "too wide.mp4": ("video_resolution_invalid_aspect_ratio", "1200x360"),
}
FILM = Film("film.mp4", (Scene(2.0, "red", second="blue", motion="rush", level_dbfs=-20), Scene(2.0, "green")))


def put(folder: Path, data: bytes, name: str = "media.mp4") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def film() -> bytes:
    return film_bytes(FILM)


@pytest.mark.parametrize("name", BROKEN)
def test_bad_media_is_named_by_its_code(tmp_path: Path, name: str) -> None:
    """Each kind of unusable file is refused with the platform's code and a sentence that says what is wrong."""
    code, words = CODES[name]
    with pytest.raises(MediaRejected, match=words) as caught:
        inspect(put(tmp_path, BROKEN[name]()))
    assert caught.value.code == code


def test_the_facts_of_a_good_file(tmp_path: Path, film: bytes) -> None:
    """A good file's facts are those it was made with."""
    facts = inspect(put(tmp_path, film))
    assert (facts.duration_s, facts.width, facts.height, facts.fps) == (4.0, 640, 360, 25.0)
    assert (facts.video_codec, facts.audio_codec, facts.audio_sample_rate) == ("h264", "aac", 44100)
    assert facts.size_bytes == len(film)
    assert "mp4" in facts.container


def test_technical_metadata_is_what_the_official_client_reads(tmp_path: Path, film: bytes) -> None:
    """The official client finds every fact in its own fields, and none that it does not know."""
    facts = inspect(put(tmp_path, film))
    read = TechnicalMetadata(**facts.technical_metadata())
    assert (read.video_width, read.video_height, read.video_codec) == (640, 360, "h264")
    assert (read.has_audio, read.audio_codec, read.audio_channels) == (True, "aac", 1)
    assert read.video_duration_seconds == 4.0
    assert not read.model_extra
    assert read.video_streams is not None
    assert not read.video_streams[0].model_extra


def test_a_silent_file_says_so(tmp_path: Path) -> None:
    """Without sound the audio fields are absent rather than empty."""
    fields = inspect(put(tmp_path, tiny_video())).technical_metadata()
    assert fields["has_audio"] is False
    assert "audio_codec" not in fields


def test_tiny_videos_are_good_and_all_different(tmp_path: Path) -> None:
    """The tiny videos of tests are accepted, each with a content of its own."""
    videos = [tiny_video(seed) for seed in range(5)]
    assert len(set(videos)) == 5
    assert all(inspect(put(tmp_path, video)).duration_s == 1.0 for video in videos)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_cut_off_file_is_broken_wherever_it_ends(tmp_path: Path, film: bytes, kept: float, container: str) -> None:
    """A file that ends before its header says so is broken, however early or late that is."""
    whole = film if container == "mp4" else remuxed(put(tmp_path, film), tmp_path / "again.mkv")
    with pytest.raises(MediaRejected) as caught:
        inspect(put(tmp_path, whole[: int(len(whole) * kept)], "cut"))
    assert caught.value.code == "video_file_broken"


@pytest.mark.parametrize("suffix", ["mkv", "mov", "ts", "flv"])
def test_other_containers_are_taken(tmp_path: Path, film: bytes, suffix: str) -> None:
    """The same pictures are good in any common container."""
    path = put(tmp_path, remuxed(put(tmp_path, film), tmp_path / f"again.{suffix}"), f"copy.{suffix}")
    assert inspect(path).duration_s == pytest.approx(4.0, abs=0.2)


def test_sound_that_lasts_longer_than_the_pictures(tmp_path: Path) -> None:
    """A file whose sound goes on after the last picture is whole."""
    path = tmp_path / "long.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 360, 360, "yuv420p"
        sound = container.add_stream("aac", rate=44100, layout="mono")
        for _ in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((360, 360, 3), 90, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 44100 * 5), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 44100
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
    assert inspect(path).video_codec == "h264"


def test_rotation_turns_width_and_height(tmp_path: Path) -> None:
    """A picture that players turn by a quarter is as wide as it is shown."""
    data = bytearray(tiny_video(width=640, height=360))
    matrix = data.index(b"tkhd") + 4 + 40
    quarter = b"".join(
        number.to_bytes(4, "big", signed=True) for number in (0, 1 << 16, 0, -(1 << 16), 0, 0, 360 << 16, 0, 1 << 30)
    )
    data[matrix : matrix + 36] = quarter
    facts = inspect(put(tmp_path, bytes(data)))
    assert (facts.width, facts.height, facts.rotation) == (360, 640, 90)


def test_limits_are_settings(tmp_path: Path, film: bytes) -> None:
    """Every limit can be set."""
    path = put(tmp_path, film)
    limits = MediaLimits()
    for code, changed in (
        ("video_duration_too_short", replace(limits, min_duration_s=4.5)),
        ("video_resolution_too_low", replace(limits, min_side=361)),
        ("video_resolution_too_high", replace(limits, max_long_side=600)),
        ("video_resolution_too_high", replace(limits, max_short_side=300)),
        ("video_resolution_invalid_aspect_ratio", replace(limits, max_aspect=1.5)),
    ):
        with pytest.raises(MediaRejected) as caught:
            inspect(path, changed)
        assert caught.value.code == code


def test_play_lists_open_nothing(tmp_path: Path, film: bytes) -> None:
    """A play list or a script that names other files is refused instead of followed."""
    good = put(tmp_path, film, "good.mp4")
    for text in (f"#EXTM3U\n#EXTINF:4,\n{good}\n#EXT-X-ENDLIST\n", f"ffconcat version 1.0\nfile {good.name}\n"):
        with pytest.raises(MediaRejected, match="cannot be read"):
            inspect(put(tmp_path, text.encode(), "list.mp4"))


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    """What is no file at all is refused like any other broken media."""
    for path in (tmp_path, tmp_path / "missing.mp4"):
        with pytest.raises(MediaRejected, match="cannot be read"):
            inspect(path)


def test_random_damage_is_a_verdict_never_a_crash(tmp_path: Path, film: bytes) -> None:
    """Whatever bytes of a header are wrong, the file is either good or refused."""
    random = np.random.default_rng(11)
    header = film.index(b"mdat")
    verdicts = set()
    for _ in range(60):
        data = bytearray(film)
        for position in random.integers(0, header, 6):
            data[position] = random.integers(0, 256)
        verdicts.add(verdict(put(tmp_path, bytes(data))))
    assert {"good", "video_file_broken"} <= verdicts


def test_a_codec_nobody_knows(tmp_path: Path, film: bytes) -> None:
    """A video stream without a decoder is no video."""
    with pytest.raises(MediaRejected, match="no video stream that can be decoded"):
        inspect(put(tmp_path, film.replace(b"avc1", b"zzzz")))


def test_a_verdict_travels_between_processes(tmp_path: Path, film: bytes) -> None:
    """Facts and rejections can be pickled."""
    facts = inspect(put(tmp_path, film))
    assert pickle.loads(pickle.dumps(facts)) == facts
    again = pickle.loads(pickle.dumps(MediaRejected("video_file_broken", "It is broken.")))
    assert (again.code, again.message, str(again)) == ("video_file_broken", "It is broken.", "It is broken.")


def verdict(path: Path) -> str:
    try:
        inspect(path)
    except MediaRejected as refused:
        return refused.code
    return "good"


def remuxed(source: Path, target: Path) -> bytes:
    """The same packets in the container that the target's suffix names."""
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        streams = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                write.mux(packet)
    return target.read_bytes()


def test_films_can_be_encoded_where_they_belong(tmp_path: Path) -> None:
    """A film is written whole and leaves nothing else behind."""
    encode(FILM, tmp_path / FILM.name)
    assert [path.name for path in tmp_path.iterdir()] == [FILM.name]


def test_damage_is_no_matter_of_permission(tmp_path: Path, film: bytes) -> None:
    """Where FFmpeg has no name for what is wrong, it says that it is not permitted, which nobody is told."""
    (tmp_path / "film.mp4").write_bytes(film)
    with pytest.raises(MediaRejected, match="it is damaged"), open_media(tmp_path / "film.mp4"):
        raise av.error.PermissionError(errno.EPERM, "Operation not permitted")
