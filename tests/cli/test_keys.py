"""Keys: found in the environment or the keyring, and never seen again."""

from __future__ import annotations

import io
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults import Call, FaultServer, Reply

KEYRING = '''
import json, os, pathlib
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Folder(KeyringBackend):
    """A keyring for tests: a file beside the tests' own."""

    priority = 1

    def _all(self):
        path = pathlib.Path(os.environ["WB_TEST_KEYRING"])
        return json.loads(path.read_text()) if path.is_file() else {}

    def _write(self, found):
        pathlib.Path(os.environ["WB_TEST_KEYRING"]).write_text(json.dumps(found))

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self._write({**self._all(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        found = self._all()
        if found.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("none")
        self._write(found)
'''


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring of its own, in a file."""
    package = pytest.importorskip("keyring")
    folder = tmp_path_factory.mktemp("keyring")
    (folder / "wb_test_keyring.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("WB_TEST_KEYRING", str(folder / "kept.json"))
    from wb_test_keyring import Folder  # type: ignore[import-not-found]

    before = package.get_keyring()
    package.set_keyring(Folder())
    yield folder / "kept.json"
    package.set_keyring(before)


@pytest.fixture
def key() -> str:
    return f"wb-planted-{secrets.token_hex(12)}"


def given(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_key_is_set_used_listed_and_removed_and_never_shown(weighbridge, keyring, key, monkeypatch) -> None:
    from weighbridge.models.keys import key_for

    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    given(monkeypatch, f"{key}\n")
    done = weighbridge("keys", "set", "groq")
    assert done.code == 0, done.err
    listed = weighbridge("keys", "list")
    assert "groq" in listed.out
    assert "keyring" in listed.out
    assert key_for("groq", ("GROQ_API_KEY",), None, "groq:x") == key
    monkeypatch.setenv("GROQ_API_KEY", "from-the-environment")
    assert key_for("groq", ("GROQ_API_KEY",), None, "groq:x") == "from-the-environment"
    assert "environment: GROQ_API_KEY" in weighbridge("keys", "list").out
    monkeypatch.delenv("GROQ_API_KEY")
    removed = weighbridge("keys", "remove", "groq")
    assert removed.code == 0
    assert key not in keyring.read_text()
    again = weighbridge("keys", "remove", "groq")
    assert again.code == 2
    for ran in (done, listed, removed, again):
        assert key not in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (("set", "opanai"), "x\n", "openai"),
        (("set", "openai"), "\n", "no key was given"),
        (("set", "openai"), "clé\n", "holds characters no key has"),
        (("remove", "opanai"), "", "openai"),
        (("set", "openai", "sk-on-the-command-line"), "", "unexpected"),
    ],
)
def test_mistakes(weighbridge, keyring, monkeypatch, arguments, text, said) -> None:
    given(monkeypatch, text)
    found = weighbridge("keys", *arguments)
    assert found.code == 2
    assert said in found.err
    assert not keyring.is_file()


def test_without_a_keyring_the_way_out_is_told(weighbridge, key, monkeypatch) -> None:
    package = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    before = package.get_keyring()
    package.set_keyring(Keyring())
    try:
        given(monkeypatch, f"{key}\n")
        found = weighbridge("keys", "set", "openai")
    finally:
        package.set_keyring(before)
    assert found.code == 5
    assert "export the key in the environment" in found.err
    assert key not in found.err


def test_without_the_package_the_command_names_it(weighbridge, key, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    given(monkeypatch, f"{key}\n")
    found = weighbridge("keys", "set", "openai")
    assert found.code == 2
    assert "pip install 'weighbridge[keyring]'" in found.err


def test_a_missing_key_is_one_screen_with_the_line_to_type(weighbridge, tickets, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("weighbridge.models.keys.in_keyring", lambda vendor: None)
    (tmp_path / "weighbridge.yaml").write_text(
        "data: {path: tickets.csv, reference: team}\nchoices: [billing, technical, shipping, account]\n"
        "candidates:\n  - {name: a, model: 'openai:gpt-4o-mini'}\n  - {name: b, model: 'openai:gpt-4.1'}\n"
    )
    found = weighbridge("run")
    assert found.code == 2
    assert "export OPENAI_API_KEY=..." in found.err
    assert "weighbridge keys set openai" in found.err
    assert len(found.err.splitlines()) < 24
    assert "Traceback" not in found.err


def parrot(call: Call) -> Reply | None:
    """Repeats the key wherever a server can: in errors, their codes, headers, ids, and in the answer itself."""
    key = call.headers.get("authorization", "").removeprefix("Bearer ") or call.headers.get("api-key", "")
    echoing = (("X-Request-Id", key), ("X-Echo", key))
    events = (("Content-Type", "text/event-stream"), *echoing)
    if "message 3 " in call.prompt and call.seen == 0:
        body = f'{{"error": {{"message": "key {key} is slow", "code": "{key}", "type": "{key}"}}}}'
        return Reply("raw", status=500, body=body.encode(), headers=echoing)
    if "message 5 " in call.prompt and call.seen == 0:
        return Reply("raw", body=f'data: {{"error": {{"message": "key {key} failed"}}}}\n\n'.encode(), headers=events)
    if "message 7 " in call.prompt:
        body = f'{{"error": {{"message": "no {key}", "code": "{key}"}}}}'
        return Reply("raw", status=400, body=body.encode(), headers=echoing)
    chunk = (
        f'data: {{"id": "{key}", "model": "{key}", "system_fingerprint": "{key}", "choices": [{{"index": 0, "delta": '
        f'{{"content": "billing {key}", "reasoning_content": "{key}"}}, "finish_reason": "stop"}}]}}\n\n'
        "data: [DONE]\n\n"
    )
    return Reply("raw", body=chunk.encode(), headers=events)


@pytest.mark.slow
def test_no_key_is_found_in_anything_a_run_wrote(tickets, tmp_path, key) -> None:
    other = f"wb-planted-{secrets.token_hex(12)}"
    with FaultServer(script=parrot).threaded() as server:
        base = f"base_url: 'http://127.0.0.1:{server.port}/v1'"
        (tmp_path / "weighbridge.yaml").write_text(
            f"""\
name: Parrot
data: {{path: tickets.csv, reference: team, cluster: customer}}
choices: [billing, technical, shipping, account]
candidates:
  - {{name: one, model: 'openai:gpt-4o-mini', side: open, max_tokens: 16, {base}}}
  - {{name: two, model: 'azure:gpt-4o-mini', max_tokens: 16, {base}, constrain: false}}
  - {{name: three, model: 'deepseek:deepseek-chat', max_tokens: 16, {base}}}
budget: {{calls: 90}}
"""
        )
        environment = {
            **os.environ,
            "OPENAI_API_KEY": key,
            "AZURE_OPENAI_API_KEY": other,
            "DEEPSEEK_API_KEY": key,
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "weighbridge", "--debug", "run", "--html", "report.html"]
        running = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        arguments = b""
        for _ in range(20):
            cmdline = Path(f"/proc/{running.pid}/cmdline")
            if cmdline.is_file():
                arguments += cmdline.read_bytes()
            time.sleep(0.02)
        out, err = running.communicate(timeout=120)
    assert running.returncode in (0, 3, 4), err.decode()
    assert len({call.headers.get("api-key") or call.headers["authorization"] for call in server.calls}) == 2
    assert len(server.calls) > 40
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 4, "the project, its data, a store and a report at least"
    told = subprocess.run(
        [sys.executable, "-m", "weighbridge", "store", "export", "--out", "all.jsonl"], cwd=tmp_path, check=True
    )
    assert told.returncode == 0
    kept = (tmp_path / "all.jsonl").read_text()
    assert kept.count("billing ***") > 40, "the answers were kept, without the key"
    assert key not in kept
    assert other not in kept
    for secret in (key, other):
        assert secret.encode() not in out + err + arguments
        for path in written:
            assert secret.encode() not in path.read_bytes(), path
