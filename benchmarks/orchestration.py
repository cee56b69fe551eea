"""What it costs to orchestrate calls: Weighbridge beside inspect_ai, CPU seconds per 1,000 calls and peak memory.

    python benchmarks/orchestration.py [--items 1000] [--runs 5]
    python benchmarks/orchestration.py --recorded 100000

Both ask two models the same items with the same prompt over HTTP, at most 64 at once, from a local server that
answers at once and runs in a process of its own; both score "the reference stands in the answer" and keep every
answer on disk. Our question is one that no look can settle (the two models answer alike), so that every call is made.
Only the client's process is measured, after its imports: user and system time by `os.times`, memory by `ru_maxrss`.
inspect_ai gets a virtual environment of its own, made at the first run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve()
VENV = HERE.parents[1] / ".venv-inspect"
PROMPT = "Which team should answer this message? Say the name of the team and nothing else.\n\n{text}"
TEAMS = ("billing", "technical", "shipping", "account")
CONCURRENCY = 64


def rows(items: int) -> list[dict[str, str]]:
    """The data both sides weigh on."""
    text = "Order {n}: I was charged twice last month and the parcel still has not come. Can someone look into it?"
    return [{"id": str(n), "text": text.format(n=n), "reference": TEAMS[n % 4]} for n in range(items)]


class Server(asyncio.Protocol):
    """Chat completions at once, as one document or as a stream; the answer depends on the prompt alone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + size], self.buffer[end + 4 + size :]
            self.transport.write(self.reply(json.loads(body)))

    def reply(self, body: dict) -> bytes:
        prompt = body["messages"][-1]["content"]
        number = int(prompt.split("Order ", 1)[1].split(":", 1)[0])
        text = TEAMS[number * 7 % 5 % 4]
        usage = {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42}
        base = {"id": "x", "created": 0, "model": body["model"]}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            document = json.dumps(base | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
            return self.head("application/json") + b"Content-Length: %d\r\n\r\n" % len(document) + document
        base["object"] = "chat.completion.chunk"
        deltas = [({"role": "assistant", "content": ""}, None), ({"content": text}, None), ({}, "stop")]
        events = [base | {"choices": [{"index": 0, "delta": d, "finish_reason": f}]} for d, f in deltas]
        events.append(base | {"choices": [], "usage": usage})
        stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"
        chunk = b"%x\r\n" % len(stream) + stream + b"\r\n0\r\n\r\n"
        return self.head("text/event-stream") + b"Transfer-Encoding: chunked\r\n\r\n" + chunk

    @staticmethod
    def head(kind: str) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n"


async def serve() -> None:
    """Serve until the parent goes away; prints the port."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def measured(before: os.times_result, began: float, calls: int, extra: dict) -> None:
    """Print the figures of one run as a line of JSON."""
    after = os.times()
    cpu = after.user - before.user + after.system - before.system
    figures = {
        "calls": calls,
        "cpu": cpu,
        "cpu_per_1000": 1000 * cpu / calls,
        "wall": time.perf_counter() - began,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "import_cpu": before.user + before.system,
    }
    print(json.dumps(figures | extra))


def ours(url: str, items: int) -> None:
    """One run of Weighbridge: store, race, evidence and all."""
    import aiohttp  # noqa: F401 - imported on first use otherwise, and imports are not what is measured

    from weighbridge.evidence import Question
    from weighbridge.models.options import ModelOptions
    from weighbridge.models.protocol import Sampling
    from weighbridge.models.specs import open_model
    from weighbridge.store import open_store
    from weighbridge.tasks import Item, JinjaPrompt, Task, scorer_named
    from weighbridge.weighing.candidate import Candidate
    from weighbridge.weighing.limits import Limits
    from weighbridge.weighing.weigh import weigh_now

    prompt = JinjaPrompt("default", PROMPT.replace("{text}", "{{ text }}"))
    scorer, key = scorer_named("contains", {})
    data = tuple(Item(row["id"], {"text": row["text"]}, row["reference"]) for row in rows(items))
    task = Task("orchestration", data, scorer, key, {"default": prompt})
    options = ModelOptions(concurrency=CONCURRENCY)
    sampling = Sampling(max_tokens=16)
    candidates = [Candidate(name, open_model(f"{url}#{name}", options), prompt, sampling) for name in ("a", "b")]
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "answers.db") as store:
        before, began = os.times(), time.perf_counter()
        run = weigh_now(task, candidates, Question(epsilon=0.0), store=store, limits=Limits(concurrency=CONCURRENCY))
        right = float(run.evidence.score[0].mean())
        assert run.calls_made == 2 * items
        measured(before, began, run.calls_made, {"accuracy": right, "looks": len(run.looks)})


def inspect(url: str, items: int) -> None:
    """One run of inspect_ai on the same; its log is its store."""
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate

    data = [
        Sample(id=row["id"], input=PROMPT.format(text=row["text"]), target=row["reference"]) for row in rows(items)
    ]
    config = GenerateConfig(max_tokens=16, temperature=0.0, max_connections=CONCURRENCY)
    models = [
        get_model(f"openai-api/local/{name}", base_url=url, api_key="none", config=config) for name in ("a", "b")
    ]
    with tempfile.TemporaryDirectory() as folder:
        before, began = os.times(), time.perf_counter()
        logs = evaluate(
            Task(dataset=data, solver=generate(), scorer=includes()),
            model=models,
            display="none",
            log_level="error",
            log_dir=folder,
            max_samples=CONCURRENCY,
            max_tasks=2,
        )
        assert all(log.status == "success" for log in logs)
        right = logs[0].results.scores[0].metrics["accuracy"].value
        measured(before, began, 2 * items, {"accuracy": right})


def recorded(items: int) -> None:
    """Weigh `items` recorded items x 4 candidates in this process, then again from the store."""
    import random

    from weighbridge.evidence import Question
    from weighbridge.models.options import ModelOptions
    from weighbridge.models.specs import open_model
    from weighbridge.store import open_store
    from weighbridge.tasks import Item, JinjaPrompt, Task, scorer_named
    from weighbridge.weighing.candidate import Candidate
    from weighbridge.weighing.weigh import weigh_now

    chance = random.Random(1)
    prompt = JinjaPrompt("default", "{{ text }}")
    scorer, key = scorer_named("exact", {})
    data = tuple(Item(str(n), {"text": f"Is message {n} about billing?"}, "yes") for n in range(items))
    task = Task("recorded", data, scorer, key, {"default": prompt})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recorded.jsonl"
        with path.open("w") as file:
            for name in "abcd":
                for n in range(items):
                    row = {"item_id": str(n), "model": name, "answer": chance.choice(["yes", "no"]), "latency": 0.5}
                    file.write(json.dumps(row) + "\n")
        for turn in ("recorded", "from the store"):
            models = [open_model(f"recorded:{path}#{name}", ModelOptions(), Path(folder)) for name in "abcd"]
            candidates = [Candidate(name, model, prompt) for name, model in zip("abcd", models, strict=True)]
            with open_store(Path(folder) / "answers.db") as store:
                before, began = os.times(), time.perf_counter()
                # An alpha this small is never reached, so that every answer is read.
                run = weigh_now(task, candidates, Question(epsilon=0.0, alpha=1e-7), store=store)
                measured(before, began, run.calls_made, {"turn": turn, "looks": len(run.looks)})


def inspect_python() -> str:
    """The interpreter of inspect_ai's environment, made if it is not there."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    if subprocess.run([str(python), "-c", "import inspect_ai"], capture_output=True, check=False).returncode:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "inspect-ai", "openai"], check=True)
    return str(python)


def compare(items: int, runs: int) -> None:
    """Paired runs, one after the other; prints a table of medians for RESULTS.md."""
    sides = {"weighbridge": sys.executable, "inspect_ai": inspect_python()}
    found: dict[str, list[dict]] = {name: [] for name in sides}
    server = subprocess.Popen(
        [sys.executable, str(HERE), "--side", "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    try:
        for number in range(runs):
            for name, python in sides.items() if number % 2 else reversed(sides.items()):
                command = [python, str(HERE), "--side", name, "--url", url, "--items", str(items)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found[name].append(json.loads(done.stdout.splitlines()[-1]))
                print(f"run {number + 1}, {name}: {found[name][-1]}", file=sys.stderr)
    finally:
        server.terminate()
        server.wait()
    assert found["weighbridge"][0]["accuracy"] == found["inspect_ai"][0]["accuracy"], "both must score alike"
    version = subprocess.run(
        [sides["inspect_ai"], "-c", "import importlib.metadata as m; print(m.version('inspect-ai'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()

    def median(name: str, figure: str) -> float:
        return statistics.median(run[figure] for run in found[name])

    ratios = [b["cpu"] / a["cpu"] for a, b in zip(found["weighbridge"], found["inspect_ai"], strict=True)]
    print(f"{datetime.now(UTC):%Y-%m-%d}, `python benchmarks/orchestration.py --items {items} --runs {runs}`,")
    print(f"inspect_ai {version}, Python {sys.version.split()[0]}, {os.cpu_count()} cores; medians of {runs} runs.\n")
    print("| | CPU s per 1,000 calls | wall s | peak memory MB |\n|---|---|---|---|")
    for name in sides:
        figures = [median(name, figure) for figure in ("cpu_per_1000", "wall", "peak_mb")]
        print(f"| {name} | {figures[0]:.3f} | {figures[1]:.2f} | {figures[2]:.0f} |")
    print(
        f"\nCPU ratio, run by run: median {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--recorded", type=int, metavar="ITEMS", help="weigh this many recorded items x 4 instead")
    parser.add_argument("--side", choices=["server", "weighbridge", "inspect_ai"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "server":
        asyncio.run(serve())
    elif options.side == "weighbridge":
        ours(options.url, options.items)
    elif options.side == "inspect_ai":
        inspect(options.url, options.items)
    elif options.recorded:
        recorded(options.recorded)
    else:
        compare(options.items, options.runs)


if __name__ == "__main__":
    main()
