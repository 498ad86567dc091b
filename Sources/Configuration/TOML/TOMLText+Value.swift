internal import Wire

extension TOMLText {
  /// Any value, tables in braces.
  static func value(_ node: TOMLNode) -> String {
    switch node.value {
    case .string(let text): quoted(text)
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .dateTime: "a date or time"
    case .array(let elements): "[" + elements.map(value).joined(separator: ", ") + "]"
    case .table(let members): table(members.entries.map { ($0.key, value($0.node)) })
    }
  }
}
