import EventLoop
import HTTPClient
import JSON
import TestSupport
import Testing

@Suite(.onLoop) struct HTTPClientTests {
  @Test @EventLoop
  func `nothing of a request outlives its answer, on a reused connection either`() async throws {
    let simulator = try Simulator()
    let client = try HTTPClient()
    for _ in 1...2 {
      var ended: Result<TransferMetrics, HTTPError>?
      weak let transfer = try client.start(
        HTTPRequest(
          .post, "\(simulator.baseURL)/responses", body: Array("{}".utf8),
          route: HTTPRoute(connectTimeout: .seconds(5))),
        TransferCallbacks(onHead: { _ in }, onBody: { _ in }, onEnd: { ended = $0 }))
      try await eventually("the answer") { ended != nil }
      _ = try ended?.get()
      #expect(transfer == nil)
    }
    #expect(client.connectionsOpened == 1)
  }
}
