"""A server whose answers are computed by a real model: vLLM's, TGI's or OpenAI's first API before transformers.

Written from the servers' documentation and source, independent of the code under test, so that log-likelihoods that
come through HTTP can be held against the same model in this process.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

Fault = Callable[[str, dict[str, Any]], web.Response | None]


@dataclass
class StandIn:
    """`kind`: ``vllm``, ``tgi`` or ``echo``. `fault` may answer in the server's place, by page and body."""

    kind: str
    folder: Path
    template: bool = True
    prefill: bool = True
    """Whether it gives log-probabilities of prompts."""
    embeds: bool = False
    begins: bool = False
    """Whether the tokenizer puts ``<s>`` before a text, and the chat template writes it as well."""
    fault: Fault | None = None
    pages: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def __post_init__(self) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(1)
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder)
        if not self.template:
            self.tokenizer.chat_template = None
        if self.begins:
            from tokenizers.processors import TemplateProcessing

            first = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
            self.tokenizer.backend_tokenizer.post_processor = first
            self.tokenizer.chat_template = "{{ bos_token }}" + self.tokenizer.chat_template
        self.model = AutoModelForCausalLM.from_pretrained(self.folder).eval()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[StandIn]:
        app = web.Application()
        for path, page in self._pages().items():
            app.router.add_route("GET" if path in _GETS else "POST", path, self._answering(path, page))
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _pages(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
        if self.kind == "vllm":
            models["data"][0]["owned_by"] = "vllm"
            return {
                "/v1/models": lambda _: models,
                "/version": lambda _: {"version": "0.32.0"},
                "/tokenize": self._tokenize,
                "/detokenize": lambda body: {"prompt": self.tokenizer.decode(body["tokens"])},
                "/v1/completions": self._completions,
                **({"/v1/embeddings": self._embeddings} if self.embeds else {}),
            }
        if self.kind == "tgi":
            models["data"][0]["owned_by"] = "m"
            return {
                "/v1/models": lambda _: models,
                "/info": lambda _: {"model_id": "m", "model_sha": "abc123", "version": "3.3.5"},
                "/tokenize": lambda body: self._places(body["inputs"]),
                "/chat_tokenize": lambda body: {"tokenize_response": [], "templated_text": self._templated(body)},
                "/generate": self._generate,
            }
        return {"/v1/models": lambda _: models, "/v1/completions": self._completions}

    def _answering(self, path: str, page: Callable[[dict[str, Any]], Any]):
        async def answer(request: web.Request) -> web.StreamResponse:
            self.pages[path] += 1
            body = json.loads(await request.text() or "{}")
            if self.fault is not None and (found := self.fault(path, body)) is not None:
                return found
            try:
                return web.json_response(page(body))
            except web.HTTPBadRequest as bad:
                return web.json_response({"error": {"message": bad.text, "code": 400}}, status=400)

        return answer

    def _ids(self, text: str, body: dict[str, Any]) -> list[int]:
        return self.tokenizer(text, add_special_tokens=body.get("add_special_tokens", True)).input_ids

    def _templated(self, body: dict[str, Any]) -> str:
        if self.tokenizer.chat_template is None:
            raise web.HTTPBadRequest(text="default chat template is no longer allowed: provide a chat template")
        return self.tokenizer.apply_chat_template(
            body["messages"],
            tokenize=False,
            add_generation_prompt=body.get("add_generation_prompt", True),
            continue_final_message=body.get("continue_final_message", False),
        )

    def _tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        if "messages" in body:
            ids = self.tokenizer(self._templated(body), add_special_tokens=False).input_ids
        else:
            ids = self._ids(body["prompt"], body)
        return {"count": len(ids), "max_model_len": 512, "tokens": ids}

    def rows(self, ids: list[int]) -> list[tuple[float, int]]:
        """(log-probability, rank) of each token but the first."""
        import torch

        with torch.no_grad():
            found = self.model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        own = [float(found[at - 1, ids[at]]) for at in range(1, len(ids))]
        return [(value, int((found[at] > value).sum()) + 1) for at, value in enumerate(own)]

    def _completions(self, body: dict[str, Any]) -> dict[str, Any]:
        given = body["prompt"]
        if isinstance(given, str) or (given and isinstance(given[0], int)):
            given = [given]
        choices, read = [], 0
        for index, prompt in enumerate(given):
            ids = self._ids(prompt, body) if isinstance(prompt, str) else prompt
            if not ids:
                raise web.HTTPBadRequest(text="The decoder prompt cannot be empty")
            read += len(ids)
            choice: dict[str, Any] = {"index": index, "text": "", "finish_reason": "length"}
            rows = self.rows(ids)
            if self.prefill and "prompt_logprobs" in body:
                places = [
                    {str(one): {"logprob": value, "rank": rank, "decoded_token": self.tokenizer.decode([one])}}
                    for one, (value, rank) in zip(ids[1:], rows, strict=True)
                ]
                choice["prompt_logprobs"] = [None, *places]
            if self.prefill and body.get("echo"):
                texts = [self.tokenizer.decode([one]) for one in [*ids, 5]]
                offsets = [sum(map(len, texts[:at])) for at in range(len(texts))]
                values = [None, *(value for value, _ in rows), -1.0]
                tops = [None, *({"x": value if rank == 1 else value + 1} for value, rank in rows), {"x": -1.0}]
                choice["logprobs"] = {
                    "tokens": texts,
                    "token_logprobs": values,
                    "text_offset": offsets,
                    "top_logprobs": tops,
                }
            choices.append(choice)
        usage = {"prompt_tokens": read, "completion_tokens": len(choices), "total_tokens": read + len(choices)}
        return {"id": "c", "object": "text_completion", "model": body["model"], "choices": choices, "usage": usage}

    def _places(self, text: str) -> list[dict[str, Any]]:
        """TGI adds special tokens whatever a request says (router/src/lib.rs: the field is skipped when read)."""
        found = self.tokenizer(text, return_offsets_mapping=True)
        pairs = zip(found.input_ids, found.offset_mapping, strict=True)
        return [{"id": one, "text": text[a:b], "start": a, "stop": b} for one, (a, b) in pairs]

    def _generate(self, body: dict[str, Any]) -> dict[str, Any]:
        ids = self.tokenizer(body["inputs"]).input_ids
        values = [None, *(value for value, _ in self.rows(ids))]
        wanted = body["parameters"].get("decoder_input_details") and self.prefill
        prefill = [{"id": one, "text": "", "logprob": value} for one, value in zip(ids, values, strict=True)]
        details = {"finish_reason": "length", "generated_tokens": 1, "prefill": prefill if wanted else []}
        return {"generated_text": "x", "details": details}

    def _embeddings(self, body: dict[str, Any]) -> dict[str, Any]:
        """Last first, for their order is the client's to mend."""
        rows = [{"index": at, "embedding": [float(len(text)), 1.0]} for at, text in enumerate(body["input"])]
        return {"object": "list", "data": rows[::-1], "model": body["model"]}


_GETS = ("/v1/models", "/version", "/info")
