"""Tasks: items, loaders, prompts, scorers."""
