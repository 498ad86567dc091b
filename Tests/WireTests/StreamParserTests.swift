import Testing
import Wire

/// The parsers of what comes as a stream, by examples; fuzzers hold them against plainer ones.
@Suite struct StreamParserTests {
  private func lines(_ chunks: [String], limit: Int = 100) -> (lines: [String], rest: String?) {
    var framer = LineFramer(maximumLineBytes: limit)
    var lines: [String] = []
    for chunk in chunks {
      do throws(LineFramer.LineTooLong) {
        try framer.append(Array(chunk.utf8).span) {
          lines.append(String(decoding: $0, as: UTF8.self))
        }
      } catch {
        return (lines, nil)
      }
    }
    return (lines, String(decoding: framer.takeRest(), as: UTF8.self))
  }

  @Test(arguments: [
    (["a\nb\n"], ["a", "b"], ""), (["a", "b\n", "c"], ["ab"], "c"), (["\n\n"], ["", ""], ""),
    (["a\r\n\u{2028}\n"], ["a\r", "\u{2028}"], ""), (["", "a", ""], [], "a"),
  ])
  func `lines end with LF alone`(_ chunks: [String], _ expected: [String], _ rest: String) {
    let cut = lines(chunks)
    #expect(cut.lines == expected && cut.rest == rest)
  }

  @Test func `a line may be as long as its limit, and nothing is taken behind a longer one`() {
    #expect(lines(["abc\nabc\n"], limit: 3).lines == ["abc", "abc"])
    let cut = lines(["a\n", "abcd", "\nb\n"], limit: 3)
    #expect(cut.lines == ["a"] && cut.rest == nil)
    var framer = LineFramer(maximumLineBytes: 1)
    for _ in 0..<2 {
      #expect(throws: LineFramer.LineTooLong.self) {
        try framer.append([0x61, 0x61].span) { _ in }
      }
      #expect(framer.bufferedBytes == 0)
    }
  }

  private func events(_ chunks: [String], limit: Int = 1000) -> [String]? {
    var parser = SSEParser(maximumEventBytes: limit)
    var events: [String] = []
    let take = { (event: ArraySlice<UInt8>) in events.append(String(decoding: event, as: UTF8.self))
    }
    for chunk in chunks {
      do throws(SSEParser.EventTooLarge) {
        try parser.append(Array(chunk.utf8).span, event: take)
      } catch {
        return nil
      }
    }
    parser.finish(event: take)
    return events
  }

  @Test(arguments: [
    ("data: a\n\ndata: b\n\n", ["a", "b"]), ("data:a\r\rdata:  b\r\r", ["a", " b"]),
    ("data: a\r\ndata: b\r\n\r\n", ["a\nb"]), ("data\n\ndata:\n\n", []),
    (": hi\nevent: x\nid: 1\nretry: 2\ndata: a\n\n", ["a"]), ("\u{FEFF}data: a\n\n", ["a"]),
    ("\n\n\ndata: a\n\n\n", ["a"]), ("datum: a\ndat: b\ndatax: c\n\n", []),
    ("data: a\n\u{FEFF}data: b\n\n", ["a"]), ("data: a", ["a"]), ("data: a\ndata: b", ["a\nb"]),
  ])
  func `events are cut as the standard says`(_ stream: String, _ expected: [String]) {
    #expect(events([stream]) == expected)
    #expect(events(stream.unicodeScalars.map { String($0) }) == expected)
  }

  @Test func `an event that is too large is refused, whole or in pieces`() {
    #expect(events(["data: abcd\n\n"], limit: 10) == ["abcd"])
    #expect(events(["data: abcde\n\n"], limit: 10) == nil)
    #expect(events(["data: a", "bcdef"], limit: 10) == nil)
    #expect(events(["data: abc\ndata: abc\ndata: abc\n\n"], limit: 10) == nil)
    #expect(events([": \(String(repeating: "x", count: 20))"], limit: 10) == nil)
  }
}
