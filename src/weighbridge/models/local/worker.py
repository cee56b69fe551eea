"""The engine's own process: loads a GGUF file with llama.cpp and serves it on loopback until its parent is gone.

Run by `engine.Engine`, not by hand. One JSON line of settings comes in on stdin, one JSON line goes out on stdout:
``{"url": ...}`` or ``{"error": ...}``. The end of stdin, which also the parent's death by SIGKILL brings about, ends
the process. A process of its own means that a crash in native code, or the kernel's out-of-memory killer, takes down
one candidate and not the run, and that the engine's prints stay out of the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        url = _serve(settings)
        out.write(json.dumps({"url": url}) + "\n")
    except Exception as error:  # whatever the engine raises, the parent must be told
        # What llama.cpp has to say of it is on its way to stderr in a thread of its own.
        time.sleep(0.3)
        out.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
    out.flush()
    sys.stdin.read()
    # The engine's threads may be in the middle of an answer that nobody waits for any more.
    os._exit(0)


def _serve(settings: dict[str, object]) -> str:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["alias"]}
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context"]  # type: ignore[operator]  # both are integers
    # One cache for all slots: what one slot does not need of its share, another can have.
    params.kv_unified = True
    params.cache_ram_mib = settings["cache_mib"]
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    # Threads that wait for work sleep: the machine is shared with the run itself, and with other engines.
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    if settings["gpu_layers"] is not None:
        params.n_gpu_layers = settings["gpu_layers"]
    if settings["embeddings"]:
        params.embedding = True
        # A text is read in one piece, whatever its length, for its tokens are pooled at the end.
        params.n_batch = params.n_ubatch = settings["context"]
        if settings["pooling"]:
            name = f"LLAMA_POOLING_TYPE_{str(settings['pooling']).upper()}"
            params.pooling_type = getattr(xllamacpp.llama_pooling_type, name)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["key"]]
    params.ui = False
    params.warmup = False
    # Errors alone, on a stderr that the parent keeps for its message.
    params.verbosity = 1
    # The engine lives as long as this module's process.
    server = xllamacpp.Server(params)
    _alive.append(server)
    return str(server.listening_address)


_alive: list[object] = []


def _end_with(parent: int) -> None:
    """End when the parent is gone, even where another process still holds our stdin open."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
