internal import EventLoop
internal import Wire
/// How one kind of setting is read and shown.
struct SettingType<Value> {
  /// What a value must be, for people: "an integer from 1 to 65535".
  let expected: String
  let read: (TOMLNode.Value) -> Value?
  /// Reads the text of an environment variable or a flag.
  let readText: (String) -> Value?
  /// As TOML.
  let show: (Value) -> String
}

extension SettingType where Value == Bool {
  static var boolean: SettingType {
    SettingType(
      expected: "true or false",
      read: { if case .boolean(let flag) = $0 { flag } else { nil } },
      readText: { Bool($0) },
      show: { "\($0)" })
  }
}

extension SettingType where Value == Int {
  static func integer(_ range: ClosedRange<Int>) -> SettingType {
    let check: (Int?) -> Int? = { number in number.flatMap { range.contains($0) ? $0 : nil } }
    return SettingType(
      expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
      read: { if case .integer(let number) = $0 { check(Int(exactly: number)) } else { nil } },
      readText: { check(Int($0)) },
      show: { "\($0)" })
  }

  /// Bytes, as a text with a unit or as a plain integer.
  static func size(_ range: ClosedRange<Int>) -> SettingType {
    let check: (Int?) -> Int? = { number in number.flatMap { range.contains($0) ? $0 : nil } }
    let bounds = "\(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
    return SettingType(
      expected: "a size such as \"80MiB\" (B, KB, MB, GB, KiB, MiB, GiB), from \(bounds)",
      read: { value in
        switch value {
        case .integer(let number): check(Int(exactly: number))
        case .string(let text): check(SizeText.bytes(text))
        default: nil
        }
      },
      readText: { check(SizeText.bytes($0)) },
      show: { TOMLText.quoted(SizeText.text($0)) })
  }
}

extension SettingType where Value == Duration {
  static func duration(_ range: ClosedRange<Duration>) -> SettingType {
    let readText: (String) -> Duration? = { text in
      DurationText.duration(text).flatMap { range.contains($0) ? $0 : nil }
    }
    let bounds = "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
    return SettingType(
      expected: "a duration such as \"30s\" (ms, s, m, h, d), from \(bounds)",
      read: { if case .string(let text) = $0 { readText(text) } else { nil } },
      readText: readText,
      show: { TOMLText.quoted(DurationText.text($0)) })
  }
}

extension SettingType where Value == NanoDollars {
  /// US dollars as a number.
  static var dollars: SettingType {
    SettingType(
      expected: "US dollars as a number such as 2.5, from 0 to 1000000",
      read: { value in
        switch value {
        case .integer(let number): NanoDollars(dollars: Double(number))
        case .float(let number): NanoDollars(dollars: number)
        default: nil
        }
      },
      readText: { Double($0).flatMap(NanoDollars.init(dollars:)) },
      show: { "\($0.dollars)" })
  }
}

extension NanoDollars {
  /// nil below 0, above a million, and for what would round to nothing.
  package init?(dollars: Double) {
    guard 0...1_000_000 ~= dollars else { return nil }
    let amount = Int64((dollars * 1e9).rounded())
    guard amount > 0 || dollars == 0 else { return nil }
    self.init(amount)
  }
}

extension SettingType where Value == String {
  /// - Parameter accepts: checks more than the length.
  static func text(
    _ expected: String, bytes: ClosedRange<Int> = 1...4096,
    accepts: @escaping (String) -> Bool = { _ in true }
  ) -> SettingType {
    let check: (String) -> String? = { text in
      bytes.contains(text.utf8.count) && !text.utf8.contains(0) && accepts(text) ? text : nil
    }
    return SettingType(
      expected: expected,
      read: { if case .string(let text) = $0 { check(text) } else { nil } },
      readText: check,
      show: TOMLText.quoted)
  }

  /// The name of a model: visible, because it goes into logs and tables.
  static var model: SettingType {
    text("the name of a model of 1 to 256 bytes without white space", bytes: 1...256) { name in
      name.unicodeScalars.allSatisfy {
        !$0.properties.isWhitespace && $0.value >= 0x20 && $0 != "\u{7F}"
      }
    }
  }

  static func absolutePath(_ what: String) -> SettingType {
    text("an absolute path \(what)") { $0.hasPrefix("/") }
  }

  /// What names tables, files and tools: `[A-Za-z0-9_-]`, a letter or digit first.
  static func name(of what: String, maximumBytes: Int) -> SettingType {
    text(
      "the name of \(what): 1 to \(maximumBytes) of A-Z a-z 0-9 _ -, a letter or digit first",
      bytes: 1...maximumBytes, accepts: isName)
  }

  static func isName(_ text: String) -> Bool {
    text.utf8.first?.isASCIILetterOrDigit == true
      && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-".utf8.contains($0) }
  }
}

extension SettingType
where
  Value: RawRepresentable & CaseIterable, Value.RawValue == String, Value.AllCases == [Value]
{
  static var choice: SettingType {
    SettingType(
      expected: "one of " + Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "),
      read: { if case .string(let text) = $0 { Value(rawValue: text) } else { nil } },
      readText: { Value(rawValue: $0) },
      show: { TOMLText.quoted($0.rawValue) })
  }
}

extension SettingType {
  /// An array, each element of one type, none twice.
  static func array<Element: Hashable>(
    of element: SettingType<Element>, count: ClosedRange<Int> = 0...64
  ) -> SettingType where Value == [Element] {
    SettingType(
      expected: "an array of at most \(count.upperBound), each \(element.expected)",
      read: { value in
        guard case .array(let nodes) = value, count.contains(nodes.count) else { return nil }
        let elements = nodes.compactMap { element.read($0.value) }
        return elements.count == nodes.count && Set(elements).count == elements.count
          ? elements : nil
      },
      // In a variable they are separated by commas.
      readText: { text in
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let elements = parts.compactMap { element.readText(String($0.drop { $0 == " " })) }
        return elements.count == parts.count && count.contains(parts.count)
          && Set(elements).count == elements.count ? elements : nil
      },
      show: { "[" + $0.map(element.show).joined(separator: ", ") + "]" })
  }
}

extension SettingType where Value == LoopbackAddress {
  static var loopbackAddress: SettingType {
    SettingType(
      expected: "a literal loopback address and a port, as in \"127.0.0.1:4141\" or \"[::1]:4141\"",
      read: { if case .string(let text) = $0 { LoopbackAddress(text) } else { nil } },
      readText: { LoopbackAddress($0) },
      show: { TOMLText.quoted($0.authority) })
  }
}

extension SettingType where Value == Glob {
  /// - Parameter what: as in "models".
  static func glob(of what: String) -> SettingType {
    let text = SettingType<String>.model
    return SettingType(
      expected: "a glob of \(what) such as \"name*\" (* and ? are wildcards)",
      read: { text.read($0).map(Glob.init) },
      readText: { text.readText($0).map(Glob.init) },
      show: { TOMLText.quoted($0.pattern) })
  }
}
