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
  /// A request of ours.
  static func request(_ id: RawJSON, _ method: String, _ params: RawJSON) -> OutputFrame {
    OutputFrame(RPCLine(id: id, method, params).pieces)
  }

  static func answer(_ id: RPCID, result json: RawJSON) -> OutputFrame {
    OutputFrame(RPCLine(answering: id, result: [json.bytes]).pieces, isAnswer: true)
  }

  /// - Parameter id: nil where the request's id could not be read.
  static func answer(_ id: RPCID?, error: RPCError) -> OutputFrame {
    OutputFrame(RPCLine(answering: id, error: error.json).pieces, isAnswer: true)
  }

  static func answer(_ id: RPCID, _ outcome: ResponseOutcome) -> OutputFrame {
    switch outcome {
    case .failure(let error): return answer(id, error: error)
    case .response(let response, let halley):
      // The member goes behind the upstream's own, whose bytes stay as they are.
      let object = response.kind == .object ? response.bytes : RawJSON.emptyObject.bytes
      let isEmpty = object.dropFirst().first { $0 > 0x20 } == UInt8(ascii: "}")
      let key = Array((isEmpty ? "" : ",").utf8) + Array("\"halley\":".utf8)
      let result = [object.dropLast(), key[...], halley.bytes, object.suffix(1)]
      return OutputFrame(RPCLine(answering: id, result: result).pieces, isAnswer: true)
    }
  }
}
