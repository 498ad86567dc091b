import JSON
import Service
import Store
import Testing

@Suite struct CacheKeyTests {
  private let origin = CacheableRequest.Origin(
    subject: .user(1000), upstream: "cometapi", keyIdentity: "k1", model: "gpt-5.4")

  private func request(
    _ body: String, _ items: [String] = [#"{"role":"user","content":"Hi"}"#],
    _ origin: CacheableRequest.Origin? = nil
  ) throws -> CacheableRequest {
    CacheableRequest(
      origin ?? self.origin, body: try RawJSON(parsing: body),
      items: try items.map { try RawJSON(parsing: $0) })
  }

  // MARK: Keys

  @Test(arguments: [
    #""stream":true"#, #""stream_options":{"include_obfuscation":false}"#, #""store":false"#,
    #""metadata":{"a":"b"}"#, #""user":"u""#, #""prompt_cache_key":"k""#,
    #""prompt_cache_retention":"24h""#, #""prompt_cache_new":1"#, #""background":true"#,
    #""safety_identifier":"s""#, #""previous_response_id":"resp_1""#, #""conversation":"c""#,
    #""halley":{"cache":"default"}"#, #""input":"other""#, #""model":"other""#,
    #""temperature":null"#, #""tools":null"#, #""instructions":null"#,
  ])
  func `a member that the answer does not depend on leaves the key as it is`(member: String)
    throws
  {
    #expect(try request("{\(member)}").key == request("{}").key)
  }

  @Test(arguments: [
    #""tools":[]"#, #""tool_choice":"auto""#, #""parallel_tool_calls":true"#, #""include":[]"#,
    #""truncation":"disabled""#, #""service_tier":"auto""#, #""top_p":1.0"#, #""top_logprobs":0"#,
    #""text":{}"#, #""text":{"format":{"type":"text"}}"#, #""text":{"verbosity":"medium"}"#,
    #""reasoning":{}"#, #""reasoning":{"effort":null,"summary":null}"#, #""presence_penalty":0"#,
    #""frequency_penalty":null"#,
  ])
  func `a default that is spelled out leaves the key as it is`(member: String) throws {
    #expect(try request("{\(member)}").key == request("{}").key)
  }

  @Test func `an unset member of a tool or a format leaves the key as it is`() throws {
    for (one, other) in [
      (
        #"{"tools":[{"type":"function","name":"f","parameters":{}}]}"#,
        #"{"tools":[{"type":"function","name":"f","parameters":{},"strict":null,"description":null}]}"#
      ),
      (
        #"{"text":{"format":{"type":"json_schema","name":"n","schema":{}}}}"#,
        #"{"text":{"format":{"type":"json_schema","name":"n","schema":{},"strict":false}}}"#
      ),
    ] {
      #expect(try request(one).key == request(other).key)
    }
  }

  @Test(arguments: [
    #"{"type":"message","role":"user","content":"Hi"}"#,
    #"{"role":"user","content":[{"type":"input_text","text":"Hi"}]}"#,
    #"{"id":"msg_1","type":"message","status":"completed","role":"user","content":"\u0048i"}"#,
    #"{"role":"user","content":[{"text":"Hi","type":"input_text","prompt_cache_breakpoint":null}]}"#,
  ])
  func `a message has one form, however it is spelled`(item: String) throws {
    #expect(try request("{}", [item]).key == request("{}").key)
  }

  @Test(arguments: [
    #"{"role":"assistant","content":"Hi"}"#, #"{"role":"user","content":"hi"}"#,
    #"{"role":"user","content":["Hi"]}"#, #"{"role":"user","content":[]}"#,
    #"{"role":"user","content":[{"type":"output_text","text":"Hi"}]}"#,
    #"{"role":"user","content":"Hi","status":"incomplete"}"#, #"{"content":"Hi"}"#,
    #"{"role":"user","content":[{"type":"input_text","text":"H"},{"type":"input_text","text":"i"}]}"#,
  ])
  func `a message that says something else has another form`(item: String) throws {
    #expect(try request("{}", [item]).key != request("{}").key)
  }

  @Test func `an answer and a call have one form, whatever their ids`() throws {
    for (one, other) in [
      (
        #"{"role":"assistant","content":"Hi"}"#,
        #"{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}]}"#
      ),
      (
        #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#,
        #"{"type":"function_call","id":"fc_1","status":"completed","call_id":"c","name":"f","arguments":"{}"}"#
      ),
      (
        #"{"role":"user","content":[{"type":"input_image","image_url":"u"}]}"#,
        #"{"role":"user","content":[{"type":"input_image","image_url":"u","detail":"auto","file_id":null}]}"#
      ),
    ] {
      #expect(try request("{}", [one]).key == request("{}", [other]).key)
    }
  }

  @Test(arguments: [
    #""instructions":"Be brief""#, #""tools":[{"type":"function"}]"#, #""tool_choice":"none""#,
    #""text":{"verbosity":"low"}"#, #""reasoning":{"effort":"low"}"#, #""temperature":0"#,
    #""top_p":0.9"#, #""top_logprobs":1"#, #""max_output_tokens":9"#, #""include":["a"]"#,
    #""truncation":"auto""#, #""service_tier":"flex""#, #""seed":1"#, #""seed":null"#,
    #""parallel_tool_calls":false"#, #""prompt":{"id":"p"}"#, #""temperature":1"#,
    #""text":{"format":{"type":"json_object"}}"#, #""instructions":"""#, #""tool_choice":{}"#,
  ])
  func `a member that the answer depends on changes the key`(member: String) throws {
    #expect(try request("{\(member)}").key != request("{}").key)
  }

  @Test func `the order of members does not matter, that of items and elements does`() throws {
    let one = #"{"temperature":0,"tools":[{"type":"function","name":"a"},{"type":"custom"}]}"#
    let other = #"{"tools":[{"name":"a","type":"function"},{"type":"custom"}],"temperature":0.0}"#
    let turned = #"{"tools":[{"type":"custom"},{"type":"function","name":"a"}],"temperature":0}"#
    #expect(try request(one).key == request(other).key)
    #expect(try request(one).key != request(turned).key)
    #expect(try request("{}", ["1", "2"]).key != request("{}", ["2", "1"]).key)
    #expect(try request("{}", ["[1,2]"]).key != request("{}", ["1", "2"]).key)
  }

  @Test(arguments: [
    CacheableRequest.Origin(
      subject: .user(1001), upstream: "cometapi", keyIdentity: "k1", model: "gpt-5.4"),
    CacheableRequest.Origin(
      subject: .user(1000), upstream: "openai", keyIdentity: "k1", model: "gpt-5.4"),
    CacheableRequest.Origin(
      subject: .user(1000), upstream: "cometapi", keyIdentity: "k2", model: "gpt-5.4"),
    CacheableRequest.Origin(
      subject: .user(1000), upstream: "cometapi", keyIdentity: "k1", model: "gpt-5"),
    CacheableRequest.Origin(
      subject: .user(1000), upstream: "cometapik1", keyIdentity: "", model: "gpt-5.4"),
  ])
  func `another user, upstream, account or model has another key`(
    other: CacheableRequest.Origin
  ) throws {
    #expect(
      try request("{}", ["1"], other).key != request("{}", ["1"]).key)
  }

  // MARK: Differences

  @Test func `differences are told in words`() throws {
    let asked = try request(#"{"temperature":0,"instructions":"a"}"#)
    let cached = try request(#"{"instructions":"b","seed":1}"#, [#"{"content":"Ho"}"#])
    #expect(
      asked.parts.differences(from: cached.parts) == [
        "input differs", "instructions differs", "temperature is only in this request",
        "seed is only in the cached request",
      ])
    #expect(asked.parts.differences(from: asked.parts).isEmpty)
  }

  @Test func `parts survive being stored`() throws {
    let parts = try request(#"{"temperature":0,"é":1}"#).parts
    #expect(CacheParts(encoded: parts.encoded) == parts)
    #expect(CacheParts(encoded: Array(parts.encoded.dropLast())) == nil)
    #expect(CacheParts(encoded: [1]) == nil)
    #expect(CacheParts(encoded: []) != nil)
  }

  @Test func `a request of a thousand members has few parts, and each counts`() throws {
    func body(_ last: Int) -> String {
      "{" + (0..<1000).map { "\"x\($0)\":\($0 == 999 ? last : 0)" }.joined(separator: ",") + "}"
    }
    let one = try request(body(1))
    let other = try request(body(2))
    #expect(one.key != other.key)
    #expect(one.parts.encoded.count < 2000)
    #expect(one.parts.differences(from: other.parts).count == 1)
  }
}
