import Client
import JSON
import Wire

/// Asks the daemon for names. Nobody waits for a completion: what it does not say at once is left out.
struct DaemonCandidates {
  /// Milliseconds.
  private static let patience: Int64 = 250

  /// Ends a call that takes too long.
  private struct Watch: CallObserver {
    let end = Clock.milliseconds + DaemonCandidates.patience
    var tickInterval: Int32? { 25 }

    mutating func receive(_ notification: RPCRequest) {}
    mutating func callWasInterrupted() {}
    mutating func daemonIsSilent(_ words: String) {}

    mutating func tick() throws(Failure) {
      if Clock.milliseconds > end { throw Failure(.tryAgain, "") }
    }
  }

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
    var watch = Watch()
    do throws(Failure) {
      let session = Session(try Connection(to: SocketLocation(option: socket)))
      return try session.call(method, params, observer: &watch)
    } catch {
      return nil
    }
  }
}
