"""The engine `evidence`: answers from the timeline of what was observed, and from nothing else.

`engine` chooses among the `ways` of answering; `observe` has the timeline, new or from notes, `noted` sees that it is
there before many ask; `clip` cuts a window out of it; `entries` tells its entries in words.

`text` is the answer to a prompt. `asked` reads the prompt by the words of `aspects` (kinds of evidence), `limits` (what
cannot be determined), `moments` (times), `manner` (how it is asked) and `common` (words that tell nothing); `relevant`
ranks the evidence, with `ranking`, and says whether and how often there is any, with `occurrences`;
`telling` is a summary, chapters (`chapters`), keywords (`keywords`) or a card; `headline` and `lookedat` say what was
observed at all.

`facts` is what is known, for structured answers, with `passages`, `looks`, `qualities` and `gist`; `occasions` finds
where segments are, `references` where pictures are; `stills` answers about `pictures` alone, with
`picture_facts`; `listen` is the speech of a transcription.
"""
