import Client
import JSON
import Testing

struct CreateRequestTests {
  @Test func `a prompt alone is a string`() {
    var request = CreateRequest()
    request.text = "Hi"
    #expect(request.json.text == #"{"input":"Hi","stream":true}"#)
  }

  @Test func `with attachments the prompt is one message`() {
    var request = CreateRequest()
    request.text = "What?"
    request.isStreaming = false
    request.attachments = [.remote(url: "http://x.org/a.png")]
    #expect(
      request.json.text
        == #"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"What?"},"#
        + #"{"type":"input_image","image_url":"http://x.org/a.png"}]}]}"#)
  }

  @Test func `every option has its member`() throws {
    var request = CreateRequest()
    request.text = "Hi"
    request.model = "m"
    request.upstream = "u"
    request.profile = "p"
    request.scope = "tty:1"
    request.continuesScope = true
    request.instructions = "s"
    request.tools = ["git.*"]
    request.effort = "low"
    request.maximumOutputTokens = 99
    request.temperature = 0.5
    request.cache = "only"
    request.isStored = false
    request.timeoutSeconds = 2
    #expect(
      request.json.text
        == #"{"model":"m","instructions":"s","input":"Hi","reasoning":{"effort":"low"},"#
        + #""max_output_tokens":99,"temperature":0.5,"store":false,"stream":true,"#
        + #""halley":{"upstream":"u","profile":"p","cache":"only","tools":["git.*"],"#
        + #""continue":true,"scope":"tty:1","timeout_s":2}}"#)
  }

  @Test func `a parameter wins, and the members of two objects are put together`() throws {
    var request = CreateRequest()
    request.text = "Hi"
    request.effort = "low"
    request.parameters = [
      ("reasoning", try RawJSON(parsing: #"{"summary":"auto"}"#)), ("stream", .boolean(false)),
      ("top_p", try RawJSON(parsing: "0.10")),
    ]
    #expect(
      request.json.text
        == #"{"input":"Hi","reasoning":{"effort":"low","summary":"auto"},"stream":false,"top_p":0.10}"#
    )
  }

  @Test func `a schema becomes the text format under a name that the API takes`() throws {
    var request = CreateRequest()
    request.schema = try AnswerSchema(argument: #"{"type":"string","title":"A title!"}"#)
    #expect(
      request.json["text"]?.text
        == #"{"format":{"type":"json_schema","name":"A_title_","#
        + #""schema":{"type":"string","title":"A title!"},"strict":true}}"#)
  }
}
