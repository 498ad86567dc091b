internal import Glibc

/// A connected socket, in the clear or with TLS; used by the one thread that serves it.
final class Channel {
  /// Linux's value; glibc declares it for programs that define `_GNU_SOURCE` only.
  private static let peerHungUp: Int16 = 0x2000

  private let descriptor: Int32
  private let tls: TLSSession?
  private let statistics: Statistics
  private var isOpen = true

  init(_ descriptor: Int32, tls: TLSSession?, statistics: Statistics) {
    self.descriptor = descriptor
    self.tls = tls
    self.statistics = statistics
    var enabled: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, size)
  }

  /// Makes the TLS handshake, where there is one to be made.
  func open() throws(ConnectionEnd) {
    guard let tls else { return }
    try tls.accept()
    statistics.countHandshake(isResumed: tls.isResumed)
  }

  /// Reads what has come and returns its length, 0 when the peer ended its side.
  func read(into buffer: inout [UInt8]) throws(ConnectionEnd) -> Int {
    let length: Int
    if let tls {
      length = try tls.read(into: &buffer)
    } else {
      length = try readInClear(into: &buffer)
    }
    statistics.countReceived(bytes: length)
    return length
  }

  private func readInClear(into buffer: inout [UInt8]) throws(ConnectionEnd) -> Int {
    let capacity = buffer.count
    while true {
      let length = unsafe recv(descriptor, &buffer, capacity, 0)
      if length >= 0 { return length }
      guard errno == EINTR else { throw .peerGone }
    }
  }

  func write(_ bytes: Span<UInt8>) throws(ConnectionEnd) {
    let result = unsafe bytes.withUnsafeBytes { buffer in
      Result { () throws(ConnectionEnd) in try unsafe writeAll(buffer) }
    }
    try result.get()
    statistics.countSent(bytes: bytes.count)
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(ConnectionEnd) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let written = try unsafe writeSome(UnsafeRawBufferPointer(rebasing: rest))
      unsafe rest = unsafe rest.dropFirst(written)
    }
  }

  private func writeSome(_ bytes: UnsafeRawBufferPointer) throws(ConnectionEnd) -> Int {
    if let tls { return try unsafe tls.write(bytes) }
    while true {
      let length = unsafe send(
        descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if length >= 0 { return length }
      guard errno == EINTR else { throw .peerGone }
    }
  }

  /// Sleeps until a time of the monotonic clock, or until the peer hangs up.
  ///
  /// A peer that ends only its own side counts as gone: at this end the two look alike.
  func wait(until deadline: UInt64) throws(ConnectionEnd) {
    while true {
      let now = Clock.monotonic()
      guard now < deadline else { return }
      let milliseconds = (deadline - now) / Clock.nanosecondsPerMillisecond
      try watch(milliseconds: Int32(clamping: milliseconds))
      // poll() counts whole milliseconds; the fraction is slept through.
      if milliseconds == 0 { Clock.sleep(nanoseconds: deadline - now) }
    }
  }

  /// Keeps the connection open in silence until the peer hangs up.
  func waitForPeerToLeave() throws(ConnectionEnd) -> Never {
    while true { try watch(milliseconds: -1) }
  }

  private func watch(milliseconds: Int32) throws(ConnectionEnd) {
    var entry = pollfd(fd: descriptor, events: Self.peerHungUp, revents: 0)
    guard unsafe poll(&entry, 1, milliseconds) > 0 else { return }
    throw .peerGone
  }

  /// Waits, a second at most, until the peer's kernel has taken what was written.
  ///
  /// A reset throws away what is still in the send queue.
  private func drain() {
    let deadline = Clock.monotonic() + Clock.nanosecondsPerSecond
    var queued: Int32 = 0
    while unsafe ioctl(descriptor, UInt(TIOCOUTQ), &queued) == 0, queued > 0,
      Clock.monotonic() < deadline
    {
      Clock.sleep(nanoseconds: 100_000)
    }
  }

  /// Ends the connection with RST rather than FIN.
  func reset() {
    drain()
    var option = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout<linger>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, size)
    closeDescriptor()
  }

  func close() {
    guard isOpen else { return }
    tls?.shutDown()
    closeDescriptor()
  }

  private func closeDescriptor() {
    guard isOpen else { return }
    isOpen = false
    Glibc.close(descriptor)
  }
}
