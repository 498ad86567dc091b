internal import Configuration
internal import JSON

/// What a connection may cost, and how its lines are read.
struct ClientLimits: Sendable {
  let maximumConnections: Int
  let maximumLineBytes: Int
  let maximumBufferedBytes: Int
  /// Bytes of answers that one client has not taken.
  let maximumOutputBytes: Int
  /// Bytes of answers that all clients have not taken.
  let maximumOutputBytesOfAll: Int
  /// Requests in flight on one connection.
  let maximumRequests: Int
  let stalledReader: Duration
  let json: JSONLimits

  init(_ limits: LimitsConfiguration) {
    maximumConnections = limits.connections
    maximumLineBytes = limits.line
    maximumBufferedBytes = limits.buffers
    maximumOutputBytes = limits.output
    maximumOutputBytesOfAll = limits.outputs
    maximumRequests = limits.requestsPerConnection
    stalledReader = limits.stalledReader
    json = JSONLimits(
      maximumDepth: limits.depth, maximumNodes: limits.nodes, maximumKeyBytes: limits.key,
      maximumNumberBytes: limits.number, allowsDuplicateKeys: false, allowsLoneSurrogates: false)
  }
}
