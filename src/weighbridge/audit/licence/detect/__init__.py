"""Which licence a text is, and every sentence of it that is not that licence's."""

from weighbridge.audit.licence.detect.identified import Candidate, Identified, Missing, Passage
from weighbridge.audit.licence.detect.identify import identify
from weighbridge.audit.licence.detect.index import Index, index
from weighbridge.audit.licence.detect.reading import read_text

__all__ = ["Candidate", "Identified", "Index", "Missing", "Passage", "identify", "index", "read_text"]
