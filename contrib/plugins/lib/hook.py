"""The loop of a hook: reads the daemon's requests, one JSON object a line, and answers them."""

import json
import sys


class Invalid(Exception):
    """What is wrong with the params of a request."""


def serve(method, function):
    """Answers requests of one method with function(params, line), which returns JSON."""
    try:
        for line in sys.stdin.buffer:
            reply = answer(line, method, function)
            if reply is not None:
                sys.stdout.buffer.write(reply.encode() + b"\n")
                sys.stdout.buffer.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        # The daemon is gone; nobody is left to tell, and Python would try to flush.
        sys.stdout = None


def answer(line, method, function):
    """The answer to a line, None to a notification."""
    try:
        line = line.decode()
        message = json.loads(line)
    except (ValueError, RecursionError):
        return failure(None, -32700, "not JSON")
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return failure(None, -32600, "not a request")
    if "id" not in message:
        return None
    if message["method"] != method:
        return failure(message["id"], -32601, f"no method {message['method']}; there is {method}")
    params = message.get("params")
    if not isinstance(params, dict):
        return failure(message["id"], -32602, "params: expected an object")
    try:
        result = function(params, line)
    except Invalid as error:
        return failure(message["id"], -32602, str(error))
    except OSError as error:
        return failure(message["id"], -32603, str(error))
    return f'{{"jsonrpc":"2.0","id":{json.dumps(message["id"])},"result":{result}}}'


def failure(identifier, code, text):
    error = {"code": code, "message": text}
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "error": error})
