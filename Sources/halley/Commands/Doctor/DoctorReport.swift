import Client
import JSON

/// What a doctor has looked at.
struct DoctorReport {
  private enum State: String {
    case fine, note, found
  }

  private struct Line {
    let check: String
    let state: State
    let text: String
    let mend: String?
  }

  private var lines: [Line] = []

  var hasFindings: Bool { lines.contains { $0.state == .found } }

  mutating func fine(_ check: String, _ text: String) {
    lines.append(Line(check: check, state: .fine, text: text, mend: nil))
  }

  /// What is worth knowing and wrong for nobody.
  mutating func note(_ check: String, _ text: String, _ mend: String? = nil) {
    lines.append(Line(check: check, state: .note, text: text, mend: mend))
  }

  mutating func found(_ check: String, _ text: String, _ mend: String?) {
    lines.append(Line(check: check, state: .found, text: text, mend: mend))
  }

  var json: RawJSON {
    .object { report in
      report.member("findings", lines.count { $0.state == .found })
      report.key("checks")
      report.array { list in
        for line in lines {
          list.object {
            $0.member("check", line.check)
            $0.member("state", line.state.rawValue)
            $0.member("text", line.text)
            if let mend = line.mend { $0.member("mend", mend) }
          }
        }
      }
    }
  }

  func text(styles: Bool) -> String {
    lines.map { line in
      let mark =
        switch line.state {
        case .fine: "ok   "
        case .note: "note "
        case .found: styles ? TerminalStyle.warning("wrong") : "wrong"
        }
      let words = TerminalText.safe("\(line.check): \(line.text)").replacing(
        "\n", with: "\n       ")
      let mend = line.mend.map { "       mend: \(TerminalText.safe($0))\n" } ?? ""
      return "\(mark)  \(words)\n\(mend)"
    }.joined()
  }
}
