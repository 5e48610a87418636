"""The engine `evidence`: answers from the timeline of what was observed, and from nothing else.

`engine` takes a question to the answer; `observe` has the timeline, new or from notes; `clip` cuts a window out of it;
`entries` tells its entries in words; `text` is the answer to a prompt; `facts` is what is known, for structured
answers; `occasions` finds where segments are.
"""
