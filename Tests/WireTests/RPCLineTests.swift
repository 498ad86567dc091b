import JSON
import Testing
import Wire

@Suite struct RPCLineTests {
  private static func text(_ pieces: [ArraySlice<UInt8>]) -> String {
    String(decoding: pieces.joined(), as: UTF8.self)
  }

  @Test func `whatever is said is one line, as the other side reads it`() throws {
    let params = try RawJSON(parsing: "{\"a\":\n[1,\r\n2]}")
    let id = try #require(RPCID(.integer(1)))
    let lines = [
      (
        RPCLine(id: .integer(1), "a.\"b", params),
        #""id":1,"method":"a.\"b","params":{"a": [1,  2]}"#
      ),
      (RPCLine("a", .emptyObject), #""method":"a","params":{}"#),
      (
        RPCLine(answering: id, result: [Array("[".utf8)[...], Array("]".utf8)[...]]),
        #""id":1,"result":[]"#
      ),
      (RPCLine(answering: nil, error: .emptyObject), #""id":null,"error":{}"#),
    ]
    for (line, rest) in lines {
      #expect(Self.text(line.pieces) == "{\"jsonrpc\":\"2.0\",\(rest)}\n")
    }
  }

  @Test func `an event is told of as its bytes, as long as there is room`() throws {
    let events = EventLines("responses.event", of: try #require(RPCID(.string("a"))))
    let event = Array(#"{"type":"x"}"#.utf8)[...]
    let line =
      #"{"jsonrpc":"2.0","method":"responses.event","params":{"id":"a","event":{"type":"x"}}}"#
      + "\n"
    #expect(Self.text(events.pieces(event)) == line)
    var chunk: [UInt8] = []
    let length = line.utf8.count
    let hadRoom = events.append(event.span, to: &chunk, limit: length - 1)
    #expect(!hadRoom && chunk.isEmpty)
    let hasRoom = events.append(event.span, to: &chunk, limit: length)
    #expect(hasRoom)
    #expect(Self.text([chunk[...]]) == line)
  }
}
