"""What can be observed in a file, as a timeline of evidence: pictures, text on screen, spoken words, sounds.

`gather` makes the timeline, `timeline` says what is in one. Each track has its modules: `visuals` and `fades`; `text`
with `gate`, `reading`, `lines` and `kinds`; `speech` with `voice`; `sounds` with `texture`, `loudness` and `events`.
Nothing is ever downloaded: models come inside the packages of the extra `evidence`, and where one of those is not
installed, the timeline says what it did not look for.
"""
