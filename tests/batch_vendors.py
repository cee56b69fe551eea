"""The batch interfaces of OpenAI, Anthropic and Gemini on this machine, written from their documents.

with BatchVendors() as server:
    server.url                    # one address for all three
    server.answer = lambda vendor, prompt: "yes"
    server.lots                   # every batch that was ever made, in order

A batch is worked off after `looks` looks at it. It is kept as it was sent, so that a test can count what was paid.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Parts
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STAMP = "2026-11-21T08:00:00Z"


@dataclass
class Lot:
    """One batch as a vendor keeps it."""

    id: str
    vendor: str
    requests: list[tuple[str, dict[str, Any]]]
    """(key, body of the live request)."""
    named: str | None
    filed: bool = False
    looks: int = 0
    cancelled: bool = False
    fate: str = "ended"
    """``ended``, ``failed``, ``expired``; ``full``: no room for it (openai); or ``stuck``: never worked off."""

    def over(self, needed: int) -> bool:
        return self.fate != "stuck" and (self.looks > needed or self.cancelled)


def say(vendor: str, prompt: str) -> Any:
    """The usual answer: text; a dict is an error of that form; None: never worked on."""
    return "yes" if int(re.sub(r"\D", "", prompt) or 0) % 2 else "no"


@dataclass
class BatchVendors:
    """Every call is kept in `calls` as "METHOD path"."""

    answer: Callable[[str, str], Any] = say
    looks: int = 1
    page: int = 100
    """Most rows of one page of a list."""
    fate: Callable[[Lot], str] = lambda lot: "ended"
    before: Callable[[str, str], Any] = lambda method, path: None
    """Called before a call is worked on; a (status, body, headers) takes the place of the answer."""
    after: Callable[[str, str], Any] = lambda method, path: None
    """Called after a call has had its effect; True drops the connection instead of answering."""
    cut: int = 0
    """Bytes that are missing at the end of the next file of results, which comes as if it were whole."""
    lots: list[Lot] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    live: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> BatchVendors:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                _work(owner, self)

            do_POST = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def asked(self) -> list[str]:
        """The key of every request of every batch."""
        return [key for lot in self.lots for key, _ in lot.requests]

    def lot(self, name: str) -> Lot | None:
        return next((lot for lot in self.lots if lot.id == name), None)

    def make(self, vendor: str, requests: list[tuple[str, Any]], named: str | None, filed: bool) -> Lot:
        number = len(self.lots)
        prefix = {"openai": "batch_", "anthropic": "msgbatch_", "google": "batches/"}[vendor]
        lot = Lot(f"{prefix}{number:04d}", vendor, requests, named, filed)
        lot.fate = self.fate(lot)
        self.lots.append(lot)
        return lot

    def newest(self, vendor: str) -> list[Lot]:
        return [lot for lot in reversed(self.lots) if lot.vendor == vendor]

    def came(self, lot: Lot) -> list[tuple[str, str, Any]]:
        """(key, model, what is said) of every request that was worked on."""
        return [
            (key, str(body.get("model", "")), None if lot.fate == "expired" else self.answer(lot.vendor, asked(body)))
            for key, body in lot.requests
        ]


class _Quiet(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that leave are part of the tests."""


def asked(body: dict[str, Any]) -> str:
    """The text of the last message of a live request."""
    last = (body.get("messages") or body.get("contents") or body.get("input"))[-1]
    content = last.get("content") or last.get("parts")
    return content if isinstance(content, str) else content[-1]["text"]


def _work(server: BatchVendors, handler: BaseHTTPRequestHandler) -> None:
    data = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    method, path = handler.command, handler.path
    headers = {name.lower(): value for name, value in handler.headers.items()}
    with server.lock:
        server.calls.append(f"{method} {path}")
    reply = server.before(method, path)
    if reply is None:
        with server.lock:
            reply = _reply(server, method, path, headers, data)
        if server.after(method, path):
            handler.close_connection = True
            return
    status, body, more = reply
    if isinstance(body, bytes) and server.cut:
        body, server.cut = body[: -server.cut], 0
    out = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        handler.send_response_only(status)
        handler.send_header(
            "Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json"
        )
        handler.send_header("Content-Length", str(len(out)))
        for name, value in more.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(out)
    except (BrokenPipeError, ConnectionResetError):
        handler.close_connection = True


def _reply(server: BatchVendors, method: str, path: str, headers: dict[str, str], data: bytes) -> Any:
    parts = urlsplit(path)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    for vendor, form, worker in ROUTES:
        found = re.fullmatch(form, f"{method} {parts.path}")
        if found is not None:
            return worker(server, vendor, found, query, headers, data)
    return 404, {"error": {"message": f"no {method} {parts.path}", "type": "not_found_error"}}, {}


def _openai_row(server: BatchVendors, lot: Lot) -> dict[str, Any]:
    over = lot.over(server.looks)
    status = "in_progress"
    if over:
        status = "cancelled" if lot.cancelled else {"ended": "completed", "full": "failed"}.get(lot.fate, lot.fate)
    done = len(lot.requests) if over and status == "completed" else 0
    row: dict[str, Any] = {
        "id": lot.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": int(time.time()),
        "input_file_id": "file-in",
        "status": status,
        "metadata": {"weighbridge": lot.named} if lot.named else None,
        "request_counts": {"total": len(lot.requests), "completed": done, "failed": 0},
        "output_file_id": f"file-out-{lot.id}" if over and status != "failed" else None,
        "error_file_id": f"file-err-{lot.id}" if over and status != "failed" else None,
        "errors": None,
    }
    if status == "failed":
        code = "token_limit_exceeded" if lot.fate == "full" else "invalid_json_line"
        row["errors"] = {"object": "list", "data": [{"code": code, "message": "bad line", "line": 1}]}
    return row


def _openai_chat(model: str, text: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": f"{model}-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22},
    }


def _openai_upload(server, vendor, found, query, headers, data) -> Any:
    form: Parts = message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + data)
    fields = {}
    for part in form.get_payload():
        fields[part.get_param("name", header="content-disposition")] = part.get_payload(decode=True)
    assert fields["purpose"] == b"batch"
    name = f"file-in-{len(server.files)}"
    server.files[name] = fields["file"]
    row = {"id": name, "object": "file", "purpose": "batch", "bytes": len(fields["file"]), "created_at": 1}
    return 200, {**row, "filename": "in.jsonl", "status": "processed"}, {}


def _openai_make(server, vendor, found, query, headers, data) -> Any:
    body = json.loads(data)
    assert body["completion_window"] == "24h"
    lines = [json.loads(line) for line in server.files[body["input_file_id"]].splitlines() if line.strip()]
    assert all(line["method"] == "POST" and line["url"] == body["endpoint"] for line in lines)
    requests = [(line["custom_id"], line["body"]) for line in lines]
    assert len({key for key, _ in requests}) == len(requests)
    lot = server.make(vendor, requests, body["metadata"]["weighbridge"], filed=True)
    return 200, _openai_row(server, lot), {}


def _openai_file(server, vendor, found, query, headers, data) -> Any:
    kind, lot = found[1], server.lot(found[2])
    if lot is None:
        return 404, {"error": {"message": "no such file"}}, {}
    good, bad = [], []
    for number, (key, model, said) in enumerate(server.came(lot)):
        row: dict[str, Any] = {"id": f"batch_req_{number}", "custom_id": key, "response": None, "error": None}
        if lot.cancelled and number % 2:
            row["error"] = {"code": "batch_cancelled", "message": "cancelled"}
            bad.append(row)
        elif said is None:
            row["error"] = {"code": "batch_expired", "message": "This request could not be executed in time."}
            bad.append(row)
        elif isinstance(said, dict):
            said = dict(said)
            status = said.pop("status", 400)
            row["response"] = {"status_code": status, "request_id": "req_1", "body": {"error": said}}
            bad.append(row)
        else:
            row["response"] = {"status_code": 200, "request_id": "req_1", "body": _openai_chat(model, said)}
            good.append(row)
    rows = good if kind == "out" else bad
    # Results come in any order.
    return 200, b"".join(json.dumps(row).encode() + b"\n" for row in reversed(rows)), {}


def _anthropic_row(server: BatchVendors, lot: Lot) -> dict[str, Any]:
    over = lot.over(server.looks)
    size = len(lot.requests)
    counts = {"processing": 0 if over else size, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    if over:
        counts["expired" if lot.fate == "expired" else "succeeded"] = size
    return {
        "id": lot.id,
        "type": "message_batch",
        "processing_status": "ended" if over else "canceling" if lot.cancelled else "in_progress",
        "request_counts": counts,
        "created_at": STAMP,
        "expires_at": STAMP,
        "ended_at": STAMP if over else None,
        "archived_at": None,
        "cancel_initiated_at": STAMP if lot.cancelled else None,
        # Elsewhere on purpose: a client that follows it with a key has failed.
        "results_url": f"http://elsewhere.invalid/v1/messages/batches/{lot.id}/results" if over else None,
    }


def _anthropic_make(server, vendor, found, query, headers, data) -> Any:
    assert headers["anthropic-version"]
    assert headers["x-api-key"]
    requests = [(row["custom_id"], row["params"]) for row in json.loads(data)["requests"]]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", key) for key, _ in requests)
    assert all("stream" not in body and body["max_tokens"] for _, body in requests)
    return 200, _anthropic_row(server, server.make(vendor, requests, None, filed=False)), {}


def _anthropic_results(server, vendor, found, query, headers, data) -> Any:
    lot = server.lot(found[1])
    if lot is None or not lot.over(server.looks):
        return 404, {"type": "error", "error": {"type": "not_found_error", "message": "no results"}}, {}
    rows = []
    for number, (key, model, said) in enumerate(server.came(lot)):
        if lot.cancelled and number % 2:
            result: dict[str, Any] = {"type": "canceled"}
        elif said is None:
            result = {"type": "expired"}
        elif isinstance(said, dict):
            said = {name: value for name, value in said.items() if name != "status"}
            result = {"type": "errored", "error": {"type": "error", "request_id": "req_1", "error": said}}
        else:
            message = {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [{"type": "text", "text": said}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": 20, "output_tokens": 2},
            }
            result = {"type": "succeeded", "message": message}
        rows.append({"custom_id": key, "result": result})
    return 200, b"".join(json.dumps(row).encode() + b"\n" for row in reversed(rows)), {}


def _google_row(server: BatchVendors, lot: Lot) -> dict[str, Any]:
    over = lot.over(server.looks)
    word = "RUNNING"
    if over:
        word = "CANCELLED" if lot.cancelled else {"ended": "SUCCEEDED"}.get(lot.fate, lot.fate.upper())
    about: dict[str, Any] = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "displayName": lot.named,
        "state": f"BATCH_STATE_{word}",
        "createTime": STAMP,
        "name": lot.id,
        "batchStats": {"requestCount": str(len(lot.requests))},
    }
    row: dict[str, Any] = {"name": lot.id, "metadata": about}
    if word == "FAILED":
        row |= {"done": True, "error": {"code": 3, "message": "bad line"}}
    elif word == "SUCCEEDED" or (word == "CANCELLED" and not lot.filed):
        row["done"] = True
        if lot.filed:
            about["output"] = {"responsesFile": f"files/batch-{lot.id.removeprefix('batches/')}"}
        else:
            about["output"] = {"inlinedResponses": {"inlinedResponses": _google_results(server, lot)}}
        row["response"] = about["output"]
    elif over:
        row["done"] = True
    return row


def _google_results(server: BatchVendors, lot: Lot) -> list[dict[str, Any]]:
    rows = []
    for number, (key, _, said) in enumerate(server.came(lot)):
        name: dict[str, Any] = {"key": key} if lot.filed else {"metadata": {"key": key}}
        if lot.cancelled and number % 2:
            rows.append({**name, "error": {"code": 1, "message": "cancelled"}})
        elif said is None or isinstance(said, dict):
            rows.append({**name, "error": {"code": 13, "message": "internal"} if said is None else said})
        else:
            content = {"role": "model", "parts": [{"text": said}]}
            response = {
                "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 2, "totalTokenCount": 22},
                "modelVersion": "gemini-2.5-flash",
                "responseId": "r1",
            }
            rows.append({**name, "response": response})
    return rows


def _google_make(server, vendor, found, query, headers, data) -> Any:
    assert headers["x-goog-api-key"]
    batch = json.loads(data)["batch"]
    given = batch["inputConfig"]
    if "fileName" in given:
        lines = [json.loads(line) for line in server.files[given["fileName"]].splitlines() if line.strip()]
        requests = [(line["key"], line["request"]) for line in lines]
    else:
        rows = given["requests"]["requests"]
        requests = [(row.get("metadata", {}).get("key", ""), row["request"]) for row in rows]
    lot = server.make(vendor, requests, batch["displayName"], filed="fileName" in given)
    return 200, _google_row(server, lot), {}


def _google_upload(server, vendor, found, query, headers, data) -> Any:
    if headers.get("x-goog-upload-command") == "start":
        place = f"{server.url}/upload/v1beta/files?upload_id={len(server.files)}"
        return 200, {}, {"X-Goog-Upload-URL": place, "X-Goog-Upload-Status": "active"}
    name = f"files/in-{len(server.files)}"
    server.files[name] = data
    file = {"name": name, "mimeType": "application/jsonl", "sizeBytes": str(len(data))}
    return 200, {"file": file}, {"X-Goog-Upload-Status": "final"}


def _google_download(server, vendor, found, query, headers, data) -> Any:
    lot = server.lot(f"batches/{found[1]}")
    assert lot is not None
    return 200, b"".join(json.dumps(row).encode() + b"\n" for row in _google_results(server, lot)), {}


_ROWS = {"openai": _openai_row, "anthropic": _anthropic_row, "google": _google_row}


def _list(server, vendor, found, query, headers, data) -> Any:
    lots = server.newest(vendor)
    after = query.get("after") or query.get("after_id") or query.get("pageToken")
    start = next((place + 1 for place, lot in enumerate(lots) if lot.id == after), 0)
    size = min(server.page, int(query.get("limit") or query.get("pageSize") or 20))
    part = lots[start : start + size]
    more = start + size < len(lots)
    rows = [_ROWS[vendor](server, lot) for lot in part]
    if vendor == "google":
        return 200, {"operations": rows, **({"nextPageToken": part[-1].id} if more else {})}, {}
    ends = {"first_id": part[0].id if part else None, "last_id": part[-1].id if part else None}
    return 200, {"object": "list", "data": rows, "has_more": more, **ends}, {}


def _get(server, vendor, found, query, headers, data) -> Any:
    lot = server.lot(f"batches/{found[1]}" if vendor == "google" else found[1])
    if lot is None:
        return 404, {"error": {"message": "no such batch", "code": 404, "status": "NOT_FOUND"}}, {}
    lot.looks += 1
    return 200, _ROWS[vendor](server, lot), {}


def _cancel(server, vendor, found, query, headers, data) -> Any:
    lot = server.lot(f"batches/{found[1]}" if vendor == "google" else found[1])
    if lot is None:
        return 404, {"error": {"message": "no such batch"}}, {}
    lot.cancelled = True
    return 200, {} if vendor == "google" else _ROWS[vendor](server, lot), {}


def _live(server, vendor, found, query, headers, data) -> Any:
    body = json.loads(data)
    server.live.append((vendor, asked(body)))
    said = server.answer(vendor, asked(body))
    return 200, _openai_chat(str(body["model"]), str(said)), {}


ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("openai", r"POST /v1/files", _openai_upload),
    ("openai", r"POST /v1/batches", _openai_make),
    ("openai", r"GET /v1/batches", _list),
    ("openai", r"GET /v1/batches/([^/]+)", _get),
    ("openai", r"POST /v1/batches/([^/]+)/cancel", _cancel),
    ("openai", r"GET /v1/files/file-(out|err)-([^/]+)/content", _openai_file),
    ("openai", r"POST /v1/chat/completions", _live),
    ("anthropic", r"POST /v1/messages/batches", _anthropic_make),
    ("anthropic", r"GET /v1/messages/batches", _list),
    ("anthropic", r"GET /v1/messages/batches/([^/]+)", _get),
    ("anthropic", r"GET /v1/messages/batches/([^/]+)/results", _anthropic_results),
    ("anthropic", r"POST /v1/messages/batches/([^/]+)/cancel", _cancel),
    ("google", r"POST /v1beta/models/[^/:]+:batchGenerateContent", _google_make),
    ("google", r"GET /v1beta/batches", _list),
    ("google", r"GET /v1beta/batches/([^/:]+)", _get),
    ("google", r"POST /v1beta/batches/([^/:]+):cancel", _cancel),
    ("google", r"POST /upload/v1beta/files", _google_upload),
    ("google", r"GET /download/v1beta/files/batch-([^/:]+):download", _google_download),
)
