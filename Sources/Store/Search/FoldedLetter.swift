@_spi(_Unicode) internal import Swift

/// What one scalar of a text is for the search index, where letters that people take for the same
/// are the same: without case, accents and ligatures, of full or half width.
struct FoldedLetter {
  enum Kind {
    /// Stands between words.
    case separator
    /// Of no meaning inside a word, such as a soft hyphen or an accent.
    case dropped
    /// Of no meaning either, but where a compound is joined.
    case joint
    case letter
    /// A word of its own, in scripts that put no spaces between words.
    case single
    /// Goes with the one before it, such as a voicing mark.
    case attached
  }

  enum Class {
    case upper, lower, digit
  }

  let kind: Kind
  let `class`: Class
  /// Its spelling in the index (UTF-8).
  let bytes: [UInt8]

  init(_ scalar: Unicode.Scalar) {
    let folded = Self.fold(scalar)
    let properties = scalar.properties
    kind = Self.kind(of: folded.first, instead: scalar)
    `class` =
      folded.first.map { ("0"..."9").contains($0) } == true
      ? .digit
      : properties.isUppercase || properties.generalCategory == .titlecaseLetter ? .upper : .lower
    bytes = folded.flatMap { Array(UTF8.encode($0) ?? UTF8.encodedReplacementCharacter) }
  }

  static let ascii = (0..<128 as Range<UInt8>).map { FoldedLetter(Unicode.Scalar($0)) }

  // MARK: Kinds

  private static func kind(of folded: Unicode.Scalar?, instead scalar: Unicode.Scalar) -> Kind {
    // Zero-width spaces and non-joiners are where Khmer and Persian join words.
    if scalar.value == 0x200B || scalar.value == 0x200C { return .joint }
    guard let folded else { return .dropped }
    if isAttached(folded.value) { return .attached }
    let properties = folded.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
      .privateUse:
      return isUnspaced(folded.value) ? .single : .letter
    default:
      return folded.value > 0x2000 && properties.isEmoji ? .single : .separator
    }
  }

  /// Voicing marks of kana, and the vowels and finals of a syllable of Hangul.
  private static func isAttached(_ value: UInt32) -> Bool {
    value == 0x3099 || value == 0x309A || 0x1160...0x11FF ~= value || 0xD7B0...0xD7FF ~= value
  }

  private static let unspaced: [ClosedRange<UInt32>] = [
    // Thai and Lao, Burmese, Hangul, Khmer, Tai.
    0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x1950...0x19DF,
    0x1A20...0x1AAF,
    // Radicals, kana, Bopomofo, Hangul's letters, ideographs, Yi.
    0x2E80...0x2FDF, 0x3005...0xA4CF,
    // Hangul, Burmese and Tai, Hangul's syllables.
    0xA960...0xA97F, 0xA9E0...0xA9FF, 0xAA60...0xAADF, 0xAC00...0xD7FF,
    // Ideographs of other standards and planes.
    0xF900...0xFAFF, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x20000...0x3FFFF,
  ]

  private static func isUnspaced(_ value: UInt32) -> Bool {
    unspaced.contains { $0 ~= value }
  }

  // MARK: Folding

  private static func fold(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if scalar.isASCII { return Array(scalar.properties.lowercaseMapping.unicodeScalars) }
    var folded: [Unicode.Scalar] = []
    for part in String(Character(wide(scalar)))._nfd where !isDropped(part, after: folded.last) {
      folded += simple(part)
    }
    return folded
  }

  /// Letters and digits of half and full width as they are otherwise.
  private static func wide(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
    case 0xFF66...0xFF9F: halfWidth[Int(scalar.value - 0xFF66)]
    default: scalar
    }
  }

  private static let halfWidth = Array(
    """
    ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\
    \u{3099}\u{309A}
    """.unicodeScalars)

  /// Upper case spells out ligatures and the ß, and has one sigma.
  private static func simple(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    let properties = scalar.properties
    if properties.numericType == .decimal || properties.numericType == .digit,
      let value = properties.numericValue, let digit = Unicode.Scalar(Int(value) + 0x30)
    {
      return [digit]
    }
    let text = properties.lowercaseMapping.uppercased().unicodeScalars
      .flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
    return text.flatMap { spelledOut[$0].map { Array($0.unicodeScalars) } ?? [$0] }
  }

  /// Letters that Unicode does not take apart.
  private static let spelledOut: [Unicode.Scalar: String] = [
    "æ": "ae", "œ": "oe", "ĳ": "ij", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h",
    "ŧ": "t", "ſ": "s", "ǆ": "dz", "ǉ": "lj", "ǌ": "nj",
    // Arabic and Persian keyboards have one letter each for these.
    "ی": "ي", "ى": "ي", "ک": "ك", "ٱ": "ا",
  ]

  /// Accents of Latin and Greek, vowels of Arabic and Hebrew, and what is not seen.
  static func isDropped(_ scalar: Unicode.Scalar, after base: Unicode.Scalar?) -> Bool {
    switch scalar.value {
    case 0x0306, 0x0308: !isLetterOfItsOwn(base)
    case 0x0300...0x036F, 0x0483...0x0487, 0x0591...0x05BD, 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5,
      0x05C7, 0x0610...0x061A, 0x0640, 0x064B...0x065F, 0x0670, 0x06D6...0x06DC, 0x06DF...0x06E8,
      0x06EA...0x06ED, 0x1AB0...0x1AFF, 0x1DC0...0x1DFF, 0x20D0...0x20FF, 0xFE00...0xFE0F,
      0xFE20...0xFE2F, 0x1F3FB...0x1F3FF, 0xE0100...0xE01EF:
      true
    default: scalar.properties.generalCategory == .format
    }
  }

  /// Whether a breve or two dots make another letter of it: й is not и, while ё is often written е.
  private static func isLetterOfItsOwn(_ base: Unicode.Scalar?) -> Bool {
    guard let base, 0x0400...0x04FF ~= base.value else { return false }
    return base != "е" && base != "Е"
  }
}
