package import JSON
internal import Store
internal import Wire

/// A cached answer, laid out so that giving it again is a copy of bytes and some ids written over.
///
/// Making one takes as long as several answers; it is kept beside the answer in memory. Places are
/// found by values that occur nowhere else: random ids, and a time that the answer does not hold.
package struct AnswerTemplate: Sendable {
  /// One answer that was made.
  package struct Answer: Sendable {
    package let id: String
    package let object: RawJSON
    /// The legal sequence of its events, the terminal one last.
    package let events: [ArraySlice<UInt8>]

    fileprivate init(id: String, object: RawJSON, events: [ArraySlice<UInt8>]) {
      self.id = id
      self.object = object
      self.events = events
    }

    /// An answer that was not laid out before.
    fileprivate init(_ copy: FreshCopy) {
      self.init(
        id: copy.id, object: copy.object,
        events: ResponseReplay.events(of: copy.object).map(\.bytes))
    }
  }

  package let echoes: [FreshCopy.Echo]
  /// What is repeated.
  private let response: RawJSON
  private let bytes: [UInt8]
  private let events: [Range<Int>]
  private let object: Range<Int>
  private let idPrefix: String
  /// For each id, the offsets of its random digits; the response's own comes first.
  private let ids: [[Int]]
  private let times: [Int]

  /// - Parameter response: a final response object.
  package init(_ response: RawJSON, echoes: [FreshCopy.Echo]) {
    self.echoes = echoes
    self.response = response
    let time = Self.unusedTime(in: response, echoes)
    let copy = FreshCopy(of: response, echoes: echoes, at: time)
    var bytes: [UInt8] = []
    var events: [Range<Int>] = []
    for event in ResponseReplay.events(of: copy.object) {
      let start = bytes.count
      bytes += event.bytes
      events.append(start..<bytes.count)
    }
    // The terminal event ends with the object and its own bracket.
    object = bytes.count - 1 - copy.object.bytes.count..<bytes.count - 1
    idPrefix = String(copy.id.dropLast(StoreID.digitCount))
    ids = ([copy.id] + Self.freshItemIDs(copy.object, response)).map {
      bytes.offsets(of: Array($0.utf8.suffix(StoreID.digitCount)))
    }
    times = bytes.offsets(of: Array("\(time)".utf8))
    self.bytes = bytes
    self.events = events
  }

  /// Bytes of memory that it takes.
  package var size: Int {
    bytes.count + (ids.reduce(times.count) { $0 + $1.count } + events.count * 2) * 8
  }

  /// Makes an answer of its own.
  ///
  /// - Parameter seconds: Unix time. A clock that does not show a year from 2001 to 2286, when it has
  ///   ten digits, only makes the answer take longer.
  package func answer(at seconds: Int64) -> Answer {
    let time = Array("\(seconds)".utf8)
    guard time.count == Self.timeDigits else {
      return Answer(FreshCopy(of: response, echoes: echoes, at: seconds))
    }
    var bytes = bytes
    for offset in times { bytes.overwrite(at: offset, with: time) }
    var ownID = idPrefix
    for (number, offsets) in ids.enumerated() {
      let digits = StoreID.digits()
      if number == 0 { ownID += String(decoding: digits, as: UTF8.self) }
      for offset in offsets { bytes.overwrite(at: offset, with: digits) }
    }
    return Answer(
      id: ownID, object: RawJSON(checked: bytes[object]), events: events.map { bytes[$0] })
  }

  // MARK: Marks

  private static let timeDigits = 10

  /// A ten-digit number whose digits stand nowhere in the answer.
  private static func unusedTime(in response: RawJSON, _ echoes: [FreshCopy.Echo]) -> Int64 {
    while true {
      let time = Int64.random(in: 1_000_000_000...9_999_999_999)
      let digits = Array("\(time)".utf8)
      let isUsed =
        !Array(response.bytes).offsets(of: digits).isEmpty
        || echoes.contains { !Array($0.value.bytes).offsets(of: digits).isEmpty }
      if !isUsed { return time }
    }
  }

  /// The ids that the copy gave to items.
  private static func freshItemIDs(_ copy: RawJSON, _ response: RawJSON) -> [String] {
    let old = (response["output"]?.elements ?? []).map { $0["id"]?.string }
    let new = (copy["output"]?.elements ?? []).map { $0["id"]?.string }
    return zip(new, old).compactMap { new, old in new == old ? nil : new }
  }
}

extension [UInt8] {
  /// Where a text stands, from the front and without overlaps.
  fileprivate func offsets(of text: [UInt8]) -> [Int] {
    guard let first = text.first, count >= text.count else { return [] }
    var offsets: [Int] = []
    var offset = 0
    while offset + text.count <= count {
      if self[offset] == first, self[offset..<offset + text.count].elementsEqual(text) {
        offsets.append(offset)
        offset += text.count
      } else {
        offset += 1
      }
    }
    return offsets
  }

  fileprivate mutating func overwrite(at offset: Int, with text: [UInt8]) {
    for index in text.indices { self[offset + index] = text[index] }
  }
}
