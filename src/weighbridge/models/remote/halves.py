"""Characters outside the basic plane that a stream cuts in two."""

from __future__ import annotations


class Halves:
    """Puts surrogate pairs together; servers that count in UTF-16 cut streams between the halves."""

    __slots__ = ("half",)

    def __init__(self) -> None:
        self.half = ""
        """First half of a character whose second half the next piece brings."""

    def whole(self, text: str) -> str:
        """`text` with what was kept of the last piece, less a first half at its end."""
        if self.half:
            text, self.half = self.half + text, ""
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self.half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
