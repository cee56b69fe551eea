"""Running suites: from a suite's name and models to a verdict with the suite's own figures beside."""

from weighbridge.suites.candidates import candidates_for
from weighbridge.suites.run import SuiteRun, Terms, run_suite, run_suites

__all__ = ["SuiteRun", "Terms", "candidates_for", "run_suite", "run_suites"]
