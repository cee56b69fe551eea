"""One reader per kind of file; each yields rows with the place they came from."""
