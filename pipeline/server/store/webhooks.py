"""Events on their way to the addresses that are told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.server import clock
from pipeline.server.store.database import Database


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one address. `body` is sent as it is at every attempt; `attempts` were made so far."""

    event_id: str
    url: str
    body: str
    attempts: int


class WebhookStore:
    """The webhooks table: a row for each event and address. `due_at` is empty where nothing is left to be tried."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event_id: str, subject: str, body: str, urls: Sequence[str]) -> None:
        """An event about a task or batch, due at once."""
        for url in urls:
            self._database.run(
                "INSERT INTO webhooks (event_id, url, subject, body, due_at) VALUES (?, ?, ?, ?, ?)",
                event_id,
                url,
                subject,
                body,
                clock.now(),
            )

    def due(self, now: float) -> list[Delivery]:
        """What has to be tried, the longest due first."""
        rows = self._database.all("SELECT * FROM webhooks WHERE due_at <= ? ORDER BY due_at, rowid", now)
        return [Delivery(row["event_id"], row["url"], row["body"], row["attempts"]) for row in rows]

    def next_due(self, now: float) -> float | None:
        """When the next attempt has to be made that was not due before, in epoch seconds."""
        found: float | None = self._database.one("SELECT min(due_at) FROM webhooks WHERE due_at > ?", now)[0]
        return found

    def delivered(self, delivery: Delivery) -> None:
        self._database.run(
            "UPDATE webhooks SET attempts = attempts + 1, delivered = 1, last_error = NULL, due_at = NULL"
            " WHERE event_id = ? AND url = ?",
            delivery.event_id,
            delivery.url,
        )

    def failed(self, delivery: Delivery, reason: str, due_at: float | None) -> None:
        """An attempt was in vain; None where it was the last."""
        self._database.run(
            "UPDATE webhooks SET attempts = attempts + 1, last_error = ?, due_at = ? WHERE event_id = ? AND url = ?",
            reason,
            due_at,
            delivery.event_id,
            delivery.url,
        )

    def forget_others(self, urls: Sequence[str]) -> None:
        """Give up what is due to addresses that are none of these."""
        places = ", ".join("?" * len(urls))
        self._database.run(f"UPDATE webhooks SET due_at = NULL WHERE url NOT IN ({places})", *urls)

    def of(self, subject: str) -> list[dict[str, object]]:
        """How the deliveries about a task or batch stand: `{url, delivered, attempts, last_error?}`."""
        rows = self._database.all("SELECT * FROM webhooks WHERE subject = ? ORDER BY rowid", subject)
        return [
            {
                "url": row["url"],
                "delivered": bool(row["delivered"]),
                "attempts": row["attempts"],
                **({} if row["last_error"] is None else {"last_error": row["last_error"]}),
            }
            for row in rows
        ]
