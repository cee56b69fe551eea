"""Weighing: runs candidates on items under a budget, asks the race when to stop, and gives evidence.

Import from the files: `weigh.weigh`, `plan.plan`, `stored.weigh_stored`, `candidate.Candidate`, `limits.Limits`,
`progress`. Nothing is imported here, so that a project file can be read without NumPy.
"""
