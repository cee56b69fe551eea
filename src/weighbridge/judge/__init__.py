"""Answers judged by a model: asked both ways round, held against its own biases, and calibrated on human labels."""
