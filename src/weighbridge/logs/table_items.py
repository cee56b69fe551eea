"""Which rows of several logs answer the same item: by id, and by the text of the question where ids differ."""

from __future__ import annotations

import hashlib
from collections import Counter


def digest(text: str) -> str:
    """A hash of a question that does not mind how its white space is set."""
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class Items:
    """The items of all logs so far. `open_log` begins a log, `place` says which item a row of it answers.

    An id decides where the texts agree, where one contains the other (a template around the question), or where a
    log keeps no text. Where the texts under one id differ, the text decides if another item has it. Else an id that
    is only a number counts as a position in a list, and another text as another item; any other id counts as a name,
    and the rows are taken as one item that was worded anew.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.questions: list[str | None] = []
        self.by_text: Counter[str] = Counter()
        """Items matched by text although the ids differ, by log name."""
        self.reworded: Counter[str] = Counter()
        """Items matched by id although the texts differ, by log name."""
        self.renumbered: Counter[str] = Counter()
        """Items whose number stands for another question elsewhere, by log name."""
        self._by_id: dict[str, int] = {}
        self._by_text: dict[str, list[int]] = {}
        self._own: dict[str, tuple[int, str | None]] = {}
        self._claimed: set[int] = set()
        self._log = ""

    def open_log(self, name: str) -> None:
        """Rows that follow are of this log: its different ids are different items, whatever their texts."""
        self._log = name
        self._own = {}
        self._claimed = set()

    def place(self, row_id: str, question: str | None) -> int:
        """Index of the item that a row answers; a new one where it is not known yet."""
        seen = self._own.get(row_id)
        if seen is not None:
            index, before = seen
            if before is None or question is None or question == before or _alike(question, before):
                return index
            return self.place(_varied(row_id, question), question)
        index = self._find(row_id, question)
        self._own[row_id] = (index, question)
        self._claimed.add(index)
        if self.questions[index] is None and question is not None:
            self.questions[index] = question
            self._by_text.setdefault(digest(question), []).append(index)
        return index

    def _find(self, row_id: str, question: str | None) -> int:
        index = self._by_id.get(row_id)
        if index is not None and index not in self._claimed:
            known = self.questions[index]
            if known is None or question is None or known == question or _alike(question, known):
                return index
        same_text = self._of_text(question)
        if same_text is not None:
            self.by_text[self._log] += 1
            return same_text
        if index is None:
            return self._add(row_id, question)
        if index in self._claimed or row_id.isdigit():
            self.renumbered[self._log] += 1
            varied = _varied(row_id, question or row_id)
            while varied in self._by_id:
                varied = _varied(varied, question or row_id)
            return self._add(varied, question)
        self.reworded[self._log] += 1
        return index

    def _of_text(self, question: str | None) -> int | None:
        """An item with this text that no other row of the log has taken."""
        if question is None or not question.strip():
            return None
        return next((i for i in self._by_text.get(digest(question), ()) if i not in self._claimed), None)

    def _add(self, row_id: str, question: str | None) -> int:
        index = len(self.ids)
        self.ids.append(row_id)
        self.questions.append(question)
        self._by_id[row_id] = index
        if question is not None:
            self._by_text.setdefault(digest(question), []).append(index)
        return index

    def notes(self) -> list[str]:
        """How items were matched where ids alone did not do, as sentences."""
        return [
            *(
                f"{name}: {count:,} items were matched by the text of the question, as their ids differ."
                for name, count in self.by_text.items()
            ),
            *(
                f"{name}: {count:,} items have another text than under the same id elsewhere; they were taken as the "
                "same items. Compare the questions before trusting a small difference."
                for name, count in self.reworded.items()
            ),
            *(
                f"{name}: {count:,} items have the number of another question elsewhere; they count as different."
                for name, count in self.renumbered.items()
            ),
        ]


def _varied(row_id: str, question: str) -> str:
    return f"{row_id} ({digest(question)[:6]})"


def _alike(one: str, other: str) -> bool:
    """Whether two texts are the same question but for white space or for a template around one of them."""
    a, b = " ".join(one.split()), " ".join(other.split())
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    # A short text may stand inside a longer one by chance ("yes" in anything); a question is longer than that.
    return len(short) >= 12 and short in long
