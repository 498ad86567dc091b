internal import EventLoop
internal import Glibc

/// How far the bytes that were sent over a TCP connection have come (tcp(7), TCP_INFO).
struct TCPProgress {
  /// Bytes that the peer's kernel has acknowledged.
  let acknowledged: UInt64
  /// Bytes handed to the network, each counted once.
  let sent: UInt64

  /// Nil where the descriptor is no TCP socket.
  init?(of descriptor: Int32) {
    // The structure of linux/tcp.h only ever grows; the C library's own ends before these members.
    var info = InlineArray<29, UInt64>(repeating: 0)
    var length = socklen_t(MemoryLayout<InlineArray<29, UInt64>>.size)
    let result = unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
    guard result == 0, Int(length) >= Self.retransmitted * 8 + 8 else { return nil }
    acknowledged = info[Self.bytesAcknowledged]
    sent = info[Self.bytesSent] &- info[Self.retransmitted]
  }

  /// Where `tcpi_bytes_acked`, `tcpi_bytes_sent` and `tcpi_bytes_retrans` stand, in eights of bytes.
  private static let bytesAcknowledged = 15
  private static let bytesSent = 25
  private static let retransmitted = 26
}

/// The options of a TCP connection to an upstream that libcurl does not set.
enum TCPOptions {
  /// Unacknowledged bytes and unanswered probes end a connection after this: an upstream that is
  /// there acknowledges within a round trip, however long its model thinks.
  static let userTimeout: Duration = .seconds(35)
  /// Keepalive probes, which libcurl sends every 5 s after 20 s of silence, that may be lost.
  private static let lostProbes: Int32 = 3

  static func apply(to descriptor: Int32) {
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, lostProbes)
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, Int32(userTimeout.wholeMicroseconds / 1000))
  }

  /// Makes close(2) drop what was not acknowledged rather than go on sending it (socket(7)).
  static func dropUnsent(of descriptor: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    unsafe _ = setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  private static func set(_ descriptor: Int32, _ level: Int, _ name: Int32, _ value: Int32) {
    var value = value
    unsafe _ = setsockopt(
      descriptor, Int32(level), name, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
