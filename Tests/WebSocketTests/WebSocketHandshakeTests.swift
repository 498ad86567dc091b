import Testing
import WebSocket
import Wire

@Suite struct WebSocketHandshakeTests {
  private static let example = [
    "Host": "127.0.0.1:4141", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
  ]

  private func head(
    _ changes: [String: String?] = [:], method: String = "GET", version: String = "1.1"
  ) throws -> HTTPRequestHead {
    let fields = Self.example.merging(changes.mapValues { $0 ?? "" }) { $1 }
      .filter { changes[$0.key] ?? "" != nil }
    let text =
      "\(method) /v1/responses HTTP/\(version)\r\n"
      + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    var parser = HTTPRequestParser(maximumBodyBytes: 100)
    parser.append(Array(text.utf8).span)
    guard case .head(let head)? = try parser.next() else { throw Incomplete() }
    return head
  }

  private struct Incomplete: Error {}

  private func refusal(_ head: HTTPRequestHead) -> WebSocketRefusal? {
    do throws(WebSocketRefusal) {
      _ = try WebSocketHandshake.accept(head)
      return nil
    } catch {
      return error
    }
  }

  @Test func `the standard's own example is accepted with its answer`() throws {
    #expect(try WebSocketHandshake.accept(try head()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test func `names are read without regard to case, and other options stand beside them`() throws {
    let asked = try head(["Upgrade": "h2c, WebSocket", "Connection": "upgrade"])
    #expect(refusal(asked) == nil)
  }

  @Test(arguments: [
    ["Upgrade": nil], ["Connection": nil], ["Connection": "keep-alive"], ["Upgrade": "h2c"],
    ["Upgrade": "websocket2"],
  ])
  func `a plain GET is told to upgrade`(changes: [String: String?]) throws {
    guard case .upgradeRequired? = refusal(try head(changes)) else {
      Issue.record("accepted, or refused as something else")
      return
    }
  }

  @Test(arguments: [nil, "8", "013", "13, 8", "14", ""])
  func `another version is told the one that is spoken`(version: String?) throws {
    let refused = try #require(refusal(try head(["Sec-WebSocket-Version": version])))
    guard case .upgradeRequired = refused else {
      Issue.record("refused as \(refused)")
      return
    }
    #expect(refused.fields.map(\.name) == ["Upgrade", "Sec-WebSocket-Version"])
    #expect(refused.fields.last?.value == "13")
  }

  @Test(arguments: [
    nil, "", "AAAA", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQ== ,", "dGhlIHNhbXBsZSBub25jZQ===",
    "dGhlIHNhbXBsZSBub25j_Q==", "AAAAAAAAAAAAAAAAAAAAAAAA", "dGhlIHNhbXBsZSBub25jZQ==, x",
  ])
  func `a key of other than 16 bytes is refused`(key: String?) throws {
    let refused = try #require(refusal(try head(["Sec-WebSocket-Key": key])))
    guard case .invalid(let message) = refused else {
      Issue.record("refused as \(refused)")
      return
    }
    #expect(message.contains("expected 16 bytes"))
  }

  @Test func `another method and a body are refused`() throws {
    #expect(refusal(try head(method: "POST")) != nil)
    #expect(refusal(try head(["Content-Length": "3"])) != nil)
    #expect(refusal(try head(version: "1.0")) != nil)
  }

  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
  ])
  func `SHA-1 gives the digests of the standard's examples`(text: String, digest: String) {
    let hexadecimal = SHA1.digest(Array(text.utf8)).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    #expect(hexadecimal.joined() == digest)
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `base64 is written as in RFC 4648`(text: String, spelled: String) {
    #expect(Base64.encode(Array(text.utf8)) == spelled)
    #expect(Base64.decodedCount(spelled) == text.utf8.count)
  }
}
