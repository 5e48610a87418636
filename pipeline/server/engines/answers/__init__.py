"""The engine `evidence`: answers from the timeline of what was observed, and from nothing else.

`engine` takes a question to the answer; `observe` has the timeline, new or from notes; `clip` cuts a window out of it;
`entries` tells its entries in words.

`text` is the answer to a prompt. `asked` reads the prompt by the words of `aspects` (kinds of evidence), `limits` (what
cannot be determined), `moments` (times), `manner` (how it is asked) and `common` (words that tell nothing); `relevant`
ranks the evidence, with `ranking` and `stems`, and says whether and how often there is any, with `occurrences`;
`telling` is a summary, chapters (`chapters`), keywords (`keywords`) or a card; `headline` and `lookedat` say what was
observed at all.

`facts` is what is known, for structured answers, with `passages`, `looks` and `gist`; `occasions` finds where segments
are, `references` where pictures are; `stills` answers about pictures alone; `listen` is the speech of a transcription.
"""
