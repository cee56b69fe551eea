"""Project: reads weighbridge.yaml into task, candidates and question; its schema and its error messages."""
