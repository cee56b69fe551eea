"""Weighing: runs candidates on items under a budget, asks the race when to stop, and gives evidence."""
