package import JSON
internal import Wire

/// An error that the daemon answered with, as the user is to see it.
package struct RemoteError: Sendable {
  /// The error object as it came.
  package let json: RawJSON
  private let data: RawJSON
  private let code: String

  package init(_ json: RawJSON) {
    self.json = json
    data = json["data"] ?? .emptyObject
    code = data["code"]?.string ?? ""
  }

  package var failure: Failure {
    Failure(status, message, advice: advice, remote: json)
  }

  /// The status by `halley(1)`, EXIT STATUS.
  package var status: ExitStatus {
    switch RPCError.Code(rawValue: code) {
    case .invalidParams: .usage
    case .config: .configuration
    case .overloaded, .busy, .upstreamUnreachable, .upstreamTimeout, .upstreamTruncated,
      .upstreamCircuitOpen:
      .tryAgain
    case .upstreamHTTP: statusOfHTTP
    default: .failed
    }
  }

  private var statusOfHTTP: ExitStatus {
    switch data["http_status"]?.integer {
    case 401, 403: .keyRefused
    // Too many requests, service unavailable, and what some providers answer when overloaded.
    case 429, 503, 529: .tryAgain
    default: .failed
    }
  }

  private var message: String {
    let message = json["message"]?.string ?? "the daemon answered with an error: \(json.text)"
    guard code == "method_not_found", json["message"] != nil else { return message }
    return "\(message) (this halleyd does not have it)"
  }

  private var advice: String? {
    if let hint = data["hint"]?.string { return hint }
    if let near = data["did_you_mean"]?.string { return "did you mean \(near)?" }
    if let pause = data["retry_after_ms"]?.double {
      return "try again in \(Quantity.duration(milliseconds: pause))"
    }
    return adviceByCode
  }

  private var adviceByCode: String? {
    switch RPCError.Code(rawValue: code) {
    case .upstreamHTTP where status == .keyRefused:
      "check the key of this upstream: halley config show"
    case .tooLarge: "send less at once, or raise limits.line in config.toml"
    case .cacheMiss: "ask without --cached to let the model answer"
    case .busy: "the conversation is busy; try again when its answer has ended"
    case .upstreamUnreachable: "check the network and base_url: halley config show"
    case .upstreamTruncated: "the upstream ended in mid-answer; ask again"
    case .upstreamTimeout:
      "the upstream took too long; ask again, or raise the timeouts in config.toml"
    case .config: "see: halley config check"
    case .storageFull: "make room on the disk that holds the state directory"
    default: nil
    }
  }
}
