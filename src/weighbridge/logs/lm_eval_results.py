"""The aggregate file of an lm-evaluation-harness run, `results_*.json`: what was run, how, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Side
from weighbridge.logs.answering import lm_eval_answering
from weighbridge.logs.log import Settings
from weighbridge.tasks.cell import Cell

LARGEST = 1 << 28
"""Bytes of a results file; it holds no samples, and the largest suites take a few MB."""

OPEN = {"hf", "hf-auto", "hf-multimodal", "huggingface", "vllm", "vllm-vlm", "gguf", "ggml", "sglang", "mamba_ssm"}
CLOSED = {
    *("openai-completions", "openai-chat-completions", "anthropic", "anthropic-chat", "anthropic-chat-completions"),
    *("anthropic-completions", "watsonx_llm"),
}
"""Kinds of models (``--model``) that say whether the weights are at hand; a `local-...` address says nothing."""

_NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""Arguments that name the model, in lm-eval's own order."""


@dataclass(frozen=True, slots=True)
class Results:
    """One results file."""

    path: Path
    tree: dict[str, Any]

    def of(self, section: str, task: str) -> Cell:
        """``tree[section][task]``, or None."""
        found = self.tree.get(section)
        return found.get(task) if isinstance(found, dict) else None

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks with a configuration, groups left out."""
        configs = self.tree.get("configs")
        return tuple(map(str, configs)) if isinstance(configs, dict) else ()

    @property
    def model(self) -> str | None:
        """The model's name as lm-eval gives it, else as its arguments do."""
        named = self.tree.get("model_name")
        if isinstance(named, str) and named:
            return named
        config = _mapping(self.tree.get("config"))
        arguments = _arguments(config.get("model_args"))
        return next((str(arguments[name]) for name in _NAMES if arguments.get(name)), None) or _text(
            config.get("model")
        )

    @property
    def side(self) -> Side:
        """Open where lm-eval ran the weights itself, closed where it called a vendor."""
        kind = str(self.tree.get("model_source") or _mapping(self.tree.get("config")).get("model"))
        return "open" if kind in OPEN else "closed" if kind in CLOSED else "unknown"

    def reported(self, task: str) -> dict[str, float]:
        """The task's figures by lm-eval's own keys, for example ``acc,none`` and ``acc_stderr,none``."""
        found = _mapping(self.of("results", task))
        return {
            key: float(value)
            for key, value in found.items()
            if "," in key and isinstance(value, int | float) and not isinstance(value, bool)
        }

    def config(self, task: str) -> dict[str, Any]:
        """The task's configuration; empty where the file has none."""
        return _mapping(self.of("configs", task))

    def settings(self, task: str, metric: str) -> Settings:
        """How the answers came about. `metric` is a key of `reported`."""
        config, run = self.config(task), _mapping(self.tree.get("config"))
        shots = self.of("n-shot", task)
        version = self.of("versions", task)
        tool = self.tree.get("lm_eval_version")
        revision = run.get("model_sha") or run.get("model_revision")
        return Settings(
            task=task,
            task_version=None if version is None else str(version),
            model=self.model,
            prompt_template=_template(config, self.tree),
            system_prompt=_text(self.tree.get("system_instruction")),
            shots=shots if isinstance(shots, int) else None,
            decoding=_decoding(config, run),
            scorer=_scorer(config, metric),
            metric=metric,
            tool=f"lm-evaluation-harness {tool}" if tool else "lm-evaluation-harness",
            when=_when(self.tree.get("date")),
            revision=_text(revision),
            answering=lm_eval_answering(config.get("output_type"), metric),
        )


def read_results(path: Path) -> Results:
    """The results file at `path`. UsageError where it cannot be read as one."""
    if path.stat().st_size > LARGEST:
        raise UsageError(
            f"a results file of more than {LARGEST >> 20} MiB is not lm-eval's",
            where=str(path),
            fix="was it renamed?",
        )
    raw = path.read_bytes()
    try:
        tree = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = _spelt_freely(raw, path)
    if not is_results(tree):
        raise UsageError(
            "the file has no 'results' and 'configs': it is no results file of lm-eval",
            where=str(path),
            fix="name the results_*.json, the samples_*.jsonl or their folder",
        )
    return Results(path, tree)


def is_results(tree: Cell) -> bool:
    """Whether a JSON value has the shape of a results file."""
    return isinstance(tree, dict) and all(isinstance(tree.get(name), dict) for name in ("results", "configs"))


def _spelt_freely(raw: bytes, path: Path) -> Cell:
    """Python's JSON, in which lm-eval writes NaN and Infinity; they count as absent."""
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        raise UsageError("the results file is not UTF-8", where=str(path), fix="save the file as UTF-8") from None
    except RecursionError:
        raise UsageError(
            "the JSON is nested too deeply", where=str(path), fix="take the file as lm-eval wrote it"
        ) from None
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the results file is not JSON: {error.msg}",
            where=f"{path}:{error.lineno}",
            fix="the run or the copy was cut short: take the whole file",
        ) from None
    except ValueError as error:
        raise UsageError(f"the results file cannot be read: {error}", where=str(path), fix="take it anew") from None


def _mapping(value: Cell) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Cell) -> str | None:
    return value if isinstance(value, str) and value else None


def _arguments(value: Cell) -> dict[str, Any]:
    """``model_args`` and ``gen_kwargs``: a mapping, or in older versions a text like ``a=1,b=2``."""
    if isinstance(value, str):
        return dict(part.split("=", 1) for part in value.split(",") if "=" in part)
    return _mapping(value)


def _template(config: dict[str, Any], tree: dict[str, Any]) -> str | None:
    parts = {name: config.get(name) for name in ("description", "doc_to_text", "target_delimiter", "doc_to_choice")}
    if tree.get("chat_template_sha"):
        parts["chat_template_sha"] = tree["chat_template_sha"]
    said = {name: value for name, value in parts.items() if value}
    return msgspec.json.encode(said).decode() if said.get("doc_to_text") or "chat_template_sha" in said else None


def _decoding(config: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """The task's generation settings under the run's, by this project's names."""
    if str(config.get("output_type")) in ("multiple_choice", "loglikelihood", "loglikelihood_rolling"):
        return {}
    given = {**_mapping(config.get("generation_kwargs")), **_arguments(run.get("gen_kwargs"))}
    names = {"max_gen_toks": "max_tokens", "max_new_tokens": "max_tokens", "until": "stop"}
    found = {names.get(key, key): value for key, value in given.items() if value is not None}
    if found.get("do_sample") is False:
        found.setdefault("temperature", 0.0)
    return found


def _scorer(config: dict[str, Any], metric: str) -> str:
    """The metric with its options and the steps of its filter: a change to either marks answers differently."""
    name, _, wanted = metric.partition(",")
    entries = config.get("metric_list")
    options = next(
        (entry for entry in entries if isinstance(entry, dict) and entry.get("metric") == name)
        if isinstance(entries, list)
        else iter(()),
        {"metric": name},
    )
    filters = config.get("filter_list")
    steps = next(
        (entry.get("filter") for entry in filters if isinstance(entry, dict) and entry.get("name") == wanted)
        if isinstance(filters, list)
        else iter(()),
        None,
    )
    return msgspec.json.encode({**options, "filter": steps or wanted, "output": config.get("output_type")}).decode()


def _when(value: Cell) -> str | None:
    try:
        return datetime.fromtimestamp(float(value), UTC).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError, OSError):
        return None
