"""Dated facts: what is known of models, and what vendors charge. Read when asked for, never at start-up."""
