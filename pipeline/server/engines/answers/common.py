"""Words that tell nothing of what somebody looks for: those that every text has, and those of asking itself."""

from pipeline.server.engines.words import EMPTY, Token, bag, stems

# Beside empty words, those that are so frequent that a text with one of them is rarely about it.
COMMON = EMPTY | bag(
    "asked began begin best better big comes day days different end far find first five form found four full"
    " getting good great hello kept knew known large last later left little long look looked main makes making"
    " mean means new old part real right saw second several show shown small start started starting starts tell"
    " thank thanks things think three today told took use used wanted year years"
)

# What prompts are full of, beside, in any form.
OF_ASKING = frozenset(
    stems(
        "picture image frame footage camera screen analyse analysis analyze answer appear appears appearing"
        " available bullet bullets can clearly clip clips concise contain contains content contents detail"
        " detailed details detect determine display displayed duration english exact exactly extract file film"
        " format generate help identify include included including information interesting key kind kinds length"
        " list listed listing locate long mark mention mentioned mentions moment moments movie name names note"
        " number occur occurs output paragraph paragraphs period please point points possible precise present"
        " presence produce provide question relevant report respond response result return sentence sentences"
        " short spot start starts suggest there time times timestamp timestamps timestamped try type types video"
        " videos visible want whether word words write important brief briefly following based play plays played"
        " playing relate relates compare observe check verify search seek view hello hi thank thanks appearance"
        " onscreen sequence sequences currently each any recording programme program everything understand stop"
        " begin beginning end ending watch minute minutes second seconds hour hours happen happens happened"
        " happening explain comprehensive overall event events fact idea takeaway example context situation"
        " specific json markdown accurate entire helpful assistant expert analyst role task instruction user"
        " viewer audience relation thorough thoroughly depth by people person object face emotion mood feeling"
        " brand location meaning tone sentiment lyrics genre opening closing create table column row csv yaml language"
        " blurb caption line lines count social"
        " media post youtube instagram tiktok linkedin dominate dominant translate background"
        " longer shorter disappear vanish phrase term largest biggest smallest order half"
    )
)

# Who says no more than this beside asks whether something is there.
PRESENCE = bag(
    "a an the any anybody anyone anything some somebody someone something it its this that these those there here"
    " i you we us me is are was were be been being do does did has have had can could if whether and or please"
    " tell say see seen hear heard find found notice show shows shown contain contains containing include includes"
    " feature features appear appears play plays played playing present visible audible ever anywhere somewhere in"
    " on at of to with where when exist exists occur occurs happen happens starts start begin begins video clip"
    " film movie file recording programme program footage screen picture image whole yes no"
)


def is_telling(token: Token) -> bool:
    """Whether the word may tell what a text is about."""
    return len(token.stem) > 1 and token.text.casefold() not in COMMON and not token.stem.isdigit()
