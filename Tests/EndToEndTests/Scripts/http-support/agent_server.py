"""Serves an agent that needs no model by fastresponses, and prints its base_url."""

import json
import socket

import uvicorn
from fastresponses import (AdapterError, AgentAdapter, ItemDone, ReasoningDelta, TextDelta,
                           UsageDelta, create_app)
from fastresponses.models import FunctionCallItem


class Echo(AgentAdapter):
    """Repeats what was said last, and calls the first tool that it is offered."""

    name = "echo"
    default_model = "echo"

    async def run(self, run):
        yield UsageDelta(input_tokens=3, output_tokens=4, total_tokens=7)
        if run.request.reasoning is not None:
            yield ReasoningDelta("Let me think.")
        last = run.new_items[-1]
        if run.request.tools and last.type == "message":
            tool = run.request.tools[0].model_dump()
            yield ItemDone(FunctionCallItem(
                id="fc_1", call_id="call_1", name=tool["name"], status="completed",
                arguments=json.dumps({"location": "San Francisco"})))
            return
        if last.type == "function_call_output" and last.call_id not in {
                getattr(item, "call_id", None) for item in run.context_items if item is not last}:
            raise AdapterError("nobody called that", type="invalid_request")
        text = last.text() if last.type == "message" else str(getattr(last, "output", "done"))
        for word in text.split():
            yield TextDelta(f"{word} ")


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(json.dumps({"base_url": "http://127.0.0.1:%d/v1" % listener.getsockname()[1]}), flush=True)
uvicorn.Server(uvicorn.Config(create_app(Echo()), log_level="warning")).run([listener])
