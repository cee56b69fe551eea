"""The `weighbridge` command. A subcommand's module is imported when it is called, so that --help starts at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

import weighbridge
from weighbridge.cli.failure import report
from weighbridge.cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("weighbridge.cli.init:init", "Write a project file for a data file."),
    "check": ("weighbridge.cli.check:check", "Read a project file and show what would be asked."),
    "plan": ("weighbridge.cli.plan:plan", "Say what a run would take, before anything is spent."),
    "run": ("weighbridge.cli.run:run", "Weigh the candidates and give the verdict."),
    "sensitivity": (
        "weighbridge.cli.sensitivity:sensitivity",
        "Say how much hangs on the prompt, and whether the verdict survives every prompt.",
    ),
    "drift": (
        "weighbridge.cli.drift:drift",
        "Say whether a vendor has changed the model since its answers were kept.",
    ),
    "compare": ("weighbridge.cli.compare:compare", "Give the verdict on scores that are already there."),
    "decide": (
        "weighbridge.cli.decide:decide",
        "Decide again on what is kept of a run, under other requirements and without a call.",
    ),
    "judge": ("weighbridge.cli.judge:judge", "Have a model judge answers, and hold it against its own biases."),
    "rate": ("weighbridge.cli.rate:rate", "Compare answers by eye, two at a time and without names."),
    "suites": ("weighbridge.cli.suites:suites", "List ready tasks, show one, or run some."),
    "import": ("weighbridge.cli.import_task:import_task", "Turn another tool's task into a project file."),
    "store": ("weighbridge.cli.store:store", "List, export and prune the answers that were paid for."),
    "keys": ("weighbridge.cli.keys:keys", "Keep the keys of vendors in the system's keyring."),
    "onnx": ("weighbridge.cli.onnx:onnx", "Export open models to ONNX, which runs them without PyTorch."),
    "models": (
        "weighbridge.cli.models:models",
        "Look models up in the catalogue: facts with their sources, dates and doubts.",
    ),
    "size": (
        "weighbridge.cli.size:size",
        "Say what a model takes to run, how fast it is, and what a load costs on machines of one's own.",
    ),
    "audit": (
        "weighbridge.cli.audit:audit",
        "Say how open, how free to use and how durable a model is, each finding with its evidence.",
    ),
    "prices": (
        "weighbridge.cli.prices:prices",
        "Look up what vendors charge, refresh it, and see what is old or disputed.",
    ),
    "schema": ("weighbridge.cli.schema:schema", "Print the JSON Schema of the project file."),
}
"""Where each subcommand is and its line in the help: its own docstring's first line (a test compares them)."""


class Commands(LazyGroup):
    """Those of the program."""

    rows = COMMANDS
    hint = "all commands: weighbridge --help"


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: weighbridge init DATA, then weighbridge run",
)
@click.version_option(weighbridge.__version__, "-V", "--version", prog_name="weighbridge")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def cli(debug: bool) -> None:
    """Weigh open and closed language models on your own task, in as few calls as an error guarantee allows."""
    del debug  # read by `main`, which stands outside every command


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Exit codes: 0 decided, 2 usage, 3 undecided, 4 none meets the requirements, 5 failure."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # Anywhere on the line will do: it is asked for after a failure, at the end of the command that failed.
    given = [argument for argument in given if argument != "--debug"]
    try:
        # Not cli.main(): it would turn a reader that left early (| head) into exit code 1.
        with cli.make_context("weighbridge", given) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except Exception as error:
        # The outermost frame: whatever comes gets one screen and an exit code.
        if debug:
            raise
        sys.exit(report(error))
    except KeyboardInterrupt:
        print("\ninterrupted; answers that came are in the store", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
