"""What hostile code can do in the sandbox: nothing, and it never passes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from weighbridge.tasks.running import Bounds, Cell, run_tests, why_not
from weighbridge.tasks.running.keeper import _outgrown

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

SHORT = Bounds(seconds=1.5, memory=256, disk=4, files=50)
TESTS = ("assert f(1) == 2", "assert f(2) == 3")
RIGHT = "def f(x):\n    return x + 1\n"

WRITTEN = yaml.safe_load((Path(__file__).parent / "attacks.yaml").read_text(encoding="utf-8"))
ATTACKS: dict[str, str] = WRITTEN["attacks"]
REFUSED: dict[str, str] = WRITTEN["refused"]


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_passes(name: str) -> None:
    began = time.monotonic()
    outcome = run_tests(ATTACKS[name] + "\n", TESTS, bounds=SHORT)
    assert outcome.passed == (False, False), name
    assert outcome.detail
    assert time.monotonic() - began < 60
    # The cell is as good as before.
    assert run_tests(RIGHT, TESTS, bounds=SHORT).all_passed


def test_an_output_flood_is_cut() -> None:
    outcome = run_tests("while True:\n    print('x' * 10_000)\n", TESTS, bounds=SHORT)
    assert not outcome.all_passed
    assert len(outcome.output) <= SHORT.output


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    before = victim.stat()
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    server.settimeout(0.0)
    head = f"HOME = {str(Path.home())!r}\nVICTIM = {str(victim)!r}\nPORT = {server.getsockname()[1]}\n"
    body = "".join(f"        {line}\n" for line in REFUSED[name].splitlines())
    tail = "    except (OSError, ValueError):\n        return 'refused'\n    return 'done'\n"
    source = f"{head}def f(_):\n    try:\n{body}{tail}"
    outcome = run_tests(source, ["assert f(0) == 'refused'"], bounds=SHORT)
    assert outcome.all_passed, outcome.detail
    assert victim.read_text() == "precious"
    after = victim.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink) == (before.st_mode, before.st_mtime_ns, before.st_nlink)
    with pytest.raises(BlockingIOError):
        server.accept()
    server.close()
    assert not Path("/tmp/weighbridge-was-here").exists()  # noqa: S108 - what the code tried to write


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    held = (tmp_path / "open").open("w")
    os.set_inheritable(held.fileno(), True)
    source = (
        "import os\ndef env(): return dict(os.environ)\n"
        "def ends():\n    found = []\n    for n in range(256):\n        try: os.fstat(n); found.append(n)\n"
        "        except OSError: pass\n    return found\n"
    )
    cell = Cell()
    checks = ["assert 'OPENAI_API_KEY' not in env() and 'sk-secret' not in str(env())", "assert len(ends()) <= 5"]
    assert cell.run(source, checks).passed == (True, True)
    cell.close()
    held.close()


def test_no_process_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    cell = Cell()
    source = "import threading, time\nopen('left', 'w').write('x')\n"
    source += "threading.Thread(target=time.sleep, args=(60,)).start()\n"
    cell.run(source + RIGHT, TESTS, bounds=SHORT)
    keeper = cell._keeper
    assert keeper is not None
    children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children")
    if children.exists():
        assert not children.read_text().split()
    assert not list(tmp_path.rglob("left"))
    cell.close()
    assert keeper.poll() is not None
    assert not list(tmp_path.iterdir())


def test_a_killed_user_leaves_no_process() -> None:
    code = (
        "import sys\nfrom weighbridge.tasks.running import Bounds, Cell\ncell = Cell()\n"
        "cell.run('def f(x): return x', ['f(1)'])\nprint(cell._keeper.pid, flush=True)\n"
        "cell.run('while True: pass', ['f(1)'], bounds=Bounds(seconds=1))\n"
    )
    user = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    keeper = int(user.stdout.readline())
    time.sleep(0.2)
    user.send_signal(signal.SIGKILL)
    user.wait()
    user.stdout.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _alive(keeper):
        time.sleep(0.05)
    assert not _alive(keeper)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:1]
    except OSError:
        return False


def test_a_broken_keeper_is_replaced() -> None:
    cell = Cell()
    assert cell.run(RIGHT, TESTS).all_passed
    assert cell._keeper is not None
    cell._keeper.kill()
    cell._keeper.wait()
    assert cell.run(RIGHT, TESTS).all_passed
    cell.close()


def test_the_folder_is_counted_by_blocks_and_entries(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 100_000)
    assert not _outgrown(str(tmp_path), 200_000, 10)
    assert _outgrown(str(tmp_path), 50_000, 10)
    assert _outgrown(str(tmp_path), 200_000, 1)


def test_messages_of_the_program_cannot_break_the_tests() -> None:
    """The program speaks the wire itself: names that shadow built-ins, nonsense, answers nobody asked for."""
    for line in (
        {"names": {"isinstance": ["b", True], "len": ["b", True]}},
        {"names": {"f": ["zz", 1]}},
        {"value": ["b", True], "changed": {}},
        {"names": 3},
        "nonsense",
        {"raised": "SystemExit", "text": "0", "kind": "SystemExit"},
        {"raised": "exec", "text": "1", "kind": "x"},
    ):
        text = json.dumps(line) + "\n"
        write = f"    try: os.write(n, {text!r}.encode() * 3)\n    except OSError: pass\n"
        source = f"import os\nfor n in range(3, 20):\n{write}os._exit(0)\n"
        assert not run_tests(source, ["assert f(1) == 2"], bounds=SHORT).all_passed, line
