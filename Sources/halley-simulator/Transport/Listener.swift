internal import Glibc

/// Accepts connections on a loopback address and starts a thread for each.
struct Listener: Sendable {
  /// The most connections that may wait to be accepted; the kernel cuts it to `somaxconn`.
  private static let backlog: Int32 = 4096

  private let descriptor: Int32
  let address: LoopbackAddress

  init(_ wanted: LoopbackAddress) throws(SystemError) {
    descriptor = socket(wanted.family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .last("socket") }
    var enabled: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &enabled, size)
    guard wanted.bind(descriptor) else { throw .last("binding \(wanted.text)") }
    guard listen(descriptor, Self.backlog) == 0 else { throw .last("listening on \(wanted.text)") }
    address = wanted.withPort(of: descriptor)
  }

  /// Accepts for ever.
  func run(_ simulation: Simulation, tls: TLSContext?) -> Never {
    while true {
      let connection = accept(descriptor, nil, nil)
      if connection >= 0 {
        serve(connection, simulation, tls)
      } else if errno == EMFILE || errno == ENFILE {
        Clock.sleep(nanoseconds: 10 * Clock.nanosecondsPerMillisecond)
      }
    }
  }

  private func serve(_ descriptor: Int32, _ simulation: Simulation, _ tls: TLSContext?) {
    do throws(SystemError) {
      try Thread.start {
        Connection.serve(descriptor, simulation, tls)
      }
    } catch {
      simulation.warn(error.description)
      close(descriptor)
    }
  }
}
