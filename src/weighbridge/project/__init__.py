"""Project: reads weighbridge.yaml into a task, candidates, a question and requirements."""
