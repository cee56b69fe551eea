"""A model hub on loopback: as much of the hub's protocol as its own client asks for in a download."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `folders` by repository name; names in `gated` are refused."""

    def __init__(self, folders: dict[str, Path], gated: tuple[str, ...] = ()) -> None:
        self.folders = folders
        self.gated = gated
        self.fetched: list[str] = []
        self.broken = False
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = urllib.parse.unquote(urllib.parse.urlparse(call.path).path).strip("/")
        api = path.removeprefix("api/models/")
        parts = api.split("/")
        name = "/".join(parts[:2])
        if name in self.gated:
            return self._refuse(call, 403, "GatedRepo", "Access to this model is restricted.")
        if name not in self.folders:
            return self._refuse(call, 404, "RepoNotFound", "Repository not found")
        folder = self.folders[name]
        revision = parts[3] if len(parts) > 3 else COMMIT
        if revision not in (COMMIT, "main", "v1"):
            return self._refuse(call, 404, "RevisionNotFound", "Revision not found")
        files = sorted(one for one in folder.rglob("*") if one.is_file())
        if path.startswith("api/") and parts[2] == "revision":
            listed = [{"rfilename": str(one.relative_to(folder)), "size": one.stat().st_size} for one in files]
            return self._json(call, {"id": name, "modelId": name, "sha": COMMIT, "siblings": listed}, body)
        if path.startswith("api/") and parts[2] == "tree":
            tree = [
                {"type": "file", "path": str(one.relative_to(folder)), "size": one.stat().st_size, "oid": _oid(one)}
                for one in files
            ]
            return self._json(call, tree, body)
        file = folder / "/".join(parts[4:])
        data = file.read_bytes() if file.is_file() else None
        if data is None:
            return self._refuse(call, 404, "EntryNotFound", "Entry not found")
        call.send_response(200)
        call.send_header("ETag", f'"{_oid(file)}"')
        call.send_header("X-Repo-Commit", COMMIT)
        call.send_header("Content-Length", str(len(data)))
        call.end_headers()
        if body:
            self.fetched.append(file.name)
            call.wfile.write(data[: len(data) // 2] if self.broken and file.suffix == ".safetensors" else data)
        return None

    def _refuse(self, call: BaseHTTPRequestHandler, status: int, code: str, told: str) -> None:
        call.send_response(status)
        call.send_header("X-Error-Code", code)
        call.send_header("X-Error-Message", told)
        call.send_header("Content-Length", "0")
        call.end_headers()

    def _json(self, call: BaseHTTPRequestHandler, what: object, body: bool) -> None:
        data = json.dumps(what).encode()
        call.send_response(200)
        call.send_header("Content-Type", "application/json")
        call.send_header("X-Repo-Commit", COMMIT)
        call.send_header("Content-Length", str(len(data)))
        call.end_headers()
        if body:
            call.wfile.write(data)


def _oid(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
