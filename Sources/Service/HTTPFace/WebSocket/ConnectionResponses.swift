/// What the responses of one connection leave that are not stored, under their ids.
///
/// The newest are kept, as many as a connection has lanes twice over; where the texts of all
/// connections take too much, those of the connection that wants more are given up.
struct ConnectionResponses {
  private static let most = 64
  private static let mostBytes = 64 << 20

  private struct Entry {
    let lane: String?
    let context: UnstoredContext
  }

  private var entries: [Entry] = []

  /// What the response of an id left.
  func find(_ id: String?) -> UnstoredContext? {
    guard let id else { return nil }
    return entries.last { $0.context.responseID == id }?.context
  }

  mutating func keep(_ context: UnstoredContext, of lane: String?) {
    entries.removeAll { $0.context.responseID == context.responseID }
    entries.append(Entry(lane: lane, context: context))
    if entries.count > Self.most { entries.removeFirst() }
    while UnstoredTurn.bytesOfAll > Self.mostBytes, !entries.isEmpty { entries.removeFirst() }
  }

  /// Gives up what a request of a lane could not go on from. Another lane's stays: a fork that fails
  /// is not its end.
  mutating func forget(_ id: String?, of lane: String?) {
    entries.removeAll { $0.context.responseID == id && $0.lane == lane }
  }
}
