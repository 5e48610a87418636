"""What is asked for and cannot be determined from the evidence, whatever the video: plainly said, thing by thing."""

from collections.abc import Iterator

from pipeline.server.engines.words import stems

SPEAKERS = "Who speaks cannot be determined: voices are not told apart."


def _limit(sentence: str, words: str) -> tuple[frozenset[str], str]:
    return frozenset(stems(words)), sentence


_LIMITS = (
    _limit(
        "Who is in the picture cannot be determined: nobody is recognised, and people are told of only where a face "
        "that looks into the camera is large enough to be found.",
        "person people man men woman women child children kid boy girl lady guy face facial actor actress "
        "character celebrity player team crowd human age gender wear wearing dressed",
    ),
    _limit(
        "Which things are in the picture cannot be determined: objects are not recognised.",
        "object animal dog cat bird horse car vehicle truck bus train bike bicycle plane boat ship product "
        "food drink building house tree furniture weapon gun knife ball phone computer",
    ),
    _limit(
        "Where it was filmed cannot be determined: places are not recognised.",
        "location city country landmark indoor outdoor indoors outdoors",
    ),
    _limit(
        "Feelings and moods cannot be determined: neither faces nor voices are read for them.",
        "emotion emotional mood feel feeling feelings sentiment tone atmosphere happy happiness sad sadness "
        "angry anger fear joy smile smiling cry laughing",
    ),
    _limit(
        "Brands cannot be determined by their look: only what is written is read.",
        "logo brand branding",
    ),
    _limit(
        "What anybody does cannot be determined: only how much of the picture moves is measured.",
        "doing gesture activity activities dance dancing running walk walking jump jumping fight goal",
    ),
    _limit(
        "Which music it is cannot be determined: pieces, singers and instruments are not recognised.",
        "song artist singer composer instrument lyric lyrics melody tune sing singing",
    ),
    _limit(
        "Which genre it is cannot be determined: kinds of programmes and of music are not told apart.",
        "genre",
    ),
    _limit(
        "What makes a sound cannot be determined: speech, music and other sounds are told apart, no more.",
        "applause laughter clap clapping cheer siren bark barking gunshot alarm bell explosion",
    ),
    _limit(
        "What is meant, and why, cannot be determined: nothing is concluded from what was observed.",
        "why meaning intent intention opinion argue sarcasm irony joke funny humor humour purpose moral message",
    ),
    _limit(
        "Whether it is fit for an audience cannot be determined: what pictures show is not recognised.",
        "safe unsafe violence violent nudity nude naked sex sexual explicit blood gore drug alcohol smoking cigarette "
        "profanity nsfw appropriate inappropriate offensive",
    ),
    _limit(
        "What is an advertisement cannot be determined: nothing tells it from the rest.",
        "ad ads advert adverts advertisement advertising advertise commercial commercials sponsor sponsored promo",
    ),
    _limit(
        "Which language is spoken cannot be determined: it is not told apart from others.",
        "language accent dialect",
    ),
    _limit(
        "Which text is a subtitle cannot be determined: lines are titles, marks, tickers or timecodes.",
        "subtitle subtitles subtitled",
    ),
    _limit(
        "How good it is cannot be determined: nothing is judged.",
        "quality aesthetic professional boring exciting",
    ),
    _limit(
        "Nothing is translated.",
        "translate translation translated",
    ),
)
_SPOKEN_BY = frozenset(stems("speaker speakers"))
_WHO = frozenset(stems("who whom whose"))
MADE = frozenset(stems("write generate create suggest invent compose propose"))
_TEXTS = frozenset(stems("title headline caption story slogan post blog tweet article hook script"))


_CANNOT = " cannot be determined"
# So many sentences are still read; more of them are told as one.
_MOST = 2


def limits(asked: list[str], *, about_speech: bool, is_card: bool = False) -> Iterator[str]:
    """The sentences that a prompt calls for, by its stems in order; a card says by itself that nothing is made up."""
    sentences = list(_called_for(asked, about_speech=about_speech))
    told = [sentence.partition(_CANNOT)[0] for sentence in sentences if _CANNOT in sentence]
    if len(told) > _MOST:
        yield f"What cannot be determined: {', '.join(each[0].lower() + each[1:] for each in told)}."
        sentences = [sentence for sentence in sentences if _CANNOT not in sentence]
    yield from sentences
    words = frozenset(asked)
    if words & MADE and words & _TEXTS and not is_card:
        yield "No text is made up: what was read on screen and heard is told as it is."


def _called_for(asked: list[str], *, about_speech: bool) -> Iterator[str]:
    words = frozenset(asked)
    by_whom = bool(words & _WHO)
    if words & _SPOKEN_BY or (by_whom and about_speech):
        yield SPEAKERS
    for number, (known, sentence) in enumerate(_LIMITS):
        if words & known or (number == 0 and by_whom and not about_speech):
            yield sentence
