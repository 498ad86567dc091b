import Client
import JSON

/// Asks the daemon for names. Nobody waits for a completion: what it does not say at once is left out.
struct DaemonCandidates {
  let socket: String?
  /// What the candidates begin with.
  let typed: String

  func candidates(_ value: CompletionValue) -> [Candidates.Candidate] {
    switch value {
    case .models:
      list("models.list", "data") { ($0["id"], $0["halley"]?["upstream"]) }
    case .conversations:
      conversations
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

  /// The last used of those that begin so. Ids begin alike, so that the first letters of theirs
  /// choose none.
  private var conversations: [Candidates.Candidate] {
    let isBeginningOfIDs = "conv_".hasPrefix(typed)
    let named = typed.isEmpty ? [] : conversations(prefix: typed)
    return isBeginningOfIDs
      ? named + conversations(prefix: nil).filter { !named.contains($0) } : named
  }

  private func conversations(prefix: String?) -> [Candidates.Candidate] {
    let params = RawJSON.object {
      $0.member("limit", 100)
      if let prefix { $0.member("prefix", prefix) }
    }
    return list("conversations.list", "data", params) { conversation in
      let isID = prefix?.hasPrefix("conv_") == true
      let name = isID ? nil : conversation.nonNull("name")
      return (name ?? conversation["id"], conversation["id"])
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
