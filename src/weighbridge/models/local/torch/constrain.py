"""Answers held to one of given texts, token by token, along a tree of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from weighbridge.errors import UsageError


@dataclass(slots=True)
class Node:
    """A beginning that some texts share."""

    children: dict[int, Node] = field(default_factory=dict)
    text: str | None = None
    """The choice that ends here."""


class Choices:
    """A `sampling.Rule`; `done` holds the choice once no other can come of it, or, `whole`, once it is written."""

    def __init__(self, root: Node, ends: frozenset[int], whole: bool = False) -> None:
        self._node = root
        self._ends = sorted(ends)
        self._whole = whole
        self.done: str | None = None
        self._settle()

    @property
    def allowed(self) -> list[int]:
        """The tokens that may come next."""
        return [*self._node.children, *(self._ends if self._node.text is not None else ())]

    def restrict(self, logits: Any) -> Any:
        import torch

        allowed = self.allowed
        out = torch.full_like(logits, float("-inf"))
        out[allowed] = logits[allowed]
        return out

    def take(self, token: int) -> None:
        if token in self._node.children:
            self._node = self._node.children[token]
            self._settle()
        else:
            self.done = self._node.text

    def _settle(self) -> None:
        """Where only one choice is left, the rest of its tokens need no model."""
        node = self._node
        while not self._whole and node.text is None and len(node.children) == 1:
            (node,) = node.children.values()
        if not node.children:
            self.done = node.text


def choice_tree(
    tokenizer: Any,
    prompt: str,
    prompt_ids: Sequence[int],
    special: bool,
    choices: Sequence[str],
    ends: frozenset[int],
    joined: bool,
) -> Node:
    """The tree of `choices`, as the tokenizer writes them after the prompt (`joined`) or by themselves.

    After a prompt that does not end in white space, each choice may also come after a blank, as a base model writes
    it. Raises UsageError for no choice, an empty one, or one that is the beginning of another where the model has no
    token that ends an answer.
    """
    texts = list(dict.fromkeys(choices))
    if not texts or "" in texts:
        raise UsageError("choices must hold at least one text, and no empty one")
    root = Node()
    blanks = ("", " ") if joined and prompt and not prompt[-1].isspace() else ("",)
    for text in texts:
        for blank in blanks:
            node = root
            for token in _tokens(tokenizer, prompt, prompt_ids, special, blank + text, joined):
                node = node.children.setdefault(token, Node())
            node.text = text if node.text is None else node.text
    if not ends and _covered(root):
        raise UsageError(
            f"the choice {_covered(root)!r} is the beginning of another, and the model has no token to end there",
            fix="use choices of which none begins another, such as letters followed by a full stop",
        )
    return root


def _tokens(
    tokenizer: Any,
    prompt: str,
    prompt_ids: Sequence[int],
    special: bool,
    text: str,
    joined: bool,
) -> list[int]:
    """Tokens of `text` where it stands; by itself where it would change how the prompt is read."""
    if joined:
        whole = tokenizer(prompt + text, add_special_tokens=special).input_ids
        count = len(prompt_ids)
        if list(whole[:count]) == list(prompt_ids) and len(whole) > count:
            return list(whole[count:])
    found = list(tokenizer(text, add_special_tokens=False).input_ids)
    if not found:
        raise UsageError(f"the tokenizer has no token for the choice {text!r}")
    return found


def _covered(node: Node) -> str | None:
    """A choice that is the beginning of another."""
    if node.text is not None and node.children:
        return node.text
    return next((found for child in node.children.values() if (found := _covered(child)) is not None), None)
