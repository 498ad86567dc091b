package import JSON

/// Shows an object of any shape to people: values beside their names, inner objects indented, lists of
/// objects as tables.
package struct Report {
  private let styles: Bool
  private var text = ""

  package static func text(_ object: RawJSON, styles: Bool) -> String {
    var report = Report(styles: styles)
    report.add(object, indent: "")
    return report.text
  }

  private init(styles: Bool) {
    self.styles = styles
  }

  private mutating func add(_ object: RawJSON, indent: String) {
    let members = object.members
    let scalars = members.filter { !Self.isContainer($0.value) }
    let width = scalars.reduce(0) { max($0, TerminalText.width(FieldText.name($1.key))) }
    for member in scalars {
      let name = FieldText.name(member.key)
      let padding = String(repeating: " ", count: width - TerminalText.width(name) + 2)
      text += TerminalText.safe(
        "\(indent)\(name)\(padding)\(FieldText.text(member.value, of: member.key))\n")
    }
    for member in members where Self.isContainer(member.value) {
      addContainer(FieldText.name(member.key), member.value, indent)
    }
  }

  private mutating func addContainer(_ name: String, _ value: RawJSON, _ indent: String) {
    let elements = value.elements
    let title = styles ? TerminalStyle.bold(TerminalText.safe(name)) : TerminalText.safe(name)
    if elements.isEmpty, value.members.isEmpty {
      text += "\(indent)\(title): none\n"
    } else if value.kind == .object {
      text += "\(indent)\(title)\n"
      add(value, indent: indent + "  ")
    } else if elements.allSatisfy({ $0.kind == .object }) {
      text += "\(indent)\(title)\n"
      addLines(Records(elements).table(styles: styles), indent + "  ")
    } else {
      let list = elements.map { FieldText.text($0, of: name) }.joined(separator: ", ")
      text += "\(indent)\(title): \(TerminalText.safe(list))\n"
    }
  }

  private mutating func addLines(_ lines: String, _ indent: String) {
    for line in lines.split(separator: "\n") { text += "\(indent)\(line)\n" }
  }

  private static func isContainer(_ value: RawJSON) -> Bool {
    value.kind == .object || value.kind == .array
  }
}
