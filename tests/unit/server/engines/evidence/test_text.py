"""Text on screen: when a picture is read, what is read, and how readings become lines."""

from itertools import repeat

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.server.engines.evidence.gate import Gate, Told
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.kinds import lines_of
from pipeline.server.engines.evidence.lines import Lines
from pipeline.server.engines.evidence.reading import Reader, Reading
from pipeline.server.engines.evidence.timeline import Line

from .conftest import Film, plain

BLUE = plain((30, 40, 110), 640, 360)


def lettered(text: str, ground: np.ndarray = BLUE, place: tuple[int, int] = (80, 120), size: int = 40) -> np.ndarray:
    """A picture with text on it."""
    image = Image.fromarray(ground)
    ImageDraw.Draw(image).text(place, text, "white", ImageFont.load_default(size))
    return np.asarray(image)


def test_a_title_is_read_with_its_time(film: Film) -> None:
    """Text that comes and goes is read as it is written, from when it appears to when it has vanished."""
    title = lettered("Quarterly Review 2024")
    timeline = gather(film("title.mp4", [*repeat(BLUE, 20), *repeat(title, 40), *repeat(BLUE, 20)]), tracks=("text",))
    (line,) = timeline.text
    assert (line.text, line.kind) == ("Quarterly Review 2024", "title")
    assert (line.start_s, line.end_s) == pytest.approx((0.8, 2.4), abs=0.3)
    assert line.confidence > 0.9
    assert line.box[0] == pytest.approx(80 / 640, abs=0.03)
    assert 25 < line.height_px < 60


def test_two_titles_at_one_place_are_two_lines(film: Film) -> None:
    """Where one text takes the place of another, each has its own span."""
    pictures = [*repeat(lettered("First turn off power"), 40), *repeat(lettered("Then open the cover"), 40)]
    lines = gather(film("two.mp4", pictures), tracks=("text",)).text
    assert [line.text for line in lines] == ["First turn off power", "Then open the cover"]
    assert lines[0].end_s == pytest.approx(1.6, abs=0.35)
    assert lines[1].start_s == pytest.approx(1.6, abs=0.35)


def test_a_turned_picture_is_read_upright(film: Film) -> None:
    """A video that players turn by a quarter is read as it is displayed, and boxes are those of the display."""
    upright = lettered("Portrait mode", plain((20, 20, 60), 360, 640), (40, 60))
    path = film("turned.mp4", repeat(np.ascontiguousarray(np.rot90(upright)), 15))
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    numbers = (0, 1 << 16, 0, -(1 << 16), 0, 0, 360 << 16, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    path.write_bytes(data)
    timeline = gather(path, tracks=("text",))
    assert (timeline.media.width, timeline.media.height) == (360, 640)
    assert [line.text for line in timeline.text] == ["Portrait mode"]
    assert timeline.text[0].box[1] == pytest.approx(60 / 640, abs=0.05)


def test_nothing_is_read_where_nothing_is_written() -> None:
    """Plain grounds and what moves over them never call for a reading."""
    gate = Gate()
    rows, columns = np.ogrid[:360, :640]
    for number in range(50):
        picture = BLUE.copy()
        picture[(rows - 180) ** 2 + (columns - 100 - 8 * number) ** 2 < 3600] = (220, 200, 40)
        glance = gate.look(number / 25, av.VideoFrame.from_ndarray(picture, format="rgb24"))
        assert glance is None or not glance.reads


def test_specks_are_not_a_word() -> None:
    """As many edges as a short word has call for no reading where they are scattered over the picture."""
    picture = BLUE.copy()
    for left, top in ((80, 60), (240, 180), (520, 300)):
        picture[top + 2 : top + 18, left + 8 : left + 14] = 255
    gate, specks = Gate(), av.VideoFrame.from_ndarray(picture, format="rgb24")
    glances = [gate.look(number / 4, specks) for number in range(8)]
    assert not any(glance.reads for glance in glances if glance)


def test_small_letters_are_read() -> None:
    """Letters of 20 points in a picture of 1080 lines are found and read."""
    picture = lettered("Harbour report", plain((30, 40, 110), 1920, 1080), (60, 700), 20)
    (line,) = Reader().read(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    assert line.text == "Harbour report"


def test_what_was_read_is_not_read_again() -> None:
    """Letters that stand still are read once; that they have gone is seen without a reading."""
    gate = Gate()
    letters, ground = (
        av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in (lettered("Market signal"), BLUE)
    )
    readings, gone = 0, []
    for number in range(100):
        glance = gate.look(number / 25, letters if number < 75 else ground)
        if glance and glance.reads:
            readings += 1
            gate.tell([Told((80 / 640, 120 / 360, 360 / 640, 170 / 360), restless=False)], news=True)
        gone += [number for _ in (glance.gone if glance else ())]
    assert readings == 1
    assert gone == [pytest.approx(78, abs=4)]


def read(text: str, left: float, top: float = 0.1, width: float = 0.2) -> Reading:
    return Reading(text, 0.95, (left, top, min(1.0, left + width), top + 0.05), 36)


def kinds(readings: list[list[Reading]], every_s: float, boundaries_s: tuple[float, ...] = ()) -> list[Line]:
    """The lines of readings made one after the other."""
    lines = Lines()
    for number, found in enumerate(readings):
        lines.see(number * every_s, number * every_s, found)
    return list(lines_of(lines.tracks, boundaries_s, 0.0, len(readings) * every_s))


def test_a_logo_is_a_mark() -> None:
    """One text at one place through several shots is one mark; what stands beside it is a title."""
    readings = [
        [read("SCIENCE TV", 0.75), *([read("Chapter one", 0.2, 0.5)] if number == 2 else [])] for number in range(8)
    ]
    found = kinds(readings, 4.0, (5.0, 11.0, 20.0))
    assert {(line.kind, line.text) for line in found} == {("mark", "SCIENCE TV"), ("title", "Chapter one")}


def test_numbers_that_count_are_a_timecode() -> None:
    """A clock that runs is one line that tells where it begins and ends."""
    (line,) = kinds([[read(f"00:00:{4 * number:02}", 0.1)] for number in range(6)], 4.0)
    assert (line.kind, line.text) == ("timecode", "00:00:00 to 00:00:20")


def test_a_ticker_is_put_together() -> None:
    """Pieces that run along are one line, its text told once."""
    pieces = [("market rises in the", 0.5, 0.5), ("market rises in the north while ships", 0.1, 0.9)]
    pieces += [("the north while ships wait", 0.0, 1.0), ("while ships wait outside", 0.0, 0.6)]
    (line,) = kinds([[read(text, left, 0.9, width)] for text, left, width in pieces], 6.0)
    assert (line.kind, line.text) == ("ticker", "market rises in the north while ships wait outside")


def test_a_letter_read_wrongly_is_the_same_line() -> None:
    """Readings of one line that differ in a letter are one line, told as it was read most often."""
    readings = ["Summer Window", "Summer Wlndow", "Summer Window"]
    (line,) = kinds([[read(text, 0.3)] for text in readings], 1.0)
    assert (line.text, line.readings) == ("Summer Window", 3)


def test_numbers_make_another_line() -> None:
    """Lines that differ in a number are two, however alike they are."""
    found = kinds([[read("Revenue 2023", 0.3)], [read("Revenue 2024", 0.3)]], 1.0)
    assert [line.text for line in found] == ["Revenue 2023", "Revenue 2024"]
