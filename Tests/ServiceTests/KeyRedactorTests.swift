import JSON
import Service
import Testing

@Suite struct KeyRedactorTests {
  private func redactor(_ key: String) throws -> KeyRedactor {
    try #require(KeyRedactor([key]))
  }

  private func cleaned(_ text: String, of key: String = "sk-canary-41b9") throws -> String {
    String(decoding: try redactor(key).cleaned(Array(text.utf8)[...]), as: UTF8.self)
  }

  private func cleanedError(_ text: String, of key: String) throws -> String {
    try redactor(key).cleanedError(try RawJSON(parsing: text)).text
  }

  @Test(arguments: [
    #"{"a":"sk-canary-41b9"}"#, #"{"a":"said sk-canary-41b9."}"#, #"["\nsk-canary-41b9\n"]"#,
    #"{"sk-canary-41b9":1}"#, #"["xsk-canary-41b9x"]"#, #"["\u0073k-canary-41b9"]"#,
    #"["s\u006b\u002dcanary-41b9"]"#, #"["sk-canary-41b9sk-canary-41b9"]"#,
    #"["sk-canary-4","sk-canary-41b9"]"#, #"["\\sk-canary-41b9","\"sk-canary-41b9\""]"#,
    #"["🦄sk-canary-41b9🦄","\ud83e\udd84\u0073k-canary-41b9"]"#, #"sk "sk-canary-41b9"#,
  ])
  func `a secret goes wherever it stands, however it is spelled`(_ text: String) throws {
    let cleaned = try cleaned(text)
    #expect(cleaned.contains("[key]"))
    let plain = cleaned.replacing("\\u0073", with: "s").replacing("\\u006b", with: "k")
      .replacing("\\u002d", with: "-")
    #expect(!plain.contains("sk-canary-41b9"))
  }

  @Test(arguments: [
    #"{"a":"sk-canary-41b"}"#, #"{ "a" : [1, 2.50, "\u0041\u00e9\n\"", null] }"#, "{}", "",
    #"["\"#, #"["\u00"#, #"["\u004"#, "\"\\u0073k-canary-41b",
  ])
  func `text without the key stays the bytes that it was`(_ text: String) throws {
    #expect(try cleaned(text) == text)
  }

  @Test func `what stands around the key stays the bytes that it was`() throws {
    let text = #"{ "a":"\u00e9 sk-canary-41b9\t\u0073","n": 1e0 ,"b":"sk-canary-41b8"}"#
    #expect(try cleaned(text) == text.replacing("sk-canary-41b9", with: "[key]"))
  }

  @Test func `a key with characters that JSON escapes is found in each spelling`() throws {
    let key = #"ab/cd"ef\gh12"#
    for text in [
      #"["ab/cd\"ef\\gh12"]"#, #"["ab\/cd\"ef\\gh12"]"#, #"["ab\u002fcd\u0022ef\u005cgh12"]"#,
    ] {
      #expect(try cleaned(text, of: key) == #"["[key]"]"#)
    }
  }

  @Test(arguments: ["x", "test", "EMPTY", "ollama", "lm-studio", "not-needed"])
  func `a key that is a word stays in answers and goes out of errors as a token`(_ key: String)
    throws
  {
    let answer = #"{"delta":"\#(key)"}"#
    #expect(try cleaned(answer, of: key) == answer)
    let error = #"{"message":"Wrong key '\#(key)': latest-\#(key)s, \#(key)_1, \#(key)."}"#
    #expect(
      try cleanedError(error, of: key)
        == #"{"message":"Wrong key '[key]': latest-\#(key)s, \#(key)_1, [key]."}"#)
  }

  @Test func `an error that holds the letter of a key is not mangled`() throws {
    let error = #"{"message":"max_tokens exceeds the context","type":"invalid_request_error"}"#
    #expect(try cleanedError(error, of: "x") == error)
  }

  @Test func `a word that names a member or a type stays there`() throws {
    let error = #"{"error":{"message":"error error","error" : 1}}"#
    #expect(
      try cleanedError(error, of: "error")
        == #"{"error":{"message":"[key] [key]","error" : 1}}"#)
  }

  @Test func `each of several secrets goes`() throws {
    let redactor = try #require(KeyRedactor(["sk-canary-41b9", "header-7d-canary"]))
    let text = Array(#"["sk-canary-41b9 header-7d-canary"]"#.utf8)
    #expect(String(decoding: redactor.cleaned(text[...]), as: UTF8.self) == #"["[key] [key]"]"#)
  }

  @Test func `each place in a text is searched`() throws {
    let key = "0123456789abcdef"
    for offset in 0..<40 {
      let text = "[\"\(String(repeating: "-", count: offset))\(key)\"]"
      #expect(try cleaned(text, of: key).contains("[key]"), "\(offset)")
    }
  }
}
