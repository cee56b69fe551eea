"""What an Inspect log's header says of a run: which score counts, how answers came about, what is reported."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from weighbridge.evidence import Side
from weighbridge.logs.inspect_rows import Asked
from weighbridge.logs.inspect_shapes import Header, Scored
from weighbridge.logs.log import Settings

_OWN_ENGINES = ("hf/", "vllm/", "sglang/", "ollama/", "llama-cpp-python/", "transformer_lens/", "nnterp/")
_CLOSED = re.compile(r"anthropic/|google/gemini|openai/(gpt-(?!oss)|o\d|chatgpt)|grok/")
_LIMITS = ("message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit")
_SHOTS = ("fewshot", "few_shot", "num_fewshot", "shots", "n_shots")


def asked_of(header: Header) -> Asked:
    """The score that counts: Inspect's headline, else the first it reports, else the first scorer of the run."""
    chosen = chosen_result(header)
    specs = header.eval.scorers or []
    cluster = next((field for spec in specs if (field := _cluster(spec.metrics)) is not None), None)
    if chosen is not None:
        return Asked(chosen.name, chosen.scorer or chosen.name, header.eval.model, cluster)
    first = specs[0].name if specs else ""
    return Asked(first, first, header.eval.model, cluster)


def chosen_result(header: Header) -> Scored | None:
    """What Inspect reports of the score that counts; None where it reports nothing."""
    if header.results is None or not header.results.scores:
        return None
    scores = header.results.scores
    if header.results.headline is not None and header.results.headline.score is not None:
        named = [scored for scored in scores if scored.name == header.results.headline.score]
        if named:
            return next((scored for scored in named if scored.reducer in (None, "mean")), named[0])
    return next((scored for scored in scores if scored.reducer in (None, "mean")), scores[0])


def reported(header: Header) -> dict[str, float]:
    """Inspect's own figures: those of the score that counts by metric, others as ``score/metric``."""
    chosen = chosen_result(header)
    figures: dict[str, float] = {}
    if chosen is not None and header.results is not None:
        for scored in [chosen, *(other for other in header.results.scores if other is not chosen)]:
            for name, metric in scored.metrics.items():
                label = name if scored is chosen else f"{scored.name}/{name}"
                if label in figures:
                    label = f"{label} ({scored.reducer})"
                if isinstance(metric.value, int | float) and not isinstance(metric.value, bool):
                    figures[label] = float(metric.value)
    return figures


def settings_of(header: Header) -> Settings:
    """How the answers came about, as far as the header says."""
    run, chosen = header.eval, chosen_result(header)
    decoding = {**(run.model_generate_config or {}), **(header.plan.config or {})}
    decoding |= {name: (run.config or {}).get(name) for name in _LIMITS}
    system = decoding.pop("system_message", None)
    for step in header.plan.steps:
        if step.solver.rpartition("/")[2] == "system_message":
            system = (step.params or {}).get("template", system)
    steps = [f"{step.solver}({_told(step.params)})" for step in header.plan.steps]
    version = (run.packages or {}).get("inspect_ai")
    headline = header.results.headline if header.results is not None else None
    metric = headline.metric if headline is not None else None
    commit = (run.revision or {}).get("commit")
    return Settings(
        task=run.task,
        task_version=None if run.task_version is None else str(run.task_version),
        model=run.model,
        prompt_template=" | ".join(steps) or None,
        system_prompt=system if isinstance(system, str) else None,
        shots=_shots(run.task_args or {}),
        decoding={key: value for key, value in decoding.items() if value is not None},
        scorer=_scorer(header),
        metric=metric or (next(iter(chosen.metrics), None) if chosen is not None else None),
        tool="inspect_ai" + (f" {version}" if version else ""),
        when=run.created,
        revision=commit if isinstance(commit, str) else None,
    )


def side_of(header: Header) -> Side:
    """Open for engines that run weights one has, closed for names that only a vendor serves, else unknown."""
    name = header.eval.model
    if name.startswith(_OWN_ENGINES):
        return "open"
    return "closed" if header.eval.model_base_url is None and _CLOSED.match(name) else "unknown"


def notes_of(header: Header) -> tuple[str, ...]:
    """What a reader should know before trusting the scores."""
    notes: list[str] = []
    results, config = header.results, header.eval.config or {}
    if header.status != "success":
        planned = header.eval.dataset.samples
        notes.append(
            f"The run ended as {header.status!r}"
            + (f"; {planned:,} samples were planned." if planned is not None else ".")
        )
    if results is not None and results.total_samples and results.completed_samples is not None:
        lost = results.total_samples - results.completed_samples
        if lost > 0:
            notes.append(
                f"{lost:,} of {results.total_samples:,} answers ended in an error; Inspect leaves them out of its "
                "figures, here they count 0 (failed)."
            )
    reducers = config.get("epochs_reducer") or []
    if isinstance(reducers, list) and reducers and "mean" not in reducers:
        notes.append(f"Inspect took {', '.join(map(str, reducers))} over epochs; here epochs are averaged.")
    names = list(dict.fromkeys(scored.name for scored in results.scores)) if results is not None else []
    chosen = chosen_result(header)
    if chosen is not None:
        others = ", ".join(name for name in names if name != chosen.name)
        if others:
            notes.append(f"The score weighed is {chosen.name!r}; the log also has {others}.")
        average = next((chosen.metrics[name].value for name in ("mean", "accuracy") if name in chosen.metrics), None)
        if average is not None and not 0 <= average <= 1:
            notes.append(
                f"The scores of {chosen.name!r} are not from 0 to 1 (Inspect's mean is {average:g}); those outside "
                "are not read. Score the answers again, or weigh a csv with scores divided by the highest possible."
            )
    return tuple(notes)


def _scorer(header: Header) -> str | None:
    asked = asked_of(header)
    spec = next((spec for spec in header.eval.scorers or [] if spec.name == asked.scorer), None)
    told = f"({_told(spec.options)})" if spec is not None and spec.options else ""
    member = f".{asked.name}" if asked.name != asked.scorer else ""
    return f"{asked.scorer}{told}{member}" or None


def _told(params: dict[str, Any] | None) -> str:
    return ", ".join(
        f"{name}={msgspec.json.encode(value).decode()}" for name, value in sorted((params or {}).items())
    )


def _shots(arguments: dict[str, Any]) -> int | None:
    found = next((arguments[name] for name in _SHOTS if name in arguments), None)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _cluster(metrics: Any, depth: int = 0) -> str | None:  # noqa: ANN401 - a list or an object of lists
    """The metadata field that a metric such as ``stderr(cluster=...)`` was given."""
    if depth > 4:
        return None
    if isinstance(metrics, dict):
        options = metrics.get("options")
        if isinstance(options, dict) and isinstance(options.get("cluster"), str):
            return str(options["cluster"])
        metrics = list(metrics.values())
    if isinstance(metrics, list):
        return next((c for entry in metrics if (c := _cluster(entry, depth + 1)) is not None), None)
    return None
