"""Report: the decision for a terminal, as HTML in one file, and as JSON."""
