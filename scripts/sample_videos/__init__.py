"""Small real videos whose content is known exactly: samples to look at, and good and bad media for tests.

`films` names the samples, `film` draws and encodes them, `truth` writes down what is in them, `odd` makes the media
that a platform has to refuse, and tiny valid videos in any number. `programme` makes up longer ones at random, which
`painting`, `score` and `broadcast` draw, sound and write down.
"""
