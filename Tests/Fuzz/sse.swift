import Wire

/// Cuts arbitrary bytes into the data of server-sent events.
///
/// Holds: however the bytes arrive, the events and the refusal are the same; without a limit in the
/// way they are those of the HTML standard's algorithm applied to the whole.
@c(LLVMFuzzerTestOneInput)
public func fuzzSSE(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(data, count)
  let limit = input.takeByte()
  // Half of the inputs meet no limit.
  let maximumEventBytes = limit & 1 == 0 ? Int.max >> 1 : Int(limit)
  let whole = parse([input.rest], maximumEventBytes)
  require(parse(input.chunks(), maximumEventBytes) == whole, "small pieces give other events")
  if limit & 1 == 0 {
    require(!whole.isTooLarge, "an event is too large for no limit")
    require(whole.events == interpret(input.rest), "the standard gives other events")
  }
  require(whole.events.allSatisfy { $0.count <= maximumEventBytes }, "an event over the limit")
  return 0
}

private struct Outcome: Equatable {
  var events: [[UInt8]] = []
  var isTooLarge = false
}

private func parse(_ chunks: [ArraySlice<UInt8>], _ maximumEventBytes: Int) -> Outcome {
  var parser = SSEParser(maximumEventBytes: maximumEventBytes)
  var outcome = Outcome()
  for chunk in chunks {
    do throws(SSEParser.EventTooLarge) {
      try parser.append(chunk.span) { outcome.events.append(Array($0)) }
    } catch {
      outcome.isTooLarge = true
      return outcome
    }
  }
  parser.finish { outcome.events.append(Array($0)) }
  return outcome
}

/// The standard's "interpreting an event stream" in its plainest form; an event that the end of
/// the stream cut off counts.
private func interpret(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
  var events: [[UInt8]] = []
  var data: [ArraySlice<UInt8>] = []
  func dispatch() {
    let event = Array(data.joined(separator: [0x0A]))
    if !event.isEmpty { events.append(event) }
    data = []
  }
  for line in lines(bytes) {
    if line.isEmpty {
      dispatch()
    } else if line.elementsEqual("data".utf8) {
      data.append([])
    } else if line.starts(with: "data: ".utf8) {
      data.append(line.dropFirst(6))
    } else if line.starts(with: "data:".utf8) {
      data.append(line.dropFirst(5))
    }
  }
  dispatch()
  return events
}

private func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
  var unix: [UInt8] = []
  var previous: UInt8 = 0
  let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
  for byte in isMarked ? bytes.dropFirst(3) : bytes {
    if byte == 0x0D || (byte == 0x0A && previous != 0x0D) {
      unix.append(0x0A)
    } else if byte != 0x0A {
      unix.append(byte)
    }
    previous = byte
  }
  var lines = unix.split(separator: 0x0A, omittingEmptySubsequences: false)
  // What stands behind the last line end is a line only if there is something.
  if lines.last?.isEmpty == true { lines.removeLast() }
  return lines
}
