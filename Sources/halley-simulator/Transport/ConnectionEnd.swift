/// Ends the work on a connection.
enum ConnectionEnd: Error {
  /// The peer hung up or reset the connection.
  case peerGone
  /// The simulator ends the connection, because it was asked to.
  case closed
}
