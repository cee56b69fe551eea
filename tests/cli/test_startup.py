"""The command starts at once, and its help says what the commands say."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import click
import pytest

from weighbridge.cli.main import COMMANDS, cli
from weighbridge.cli.reference import CLI_PAGE, cli_page
from weighbridge.project.overrides import overrides

DOCS = Path(__file__).resolve().parents[2] / "docs"


def cpu_seconds(*arguments: str) -> float:
    """Median CPU time of five runs of Python with `arguments`."""
    times = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(times)


def test_help_and_import_are_quick() -> None:
    assert cpu_seconds("-m", "weighbridge", "--help") < 0.3
    assert cpu_seconds("-c", "import weighbridge") < 0.2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom weighbridge.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'duckdb', 'aiohttp', 'rich', 'jinja2', 'yaml', 'msgspec', 'asyncio', 'xllamacpp'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"
    assert "weighbridge" in ran.stdout


def test_the_list_of_commands_says_what_each_command_says() -> None:
    context = click.Context(cli)
    for name, (_, line) in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200).removesuffix(".") == line.removesuffix("."), name


def test_the_published_page_is_current() -> None:
    assert (DOCS / CLI_PAGE).read_text() == cli_page(), "stale: run `make docs`"


@pytest.mark.parametrize("name", ["run", "plan", "check", "compare"])
def test_declared_options_are_options_of_the_commands(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    flags = {flag for parameter in command.params for flag in parameter.opts}
    expected = {one.flag for one in overrides() if name != "compare" or one.path[0] in ("question", "requirements")}
    assert expected <= flags
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_every_help_fits_its_page() -> None:
    assert max(map(len, cli_page().splitlines())) <= 120
    assert not re.search(r"\bNone\b", cli_page())


def test_python_dash_m_works() -> None:
    ran = subprocess.run([sys.executable, "-m", "weighbridge", "nothing"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run([sys.executable, "-m", "weighbridge", "schema"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")
