internal import JSON

/// Why a value breaks a rule, and which value inside the one that was checked.
struct Refusal: Error {
  /// The way from the checked value to the refused one, as in `[2].content[0].detail`.
  private(set) var path = ""
  let message: String
  /// The known member that an unknown one most likely meant.
  let suggestion: String?

  init(_ message: String, suggestion: String? = nil) {
    self.message = message
    self.suggestion = suggestion
  }

  /// Says what stands where something else was expected.
  init(found: String, expected: String) {
    self.init("\(found) found, \(expected) was expected")
  }

  /// The same refusal, seen from the object that has the value as a member.
  func inside(_ key: String) -> Refusal {
    var outer = self
    outer.path = Self.step(key) + path
    return outer
  }

  /// The same refusal, seen from the array that has the value as an element.
  func inside(_ index: Int) -> Refusal {
    var outer = self
    outer.path = "[\(index)]" + path
    return outer
  }

  /// What the client gets.
  var error: RPCError {
    var error = RPCError.invalidParams(
      path.first == "." ? String(path.dropFirst()) : path, message)
    if let suggestion { error.details.append(("did_you_mean", .string(suggestion))) }
    return error
  }

  /// `.name`, or `["two words"]` for a key that would make the path ambiguous.
  private static func step(_ key: String) -> String {
    let isPlain =
      !key.isEmpty && key.utf8.allSatisfy { 0x21...0x7E ~= $0 && !".[]\"\\".utf8.contains($0) }
    return isPlain ? ".\(key)" : "[\(RawJSON.string(key).text)]"
  }
}

extension RawJSON {
  /// The value as a refusal names it, without the text of strings: it may be somebody's prompt.
  var foundText: String {
    switch kind {
    case .null, .boolean, .number: excerpt
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
