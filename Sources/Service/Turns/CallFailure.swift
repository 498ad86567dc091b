internal import EventLoop
internal import HTTPClient
package import JSON
package import Wire

/// How an attempt ended that gave an answer.
package enum CallResult {
  /// A stream whose terminal event was handed on.
  case streamed
  /// The response object of an answer that was not streamed.
  case object(RawJSON)
}

/// Why one attempt at an upstream gave no answer, and what that means for another.
package struct CallFailure: Error {
  /// How far the attempt had come.
  package enum Phase: Equatable {
    /// The request was not sent: another attempt is always safe.
    case notSent
    /// It was not sent, and another attempt would end alike.
    case refused
    /// It was sent and nothing came back: it may have run.
    case noStatus
    /// A status other than success came.
    case status(Int)
    /// The answer began.
    case answered
  }

  package var error: RPCError
  package let phase: Phase
  /// What the upstream asks to wait.
  var retryAfter: Duration?
  /// What `x-should-retry` says.
  var shouldRetry: Bool?
  /// Whether the upstream itself is in trouble, rather than the request.
  var isUpstreamDown = false
  /// Whether the proxy wants another user or password, for which their source is read again.
  var hasRefusedProxyCredentials = false
  /// The connection that was lost, as `TransferMetrics` numbers it; others may have been on it.
  var lostConnection: Int?

  package init(
    error: RPCError, phase: Phase, retryAfter: Duration? = nil, shouldRetry: Bool? = nil,
    isUpstreamDown: Bool = false
  ) {
    self.error = error
    self.phase = phase
    self.retryAfter = retryAfter
    self.shouldRetry = shouldRetry
    self.isUpstreamDown = isUpstreamDown
  }
}

extension RPCError {
  /// The daemon or its system has run out of a resource that the request takes.
  static func exhausted(_ message: String) -> RPCError {
    RPCError(
      .overloaded, message, isRetryable: true, details: [("retry_after_ms", .integer(1000))])
  }
}

extension CallFailure {
  /// The same without the key in what it says.
  func cleaned(by redactor: KeyRedactor?) -> CallFailure {
    guard let redactor else { return self }
    var cleaned = self
    cleaned.error = redactor.cleaned(error)
    return cleaned
  }

  /// The failure of an exchange of which nothing was seen before its end.
  static func exchange(_ failure: HTTPError) -> CallFailure {
    switch failure.code {
    case .send, .receive: truncated(failure.message, phase: .noStatus)
    case .protocolViolation, .unusableRequest: protocolViolation("http", failure.message)
    default: unreachable(failure)
    }
  }

  /// Whether the upstream may have worked on the request.
  var mayHaveRun: Bool { phase == .noStatus || phase == .answered }

  static func unreachable(_ failure: HTTPError) -> CallFailure {
    switch failure.code {
    case .connectTimeout: return timeout(.connect, phase: .notSent, "no connection")
    case .resolve: return unreachable("dns", failure.message)
    case .tls: return unreachable("tls", failure.message)
    case .exhausted, .outOfMemory: return exhausted(failure.message)
    case .proxy: return proxy(failure)
    default: return unreachable("connect", failure.message)
    }
  }

  /// The daemon's own shortage, which says nothing about the upstream.
  static func exhausted(_ message: String, phase: Phase = .notSent) -> CallFailure {
    CallFailure(
      error: .exhausted("the daemon has nothing left to ask an upstream with: \(message)"),
      phase: phase)
  }

  /// A proxy's refusal is final; an error on the way to it may pass.
  private static func proxy(_ failure: HTTPError) -> CallFailure {
    var details: [(key: String, value: RawJSON)] = [("phase", .string("proxy"))]
    if let proxy = failure.proxy { details.append(("proxy", .string(proxy))) }
    if let status = failure.proxyStatus { details.append(("http_status", .integer(status))) }
    let isRetryable = failure.proxyStatus.map { $0 == 429 || $0 >= 500 } ?? true
    var call = CallFailure(
      error: RPCError(
        .upstreamUnreachable, failure.message, isRetryable: isRetryable, details: details),
      phase: isRetryable ? .notSent : .refused, isUpstreamDown: isRetryable)
    call.hasRefusedProxyCredentials = failure.proxyStatus == 407
    return call
  }

  private static func unreachable(_ phase: String, _ message: String) -> CallFailure {
    CallFailure(
      error: RPCError(
        .upstreamUnreachable, message, isRetryable: true, details: [("phase", .string(phase))]),
      phase: .notSent, isUpstreamDown: true)
  }

  enum TimeoutPhase: String {
    case connect
    case firstEvent = "first_event"
    case idle
    case total
  }

  static func timeout(
    _ timeout: TimeoutPhase, phase: Phase, _ what: String, after limit: Duration? = nil
  ) -> CallFailure {
    let time = limit.map { " within \($0.milliseconds / 1000) s" } ?? " in time"
    return CallFailure(
      error: RPCError(
        .upstreamTimeout, "\(what)\(time)", isRetryable: true,
        details: [("phase", .string(timeout.rawValue))]),
      phase: phase, isUpstreamDown: true)
  }

  static func truncated(_ message: String, phase: Phase = .answered) -> CallFailure {
    CallFailure(
      error: RPCError(.upstreamTruncated, message, isRetryable: true), phase: phase,
      isUpstreamDown: true)
  }

  static func protocolViolation(_ detail: String, _ message: String) -> CallFailure {
    CallFailure(
      error: RPCError(.upstreamProtocol, message, details: [("detail", .string(detail))]),
      phase: .answered)
  }
}

extension CallFailure {
  /// The response was stopped between two attempts; the stop's own cause is what counts.
  static let stopped = CallFailure(
    error: RPCError(.cancelled, "the request was cancelled"), phase: .notSent)

  /// - Parameter cause: what went wrong there last.
  static func circuitOpen(_ upstream: String, wait: Duration, cause: RPCError?) -> CallFailure {
    let cause = cause.map { "; what went wrong last: \($0.message)" } ?? ""
    return CallFailure(
      error: RPCError(
        .upstreamCircuitOpen,
        "upstream \(upstream) did not work lately; it is tried again in "
          + "\((wait.milliseconds / 1000).rounded(.up)) s\(cause)",
        isRetryable: true,
        details: [("retry_after_ms", .integer(wait.wholeMicroseconds / 1000))]),
      phase: .notSent)
  }

  /// An error event that came instead of a response.
  static func streamError(_ event: RawJSON) -> CallFailure {
    let error = event.nonNull("error") ?? event
    let message = error.nonNull("message")?.string ?? "an error event"
    let code = error.nonNull("code")?.string ?? ""
    return CallFailure(
      error: RPCError(
        .upstreamHTTP, "the upstream answered 200 and an error: \(message)",
        isRetryable: ["rate_limit_exceeded", "server_error", "slow_down"].contains(code),
        details: [("http_status", .integer(200)), ("error", error)]),
      phase: .status(200))
  }
}
