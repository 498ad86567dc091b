internal import JSON

/// Events that lie in what came, of which nothing has to be known but where: they change nothing, and
/// clients see them as they are.
package struct PlainEvents {
  /// Of each, in the order in which they came.
  package private(set) var places: [Range<Int>] = []
  /// The number that the upstream gave the first of them; those of the others follow it.
  package private(set) var firstNumber: Int64 = 0

  package init() {}

  /// Takes one more; false where its number is not the next.
  mutating func append(_ place: Range<Int>, number: Int64) -> Bool {
    if places.isEmpty {
      firstNumber = number
      // What most pieces have; growing from one costs several allocations.
      places.reserveCapacity(64)
    }
    guard number - firstNumber == Int64(places.count) else { return false }
    places.append(place)
    return true
  }

  /// Each by itself, with bytes of their own.
  func copied(from bytes: Span<UInt8>) -> [UpstreamEvent] {
    guard let first = places.first, let last = places.last else { return [] }
    let copy = Array(copying: bytes.extracting(first.lowerBound..<last.upperBound))
    return places.indices.map { index in
      let (start, end) = (places[index].lowerBound, places[index].upperBound)
      return UpstreamEvent(
        plain: copy[start - first.lowerBound..<end - first.lowerBound],
        number: firstNumber + Int64(index))
    }
  }
}

/// Finds the plain ones among the events of a stream.
///
/// The last that was looked at is a model for those behind it: of what is like it, only the values
/// that differ are looked at.
package struct PlainEventReader {
  /// The model, and where in it the members stand that decide.
  private struct Model {
    let json: JSONModel
    let members: Members
  }

  private struct Members {
    var type: Int?
    var number: Int?
    var error: Int?
    var delta: Int?

    mutating func note(_ key: Range<Int>, _ index: Int, _ text: Span<UInt8>) {
      switch key.count {
      case 4 where text.spells("type", at: key): type = index
      case 15 where text.spells("sequence_number", at: key): number = index
      case 5 where text.spells("error", at: key): error = index
      case 5 where text.spells("delta", at: key): delta = index
      default: break
      }
    }
  }

  /// Whether the next one may be taken.
  package var isOpen = false
  /// What was taken and not handed on yet.
  package var events = PlainEvents()
  private let secrets: [Secret]
  private var model: Model?

  package init(_ redactor: KeyRedactor?) {
    secrets = redactor?.unmistakable ?? []
  }

  /// Takes an event that is like the one before it.
  ///
  /// - Parameter part: bytes at whose beginning it may stand.
  /// - Returns: where it ends; nil where there is none.
  package mutating func takeAlike(_ part: Range<Int>, of bytes: Span<UInt8>) -> Int? {
    guard isOpen, let model, let match = model.json.match(part, of: bytes) else { return nil }
    let members = model.members
    guard let number = members.number.flatMap({ match.value($0) }),
      let number = UpstreamEvent.digits(bytes, number),
      members.type.flatMap({ match.value($0) }) == nil,
      members.error.flatMap({ match.value($0) }) == nil,
      !mayBeginSecret(members.delta.flatMap { match.value($0) }, bytes),
      events.append(match.text, number: number)
    else { return nil }
    return match.end
  }

  /// Takes an event; false for one that is not plain, or does not follow those that were taken.
  ///
  /// - Parameters:
  ///   - place: of its data.
  ///   - event: of all its lines; nil where they are not there, and the data may be of several.
  package mutating func take(
    _ place: Range<Int>, event: Range<Int>?, of bytes: Span<UInt8>
  ) -> Bool {
    guard isOpen else { return false }
    let text = bytes.extracting(place)
    // Lines that were joined have to become one.
    guard event != nil || text.lineEnd(from: 0) == text.count else { return false }
    var members = Members()
    var children: [JSONScanner.Child] = []
    children.reserveCapacity(16)
    guard
      let value = JSONScanner.quickScan(
        text, limits: .relayed,
        child: { child in
          members.note(child.key, children.count, text)
          children.append(child)
        }),
      Self.isPlain(text, value, type: members.type.map { children[$0].value }, members.error),
      let number = members.number.flatMap({ UpstreamEvent.digits(text, children[$0].value) }),
      !mayBeginSecret(members.delta.map { children[$0].value }, text)
    else { return false }
    let start = place.lowerBound
    // Behind a CR, what comes next would depend on the byte that does.
    if let event, value.count == place.count, bytes[event.upperBound - 1] == 0x0A {
      model = JSONModel(event, of: bytes, text: place, children: children, limits: .relayed)
        .map { Model(json: $0, members: members) }
    }
    return events.append(start + value.lowerBound..<start + value.upperBound, number: number)
  }

  /// - Parameter error: where it has a member of that name.
  private static func isPlain(
    _ text: Span<UInt8>, _ value: Range<Int>, type: Range<Int>?, _ error: Int?
  ) -> Bool {
    text[value.lowerBound] == UInt8(ascii: "{")
      && UpstreamEvent.kind(text, type, hasError: error != nil) == .output
      && !UpstreamEvent.carriesItem(text, type)
  }

  /// - Parameter delta: where its text stands; nil where it has none, or that of an event that was
  ///   taken.
  private func mayBeginSecret(_ delta: Range<Int>?, _ bytes: Span<UInt8>) -> Bool {
    guard let delta, bytes[delta.lowerBound] == UInt8(ascii: "\"") else { return false }
    let text = bytes.extracting(delta.lowerBound + 1..<delta.upperBound - 1)
    for secret in secrets where secret.mayBegin(in: text) { return true }
    return false
  }
}
