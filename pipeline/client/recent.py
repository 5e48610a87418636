"""The ids that were seen last, in bounded memory."""


class Recent:
    """Remembers `most` ids and forgets the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: dict[str, None] = {}  # in the order in which they came

    def add(self, id_: str) -> bool:
        """Remember an id; False where it is remembered already."""
        if id_ in self._ids:
            return False
        self._ids[id_] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]
        return True

    def forget(self, id_: str) -> bool:
        """Let go of an id; False where it is not remembered."""
        if id_ not in self._ids:
            return False
        del self._ids[id_]
        return True
