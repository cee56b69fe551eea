"""Running suites: from a suite's name and models to a verdict with the suite's own figures beside."""

from weighbridge.suites.candidates import candidates_for
from weighbridge.suites.run import SuiteRun, run_suite

__all__ = ["SuiteRun", "candidates_for", "run_suite"]
