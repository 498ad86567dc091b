"""What the page needs of a daemon's HTTP face: its files, a session, and figures that a test sets."""

import contextlib
import copy
import datetime
import http.server
import json
import socket
import threading
import time

from harness import ROOT

FILES = ROOT / "Sources/Service/HTTPFace/Page"
TYPES = {"index.html": "text/html; charset=utf-8", "page.css": "text/css; charset=utf-8",
         "page.js": "text/javascript; charset=utf-8"}
HEADERS = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
CODE, TOKEN = "Yt0nMnXrEJZ5q2yQ4m9kMw", "halley-test"


def now_ms():
    return int(time.time() * 1000)


def response(number, **members):
    return {"id": f"resp_{number}", "model": "gpt-5.4", "client": "nvim", "upstream": "openai",
            "conversation": None, "status": "in_progress", "started_at": now_ms() - 9000 * number,
            "events": 231 * number, "output_bytes": 5000 * number, "readers": 1, **members}


def upstream(name, **members):
    return {"name": name, "state": "ok", "breaker": "closed", "in_flight": 1, "max_concurrent": 64,
            "queued": 0, "key": "set", "failed": 0, "last_error": None, **members}


def usage(key, requests, cost, is_minimum=False):
    return {"key": key, "requests": requests, "input_tokens": requests * 1820,
            "output_tokens": requests * 431, "cost_usd": cost, "is_minimum": is_minimum}


def days(count):
    """Spending that looks like somebody's: less at weekends."""
    today = datetime.date.today()
    for age in range(count):
        day = today - datetime.timedelta(days=age)
        requests = (7 + (age * 37) % 29) // (5 if day.weekday() > 4 else 1)
        if requests:
            yield usage(day.isoformat(), requests, round(requests * 0.0431, 4))


FULL = {
    "overview": {
        "version": "0.9.0", "pid": 4711, "uptime_s": 93_784, "clients": 4,
        "responses": [
            response(1, model="gpt-5.4-mini", client="codex", readers=2),
            response(2, conversation="refactor"),
            response(9, model="local/gemma-3-27b-it-qat-q4_0", client="open-webui",
                     upstream="local"),
        ],
        "upstreams": [
            upstream("openai", in_flight=2), upstream("cometapi", key="missing", state="unknown",
                                                      in_flight=0),
            upstream("local", state="down", breaker="open", queued=2, max_concurrent=1,
                     last_error="connection refused by 127.0.0.1:8080 (connect)", failed=7),
        ],
        "plugins": [
            {"name": "redact", "state": "running", "tools": 0, "restarts": 0, "last_error": None},
            {"name": "git", "state": "failed", "tools": 12, "restarts": 5,
             "last_error": "did not answer within 2s"},
        ],
        "cache": {"entries": 1024, "bytes": 12_900_000, "max_bytes": 256 << 20, "hits": 281,
                  "misses": 167, "joined": 12},
        "budgets": [{"name": "daily", "limit_usd": 5.0, "spent_usd": 1.293, "period": "day"},
                    {"name": "nvim", "limit_usd": 1.0, "spent_usd": 1.0042, "period": "day"}],
    },
    "usage": {
        "day": list(days(30)),
        "model": [usage("gpt-5.4", 204, 14.81), usage("gpt-5.4-mini", 131, 1.204),
                  usage("claude-opus-5", 22, 4.19, True),
                  usage("local/gemma-3-27b-it-qat-q4_0", 88, None)],
        "client": [usage("codex", 260, 15.2), usage("nvim", 91, 3.75), usage("zed", 60, 0.031),
                   usage("open-webui", 34, 1.22, True)],
    },
}

EMPTY = {
    "overview": {"version": "0.9.0", "pid": 4711, "uptime_s": 3, "clients": 0, "responses": [],
                 "upstreams": [], "plugins": [], "budgets": [],
                 "cache": {"entries": 0, "bytes": 0, "max_bytes": 256 << 20, "hits": 0,
                           "misses": 0, "joined": 0}},
    "usage": {"day": [], "model": [], "client": []},
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connections = []

    def get_request(self):
        connection, peer = super().get_request()
        self.connections.append(connection)
        return connection, peer

    def handle_error(self, request, client_address):
        """A browser that leaves is no error."""


class Mock:
    """A server on a port of its own. `refusal` is a status that everything below /halley gets."""

    def __init__(self, state=None):
        self.state = copy.deepcopy(state or FULL)
        self.refusal = None
        self.code = CODE
        self.asked = []
        self.more_script = b""
        handler = type("Handler", (Handler,), {"mock": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Ends what is open too, as a process that dies does."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def page(self):
        return f"{self.address}/#{self.code}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mock = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json", headers=()):
        self.send_response(status)
        for name, value in {**HEADERS, **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def tell(self, value, status=200):
        self.answer(status, json.dumps(value).encode())

    def refuse(self, status, message):
        self.tell({"error": {"message": message, "type": "invalid_request_error", "code": None,
                             "param": None}}, status)

    def is_allowed(self):
        if self.mock.refusal:
            self.refuse(self.mock.refusal, "the daemon <b>stops</b>")
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.refuse(401, "no such token")
        else:
            return True
        return False

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.mock.asked.append(("GET", self.path, dict(self.headers), None))
        name = path.lstrip("/") or "index.html"
        if name in TYPES:
            more = self.mock.more_script if name == "page.js" else b""
            return self.answer(200, (FILES / name).read_bytes() + more, TYPES[name])
        if not self.is_allowed():
            return None
        if path == "/halley/overview":
            return self.tell({**self.mock.state["overview"], "now": now_ms()})
        if path == "/halley/usage":
            by = dict(part.split("=") for part in query.split("&"))["by"]
            return self.tell({"data": self.mock.state["usage"][by]})
        return self.refuse(404, "no such path")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.mock.asked.append(("POST", self.path, dict(self.headers), body))
        if self.headers["Content-Type"] != "application/json":
            return self.refuse(415, "not JSON")
        if self.path == "/halley/session":
            if json.loads(body) != {"code": self.mock.code}:
                return self.refuse(401, "no such code")
            self.mock.code = None
            return self.tell({"token": TOKEN, "expires_at": int(time.time()) + 43_200})
        if not self.is_allowed():
            return None
        responses = self.mock.state["overview"]["responses"]
        for item in responses:
            if self.path == f"/v1/responses/{item['id']}/cancel":
                responses.remove(item)
                return self.tell({**item, "status": "cancelled"})
        return self.refuse(404, "no such response")
