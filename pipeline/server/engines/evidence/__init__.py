"""What can be observed in a file, as a timeline of evidence: pictures, text on screen, spoken words, sounds.

`gather` makes the timeline, `timeline` says what is in one. `senses` says which tracks and by what; `tracks` puts
timelines of some of them together. Each track has its modules: `visuals` with `fades`, `blackness`, `faces` and
`glimpses`; `text` with `gate`, `reading`, `lines` and `kinds`; `hearing`, in frames of `joining`, with `speech`,
`voice` and `whisper`, and with `sounds`, `levels`, `texture`, `loudness` and `events`. `sheet` draws it; `extra` knows
the packages.

Nothing is ever downloaded: models come inside the packages of the extra `evidence`, and where one of those is not
installed, the timeline says what it did not look for.
"""
