internal import EventLoop
internal import HTTPClient
internal import Wire

/// What a response needs of the daemon; it keeps these for as long as it runs, also over a reload.
struct ResponseServices {
  let http: HTTPClient
  let keys: APIKeys
  let limits: LimitsConfiguration
  let registry: ResponseRegistry
  let onFinished: @EventLoop (ResponseRun, FinishedResponse) -> Void
  let onBreakerOpened: @EventLoop (Upstream) -> Void
}

/// How a response ended, for the journal.
struct FinishedResponse {
  /// The response's own, or `failed` where there is an error instead.
  let status: String
  let outcome: ResponseOutcome
  let timing: ResponseTiming
}
