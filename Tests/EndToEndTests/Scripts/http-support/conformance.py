"""The tests of the Open Responses suite, in the shapes of its specification."""

import json
import pathlib

import jsonschema
import llm_comply
from harness import equal

SPECIFICATION = json.loads((pathlib.Path(llm_comply.__file__).parent
                            / "specs/openresponses.json").read_text())
SCHEMAS = SPECIFICATION["components"]["schemas"]
EVENTS = {schema["properties"]["type"]["enum"][0]: name for name, schema in SCHEMAS.items()
          if name.endswith("StreamingEvent")}
PICTURE = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
           "hgGAWjR9awAAAABJRU5ErkJggg==")
TOOL = {"type": "function", "name": "get_weather", "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}},
                       "required": ["location"]}}


def fits(value, name):
    """Checks a value by a schema of the specification."""
    schema = {**SPECIFICATION, "$ref": f"#/components/schemas/{name}"}
    errors = [f"{'.'.join(map(str, error.absolute_path))}: {error.message}"[:300]
              for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]
    if errors:
        raise AssertionError(f"no {name}: {errors}\n{json.dumps(value)[:1000]}")
    return value


def message(role, content, **members):
    return {"type": "message", "role": role, "content": content, **members}


def has_ended(response, status="completed"):
    fits(response, "ResponseResource")
    equal((response["status"], bool(response["output"])), (status, True))
    return response


def follows(events):
    """Checks a whole stream: each event, their numbers and their order; the response at its end."""
    for event in events:
        fits(event, EVENTS[event["type"]])
    equal([event["sequence_number"] for event in events], list(range(len(events))))
    types = [event["type"] for event in events]
    equal(types[:2], ["response.created", "response.in_progress"])
    equal([type for type in types if type in (
        "response.completed", "response.failed", "response.incomplete")], types[-1:])
    items = {}
    for event in events:
        if event["type"] == "response.output_item.added":
            items[event["output_index"]] = [event["item"]["id"]]
        elif "output_index" in event and "item_id" in event:
            equal(items[event["output_index"]][0], event["item_id"])
        elif event["type"] == "response.output_item.done":
            items[event["output_index"]].append(event["item"])
    response = events[-1]["response"]
    equal([items[index][1:] for index in sorted(items)], [[item] for item in response["output"]])
    return response


def http_tests(ask, stream, **calling):
    """The suite's tests over HTTP.

    `ask(path, body)` posts and returns the status and what was answered; `stream(body)` returns the
    events of a create; `calling` is what makes the model call a tool that it would not see a reason
    for."""
    def create(items, **members):
        status, response = ask("/responses", {"model": "gpt-5.4", "input": items, **members})
        equal(status, 200)
        return has_ended(response)

    def basic_response():
        create([message("user", "Say hello in exactly 3 words.")])

    def assistant_phase():
        create([message("assistant", "I look for the number.", phase="commentary"),
                message("assistant", "The number is four.", phase="final_answer"),
                message("user", "Repeat only the number.")])

    def response_output_phase_schema():
        response = create([message("user", "Say one word.")])
        item = next(item for item in response["output"] if item["type"] == "message")
        for phase in ("commentary", "final_answer"):
            fits({**response, "output": [{**item, "phase": phase}]}, "ResponseResource")

    def streaming_response():
        has_ended(follows(stream({"model": "gpt-5.4", "input": [
            message("user", "Count from 1 to 5.")]})))

    def system_prompt():
        create([message("system", "You are a pirate."), message("user", "Say hello.")])

    def tool_calling():
        response = create([message("user", "What's the weather in San Francisco?")], tools=[TOOL],
                          **calling)
        equal("function_call" in [item["type"] for item in response["output"]], True)

    def tool_calling_streaming():
        events = stream({"model": "gpt-5.4", "tools": [TOOL], **calling, "input": [
            message("user", "What's the weather in San Francisco?")]})
        call = next(item for item in follows(events)["output"] if item["type"] == "function_call")
        equal(json.loads(call["arguments"]).keys(), {"location"})

    def image_input():
        create([message("user", [{"type": "input_text", "text": "What is in this picture?"},
                                 {"type": "input_image", "image_url": PICTURE}])])

    def multi_turn():
        create([message("user", "My name is Alice."), message("assistant", "Hello Alice!"),
                message("user", "What is my name?")])

    def compact_response():
        status, response = ask("/responses/compact", {
            "model": "gpt-5.4", "prompt_cache_key": "openresponses-compact-test", "input": [
                message("user", "We launch on Tuesday."), message("assistant", "Understood.")]})
        equal(status, 200)
        fits(response, "CompactResource")
        equal("compaction" in [item["type"] for item in response["output"]], True)

    def compact_missing_model():
        status, _ = ask("/responses/compact", {"input": [message("user", "Compact this.")]})
        equal(status, 400)

    return [basic_response, assistant_phase, response_output_phase_schema, streaming_response,
            system_prompt, tool_calling, tool_calling_streaming, image_input, multi_turn,
            compact_response, compact_missing_model]


def turn(socket, **body):
    """Creates a response over a WebSocket; its events, or the error alone."""
    socket.send(json.dumps({"type": "response.create", "model": "gpt-5.4", **body}))
    events = []
    while not events or events[-1]["type"] not in (
            "response.completed", "response.failed", "response.incomplete", "error"):
        events.append(json.loads(socket.recv(30)))
    return events


def fails(events, code):
    error = fits(events[-1], "WebSocketErrorEvent")
    equal((error["error"]["code"], error["status"], len(events)), (code, 400, 1))


def websocket_tests(connect, ask):
    """The suite's tests over WebSocket; `connect()` opens one, `ask` is that of `http_tests`."""
    def says(socket, text, **members):
        return has_ended(follows(turn(socket, input=text, **members)))

    def websocket_response():
        with connect() as socket:
            says(socket, [message("user", "Count from 1 to 3.")])

    def websocket_sequential_responses():
        with connect() as socket:
            first = says(socket, "Reply with exactly: first", store=False)
            second = says(socket, "Reply with exactly: second", store=False)
            equal(first["id"] != second["id"], True)

    def websocket_continuation():
        with connect() as socket:
            first = says(socket, "Remember the code word: cobalt.", store=False)
            second = says(socket, "What is it?", store=False, previous_response_id=first["id"])
            equal(second["previous_response_id"], first["id"])

    def websocket_reconnect_store_false_recovery():
        with connect() as socket:
            first = says(socket, "Remember the code word: copper.", store=False)
        with connect() as socket:
            fails(turn(socket, input="What is it?", store=False,
                       previous_response_id=first["id"]), "previous_response_not_found")
            says(socket, "Then begin anew.", store=False)

    def websocket_previous_response_not_found():
        with connect() as socket:
            fails(turn(socket, input="Go on.", store=False,
                       previous_response_id="resp_openresponses_missing_1"),
                  "previous_response_not_found")

    def websocket_failed_continuation_evicts_cache():
        with connect() as socket:
            first = says(socket, "Remember the code word: ember.", store=False)
            orphan = {"type": "function_call_output", "call_id": "call_none", "output": "{}"}
            events = turn(socket, input=[orphan], store=False, previous_response_id=first["id"])
            equal(events[-1]["type"] in ("error", "response.failed"), True)
            fails(turn(socket, input="What is it?", store=False,
                       previous_response_id=first["id"]), "previous_response_not_found")

    def websocket_compact_new_chain():
        status, compacted = ask("/responses/compact", {"model": "gpt-5.4", "input": [
            message("user", "We launch on Tuesday."), message("assistant", "Understood.")]})
        equal(status, 200)
        with connect() as socket:
            says(socket, compacted["output"] + [message("user", "When?")], store=False)

    return [websocket_response, websocket_sequential_responses, websocket_continuation,
            websocket_reconnect_store_false_recovery, websocket_previous_response_not_found,
            websocket_failed_continuation_evicts_cache, websocket_compact_new_chain]
