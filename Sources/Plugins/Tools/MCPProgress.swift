internal import JSON

/// How far a call had come when its server last told (`notifications/progress`).
struct MCPProgress {
  private(set) var text: String?

  mutating func update(_ params: RawJSON) {
    guard let done = params["progress"], done.kind == .number else { return }
    var text = done.text
    if let total = params["total"], total.kind == .number { text += " of \(total.text)" }
    if let message = params["message"]?.string {
      text += ", \(PlainText.line(message, maximumBytes: 200))"
    }
    self.text = text
  }
}
