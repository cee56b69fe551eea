"""One file per wire format; none of them does I/O."""
