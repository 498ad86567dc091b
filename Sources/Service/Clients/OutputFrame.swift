internal import JSON
internal import Wire

/// One line on its way to a client, as slices of what others own, so that a large event is never
/// copied as a whole.
package struct OutputFrame {
  private var pieces: [ArraySlice<UInt8>]
  /// Whether it answers a request, and so ends its subscription.
  package let isAnswer: Bool

  package init(_ pieces: [ArraySlice<UInt8>], isAnswer: Bool = false) {
    self.pieces = pieces
    self.isAnswer = isAnswer
  }

  package var isEmpty: Bool { pieces.isEmpty }
  /// Bytes that were not moved yet.
  package var count: Int { pieces.reduce(0) { $0 + $1.count } }

  /// Moves up to a number of bytes to the end of a buffer.
  package mutating func move(atMost count: Int, to buffer: inout [UInt8]) {
    var left = count
    while left > 0, let piece = pieces.first {
      let part = piece.prefix(left)
      buffer.append(contentsOf: part)
      left -= part.count
      if part.count == piece.count {
        pieces.removeFirst()
      } else {
        pieces[0] = piece.dropFirst(part.count)
      }
    }
  }
}

extension OutputFrame {
  private static let opening = Array("{\"jsonrpc\":\"2.0\",\"id\":".utf8)
  private static let result = Array(",\"result\":".utf8)
  private static let error = Array(",\"error\":".utf8)
  private static let halley = Array(",\"halley\":".utf8)
  private static let end = Array("}\n".utf8)
  private static let comma = Array(",".utf8)
  private static let lineEnd = Array("\n".utf8)
  private static let endOfTwo = Array("}}\n".utf8)

  /// A request of ours.
  static func request(_ id: RawJSON, _ method: String, _ params: RawJSON) -> OutputFrame {
    let body = RawJSON.object {
      $0.member("method", method)
      $0.member("params", params.onOneLine)
    }
    return OutputFrame([opening[...], id.bytes, comma[...], body.bytes.dropFirst(), lineEnd[...]])
  }

  static func answer(_ id: RPCID, result json: RawJSON) -> OutputFrame {
    OutputFrame([opening[...], id.json.bytes, result[...], json.bytes, end[...]], isAnswer: true)
  }

  /// - Parameter id: nil where the request's id could not be read (JSON-RPC 2.0, section 5).
  static func answer(_ id: RPCID?, error failure: RPCError) -> OutputFrame {
    OutputFrame(
      [opening[...], (id?.json ?? .null).bytes, error[...], failure.json.bytes, end[...]],
      isAnswer: true)
  }

  static func answer(_ id: RPCID, _ outcome: ResponseOutcome) -> OutputFrame {
    switch outcome {
    case .failure(let error): return answer(id, error: error)
    case .response(let response, let halley):
      // The member goes behind the upstream's own, whose bytes stay as they are.
      let object = response.kind == .object ? response.bytes : RawJSON.emptyObject.bytes
      let isEmpty = object.dropFirst().first { $0 > 0x20 } == UInt8(ascii: "}")
      return OutputFrame(
        [
          opening[...], id.json.bytes, result[...], object.dropLast(),
          isEmpty ? Self.halley.dropFirst() : Self.halley[...], halley.bytes, endOfTwo[...],
        ], isAnswer: true)
    }
  }
}
