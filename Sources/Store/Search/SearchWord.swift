/// A word as the search index knows it.
struct SearchWord {
  /// Longest spelling that the index keeps, in bytes of UTF-8; base64 has longer ones.
  static let longest = 192
  /// A compound with more parts than this has words, not the changes of letters and digits of a
  /// digest: three bytes each.
  private static let mostShortParts = 4

  /// Where it stands in the text.
  var range: Range<String.Index>
  /// Its spelling without case, accents and ligatures.
  fileprivate(set) var text = ""
  private var bytes: [UInt8] = []
  /// Offsets at which a compound is put together.
  private var joints: [Int] = []

  fileprivate init(at index: String.Index) {
    range = index..<index
  }

  fileprivate var count: Int { bytes.count }

  /// Those of a compound, such as getUserName; empty for other words.
  var parts: [String] {
    guard !joints.isEmpty,
      joints.count < Self.mostShortParts || bytes.count >= 3 * (joints.count + 1)
    else { return [] }
    return zip([0] + joints, joints + [bytes.count]).map {
      String(decoding: bytes[$0..<$1], as: UTF8.self)
    }
  }

  fileprivate mutating func append(_ letter: [UInt8]) {
    if bytes.count + letter.count <= Self.longest { bytes += letter }
  }

  fileprivate mutating func join(at offset: Int) {
    if offset > 0, offset < Self.longest, joints.last != offset { joints.append(offset) }
  }

  fileprivate mutating func end() {
    text = String(decoding: bytes, as: UTF8.self)
    joints.removeAll { $0 >= bytes.count }
  }
}

/// Reads the words of a text in their order.
///
/// Chinese, Japanese, Korean, Thai and others put no spaces between words: there each letter is a
/// word, and what is searched for is a sequence of them.
struct SearchWords: Sequence, IteratorProtocol {
  private let scalars: String.UnicodeScalarView
  private var index: String.Index
  private var known: [Unicode.Scalar: FoldedLetter] = [:]

  /// The word that is read, and of its last two letters the classes and where the last begins.
  private var word: SearchWord?
  private var isSingle = false
  private var classes: (FoldedLetter.Class?, FoldedLetter.Class?) = (nil, nil)
  private var lastStart = 0
  private var lastScalar: Unicode.Scalar?

  init(of text: String) {
    scalars = text.unicodeScalars
    index = scalars.startIndex
  }

  mutating func next() -> SearchWord? {
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let letter = letter(scalar)
      guard mustEnd(before: letter.kind) else {
        take(scalar, letter)
        continue
      }
      if letter.kind == .separator { index = scalars.index(after: index) }
      if let word = finish() { return word }
    }
    return finish()
  }

  private mutating func letter(_ scalar: Unicode.Scalar) -> FoldedLetter {
    if scalar.isASCII { return FoldedLetter.ascii[Int(scalar.value)] }
    if let letter = known[scalar] { return letter }
    let letter = FoldedLetter(scalar)
    known[scalar] = letter
    return letter
  }

  private func mustEnd(before kind: FoldedLetter.Kind) -> Bool {
    switch kind {
    case .separator: true
    case .single: word != nil
    case .letter: word != nil && isSingle
    case .dropped, .joint, .attached: false
    }
  }

  private mutating func finish() -> SearchWord? {
    defer {
      word = nil
      isSingle = false
      classes = (nil, nil)
      lastScalar = nil
    }
    word?.end()
    return word
  }

  private mutating func take(_ scalar: Unicode.Scalar, _ letter: FoldedLetter) {
    let start = index
    index = scalars.index(after: index)
    var current = word ?? SearchWord(at: start)
    switch letter.kind {
    case .joint: current.join(at: current.count)
    case .dropped:
      guard !FoldedLetter.isDropped(scalar, after: lastScalar) else { break }
      current.append(Array(String(scalar).utf8))
    case .letter:
      noteJoint(in: &current, before: letter.class)
      lastStart = current.count
      current.append(letter.bytes)
    case .single, .attached:
      isSingle = isSingle || letter.kind == .single || word == nil
      current.append(letter.bytes)
    case .separator: return
    }
    if letter.kind != .dropped { lastScalar = scalar }
    guard current.count > 0 else { return }
    current.range = (word == nil ? start : current.range.lowerBound)..<index
    word = current
  }

  /// Compounds are joined where small letters end before a capital, where a row of capitals ends
  /// before one that begins a word, and beside digits.
  private mutating func noteJoint(in word: inout SearchWord, before next: FoldedLetter.Class) {
    defer { classes = (classes.1, next) }
    switch (classes.0, classes.1, next) {
    case (_, .lower, .upper), (_, .lower, .digit), (_, .upper, .digit), (_, .digit, .lower),
      (_, .digit, .upper):
      word.join(at: word.count)
    case (.upper, .upper, .lower): word.join(at: lastStart)
    default: break
    }
  }
}
