internal import Wire

/// A prompt with places to fill in: `-t NAME`.
///
/// `{{name}}` is replaced by a parameter, `{{input}}` by the prompt. A template may begin with front
/// matter: lines `key: value` between two lines `---`.
package struct PromptTemplate: Sendable {
  /// The keys of the front matter; each stands for the option of its name.
  package static let settings = [
    "model", "upstream", "profile", "instructions", "effort", "max_tokens", "temperature", "schema",
    "tools", "defaults",
  ]

  package private(set) var values: [String: String] = [:]
  /// What places are filled with that no `-P` names.
  private var defaults: [String: String] = [:]
  private let name: String
  private var body: Substring

  package init(name: String, text: String) throws(Failure) {
    self.name = name
    body = text[...]
    guard let rest = Self.afterFence(body) else { return }
    body = rest
    while !body.isEmpty {
      if let rest = Self.afterFence(body) {
        body = rest
        try readDefaults()
        return
      }
      let line = Self.takeLine(&body)
      try takeSetting(line, Self.takeIndented(&body))
    }
    throw .usage("template \(name): its front matter has no closing line \"---\"")
  }

  /// Reads `templates/NAME.md` of the user's configuration.
  package init(named name: String) throws(Failure) {
    guard let directory = Environment.configurationDirectory else {
      throw .usage("template \(name): neither HOME nor XDG_CONFIG_HOME says where templates are")
    }
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
      throw .usage("template \"\(name)\" is no name; a file of \(directory)/templates was expected")
    }
    let path = TemplateFiles.path(of: name) ?? "\(directory)/templates/\(name).md"
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileContents.read(path)
    } catch {
      throw Failure(.noInput, "template \(name): \(path): \(error.reason)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("template \(name): \(path) is not UTF-8 text")
    }
    try self.init(name: name, text: text)
  }

  /// Fills the places in. A template without `{{input}}` gets the prompt behind it.
  package func fill(input: String, parameters: [String: String]) throws(Failure) -> String {
    var filled = ""
    var used: Set<String> = []
    var rest = body
    while let (before, place, after) = Self.nextPlace(in: rest) {
      filled += before
      filled += try value(of: place, input, parameters)
      used.insert(place)
      rest = after
    }
    filled += rest
    while filled.last?.isNewline == true { filled.removeLast() }
    if let unused = parameters.keys.sorted().first(where: { !used.contains($0) }) {
      throw .usage("template \(name) has no place {{\(unused)}} for -P \(unused)=…")
    }
    guard !used.contains("input"), !input.isEmpty else { return filled }
    return filled.isEmpty ? input : filled + "\n\n" + input
  }

  private func value(
    of place: String, _ input: String, _ parameters: [String: String]
  ) throws(Failure) -> String {
    if let value = parameters[place] ?? defaults[place] { return value }
    if place == "input" { return input }
    throw .usage("template \(name) needs a value for {{\(place)}}", advice: "add: -P \(place)=…")
  }

  /// - Parameter block: the lines below that are further in, of which the value may be.
  private mutating func takeSetting(_ line: Substring, _ block: String) throws(Failure) {
    let trimmed = Self.trim(line)
    guard !trimmed.isEmpty, trimmed.first != "#" else { return }
    guard let colon = trimmed.firstIndex(of: ":") else {
      throw .usage("template \(name): \"\(trimmed)\" found where \"key: value\" was expected")
    }
    let key = String(Self.trim(trimmed[..<colon]))
    guard Self.settings.contains(key) else {
      let near = closest(to: key, among: Self.settings).map { "did you mean \"\($0)\"?" }
      throw .usage(
        "template \(name): \"\(key)\" is no setting; one of \(Self.settings.joined(separator: ", "))"
          + " was expected", advice: near)
    }
    let value = Self.unquote(Self.trim(trimmed[trimmed.index(after: colon)...]))
    values[key] = value.isEmpty ? block : value
  }

  /// `defaults` is a block of lines `place: value`.
  private mutating func readDefaults() throws(Failure) {
    for line in (values["defaults"] ?? "").split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":"), Self.isName(Self.trim(line[..<colon])) else {
        throw .usage(
          "template \(name): \"\(line)\" found in its defaults where \"place: value\" was expected")
      }
      let place = String(Self.trim(line[..<colon]))
      defaults[place] = Self.unquote(Self.trim(line[line.index(after: colon)...]))
    }
  }

  /// The globs of `tools`.
  package var tools: [String] {
    (values["tools"] ?? "").split { $0 == "," || $0.isWhitespace }.map(String.init)
  }

  /// The first words of what it asks, or of its instructions.
  package var excerpt: String {
    let words = body.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return TerminalText.cut(words.isEmpty ? values["instructions"] ?? "" : words, to: 60)
  }

  /// A line of front matter, or a block where the value has several lines.
  package static func setting(_ key: String, _ value: String) -> String {
    let lines = value.split(whereSeparator: \.isNewline)
    guard lines.count > 1 else { return "\(key): \"\(value)\"\n" }
    return "\(key):\n" + lines.map { "  \($0)\n" }.joined()
  }

  private static func takeIndented(_ text: inout Substring) -> String {
    var lines: [Substring] = []
    while let first = text.first, first == " " || first == "\t" {
      lines.append(trim(takeLine(&text)))
    }
    return lines.joined(separator: "\n")
  }

  /// Cuts a text at its first place, such as `{{ name }}`.
  private static func nextPlace(
    in text: Substring
  ) -> (before: Substring, place: String, after: Substring)? {
    var start = text.startIndex
    while let open = text[start...].firstRange(of: "{{") {
      if let close = text[open.upperBound...].firstRange(of: "}}") {
        let place = trim(text[open.upperBound..<close.lowerBound])
        if isName(place) {
          return (text[..<open.lowerBound], String(place), text[close.upperBound...])
        }
      }
      start = text.index(after: open.lowerBound)
    }
    return nil
  }

  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// The text behind a first line `---`; nil where the first line is another.
  private static func afterFence(_ text: Substring) -> Substring? {
    var rest = text
    return trim(takeLine(&rest)) == "---" ? rest : nil
  }

  private static func takeLine(_ text: inout Substring) -> Substring {
    let line = text.prefix { !$0.isNewline }
    text = text[line.endIndex...].dropFirst()
    return line
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static func unquote(_ text: Substring) -> String {
    guard text.count > 1, let first = text.first, first == text.last, first == "\"" || first == "'"
    else { return String(text) }
    return String(text.dropFirst().dropLast())
  }
}
