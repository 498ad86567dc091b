"""An upstream that knows its answers by heart: as much of the Responses API as that takes."""

import http.server
import json
import threading
import time

WORDS_A_SECOND = 14


def events(number, text):
    """The events of an answer, each with the time to wait before it."""
    item = {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}
    response = {"id": f"resp_{number}", "object": "response", "created_at": int(time.time()),
                "status": "in_progress", "model": "gpt-5.4", "output": []}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    yield 0, {"type": "response.created", "response": response}
    yield 0.7, {"type": "response.output_item.added", "output_index": 0,
                "item": {**item, "status": "in_progress", "content": []}}
    yield 0, {"type": "response.content_part.added", **place,
              "part": {"type": "output_text", "text": "", "annotations": []}}
    for word in text.split(" "):
        delta = word if word == text.split(" ")[0] else " " + word
        yield 1 / WORDS_A_SECOND, {"type": "response.output_text.delta", **place, "delta": delta}
    yield 0, {"type": "response.output_text.done", **place, "text": text}
    yield 0, {"type": "response.content_part.done", **place, "part": item["content"][0]}
    yield 0, {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {"input_tokens": 20, "output_tokens": 30, "total_tokens": 50}
    yield 0, {"type": "response.completed", "response": {
        **response, "status": "completed", "output": [item], "usage": usage}}


class Upstream:
    """Serves one answer after the other, and keeps what it was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.bodies = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                outer.play(self.wfile)

            def log_message(self, *_):
                """Says nothing on standard error."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def play(self, out):
        number = len(self.bodies)
        answer = self.answers[(number - 1) % len(self.answers)]
        for index, (wait, event) in enumerate(events(number, answer)):
            time.sleep(wait)
            event = {"type": event["type"], "sequence_number": index, **event}
            out.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            out.flush()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
