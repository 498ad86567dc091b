internal import CSystemd
internal import Glibc

/// Tells systemd how the service is doing (sd_notify(3)); does nothing where no one listens.
package enum ServiceNotifier {
  package static func ready(status: String) {
    send("READY=1\nSTATUS=\(status)")
  }

  /// Says that the configuration is being read again; `ready(status:)` ends it.
  package static func reloading() {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
  }

  package static func stopping(status: String) {
    send("STOPPING=1\nSTATUS=\(status)")
  }

  package static func status(_ text: String) {
    send("STATUS=\(text)")
  }

  private static func send(_ state: String) {
    unsafe _ = sd_notify(0, state)
  }
}
