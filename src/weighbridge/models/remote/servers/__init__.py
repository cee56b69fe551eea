"""What servers of open models offer beyond chat completions: one file a server, and how each is told apart."""
