"""Models: something that completes text, open, closed, recorded, a rule, or simulated."""
