import Wire

/// Cuts arbitrary bytes into lines.
///
/// Holds: however the bytes arrive, the lines, the rest and the refusal are those of cutting the
/// whole at each LF; nothing is delivered behind an over-long line.
@c(LLVMFuzzerTestOneInput)
public func fuzzFramer(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(data, count)
  let limit = Int(input.takeByte())
  let expected = cut(input.rest, limit: limit)
  require(frame([input.rest], limit: limit) == expected, "one piece is cut differently")
  require(frame(input.chunks(), limit: limit) == expected, "small pieces are cut differently")
  return 0
}

private struct Outcome: Equatable {
  var lines: [[UInt8]] = []
  var rest: [UInt8] = []
  var isTooLong = false
}

/// What the framer has to do, in the plainest words.
private func cut(_ bytes: ArraySlice<UInt8>, limit: Int) -> Outcome {
  var outcome = Outcome()
  var pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
  let rest = pieces.popLast() ?? []
  for piece in pieces {
    guard piece.count <= limit else {
      outcome.isTooLong = true
      return outcome
    }
    outcome.lines.append(piece)
  }
  outcome.isTooLong = rest.count > limit
  if !outcome.isTooLong { outcome.rest = rest }
  return outcome
}

private func frame(_ chunks: [ArraySlice<UInt8>], limit: Int) -> Outcome {
  var framer = LineFramer(maximumLineBytes: limit)
  var outcome = Outcome()
  for chunk in chunks {
    do throws(LineFramer.LineTooLong) {
      try framer.append(chunk.span) { outcome.lines.append(Array($0)) }
      require(!outcome.isTooLong, "a line behind an over-long one")
    } catch {
      outcome.isTooLong = true
    }
  }
  require(framer.bufferedBytes <= limit, "more is held back than a line may have")
  outcome.rest = Array(framer.takeRest())
  return outcome
}
