package import EventLoop
package import JSON
internal import Store
internal import Wire

/// One create on a connection that keeps what is not stored: what it goes on from, and what it
/// leaves for the next.
@EventLoop
package final class ConnectionTurn {
  /// What it goes on from where that is stored nowhere.
  let previous: UnstoredContext?
  /// Whether anybody is asked. Otherwise the response is empty, and what was said is there for the
  /// next one.
  let generates: Bool
  private var said: (context: RequestContext, input: RequestInput)?
  private var origin: StoredContext.Origin?

  package init(after previous: UnstoredContext?, generates: Bool) {
    self.previous = previous
    self.generates = generates
  }

  func assembled(_ context: RequestContext, _ input: RequestInput) {
    said = (context, input)
  }

  func answered(by origin: StoredContext.Origin) {
    self.origin = origin
  }

  /// What a request goes on from that names the response.
  ///
  /// - Parameter halley: what is known of how it was made; it counts where another request's call
  ///   answered.
  package func ended(with response: RawJSON, halley: RawJSON) -> UnstoredContext? {
    guard let said, let id = response["id"]?.string else { return nil }
    let origin =
      self.origin
      ?? StoredContext.Origin(
        responseID: id, upstream: halley["upstream"]?.string,
        upstreamID: halley["upstream_id"]?.string, keyIdentity: nil,
        model: response["model"]?.string)
    let turn = UnstoredTurn(
      input: said.input.items.map(\.withoutToolSecrets),
      output: response["output"]?.objects ?? [], of: origin)
    return UnstoredContext(
      responseID: id, parent: said.context.parent, turns: said.context.unstored + [turn])
  }
}
