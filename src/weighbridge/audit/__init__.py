"""What stands behind the evidence: whether a comparison is fair."""
