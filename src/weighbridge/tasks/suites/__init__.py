"""Suites: ready tasks with their own figures, on data found on this machine."""

from weighbridge.tasks.suites.build import SuiteTask, suite_task
from weighbridge.tasks.suites.catalogue import names_in, suite_named, suites
from weighbridge.tasks.suites.definition import Suite
from weighbridge.tasks.suites.figures import Figure, Figures, figures_of

__all__ = [
    "Figure",
    "Figures",
    "Suite",
    "SuiteTask",
    "figures_of",
    "names_in",
    "suite_named",
    "suite_task",
    "suites",
]
