internal import EventLoop
internal import Glibc

/// A descriptor that libcurl watches: a connection to an upstream, or one of libcurl's own.
@EventLoop
final class Connection {
  let descriptor: Int32
  /// Whether it is a connection to an upstream; libcurl's resolver has sockets of its own.
  let isUpstream: Bool
  /// The transfers that have a request on it.
  var users: Set<UInt> = []
  /// Whether libcurl wants to hear of it.
  var isWatched = false
  /// Whether it speaks HTTP/2: what comes unasked then names its stream.
  var isMultiplexed = false
  /// Whether it has carried a request.
  var hasServed = false
  /// Since when it has been at rest; nil while it is in use.
  private(set) var restingSince: LoopInstant?
  /// Whether it was closed underneath libcurl.
  private(set) var isSevered = false
  private var source: IOSource?
  private var port: UInt16?

  init(_ descriptor: Int32, isUpstream: Bool) {
    self.descriptor = descriptor
    self.isUpstream = isUpstream
  }

  func wait(
    for events: IOEvents, _ handler: @escaping @EventLoop (IOEvents) -> Void
  ) throws(LoopError) {
    if let source { return source.wait(for: events) }
    source = try IOSource(descriptor, events, handler: handler)
  }

  /// Waits for nothing but the connection's end.
  func ignoreInput() { source?.wait(for: []) }

  func stopWaiting() {
    source?.cancel()
    source = nil
  }

  /// Takes note of whether it is in use; returns whether it has just come to rest.
  func updateRest() -> Bool {
    guard isUpstream, !isSevered, hasServed, users.isEmpty, !isWatched else {
      restingSince = nil
      return false
    }
    guard restingSince == nil else { return false }
    restingSince = EventLoop.now
    return true
  }

  /// Closes the connection underneath libcurl, which finds a closed one when it looks at it next.
  /// What had come and was not read goes with it.
  ///
  /// - Parameter closed: a socket whose peer is gone; it takes the place of the connection.
  func sever(with closed: Int32) {
    stopWaiting()
    isSevered = true
    restingSince = nil
    dup2(closed, descriptor)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// The local port, which libcurl names when it begins a request; 0 without one.
  var localPort: UInt16 {
    if let port { return port }
    let found = LocalAddress(of: descriptor)?.port ?? 0
    if found != 0 { port = found }
    return found
  }
}

/// The address of a connection's own end (getsockname(2)).
@safe struct LocalAddress {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  init?(of descriptor: Int32) {
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    guard result == 0, [AF_INET, AF_INET6].contains(Int32(storage.ss_family)) else { return nil }
  }

  var port: UInt16 {
    // Both families have their port in the same place (ip(7), ipv6(7)).
    unsafe withUnsafeBytes(of: storage) { bytes in
      UInt16(unsafe bytes[2]) << 8 | UInt16(unsafe bytes[3])
    }
  }

  /// Whether this machine still has the address; answers to one that it gave up never arrive.
  var isPresent: Bool {
    let probe = socket(
      Int32(storage.ss_family),
      Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard probe >= 0 else { return true }
    defer { close(probe) }
    var address = storage
    unsafe withUnsafeMutableBytes(of: &address) { bytes in
      unsafe bytes[2] = 0
      unsafe bytes[3] = 0
    }
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(probe, $0, length)
      }
    }
    return result == 0 || errno != EADDRNOTAVAIL
  }
}
