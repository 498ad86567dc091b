import Client
import JSON

/// Asks the daemon for names. Nobody waits for a completion: what it does not say at once is left out.
struct DaemonCandidates {
  let socket: String?

  func candidates(_ value: CompletionValue) -> [Candidates.Candidate] {
    switch value {
    case .models:
      list("models.list", "data") { ($0["id"], $0["halley"]?["upstream"]) }
    case .conversations:
      list("conversations.list", "data", .object { $0.member("limit", 100) }) {
        ($0.nonNull("name") ?? $0["id"], $0["id"])
      }
    case .tools:
      list("tools.list", "data") { ($0["tool"] ?? $0["name"], $0["description"]) }
    case .tokens:
      list("tokens.list", "data") { ($0["name"], $0["sees"]) }
    case .upstreams:
      list("daemon.status", "upstreams") { ($0["name"], $0["base_url"]) }
    case .profiles:
      list("daemon.status", "profiles") { ($0["name"], $0["model"]) }
    case .responses:
      list("daemon.status", "responses") { ($0["id"], $0["model"]) }
    case .methods:
      (result("daemon.schema", .emptyObject)?["methods"]?.members ?? []).map { .init(text: $0.key) }
    case .templates, .files, .choices, .words: []
    }
  }

  private func list(
    _ method: String, _ member: String, _ params: RawJSON = .emptyObject,
    _ candidate: (RawJSON) -> (text: RawJSON?, note: RawJSON?)
  ) -> [Candidates.Candidate] {
    (result(method, params)?[member]?.elements ?? []).compactMap { element in
      let (text, note) = candidate(element)
      guard let text = text?.string else { return nil }
      let line = note?.string?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      return .init(text: text, note: line.replacing("\t", with: " "))
    }
  }

  private func result(_ method: String, _ params: RawJSON) -> RawJSON? {
    QuickCall(socket: socket).result(method, params)
  }
}
