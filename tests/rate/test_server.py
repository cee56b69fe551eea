"""The server answers its own page alone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rate.serving import served
from rate.test_votes import answers
from weighbridge.rate.server import Server
from weighbridge.rate.votes import VoteFile


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with served(answers(4), tmp_path) as found:
        yield found


def ask(
    server: Server, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    link.request(method, path, data, sent)
    reply = link.getresponse()
    found = reply.status, reply.read(), dict(reply.getheaders())
    link.close()
    return found


def test_the_page_and_its_policy(server: Server) -> None:
    status, text, headers = ask(server, "GET", f"/{server.token}/")
    assert (status, b"Which answer is better?" in text) == (200, True)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert ask(server, "GET", f"/{server.token}/page.js")[0] == 200
    assert ask(server, "GET", f"/{server.token}/page.html")[0] == 404
    assert ask(server, "GET", f"/{server.token}/../votes.py")[0] == 404


def test_who_does_not_know_the_token_gets_nothing(server: Server) -> None:
    for path in ("/", "/state", "/x/state", f"/{server.token[:-1]}/state", f"/{server.token}x/", "/%ff/state"):
        status, text, _ = ask(server, "GET", path)
        assert (status, b"q1" in text) == (404, False)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_hosts_name_is_refused(server: Server, host: str) -> None:
    assert ask(server, "GET", f"/{server.token}/state", Host=host)[0] in (400, 421)
    assert ask(server, "GET", f"/{server.token}/state", Host=f"localhost:{server.port}")[0] == 200


def test_another_sites_page_cannot_vote(server: Server, tmp_path: Path) -> None:
    ballot = server.session.shown[0].id
    vote = {"ballot": ballot, "vote": "left"}
    path = f"/{server.token}/vote"
    assert ask(server, "POST", path, vote, Origin="http://evil.example")[0] == 403
    assert ask(server, "POST", path, vote, Origin="null")[0] == 403
    assert ask(server, "POST", path, vote, Content_Type="text/plain")[0] == 415
    assert not VoteFile(tmp_path / "v.jsonl").votes
    assert ask(server, "POST", path, vote, Origin=f"http://127.0.0.1:{server.port}")[0] == 200
    assert VoteFile(tmp_path / "v.jsonl").votes == {ballot: "left"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"ballot": 1, "vote": "left"}', b'{"ballot": "a", "vote": "up"}', b"\xff"]
)
def test_what_is_no_vote_is_refused(server: Server, body: bytes) -> None:
    assert ask(server, "POST", f"/{server.token}/vote", body)[0] == 400
    assert server.session.done == 0


def test_more_refusals(server: Server) -> None:
    assert ask(server, "POST", f"/{server.token}/vote", {"ballot": "none", "vote": "tie"})[0] == 404
    assert ask(server, "POST", f"/{server.token}/vote", b"[" * 5000)[0] == 413
    assert ask(server, "GET", f"/{server.token}/vote")[0] in (404, 405)


def test_a_vote_that_cannot_be_written_ends_the_session(server: Server, tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").mkdir()
    status, text, _ = ask(
        server, "POST", f"/{server.token}/vote", {"ballot": server.session.shown[0].id, "vote": "tie"}
    )
    assert (status, b"could not be written" in text) == (500, True)
    assert "cannot be written" in str(server.failure)
    server.failure = None
