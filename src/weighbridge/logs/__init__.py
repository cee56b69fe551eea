"""Logs: other tools' results in and out."""
