import JSON
import Service
import Wire

/// Takes arbitrary bytes as a stream, in pieces, and holds the events that are read where they lie
/// against those that are read one by one.
///
/// Holds: in the same order, they are the same; one that nothing is known of but its place has a
/// type that changes nothing, its number follows that of the one before it, and it has no part of a
/// secret.
enum PlainEventExercise {
  private enum Found {
    case plain([UInt8], number: Int64)
    case other([UInt8])
  }

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8], _ redactor: KeyRedactor?) -> String? {
    let expected = EventExercise.events(bytes, isEnded: false)
    for size in [Int.max, max(bytes.count / 2, 1), 61, 7] {
      let found = read(bytes, inPiecesOf: size, redactor)
      guard found.count == expected.count else {
        return "\(found.count) of \(expected.count) events"
      }
      for (found, expected) in zip(found, expected) {
        if let wrong = compare(found, expected, redactor) { return wrong }
      }
    }
    return nil
  }

  private static func compare(
    _ found: Found, _ expected: ArraySlice<UInt8>, _ redactor: KeyRedactor?
  ) -> String? {
    guard case .plain(let bytes, let number) = found else {
      guard case .other(let bytes) = found, bytes[...] == expected else { return "other bytes" }
      return nil
    }
    do throws(JSONError) {
      let value = try JSONScanner.scanExactly(expected.span, limits: .relayed)
      let event = try UpstreamEvent(data: expected)
      let start = expected.startIndex
      guard expected[start + value.lowerBound..<start + value.upperBound] == bytes[...],
        event.bytes == bytes[...]
      else { return "other bytes of a plain event" }
      guard event.kind == .output, !event.carriesItem, event.sequenceNumber == number else {
        return "an event that is not plain"
      }
      return DeltaRedactor(redactor).passes(event) ? nil : "a part of a secret"
    } catch {
      return "a plain event that is none"
    }
  }

  private static func read(
    _ bytes: [UInt8], inPiecesOf size: Int, _ redactor: KeyRedactor?
  ) -> [Found] {
    var parser = SSEParser(maximumEventBytes: 1 << 20)
    var reader = PlainEventReader(redactor)
    reader.isOpen = true
    var found: [Found] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(size))
      rest = rest.dropFirst(size)
      do throws(SSEParser.EventTooLarge) {
        try parser.split(piece.span, known: { reader.takeAlike($0, of: piece.span) }) {
          take($0, of: piece, &reader, &found)
        }
      } catch {
        return found
      }
      handOn(&reader, piece, &found)
    }
    return found
  }

  private static func take(
    _ event: SSEParser.EventData, of piece: [UInt8], _ reader: inout PlainEventReader,
    _ found: inout [Found]
  ) {
    switch event {
    case .part(let place, let event):
      if reader.take(place, event: event, of: piece.span) { return }
      handOn(&reader, piece, &found)
      if !reader.take(place, event: event, of: piece.span) {
        found.append(.other(Array(piece[place])))
      }
    case .joined(let data):
      handOn(&reader, piece, &found)
      let data = Array(data)
      if reader.take(0..<data.count, event: nil, of: data.span) {
        handOn(&reader, data, &found)
      } else {
        found.append(.other(data))
      }
    }
  }

  private static func handOn(
    _ reader: inout PlainEventReader, _ bytes: [UInt8], _ found: inout [Found]
  ) {
    for (index, place) in reader.events.places.enumerated() {
      found.append(
        .plain(Array(bytes[place]), number: reader.events.firstNumber + Int64(index)))
    }
    reader.events = PlainEvents()
  }
}
