"""Words that tell nothing of what somebody looks for: those that every text has, and those of asking itself."""

from pipeline.server.engines.answers.stems import Token, stems


def _written(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What every English text is full of, as it is written: "using" is no form of "us".
COMMON = _written(
    "a about above thank thanks hello across after again against all almost along already also always am"
    " among an and another any anybody anyone anything are around as ask asked at away back be became because"
    " become been before began begin behind being below best better between big both but by came can cannot"
    " come comes could day did different do does doing done dont down during each either else end enough even"
    " ever every everybody everyone everything far few find first five for form found four from full further"
    " gave get gets getting give given go goes going gone good got great had has have having he her here hers"
    " herself him himself his how however i if im in into is it its itself just keep kept knew know known"
    " large last later least left less let like little long look looked made main make makes making many may"
    " maybe me mean means might mine more most much must my myself near need never new next no nobody none nor"
    " not nothing now of off often oh ok okay old on once one only onto or other others our ours out over own"
    " part per perhaps put quite rather real really right said same saw say says second see seem seen several"
    " shall she should show shown since small so some somebody someone something sometimes soon still such"
    " take taken tell than that thats the their theirs them themselves then there these they thing things"
    " think this those though three through thus till to today together told too took toward two under until"
    " up upon us use used very want wanted was way we well went were what whatever when where whether which"
    " while who whole whom whose why will with within without would year years yes yet you your yours days"
    " start starts started starting"
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
    )
)


def is_telling(token: Token) -> bool:
    """Whether the word may tell what a text is about."""
    return len(token.stem) > 1 and token.text.casefold() not in COMMON and not token.stem.isdigit()
