"""The one declaration of everything a project file can say.

From these structs come validation, the JSON Schema for editors, the reference page and the command-line options. What
another floor declares (data source, price, sampling, question, limits, ...) is taken as it is, never declared again.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from weighbridge.evidence import AnswerProtocol, Budget, Price, Question, Requirements
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Normalise, Sampling
from weighbridge.store import DEFAULT as DEFAULT_STORE
from weighbridge.tasks.marking import StatusScores
from weighbridge.tasks.source import DataSource
from weighbridge.weighing.limits import Limits


class ShotsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Few-shot examples: drawn once, the same for every item, and never from the weighed items."""

    path: str | None = None
    """File with the examples, in any format the data may have; absent: another `split` of the data folder."""
    split: str | None = None
    """Split to draw from, where the file is a dataset folder; never the split that is weighed."""
    count: Annotated[int, Meta(ge=1, le=1000)] = 4
    """How many examples the prompt shows."""
    seed: int = 0
    """Draws the examples; another seed draws others."""
    balanced: bool = False
    """Take turns among the references that occur."""
    id: str | None = None
    """Column that names an example, where it is not the data's; `@row` numbers the rows."""
    reference: str | None = None
    """Column with the right answer, where it is not the data's."""
    encoding: str = "utf-8"
    """Text encoding of the file."""


class PromptOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is told. Templates are sandboxed Jinja: `{{ column }}` stands for the item's field."""

    system: str | None = None
    """Template of the system message."""
    user: str | None = None
    """Template of the user message; absent: the input fields (and the choices) under their names."""
    system_file: str | None = None
    """File with the system template, in place of `system`."""
    user_file: str | None = None
    """File with the user template, in place of `user`."""
    shots: ShotsOptions | None = None
    """Few-shot examples, shown as earlier turns of the conversation."""


class CandidateOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model with its prompt, settings and price. A changed prompt or setting makes another candidate."""

    model: Annotated[str, Meta(min_length=1, examples=["gguf:smollm2"])]
    """The model by its spec: `gguf:NAME` or `gguf:PATH`, `hf:org/name`, `path:FOLDER`, `onnx:FOLDER`,
    `openai:MODEL` (or another vendor), `http://host:port/v1#model`, `recorded:FILE`,
    `python:module.function` or `simulated:accuracy=0.8,...`."""
    name: Annotated[str, Meta(min_length=1)] | None = None
    """What reports call it; the spec (and the prompt's name) where absent."""
    prompt: str | PromptOptions | None = None
    """Name of one of `prompts`, or a prompt of its own; `default` where absent."""
    sampling: Annotated[Sampling, Meta(extra={"flat": True})] = Sampling()
    repeats: Annotated[int, Meta(ge=1, le=100)] = 1
    """Answers per item, averaged within the item; more than 1 makes sense with a temperature above 0."""
    price: Price = Price()
    """What a call costs. Parts add up; with none the cost is unknown, never zero."""
    constrain: bool = True
    """Hold the answer to `choices` or `json_schema` where the engine can."""
    protocol: AnswerProtocol | None = None
    """How it answers, where it is not as the project says for all (`protocol` of the project)."""
    normalise: Normalise | None = None
    """For `loglikelihood`, where it is not as the project says for all."""
    choice_as: str | None = None
    """How a choice is written after the prompt, where it is not as the project says for all."""
    facts: Annotated[str, Meta(min_length=1, examples=["llama-3.1-8b"])] | None = None
    """Its entry in the catalogue, which licence, openness and continuity are looked up by; found from `model` where
    absent. `none`: no entry, even if one has its name."""
    policy: Annotated[str, Meta(min_length=1, examples=["self_hosted", "openai_api"])] | None = None
    """What becomes of what is sent to it: a data policy of the catalogue (`weighbridge models vendors`);
    `self_hosted` where nothing leaves one's own machines. Found from `model` where absent."""
    options: Annotated[ModelOptions, Meta(extra={"flat": True})] = ModelOptions()


class SensitivityOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much hangs on the prompt: what `weighbridge sensitivity` weighs."""

    variants: tuple[str, ...] = ()
    """Prompts to try, by name; absent: all of them."""
    candidates: tuple[str, ...] = ()
    """Candidates to try them on, by name; absent: every one that is prompted."""
    items: Annotated[int, Meta(ge=4)] = 100
    """Items that every candidate answers under every prompt, drawn at random; all there are where there are fewer."""
    tune: Annotated[int, Meta(ge=2)] | None = None
    """Items on which the best prompt of each candidate is chosen; the others tell what it is worth. Absent: half of
    `items`."""


class ProjectOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole project file."""

    name: str | None = None
    """Title of reports; the folder's name where absent."""
    data: Annotated[DataSource | str, Meta(examples=["tickets.csv"])]
    """The items to weigh on: a file, or a mapping that also names its columns."""
    prompt: str | PromptOptions | None = None
    """The prompt of every candidate that names none: a mapping, or a user template alone."""
    prompts: dict[str, str | PromptOptions] = {}
    """More prompts by name, for candidates to choose from; one called `default` does what `prompt` does."""
    choices: tuple[Annotated[str, Meta(min_length=1)], ...] | None = None
    """The possible answers, where the task is a choice; engines that can are held to them."""
    json_schema: Annotated[str | dict[str, Any], Meta(extra={"kind": "schema"})] | None = None
    """JSON Schema of the answer: the schema itself, or the path of a file with it."""
    scorer: Annotated[str | dict[str, Any], Meta(extra={"kind": "scorer"})] | None = None
    """How an answer is marked: a scorer's name, or a mapping of `name` and its settings; found from the references
    where absent."""
    protocol: AnswerProtocol = "generate"
    """How candidates answer, the same for all that do not say otherwise: `generate`, text that is held to `choices`
    or `json_schema` where the engine can (`constrain`); `choice`, text that must be held to the choices; `sample`,
    the mean over `repeats` sampled answers; `loglikelihood`, the likeliest of the choices given the prompt (open
    models alone). Rules and records answer by themselves."""
    normalise: Normalise = "none"
    """For `loglikelihood`: what a choice's log-probability is divided by before the likeliest is taken: its length in
    `characters`, `bytes` or `tokens`; `unconditional` takes away its log-probability without the prompt."""
    choice_as: Annotated[str, Meta(examples=["{{ label }}"])] | None = None
    """Template of a choice as it is written after the prompt, for `choice` and `loglikelihood`: `{{ choice }}` is its
    text, `{{ label }}` its letter. Absent: the text, behind a blank where the prompt is plain text."""
    status_scores: StatusScores = StatusScores()
    """Scores of the outcomes that are no answer, fixed before the first call; 0 each where absent."""
    candidates: Annotated[tuple[CandidateOptions, ...], Meta(min_length=1)]
    """Who is weighed."""
    question: Question = Question()
    """What is asked of the evidence, and how sure the answer must be."""
    requirements: Requirements = Requirements()
    """Limits a candidate must keep to be chosen."""
    budget: Budget = Budget()
    """What one run may use; absent: as much as the verdict takes."""
    currency: Annotated[str, Meta(min_length=1)] = "USD"
    """Currency of prices and budgets, as reports show it."""
    seed: Annotated[int, Meta(ge=0)] = 0
    """Fixes the order in which items are drawn."""
    store: Annotated[str, Meta(min_length=1)] = DEFAULT_STORE
    """SQLite file that keeps every paid answer, relative to the project file."""
    limits: Limits = Limits()
    """Patience with an answer, and pressure on an endpoint."""
    sensitivity: SensitivityOptions = SensitivityOptions()
    """Which prompts `weighbridge sensitivity` tries, and on how many items."""
