internal import JSON

/// Which tools may be called, and whether one has to be.
struct ToolChoice {
  let isRequired: Bool
  private let isForbidden: Bool
  /// The names that may be called; nil for all.
  private let names: [String]?

  /// Reads `tool_choice` in all its forms; absent, it is `auto`.
  init(_ json: RawJSON?) {
    let type = json?["type"]?.string
    let name = json?["name"]?.string
    isForbidden = json?.string == "none"
    switch type {
    case "function", "custom":
      isRequired = true
      names = name.map { [$0] }
    case "allowed_tools":
      isRequired = json?["mode"]?.string == "required"
      names = json?["tools"]?.elements.compactMap { $0["name"]?.string }
    default:
      isRequired = json?.string == "required"
      names = nil
    }
  }

  func allows(_ name: String) -> Bool {
    !isForbidden && (names?.contains(name) ?? true)
  }
}
