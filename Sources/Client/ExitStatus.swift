/// The statuses that `halley` leaves with (`halley(1)`, EXIT STATUS).
///
/// The numbers above 63 are those of `sysexits.h` where it has one that fits.
package enum ExitStatus: Int32, Sendable {
  case ok = 0
  /// The model or the API failed.
  case failed = 1
  /// The answer ended before it was whole.
  case incomplete = 3
  case usage = 64
  /// The answer does not match the schema.
  case mismatch = 65
  /// A file that was to be sent is missing or can't be read.
  case noInput = 66
  case noDaemon = 69
  /// The same request may succeed later.
  case tryAgain = 75
  case keyRefused = 77
  case configuration = 78
  /// 128 + SIGINT.
  case interrupted = 130
  /// 128 + SIGPIPE.
  case brokenPipe = 141
  /// 128 + SIGTERM.
  case terminated = 143
}
