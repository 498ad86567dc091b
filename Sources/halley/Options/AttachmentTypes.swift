import ArgumentParser

/// Puts the value of each `--at` to the `-a` before it: the parser tells no order of two options.
enum AttachmentTypes {
  /// No argument of a program can hold it.
  private static let mark: Character = "\0"

  /// The arguments, in which the type stands behind its attachment, with a mark between them. An `--at`
  /// that follows none is left for the parser to refuse.
  static func joined(_ arguments: [String]) -> [String] {
    guard arguments.contains(where: { $0 == "--at" || $0.hasPrefix("--at=") }) else {
      return arguments
    }
    var joined: [String] = []
    var attachment: Int?
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" { return joined + [word] + rest }
      if let index = attachment, let type = type(word, &rest) {
        joined[index] += "\(mark)\(type)"
        attachment = nil
        continue
      }
      joined.append(word)
      if word.hasPrefix("--attach=") { attachment = joined.count - 1 }
      guard isAttach(word), let file = rest.popFirst() else { continue }
      joined.append(file)
      attachment = joined.count - 1
    }
    return joined
  }

  static func parts(of argument: String) -> (file: String, type: String)? {
    guard let index = argument.firstIndex(of: mark) else { return nil }
    return (String(argument[..<index]), String(argument[argument.index(after: index)...]))
  }

  private static func type(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
    if word.hasPrefix("--at=") { return String(word.dropFirst(5)) }
    return word == "--at" ? rest.popFirst() : nil
  }

  /// `-a`, also behind other letters as in `-qa`.
  private static func isAttach(_ word: String) -> Bool {
    word == "--attach" || (word.hasPrefix("-") && !word.hasPrefix("--") && word.hasSuffix("a"))
  }
}
