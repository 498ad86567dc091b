/// Writes JSON as bytes, without white space and on one line.
package struct JSONWriter: ~Copyable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// - Parameter capacity: bytes that are likely to come; growing takes an allocation each time.
  package init(capacity: Int = 0) {
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// What was written, as one value.
  package var json: RawJSON { RawJSON(checked: bytes[...]) }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  package mutating func key(_ key: String) {
    separate()
    JSONEscape.append(key.utf8Span.span, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ value: String) {
    separate()
    JSONEscape.append(value.utf8Span.span, to: &bytes)
  }

  package mutating func integer(_ value: some BinaryInteger) {
    guard let number = Int64(exactly: value) else { return raw(String(value).utf8) }
    separate()
    append(decimal: number)
  }

  /// Writes a thousandth of an integer, with no more digits behind the point than it needs.
  package mutating func thousandths(_ value: Int64) {
    let (whole, rest) = value.quotientAndRemainder(dividingBy: 1000)
    separate()
    if value < 0, whole == 0 { bytes.append(UInt8(ascii: "-")) }
    append(decimal: whole)
    guard rest != 0 else { return }
    bytes.append(UInt8(ascii: "."))
    var digits = rest.magnitude
    while digits != 0 {
      bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digits / 100))
      digits = digits % 100 * 10
    }
  }

  private mutating func append(decimal value: Int64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = digits.count
    var rest = value.magnitude
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest != 0
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    for index in start..<digits.count { bytes.append(digits[index]) }
  }

  /// Writes the shortest decimal that reads back as the same double; null for what JSON can't say.
  package mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    if let whole = Int64(exactly: value), abs(value) < 1e15 {
      integer(whole)
    } else {
      raw(value.description.utf8)
    }
  }

  package mutating func boolean(_ value: Bool) {
    raw((value ? "true" : "false").utf8)
  }

  package mutating func null() {
    raw("null".utf8)
  }

  /// Writes a value as it is spelled.
  package mutating func value(_ json: RawJSON) {
    raw(json.bytes)
  }

  /// Writes an object whose members the closure writes.
  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  /// Writes an array whose elements the closure writes.
  package mutating func array(_ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  package mutating func member(_ key: String, _ value: RawJSON) {
    self.key(key)
    self.value(value)
  }

  package mutating func member(_ key: String, _ value: String) {
    self.key(key)
    string(value)
  }

  package mutating func member(_ key: String, _ value: some BinaryInteger) {
    self.key(key)
    integer(value)
  }

  package mutating func member(_ key: String, _ value: Bool) {
    self.key(key)
    boolean(value)
  }

  /// Writes a member whose key is taken as written, with its escapes and without quotes.
  mutating func rawMember(key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: key)
    bytes.append(contentsOf: "\":".utf8)
    bytes.append(contentsOf: value)
  }

  private mutating func raw(_ text: some Collection<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }
}

extension RawJSON {
  /// Builds one value with a writer.
  package static func build(
    capacity: Int = 64, _ body: (inout JSONWriter) -> Void
  ) -> RawJSON {
    var writer = JSONWriter(capacity: capacity)
    body(&writer)
    return writer.json
  }

  /// Builds an object whose members the closure writes.
  package static func object(
    capacity: Int = 64, _ body: (inout JSONWriter) -> Void
  ) -> RawJSON {
    build(capacity: capacity) { $0.object(body) }
  }

  /// Builds an array of values.
  package static func array(_ elements: [RawJSON]) -> RawJSON {
    build { writer in
      writer.array { array in for element in elements { array.value(element) } }
    }
  }
}
