"""Why videos failed, told so that what is alike reads alike."""

import re

# As the platform and this program spell them: hexadecimal of 24 digits or more, or in the groups of a UUID; with the
# blank before them, and with quotation marks around them.
_ID = re.compile(
    r"""[ ]?(?P<quote>["'`]?)\b(?:[0-9a-f]{24,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b(?P=quote)""",
    re.IGNORECASE,
)


def without_ids(message: str) -> str:
    """A message without the ids in it, which would make every video a cause of its own; still a sentence."""
    return _ID.sub("", message).lstrip()
