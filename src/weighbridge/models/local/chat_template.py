"""A tokenizer's chat template: messages in, the text that the model reads out. Needs neither torch nor transformers.

What a template renders is what ``apply_chat_template`` of transformers renders (same sandbox, filters, globals and
special tokens). Templates come with downloaded weights and are not trusted: besides Jinja's sandbox, loop passes and
output are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.item import Message

TEMPLATES = ("auto", "chat", "plain")
SystemRole = Literal["kept", "merged"]

_MARK = "\u2060CONTINUE\u2060 "
"""Stands after an assistant's unfinished turn while it is rendered; the text is cut there."""


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template that is known to render.

    `render` raises UsageError where the template refuses the messages (roles out of turn, for example).
    """

    source: str
    tokens: Mapping[str, Any] = field(default_factory=dict)
    """Special tokens by name (``bos_token``), as the template sees them."""
    system: SystemRole = "kept"
    """``merged``: the template refuses or drops system messages; they are put before the next user message."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """More variables of the template, such as ``enable_thinking``."""

    def render(self, messages: Sequence[Message]) -> str:
        """The text up to where the assistant's answer begins; a last message of the assistant is continued."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        if self.system == "merged":
            turns = merged(turns)
        if turns and turns[-1]["role"] == "assistant":
            return self._continued(turns)
        return _rendered(self.source, turns, self.tokens, self.options, prompt=True)

    def _continued(self, turns: list[dict[str, str]]) -> str:
        last = turns[-1]["content"]
        marked = [*turns[:-1], {"role": "assistant", "content": last + _MARK}]
        text = _rendered(self.source, marked, self.tokens, self.options, prompt=False)
        at = text.rfind(_MARK.strip())
        if at < 0:
            raise UsageError(
                "the chat template drops the assistant's turn that is to be continued",
                fix="end the messages with a user message, or read them as plain text (template: plain)",
            )
        # A template that trims its contents has trimmed the mark's blank; then the turn's own end was trimmed too.
        return text[:at] if text[at : at + len(_MARK)] == _MARK else text[:at].rstrip()


@dataclass(frozen=True, slots=True)
class Probe:
    """What a trial of a template found: `template` is None where it cannot be used at all."""

    template: ChatTemplate | None
    notes: tuple[str, ...] = ()


def probe(source: str, tokens: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Probe:
    """Try `source` on a user message and on a system message; say what is odd about it."""
    options = options or {}
    said, told = "Zq7 user text", "Zq8 system text"
    user, system = {"role": "user", "content": said}, {"role": "system", "content": told}
    try:
        alone = _rendered(source, [user], tokens, options, prompt=True)
    except UsageError as error:
        return Probe(None, (f"the chat template does not render ({error.what})",))
    notes = []
    if said not in alone:
        return Probe(None, ("the chat template drops the user's message",))
    if alone == _rendered(source, [user], tokens, options, prompt=False):
        notes.append("the chat template marks no place where the assistant's answer begins")
    role: SystemRole = "kept"
    try:
        both = _rendered(source, [system, user], tokens, options, prompt=True)
    except UsageError:
        role = "merged"
        notes.append("the chat template refuses system messages: they are put before the user's message")
    else:
        if told not in both:
            role = "merged"
            notes.append("the chat template drops system messages: they are put before the user's message")
        elif said not in both:
            notes.append("the chat template drops the user's message where there is a system message")
    if "strftime_now" in source:
        notes.append("the chat template writes today's date into the prompt")
    return Probe(ChatTemplate(source, dict(tokens), role, dict(options)), tuple(notes))


def chosen(
    source: str | None,
    tokens: Mapping[str, Any],
    wish: str,
    options: Mapping[str, Any],
    where: str,
    *,
    generates: bool = True,
) -> Probe:
    """The template to use under `wish`: ``auto`` (its own, if it works), ``chat`` (that or an error), ``plain``.

    A model that does not generate reads plain text unless ``chat`` is asked for. Raises UsageError for ``chat``
    without a template that works, and for options that no template takes.
    """
    if wish not in TEMPLATES:
        raise UsageError(f"unknown template {wish!r}", where=where, fix=nearest(wish, TEMPLATES))
    if wish == "plain" or (wish == "auto" and not generates):
        return Probe(None)
    if not source:
        if wish == "chat":
            fix = "use the instruction-tuned model of the family, or template: plain"
            raise UsageError("the model has no chat template", where=where, fix=fix)
        return Probe(None, ("no chat template: messages are read as plain text, as for a base model",))
    found = probe(source, tokens, options)
    if found.template is None:
        if wish == "chat":
            raise UsageError("; ".join(found.notes), where=where, fix="template: plain, or mend chat_template.jinja")
        return Probe(None, (*found.notes, "messages are read as plain text instead"))
    return found


def merged(turns: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """System messages put before the next user message, with a blank line between."""
    out: list[dict[str, str]] = []
    waiting: list[str] = []
    for turn in turns:
        if turn["role"] == "system":
            waiting.append(turn["content"])
        elif turn["role"] == "user" and waiting:
            out.append({"role": "user", "content": "\n\n".join([*waiting, turn["content"]])})
            waiting = []
        else:
            out.append(dict(turn))
    if waiting:
        out.append({"role": "user", "content": "\n\n".join(waiting)})
    return out


def plain(messages: Sequence[Message]) -> str:
    """Messages as text for a model without a template: contents, a blank line between; one alone is its own text."""
    return "\n\n".join(message.content for message in messages)


def prompt_text(messages: Sequence[Message], template: ChatTemplate | None) -> tuple[str, bool]:
    """The text to read, and whether the tokenizer still has to add its special tokens.

    A chat template writes them itself; a tokenizer that added its own would double the first.
    """
    if template is None:
        return plain(messages), True
    return template.render(messages), False


def _rendered(
    source: str,
    turns: Sequence[Mapping[str, str]],
    tokens: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    prompt: bool,
) -> str:
    import jinja2

    from weighbridge.models.local.chat_sandbox import compiled
    from weighbridge.tasks.sandbox import METER, Meter

    variables: dict[str, Any] = {"tools": None, "documents": None, **tokens, **options}
    before = METER.set(Meter())
    try:
        template = compiled(source)
        return template.render(
            **{**variables, "messages": [dict(turn) for turn in turns], "add_generation_prompt": prompt}
        )
    except jinja2.TemplateError as error:
        told = " ".join(str(error.message or error).split())
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise UsageError(f"the chat template says: {told[:200]}{line}", fix=_FIX) from None
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
        # What a template does with its variables can fail in any of these ways.
        told = f"{type(error).__name__}: {error}"
        raise UsageError(f"the chat template fails: {told[:200]}", fix=_FIX) from None
    finally:
        METER.reset(before)


_FIX = "change the messages (roles, their order), or read them as plain text (template: plain)"
