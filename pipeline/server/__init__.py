"""The embedded platform: the TwelveLabs API v1.3 over real files, for people without an account and for tests.

| file | what |
|---|---|
| app.py | `serve`: opens everything, listens, closes everything |
| auth.py, limits.py, faults.py | who may ask, how often, and what goes wrong on purpose |
| assets.py, transcriptions.py, uploads.py, sync.py, tasks.py, batches.py | the resources, one file each |
| lines.py | an answer that is streamed |
| webhooks.py | who is told when a task or a batch has ended |
| schemas/, problems.py, paging.py | the API as this server reads it: requests, errors, pages |
| rules/, windows.py | what may be asked of which model, and of how much of a video |
| sources.py, pictures.py | the video and the images that a request names |
| validation.py, analyses.py, answering.py | the work behind the answers: media checks and analyses |
| noting.py | what is observed before it is asked about |
| workers.py, worker.py, memory.py | the processes that work runs in, and what each may take |
| inspect.py, stills.py, engines/ | what runs in them |
| store/, files.py, signing.py | what is remembered: SQLite, media files, presigned URLs |

It shares no code with the client half: the wire format is written down twice on purpose.
"""
