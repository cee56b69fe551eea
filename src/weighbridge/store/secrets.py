"""Takes secrets out of whatever is about to be written.

Model specs and errors come without secrets already; this is the second lock on the door. A server may echo the
headers of a request, and a model may repeat what it was told. Known secrets are the values of environment variables
whose names say so (``..._API_KEY``, ``..._TOKEN``, ``..._SECRET``, ``..._PASSWORD``) and any handed over when the
store was opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

import msgspec

from weighbridge.evidence import Completion
from weighbridge.store.answer import Source

_NAMES = re.compile(
    r"(^|_)((API|ACCESS|SECRET|PRIVATE)_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE
)
_OTHER_KEYS = re.compile(r"(^|_)KEY$", re.IGNORECASE)
_RANDOM = re.compile(r"(?=\S*\d)\S+")
"""Variables that merely end in KEY also hold words (``SORT_KEY=created_at_desc``), which must stay in answers."""
SHORTEST = 12
"""Characters; a shorter value is as likely to be an ordinary word of an answer."""


class Secrets:
    """Known secrets and the names they are replaced by."""

    __slots__ = ("_bytes", "_names")

    def __init__(self, given: Iterable[str] = (), environment: Mapping[str, str] | None = None) -> None:
        found = {value: "given" for value in given if value}
        for name, value in (os.environ if environment is None else environment).items():
            named = _NAMES.search(name) or (_OTHER_KEYS.search(name) and _RANDOM.fullmatch(value))
            if named and len(value) >= SHORTEST:
                found.setdefault(value, name)
        # The longest first: one secret may hold another.
        self._names = dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
        self._bytes = tuple(value.encode("utf-8", "surrogateescape") for value in self._names)

    def within(self, encoded: bytes) -> bool:
        """Whether any secret stands in `encoded` (UTF-8)."""
        return any(secret in encoded for secret in self._bytes)

    def without(self, text: str) -> str:
        """`text` with every secret replaced by ``[secret NAME]``."""
        for secret, name in self._names.items():
            text = text.replace(secret, f"[secret {name}]")
        return text

    def source(self, source: Source) -> Source:
        """`source` with every secret replaced."""
        return Source(
            candidate=self.without(source.candidate),
            model=self.without(source.model),
            task=self.without(source.task),
            revision=self.without(source.revision),
            engine=self.without(source.engine),
            simulated=source.simulated,
        )

    def completion(self, completion: Completion) -> Completion:
        """`completion` with every secret replaced; its token probabilities go, for they spell the text out again."""
        return msgspec.structs.replace(
            completion,
            text=self.without(completion.text),
            model=None if completion.model is None else self.without(completion.model),
            error=None if completion.error is None else self.without(completion.error),
            request_id=None if completion.request_id is None else self.without(completion.request_id),
            logprobs=None,
            prompt=None if completion.prompt is None else self.without(completion.prompt),
            scored=None
            if completion.scored is None
            else [msgspec.structs.replace(one, text=self.without(one.text)) for one in completion.scored],
        )
