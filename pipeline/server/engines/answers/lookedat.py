"""What was looked for at all, and why not where it was not."""

from pipeline.server.engines.answers.aspects import TOLD_APART, Aspect, Part
from pipeline.server.engines.evidence.extra import FACES, WITH_WHISPER, WORDS
from pipeline.server.engines.evidence.timeline import Timeline

_NAMED: dict[Part, str] = {"shots": "pictures", "text": "text on screen", "speech": "spoken words", "sounds": "sounds"}
_NEEDS: dict[Part, tuple[str, ...]] = {"text": ("text on screen",), "speech": (WORDS, WITH_WHISPER)}
# So a reason begins for which there cannot be any.
_CANNOT_BE = "the file has no "


def why_not(timeline: Timeline, part: Part, needs: str = "") -> str | None:
    """The reason for which it was not looked for; None where it was."""
    needed = {needs, *_NEEDS.get(part, ())}
    packages = next((missing.packages for missing in timeline.missing if missing.what in needed), None)
    if packages is not None:
        return f"{' and '.join(packages)} {'is' if len(packages) == 1 else 'are'} not installed"
    if part in ("shots", "text") and timeline.media.video_codec is None:
        return "the file has no pictures"
    if part in ("speech", "sounds") and timeline.media.audio_codec is None:
        return "the file has no sound stream"
    tracks = {"shots": timeline.shots, "text": timeline.text, "speech": timeline.speech, "sounds": timeline.sounds}
    is_unseen = tracks[part] is None or (needs == FACES and timeline.faces is None)
    return "server.tracks names other tracks alone" if is_unseen else None


def is_settled(timeline: Timeline, part: Part, needs: str = "") -> bool:
    """Whether what was not found is not there: it was looked for, or the file cannot have any."""
    reason = why_not(timeline, part, needs)
    return reason is None or reason.startswith(_CANNOT_BE)


def not_looked_for(timeline: Timeline, aspect: Aspect) -> str | None:
    """One sentence where the aspect could not be looked for."""
    reason = why_not(timeline, aspect.part, aspect.needs)
    return reason and f"Not looked for: {aspect.noun}, since {reason}."


def gaps(timeline: Timeline) -> list[str]:
    """One sentence for each reason for which tracks were not looked at, or not looked at closely."""
    parts: tuple[Part, ...] = ("shots", "text", "speech", "sounds")
    reasons: dict[str, list[str]] = {}
    for part in parts:
        reason = why_not(timeline, part)
        if reason:
            reasons.setdefault(reason, []).append(_NAMED[part])
    told = [f"Not looked for: {', '.join(named)}, since {reason}." for reason, named in reasons.items()]
    apart = None if why_not(timeline, "sounds") else why_not(timeline, "sounds", TOLD_APART)
    return [*told, f"Not told apart: speech and music, since {apart}."] if apart else told
