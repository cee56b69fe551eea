"""Engines in child processes: a crash takes down one candidate, and the run's own process stays small and quick."""
