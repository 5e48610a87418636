"""A worker process: reads jobs on stdin, answers on stdout, until stdin ends (`python -m pipeline.server.worker`).

A frame is its length as eight bytes, then a pickle. A job is `(function, arguments)`; an answer is `("done", result)`
or `("rejected", message)`. Any other exception ends the process with a traceback on stderr: it is a bug, and a fresh
process is the safest way on.
"""

import os
import pickle
import queue
import signal
import struct
import threading
from typing import BinaryIO

from pipeline.server.engines.contract import EngineError
from pipeline.server.inspect import MediaRejected

LENGTH = struct.Struct(">Q")


def main() -> None:
    """Work until the parent is gone."""
    # Ctrl-C reaches the whole process group, yet only the parent may decide when work ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # the server has to stay responsive on a small machine
    os.nice(5)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(os.fdopen(os.dup(0), "rb"), jobs), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    # whatever a library prints must not land among the answers
    os.dup2(2, 1)
    while True:
        write_frame(answers, _work(jobs.get()))


def _work(job: bytes) -> bytes:
    function, arguments = pickle.loads(job)  # noqa: S301 - written by our own parent
    try:
        return pickle.dumps(("done", function(*arguments)))
    except (MediaRejected, EngineError) as error:
        return pickle.dumps(("rejected", str(error)))


def _listen(stream: BinaryIO, jobs: "queue.SimpleQueue[bytes]") -> None:
    while header := stream.read(LENGTH.size):
        jobs.put(stream.read(LENGTH.unpack(header)[0]))
    # the parent closed the pipe or was killed: nobody waits for the job at hand
    os._exit(0)


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """One length-prefixed message."""
    stream.write(LENGTH.pack(len(payload)) + payload)
    stream.flush()


if __name__ == "__main__":
    main()
