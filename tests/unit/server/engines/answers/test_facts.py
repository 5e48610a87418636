"""Structured answers of the evidence engine: each field is filled from the timeline, or said to be unknown."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.server.engines.answers import facts
from pipeline.server.engines.evidence.timeline import Faces, Media, Missing, SoundPassage, Timeline, Utterance
from pipeline.server.engines.fields import read_field, read_prompt
from pipeline.server.engines.reply import unanswered
from pipeline.server.engines.structure import Filled, fill
from tests.unit.server.engines.judge import problems

from .programme import MEDIA, TIMELINE, line

KNOWN = facts.of_video(TIMELINE)
UNLOOKED = replace(
    TIMELINE,
    text=None,
    speech=None,
    sounds=(SoundPassage(0, 40, 1.0, "sound", -20.0),),
    events=None,
    loudness=None,
    missing=(Missing("spoken words", ("pocketsphinx",)), Missing("speech and music told apart", ("onnxruntime",))),
)
QUIET = replace(TIMELINE, text=(), speech=(), sounds=(SoundPassage(0, 40, 1.0, "silence", -80.0),), events=())

NUMBER, INTEGER, STRING, BOOLEAN = ({"type": kind} for kind in ("number", "integer", "string", "boolean"))
STRINGS, NUMBERS = {"type": "array", "items": STRING}, {"type": "array", "items": NUMBER}
CLOCK = {"type": "timestamp", "format": "hh:mm:ss"}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": obj(**properties)}


def one_of(*members: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(members)}


def ask(timeline: Timeline, name: str, rule: dict[str, Any], about: str = "") -> Filled:
    schema = obj(**{name: {**rule, **({"description": about} if about else {})}})
    filled = fill(schema, facts.of_video(timeline))
    assert problems(schema, filled.content) == []
    return filled


ANSWERED: list[tuple[str, dict[str, Any], str, Any]] = [
    # what the file is
    ("duration", NUMBER, "", 40.0),
    ("width", INTEGER, "", 1280),
    ("fps", NUMBER, "", 25.0),
    ("video_codec", STRING, "", "h264"),
    ("audio_codec", STRING, "", "aac"),
    # what is read
    ("title", STRING, "", "Harbour News"),
    ("title", STRING, "A short title for this video", "Harbour News"),
    ("titles", STRINGS, "", ["Harbour News", "The engine room", "Annual budget 2024"]),
    ("title_count", INTEGER, "", 3),
    ("captions", STRING, "", "Harbour News\nThe engine room\nAnnual budget 2024"),
    ("last_title", STRING, "", "Annual budget 2024"),
    ("has_text", BOOLEAN, "", True),
    ("onScreenText", listed(text=STRING, start=NUMBER, end=NUMBER, confidence=NUMBER), "", None),
    ("first_title_at", CLOCK, "", "00:00:01"),
    ("title_duration", NUMBER, "", 9.0),
    ("logo", STRING, "", "ACME"),
    ("has_watermark", BOOLEAN, "", True),
    ("ticker", STRING, "", "markets up again ... rain tomorrow"),
    ("flag", BOOLEAN, "Is there a ticker on screen?", True),
    # what is said
    ("transcript", STRING, "", "the ships arrive at dawn our company needs a new budget"),
    ("text", STRING, "The spoken text", "the ships arrive at dawn our company needs a new budget"),
    ("quote", STRING, "The words the speaker says", "the ships arrive at dawn"),
    ("quotes", STRINGS, "", ["the ships arrive at dawn", "our company needs a new budget"]),
    ("speech", STRINGS, "", ["the ships arrive at dawn", "our company needs a new budget"]),
    ("word_count", INTEGER, "", 11),
    ("count", INTEGER, "Number of words spoken", 11),
    ("has_speech", BOOLEAN, "", True),
    ("no_speech", BOOLEAN, "", False),
    ("speech_duration", NUMBER, "", 11.0),
    ("speech_percentage", INTEGER, "", 28),
    ("longest_speech_duration", NUMBER, "", 4.0),
    ("duration", NUMBER, "How long somebody speaks", 11.0),
    ("first_spoken_at", NUMBER, "", 5.0),
    ("first_spoken_at", STRING, "", "00:00:05.000"),
    ("speech_start_times", NUMBERS, "", [5.0, 11.0, 23.0]),
    # what is heard
    ("has_music", BOOLEAN, "", True),
    ("music_duration", NUMBER, "", 18.0),
    ("duration", NUMBER, "How long the music plays", 18.0),
    ("music", listed(start=NUMBER, end=NUMBER), "", [{"start": 0.0, "end": 5.0}, {"start": 27.0, "end": 40.0}]),
    ("music_times", {"type": "array", "items": CLOCK}, "", ["00:00:00", "00:00:27"]),
    ("silence_duration", NUMBER, "", 2.0),
    ("has_silence", BOOLEAN, "", True),
    ("sudden_sounds", NUMBERS, "", [16.0, 19.5]),
    ("sound_event_count", INTEGER, "", 2),
    ("has_sudden_noise", BOOLEAN, "", True),
    ("integrated_lufs", NUMBER, "", -19.5),
    ("loudness", NUMBER, "in LUFS", -19.5),
    ("loudness_range", NUMBER, "", 6.2),
    ("sound_type", one_of("speech", "music", "silence"), "", "music"),
    ("sound_types", {"type": "array", "items": one_of("speech", "music", "laughter")}, "", ["music", "speech"]),
    ("sounds", listed(kind=STRING, start=INTEGER), "", None),
    # what is seen
    ("shot_count", INTEGER, "", 4),
    ("cut_count", INTEGER, "", 1),
    ("fades", INTEGER, "", 1),
    ("number_of_dissolves", INTEGER, "", 1),
    ("transition_count", INTEGER, "", 3),
    ("fade_times", NUMBERS, "", [30.0]),
    ("has_dissolves", BOOLEAN, "", True),
    ("first_cut_time", NUMBER, "", 10.0),
    ("dominant_color", one_of("red", "green", "yellow"), "", "green"),
    ("black_duration", NUMBER, "", 10.0),
    # what is mentioned
    ("mentions_budget", BOOLEAN, "", True),
    ("mentions_engine", BOOLEAN, "", True),
    ("mentions_ship", BOOLEAN, "", True),
    ("mentions_whale", BOOLEAN, "", False),
    ("no_mention_of_whales", BOOLEAN, "", True),
    ("flag", BOOLEAN, "true if someone mentions the budget", True),
    ("flag", BOOLEAN, "is the word 'engine' on screen?", True),
    ("flag", BOOLEAN, "is the word 'engine' spoken?", False),
    ("flag", BOOLEAN, 'Whether the phrase "annual budget" is shown on screen', True),
    ("flag", BOOLEAN, "Does the speaker talk about companies?", True),
    ("budget", one_of("yes", "no", "unclear"), "Whether the budget is mentioned", "yes"),
    ("budget_mentions", INTEGER, "", 2),
    ("first_mention_of_budget", NUMBER, "", 22.0),
    ("budget_mentions", listed(start=NUMBER, text=STRING), "", None),
    ("scenes", listed(start=NUMBER), "Scenes in which the budget is mentioned", [{"start": 20.0}]),
    ("category", one_of("advert", "news"), "", "news"),
    ("genre", one_of("advert", "news", "other"), "What kind of programme this is", "news"),
    ("topics", {"type": "array", "items": one_of("sport", "budget", "harbour")}, "", ["budget", "harbour"]),
    # objects and unions
    ("speech", obj(present=BOOLEAN, duration=NUMBER, text=STRING, start=NUMBER), "", None),
    ("music", obj(present=BOOLEAN, start_time=NUMBER), "", {"present": True, "start_time": 0.0}),
    ("speaker", {"anyOf": [STRING, {"type": "null"}]}, "", None),
    ("transcript", {"anyOf": [{"type": "null"}, STRING]}, "", None),
    ("audio", obj(has_music=BOOLEAN, codec=STRING), "", {"has_music": True, "codec": "aac"}),
    ("logos", listed(content=STRING, first_seen=NUMBER), "", [{"content": "ACME", "first_seen": 0.0}]),
    ("tickers", listed(ticker=STRING, last_seen=NUMBER, type=one_of("title", "ticker")), "", None),
    ("headlines", listed(title=STRING), "", None),
    ("cut_timestamps", NUMBERS, "", [10.0]),
    ("speaking_time", NUMBER, "Total speaking time in seconds", 11.0),
    ("number_of_text_lines", INTEGER, "", 5),
    ("first_fade", obj(start=NUMBER), "", {"start": 30.0}),
    ("last_title", obj(text=STRING, start=NUMBER), "", {"text": "Annual budget 2024", "start": 22.0}),
    ("loudest_sound", obj(start=NUMBER, kind=STRING), "", {"start": 5.0, "kind": "speech"}),
    ("main_topic", STRING, "", "budget, Harbour, News"),
    # one of several shots
    ("first_shot_color", STRING, "", "blue"),
    ("last_shot_brightness", NUMBER, "", 0.01),
    ("darkest_shot", NUMBER, "", 4.0),
    ("darkest_shot_start", NUMBER, "", 30.0),
    ("brightest_shot_end", NUMBER, "", 30.0),
    ("longest_shot", NUMBER, "", 10.0),
    ("first_cut", NUMBER, "", 10.0),
    ("fade_in_at", NUMBER, "", 30.0),
    ("has_music", BOOLEAN, "Whether there is background music", True),
    ("last_shot_is_dark", BOOLEAN, "", True),
    ("max_shot_brightness", NUMBER, "", 0.6),
    # where passages begin and end, and how many they are
    ("black_start", NUMBER, "", 30.0),
    ("black_end", NUMBER, "", 40.0),
    ("music_end", NUMBER, "", 40.0),
    ("title_disappears_at", NUMBER, "", 25.0),
    ("music_segments", INTEGER, "", 2),
    ("silent_parts", INTEGER, "", 1),
    ("black_at_all", BOOLEAN, "Is the picture ever black?", True),
    # mentions
    ("mentions_engine_level", BOOLEAN, "", False),
    ("times_budget_mentioned", INTEGER, "", 2),
    ("budget", STRINGS, "Timestamps at which the budget is mentioned", ["00:00:22.000", "00:00:23.000"]),
    ("says", NUMBERS, 'Seconds at which the word "budget" is spoken', [23.0]),
    # times and shapes in the form that is asked for; the word of a scale that is nearest
    ("music_start", {"type": "string", "pattern": r"^\d{2}:\d{2}$"}, "", "00:00"),
    ("aspect_ratio", one_of("4:3", "9:16", "16:9"), "", "16:9"),
    ("brightness", one_of("dark", "bright"), "", "dark"),
    ("motion", one_of("none", "low", "high"), "", "low"),
    ("loudness", one_of("quiet", "loud"), "", "loud"),
]  # fmt: skip
LISTS = {
    "onScreenText": [
        {"text": each.text, "start": each.start_s, "end": each.end_s, "confidence": 0.9} for each in TIMELINE.text or ()
    ],
    "sounds": [{"kind": each.kind, "start": each.start_s} for each in TIMELINE.sounds or ()],
    "budget_mentions": [
        {"start": 22.0, "text": "Annual budget 2024"},
        {"start": 23.0, "text": "our company needs a new budget"},
    ],
    "transcript": "the ships arrive at dawn our company needs a new budget",
    "tickers": [{"ticker": "markets up again ... rain tomorrow", "last_seen": 35.0, "type": "ticker"}],
    "headlines": [{"title": "Harbour News"}, {"title": "The engine room"}, {"title": "Annual budget 2024"}],
    "speech": {
        "present": True,
        "duration": 11.0,
        "text": "the ships arrive at dawn our company needs a new budget",
        "start": 5.0,
    },
}


@pytest.mark.parametrize(("name", "rule", "about", "expected"), ANSWERED)
def test_a_field_is_filled_from_the_evidence(name: str, rule: dict[str, Any], about: str, expected: Any) -> None:
    """What was read, heard and seen answers the fields that ask for it, by name, by type and by description."""
    filled = ask(TIMELINE, name, rule, about)
    assert filled.guessed == ()
    assert filled.content == {name: LISTS.get(name) if expected is None else expected}


UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("text_colour", STRING, ""),
    ("title_position", STRING, ""),
    ("title_length", NUMBER, ""),
    ("hair_colour", STRING, ""),
    ("speaker_name", STRING, ""),
    ("speaker_count", INTEGER, ""),
    ("said_by", STRING, ""),
    ("spoken_language", STRING, ""),
    ("music_genre", STRING, ""),
    ("music_volume", NUMBER, ""),
    ("song_title", STRING, ""),
    ("lyrics", STRING, ""),
    ("has_faces", BOOLEAN, ""),
    ("people", STRINGS, ""),
    ("objects", STRINGS, ""),
    ("emotion", one_of("none", "happy", "new"), ""),
    ("mood", one_of("unknown", "news"), ""),
    ("weather", one_of("unknown", "rain"), ""),
    ("type", one_of("unknown", "news"), "Type of vehicle"),
    ("language", one_of("unknown", "company"), ""),
    ("title", STRING, "Title of the song that is played"),
    ("quote", STRING, "What the woman says"),
    ("value", STRING, "The genre of the music"),
    ("mentions_product", BOOLEAN, ""),
    ("companies_mentioned", STRINGS, ""),
    ("ceo_mentions_budget", BOOLEAN, ""),
    ("flag", BOOLEAN, "true if the budget is mentioned in a positive way"),
    ("scene_count", INTEGER, "Number of scenes with text"),
    ("scenes", STRINGS, "Scenes in which there is music"),
    ("speech_level", INTEGER, ""),
    ("words_per_minute", NUMBER, ""),
    ("shots_per_minute", NUMBER, ""),
    ("second_scene", STRING, ""),
    ("second_shot_color", STRING, ""),
    ("flag", BOOLEAN, "True if no speech is present"),
    ("titles_readable", BOOLEAN, "Are all titles readable?"),
    ("ends_with_black", BOOLEAN, ""),
    ("is_black_and_white", BOOLEAN, ""),
    ("flag", {"enum": [True, False]}, ""),
    ("speech_and_music", BOOLEAN, ""),
    ("is_talk_show", BOOLEAN, ""),
    ("starts_with_music", BOOLEAN, ""),
    ("timecode_on_screen", STRING, ""),
    ("brightness", NUMBER, "How bright the text is"),
    ("title", STRING, "The title of the book that is shown"),
    ("has_text", BOOLEAN, "Whether there is text on a sign"),
    ("has_music", BOOLEAN, "Whether copyrighted music is played"),
    ("quote", STRING, "A quote about the engine"),
    ("speech", STRING, "Type of speech"),
    ("longest_word", STRING, ""),
    ("shot_type", STRING, ""),
    ("caption", STRING, "Write a caption for social media"),
]


@pytest.mark.parametrize(("name", "rule", "about"), UNKNOWN)
def test_no_neighbouring_fact_answers_for_what_is_not_known(name: str, rule: dict[str, Any], about: str) -> None:
    """A field that asks for more than was observed has the emptiest valid value, and is named."""
    filled = ask(TIMELINE, name, rule, about)
    assert filled.guessed == (name,)
    assert filled.content[name] in ("", 0, False, "none", "unknown", [])


TRACKS = [
    ("titles", STRINGS, []),
    ("has_text", BOOLEAN, False),
    ("quotes", STRINGS, []),
    ("has_speech", BOOLEAN, False),
    ("speech_duration", NUMBER, 0),
    ("has_music", BOOLEAN, False),
    ("sudden_sounds", NUMBERS, []),
    ("sudden_sound_count", INTEGER, 0),
    ("mentions_budget", BOOLEAN, False),
    ("budget_mentions", INTEGER, 0),
    ("ticker_count", INTEGER, 0),
]


@pytest.mark.parametrize(("name", "rule", "empty"), TRACKS)
def test_what_was_looked_for_in_vain_is_an_answer(name: str, rule: dict[str, Any], empty: Any) -> None:
    """An empty track says no, none and nothing; one that was not looked at says so, with the same values."""
    looked, unlooked = ask(QUIET, name, rule), ask(UNLOOKED, name, rule)
    assert looked.content == unlooked.content == {name: empty}
    assert (looked.guessed, unlooked.guessed) == ((), (name,))


def test_speech_that_was_not_understood_is_never_quoted() -> None:
    """Whatever asks for words has none of it, and an utterance in a list says when it is alone."""
    murmur = replace(TIMELINE, text=(), speech=(Utterance(2, 6, 0.3, understood=False, text="secret", words=()),))
    schema = obj(
        transcript=STRING, quotes=STRINGS, words=STRINGS, summary=STRING, keywords=STRINGS, has_speech=BOOLEAN,
        speech=listed(start=NUMBER, text=STRING), chapters=listed(title=STRING, summary=STRING),
        mentions_secret=BOOLEAN, word_count=INTEGER,
    )  # fmt: skip
    filled = fill(schema, facts.of_video(murmur))
    assert "secret" not in str(list(filled.content.values()))
    assert filled.content["has_speech"] is True
    assert filled.content["speech"] == [{"start": 2, "text": ""}]
    assert "not understood, [00:02.0-00:06.0]" in filled.content["summary"]
    assert set(filled.guessed) >= {"transcript", "quotes", "words", "word_count", "speech[].text"}


def test_words_with_their_times() -> None:
    """A list of words has each one that was understood, with its time; an utterance has its own."""
    word = listed(word=STRING, start=NUMBER)
    content = fill(obj(words=word, transcript=listed(text=STRING, words=word)), KNOWN).content
    assert [each["word"] for each in content["words"][:2]] == ["the", "ships"]
    assert len(content["words"]) == 11
    assert content["transcript"][1]["words"][0] == {"word": "our", "start": 23.0}


def test_shots_have_their_looks_and_what_is_read_and_heard_in_them() -> None:
    """Each shot tells how it is entered, how it looks, and what of titles and words lies inside."""
    item = obj(
        start=NUMBER, end=NUMBER, transition=one_of("start", "cut", "dissolve", "fade"), main_color=STRING,
        brightness=NUMBER, text=STRINGS, transcript=STRING, has_music=BOOLEAN, shot_number=INTEGER,
    )  # fmt: skip
    shots = fill(obj(shots={"type": "array", "items": item}), KNOWN).content["shots"]
    assert [each["transition"] for each in shots] == ["start", "cut", "dissolve", "fade"]
    assert [each["shot_number"] for each in shots] == [1, 2, 3, 4]
    assert shots[2] == {
        "start": 20, "end": 30, "transition": "dissolve", "main_color": "red", "brightness": 0.6,
        "text": ["ACME", "Annual budget 2024"], "transcript": "our company needs a new budget", "has_music": True,
        "shot_number": 3,
    }  # fmt: skip


def test_chapters_are_called_after_titles_else_words_else_looks() -> None:
    """A chapter begins with a large new title or out of black, and is called after what is read, said or seen in it."""
    item = obj(title=STRING, summary=STRING, start=CLOCK, end=CLOCK, keywords=STRINGS)
    chapters = fill(obj(chapters={"type": "array", "items": item}, chapter_count=INTEGER), KNOWN).content
    assert [(each["title"], each["start"]) for each in chapters["chapters"]] == [
        ("Harbour News", "00:00:00"),
        ("The engine room", "00:00:10"),
        ("Annual budget 2024", "00:00:20"),
        ("black, all black", "00:00:30"),
    ]
    assert chapters["chapter_count"] == 4
    assert '"the ships arrive at dawn" [00:05.0-00:09.0]' in chapters["chapters"][0]["summary"]
    untitled = fill(
        obj(scenes=listed(title=STRING, on_screen_title=STRING)), facts.of_video(replace(TIMELINE, text=()))
    )
    assert untitled.content["scenes"][0] == {"title": '"the ships arrive at dawn"', "on_screen_title": ""}
    assert untitled.guessed == ("scenes[].on_screen_title",)


def test_keywords_are_words_with_a_meaning_and_colours_where_there_are_few() -> None:
    """Keywords, tags and topics come from titles and understood speech, the most used first; colours fill up."""
    content = fill(obj(keywords=STRINGS, tags=STRINGS, topics=STRINGS, keyword=STRING), KNOWN).content
    assert content["keywords"][:3] == ["budget", "Harbour", "News"]
    assert content["keywords"] == content["tags"] == content["topics"]
    assert not {"black", "green", "blue", "red"}.intersection(content["keywords"])
    wordless = facts.of_video(replace(TIMELINE, text=(line(1, 4, "Harbour News"),), speech=()))
    assert fill(obj(tags=STRINGS), wordless).content["tags"] == ["Harbour", "News", "black", "green", "blue", "red"]
    assert "the" not in content["keywords"]
    assert content["keyword"].startswith("budget, Harbour")


@pytest.mark.parametrize(
    ("members", "chosen"),
    [
        (("positive", "neutral", "negative"), "neutral"),
        (("pass", "fail", "review"), "review"),
        (("approved", "rejected", "needs review"), "needs review"),
        (("review", "news", "sport"), "review"),
        (("G", "PG", "Not Rated"), "Not Rated"),
        (("high", "low", "Unknown"), "Unknown"),
    ],
)
def test_what_nobody_knows_is_the_member_that_says_the_least(members: tuple[str, ...], chosen: str) -> None:
    """No verdict and no feeling is made up where a member leaves it open; and the warning names the field."""
    filled = ask(TIMELINE, "sentiment", one_of(*members))
    assert (filled.content["sentiment"], filled.guessed) == (chosen, ("sentiment",))


def test_what_stays_on_screen_throughout_is_not_told_of_every_shot() -> None:
    """A mark is no news of one shot; where the whole has no titles, it is told of that."""
    timeline = replace(TIMELINE, text=(line(0, 40, "ACME", "mark", 20),))
    content = fill(obj(summary=STRING, shots=listed(description=STRING)), facts.of_video(timeline)).content
    assert content["summary"].startswith('On screen: "ACME" [00:00.0-00:40.0].')
    assert "ACME" not in str(content["shots"])


@pytest.mark.parametrize(
    "name", ["one_line_summary", "short_description", "executiveSummary", "video_description", "meta_description"]
)
def test_a_summary_by_any_name_is_one(name: str) -> None:
    """How long it is to be has no part in what it is."""
    filled = ask(TIMELINE, name, STRING)
    assert filled.guessed == ()
    assert filled.content[name].startswith('On screen: "Harbour News"')


def test_a_scene_that_is_picked_out_is_told_alone() -> None:
    """The first and the darkest scene are not the whole video."""
    content = fill(obj(first_scene=STRING, darkest_scene=STRING, last_shot=STRING), KNOWN).content
    assert content["first_scene"].startswith('On screen: "Harbour News" [00:01.0-00:04.0]. Said: "the ships arrive')
    assert "Annual budget" not in content["first_scene"]
    assert content["darkest_scene"] == content["last_shot"]
    assert "[00:30.0-00:40.0]" in content["last_shot"]


def test_whether_there_are_subtitles_is_not_known_where_there_is_text() -> None:
    """A title is none, and nobody tells them apart; without any line there are none."""
    assert ask(TIMELINE, "has_subtitles", BOOLEAN).guessed == ("has_subtitles",)
    assert ask(TIMELINE, "has_captions", {"type": ["boolean", "null"]}).content == {"has_captions": None}
    none = ask(QUIET, "has_subtitles", BOOLEAN)
    assert (none.content, none.guessed) == ({"has_subtitles": False}, ())


def test_a_timecode_in_a_list_of_lines_has_its_text() -> None:
    """It is written there as well, though it is no part of all that is written."""
    timeline = replace(TIMELINE, text=(line(0, 40, "10:00:00 to 10:00:40", "timecode"), line(1, 4, "Harbour News")))
    filled = fill(obj(on_screen_text=listed(text=STRING), ocr_text=STRING), facts.of_video(timeline))
    assert filled.content["on_screen_text"] == [{"text": "10:00:00 to 10:00:40"}, {"text": "Harbour News"}]
    assert (filled.content["ocr_text"], filled.guessed) == ("Harbour News", ())


def test_a_summary_is_a_few_sentences_with_times() -> None:
    """A summary says what is read, said, heard and seen, and when; last what the file is."""
    filled = fill(obj(summary=STRING, description=STRING), KNOWN)
    assert filled.guessed == ()
    assert filled.content["summary"] == (
        'On screen: "Harbour News" [00:01.0-00:04.0], "The engine room" [00:12.0-00:15.0],'
        ' "Annual budget 2024" [00:22.0-00:25.0].'
        ' Said: "the ships arrive at dawn" [00:05.0-00:09.0], "our company needs a new budget" [00:23.0-00:27.0];'
        " speech, not understood, [00:11.0-00:14.0]."
        " Heard: music [00:00.0-00:05.0], [00:27.0-00:40.0]; silence [00:09.0-00:11.0]; sudden sounds at 00:16.0,"
        " 00:19.5."
        " Seen: 4 shots, medium bright, black (25%) with green (22%) and blue (20%), moderate motion,"
        " [00:00.0-00:40.0]."
        " 40.0 s of video, 1280x720 at 25 pictures a second (h264), with sound (aac), [00:00.0-00:40.0]."
    )


ASKED = (
    ("Is there any music?", BOOLEAN, True),
    ("How many words are spoken?", INTEGER, 11),
    ("How many titles are shown?", INTEGER, 3),
    ("When is the first title shown?", CLOCK, "00:00:01"),
    ("What is the mood of the music?", STRING, ""),
)


def test_a_prompt_says_what_a_field_means_that_says_nothing() -> None:
    """A field called "answer" is read by the prompt."""
    for prompt, rule, expected in ASKED:
        assert fill(obj(answer=rule), KNOWN, read_prompt(prompt)).content == {"answer": expected}


def test_a_stretch_tells_of_itself_alone() -> None:
    """A stretch has its own times, number, texts and words: of an utterance that it cuts, those said inside."""
    known = facts.Facts(TIMELINE).of_stretch((12.0, 25.0), 7)
    schema = obj(
        index=INTEGER, start=NUMBER, end=NUMBER, duration=NUMBER, titles=STRINGS, transcript=STRING, shot_count=INTEGER,
        cuts=INTEGER, has_music=BOOLEAN, title=STRING, mentions_ships=BOOLEAN,
    )  # fmt: skip
    assert fill(schema, known).content == {
        "index": 7, "start": 12.0, "end": 25.0, "duration": 13.0, "titles": ["The engine room", "Annual budget 2024"],
        "transcript": "our company needs", "shot_count": 2, "cuts": 0, "has_music": False, "title": "The engine room",
        "mentions_ships": False,
    }  # fmt: skip
    loudness = fill(obj(integrated_lufs=NUMBER), known)
    assert loudness.guessed == ("integrated_lufs",)


def test_sound_alone_and_pictures_alone() -> None:
    """Without a sound stream nothing is said or played; without pictures nothing is on screen, and no shot is known."""
    mute = replace(
        TIMELINE,
        media=replace(MEDIA, audio_codec=None, audio_streams=0),
        speech=None, sounds=None, events=None, loudness=None,
    )  # fmt: skip
    asked = obj(has_speech=BOOLEAN, has_music=BOOLEAN, has_audio=BOOLEAN, transcript=STRINGS)
    filled = fill(asked, facts.of_video(mute))
    assert filled.content == {"has_speech": False, "has_music": False, "has_audio": False, "transcript": []}
    assert filled.guessed == ()
    heard = replace(
        TIMELINE,
        media=Media(40.0, 0.0, None, None, None, 0, None, "mp3", 1),
        shots=None, black=None, still=None, text=None,
    )  # fmt: skip
    filled = fill(obj(has_text=BOOLEAN, shot_count=INTEGER, brightness=NUMBER, summary=STRING), facts.of_video(heard))
    assert filled.content["has_text"] is False
    assert filled.guessed == ("shot_count", "brightness")
    assert filled.content["summary"].endswith("40.0 s of sound alone, [00:00.0-00:40.0].")


def test_hundreds_of_stretches_look_at_their_own_evidence_alone() -> None:
    """Of thousands of entries each stretch clips the few that lie inside, also while a long mark is shown."""
    lines = (line(0, 6000, "ACME", "mark"), *(line(number, number + 1, f"line {number}") for number in range(6000)))
    long = facts.Facts(replace(TIMELINE, media=replace(MEDIA, duration_s=6000.0), end_s=6000.0, text=lines))
    touched = 0
    for number in range(300):
        known = long.of_stretch((number * 20.0, number * 20.0 + 2), number)
        touched += len(known.parts["text"])
        assert known.labels["title"] == f"line {number * 20}"
    assert touched == 900


def test_the_same_timeline_has_the_same_answer() -> None:
    """Two readings of one timeline fill one schema alike."""
    schema = obj(summary=STRING, keywords=STRINGS, chapters=listed(title=STRING), shots=listed(colour=STRING))
    again = Timeline.from_json(TIMELINE.to_json())
    assert fill(schema, KNOWN) == fill(schema, facts.of_video(again))


FACES = replace(
    TIMELINE, faces=tuple(Faces(at_s, at_s + 4, 0.95, most, (0.4, 0.2, 0.6, 0.6)) for at_s, most in ((2, 1), (20, 3)))
)


@pytest.mark.parametrize(
    ("name", "rule", "value"),
    [
        ("has_faces", BOOLEAN, True),
        ("faces_visible", BOOLEAN, True),
        ("people_visible", BOOLEAN, True),
        ("is_person_on_screen", BOOLEAN, True),
        ("no_people", BOOLEAN, False),
        ("face_count", INTEGER, 3),
        ("number_of_faces", INTEGER, 3),
        ("first_face_time", NUMBER, 2.0),
        ("face_seconds", NUMBER, 8.0),
        ("faces", listed(start=NUMBER, end=NUMBER), [{"start": 2.0, "end": 6.0}, {"start": 20.0, "end": 24.0}]),
    ],
)
def test_faces(name: str, rule: dict[str, Any], value: Any) -> None:
    """Whether there are any, when, and how many at once; that none was found does not mean that nobody is there."""
    filled = ask(FACES, name, rule)
    assert filled.content == {name: value}
    assert filled.guessed == ()
    assert ask(replace(FACES, faces=()), name, rule).guessed


def test_a_level_is_no_share() -> None:
    """How much of the time there is sound is not told in decibels."""
    assert ask(TIMELINE, "sound_share", NUMBER).guessed


@pytest.mark.parametrize("name", ["people_count", "person_name", "people", "face_emotion", "person_age"])
def test_of_people_nothing_more_is_known(name: str) -> None:
    """Who they are and how many there are in all is not told by their faces."""
    for rule in (STRING, INTEGER):
        assert ask(FACES, name, rule).guessed


def test_a_part_that_nobody_knows_is_not_told_as_the_whole() -> None:
    """As "first_10_seconds", of which a field cannot be told."""
    assert ask(TIMELINE, "first_10_seconds", obj(summary=STRING)).content == {"first_10_seconds": {"summary": ""}}


def test_a_list_that_has_to_be_longer_keeps_what_there_is() -> None:
    """It is filled up with empty items, and said to be not answered."""
    filled = ask(TIMELINE, "shots", {**listed(start=NUMBER), "minItems": 6})
    assert [each["start"] for each in filled.content["shots"]] == [0.0, 10.0, 20.0, 30.0, 0, 0]
    assert filled.guessed == ("shots",)


@pytest.mark.parametrize("name", ["status", "news", "analysis", "class", "series", "text_status", "titleNews"])
def test_what_only_ends_as_a_plural_is_one(name: str) -> None:
    """Several are asked for by a plural alone."""
    assert not read_field(name).is_plural
    assert all(read_field(plural).is_plural for plural in ("titles", "textLines", "statuses", "title_classes"))


def test_a_choice_without_a_word_for_unknown_is_named_in_the_warning() -> None:
    """It has the emptiest value there is, of others the first: no rating is told as if it were known."""
    assert ask(TIMELINE, "rating", one_of("G", "PG", "R")) == Filled({"rating": "G"}, False, ("rating",))
    assert ask(TIMELINE, "flag", {"enum": [True, False]}).content == {"flag": False}
    warning = unanswered(("rating",))
    assert warning is not None
    assert warning.startswith("Nothing that was measured answers rating: filled with the emptiest values")
