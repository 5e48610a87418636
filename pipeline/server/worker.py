"""A worker process: reads jobs on stdin, answers on stdout, until stdin ends.

It is started as `python -m pipeline.server.worker <most bytes of memory>`. A frame is its length as eight bytes, then a
pickle. A job is `(function, arguments, in_pieces)`; an answer is `("done", result)` or `("rejected", message)`, and
before it, where pieces are wanted, any number of `("piece", text)`: the function is given what sends them. Any other
exception ends the process with a traceback on stderr: with the exit code `OVERRAN` where memory ran out, else it is a
bug; a fresh process is the safest way on.
"""

import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
from functools import partial
from typing import BinaryIO

from pipeline.server import memory
from pipeline.server.engines.contract import EngineError, OnPiece
from pipeline.server.inspect import MediaRejected

LENGTH = struct.Struct(">Q")


def main() -> None:
    """Work until the parent is gone."""
    # Ctrl-C reaches the whole process group, yet only the parent may decide when work ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # the server has to stay responsive on a small machine
    os.nice(5)
    memory.give_back()
    memory.cap(int(sys.argv[1]))
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(os.fdopen(os.dup(0), "rb"), jobs), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    # whatever a library prints must not land among the answers
    os.dup2(2, 1)
    while True:
        write_frame(answers, _work(jobs.get(), partial(_send_piece, answers)))


def _work(job: bytes, send: OnPiece) -> bytes:
    try:
        function, arguments, in_pieces = pickle.loads(job)  # noqa: S301 - written by our own parent
        return pickle.dumps(("done", function(*arguments, send) if in_pieces else function(*arguments)))
    except Exception as error:
        if memory.is_out(error):
            traceback.print_exc()
            os._exit(memory.OVERRAN)
        if isinstance(error, MediaRejected | EngineError):
            return pickle.dumps(("rejected", str(error)))
        raise


def _send_piece(answers: BinaryIO, text: str) -> None:
    write_frame(answers, pickle.dumps(("piece", text)))


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
