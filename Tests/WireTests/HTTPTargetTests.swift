import Testing
import Wire

@Suite struct HTTPTargetTests {
  private func conversation(
    _ target: String, method: String = "GET", host: String = "h"
  ) -> HTTPConversation {
    HTTPConversation("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
  }

  private func target(_ text: String, method: String = "GET") throws -> HTTPTarget {
    try #require(conversation(text, method: method).requests.first).head.target
  }

  @Test(arguments: [
    ("/", []), ("/v1/responses", ["v1", "responses"]), ("/models/", ["models", ""]),
    ("//models", ["", "models"]), ("/models/a%2Fb%2f..", ["models", "a/b/.."]),
    ("/a%20b/c+d/%C3%A9;x=1,2", ["a b", "c+d", "é;x=1,2"]), ("/.a/a./...", [".a", "a.", "..."]),
    ("/@:!$&'()*-_~", ["@:!$&'()*-_~"]), ("/%25%32%65", ["%2e"]), ("/a%5Cb", ["a\\b"]),
  ])
  func `a path is cut before its escapes are decoded`(_ text: String, _ segments: [String]) throws {
    let target = try target(text)
    #expect(target.segments == segments && target.query.isEmpty && target.text == text)
  }

  @Test func `a query is read as a form`() throws {
    let target = try target("/a?include[]=x%26y&include%5B%5D=a+b%2B&stream&=1&&e=%C3%A9/?&x=1=2")
    #expect(target.segments == ["a"])
    #expect(
      target.query.map { [$0.name, $0.value] } == [
        ["include[]", "x&y"], ["include[]", "a b+"], ["stream", ""], ["", "1"], ["e", "é/?"],
        ["x", "1=2"],
      ])
    #expect(try self.target("/?").query.isEmpty)
  }

  @Test(arguments: [
    "/..", "/../x", "/a/./b", "/a/%2e%2E/b", "/a/.%2e", "/%2e", "/a/..?x", "/%", "/%2", "/%zz",
    "/%2%65", "/%00", "/a%0d%0ab", "/%7f", "/%ff", "/%c0%af", "/%ed%a0%80", "/a#b", "/a\"b", "/<",
    "/\\..", "/a^b", "/`", "/{x}", "/|", "/é", "/[a]", "/?%", "/?a=%00", "/?%ff", "/?a#b",
    "/?a=\"", "x", "x/y", "?x", "*", "h:80", "https://h/", "ftp://h/", "http:/h", "http:///x",
    "http://a@h/", "http://h:x/", "http://h#", "http://", "file:///etc/passwd", "http://other/",
    "http://h:80/", "http://h@other/", "http://other@h/", "HTTP://h.other/",
  ])
  func `a target that could mean something else to somebody else is refused`(_ text: String) {
    let whole = conversation(text)
    #expect(whole.error?.status == .badRequest && whole.requests.isEmpty)
  }

  @Test func `the absolute form is taken where it names the Host that is given`() throws {
    let head = try #require(conversation("HTTP://H:80/v1/../x", host: "h:80").error)
    #expect(head.place == "the request's target")
    for (text, segments) in [
      ("http://H:80", []), ("hTTp://h:80/a?b", ["a"]), ("http://h:80?b", []),
    ] {
      let head = try #require(conversation(text, host: "h:80").requests.first).head
      #expect(head.target.segments == segments && head.authority == "h:80")
    }
    let old = HTTPConversation("GET http://Other/ HTTP/1.0\r\n\r\n")
    #expect(old.requests.first?.head.authority == "other")
  }

  @Test func `an asterisk is for OPTIONS, and CONNECT is for proxies`() throws {
    #expect(try target("*", method: "OPTIONS").segments == ["*"])
    for text in ["h:443", "/", "http://h/"] {
      #expect(conversation(text, method: "CONNECT").error?.status == .badRequest)
    }
  }
}
