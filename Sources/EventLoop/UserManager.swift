internal import CSystemd
internal import Glibc

/// The service manager of the daemon's user, by way of the user's bus (org.freedesktop.systemd1(5)).
///
/// Each call has a connection of its own: a bus that is started anew costs the next call nothing.
@EventLoop
@safe package final class UserManager {
  /// Without an answer for this long, there is none.
  private static let patience: Duration = .seconds(10)
  /// As long for whether there is a manager at all, for which a start waits.
  private static let startPatience: Duration = .seconds(2)
  /// Together as long as that.
  private static let startTries = 100
  private static let pauseMicroseconds: UInt32 = 20_000

  private let bus: OpaquePointer
  private let onAnswer: (String?) -> Void

  private init(onAnswer: @escaping (String?) -> Void) throws(LoopError) {
    var bus: OpaquePointer?
    try LoopError.check(unsafe sd_bus_open_user(&bus), "sd_bus_open_user")
    guard let bus = unsafe bus else { throw LoopError("sd_bus_open_user", code: ENOMEM) }
    unsafe self.bus = bus
    self.onAnswer = onAnswer
    try LoopError.check(
      unsafe sd_bus_attach_event(bus, EventLoop.shared.executor.event, 0), "sd_bus_attach_event")
  }

  isolated deinit {
    unsafe sd_bus_close_unref(bus)
  }

  /// The user's service whose main process this is; nil where it is none, or can't ask its manager.
  package static var ownService: String? {
    var name: UnsafeMutablePointer<CChar>?
    guard let main = unsafe getenv("SYSTEMD_EXEC_PID"),
      unsafe Int32(String(cString: main)) == getpid(),
      unsafe sd_pid_get_user_unit(0, &name) >= 0, let text = unsafe name
    else { return nil }
    defer { unsafe free(text) }
    let unit = unsafe String(cString: text)
    return unit.hasSuffix(".service") && hasManager ? unit : nil
  }

  /// Whether it runs for this user, as far as its private socket tells. Root's daemon is the system's.
  package nonisolated static var isThere: Bool {
    guard geteuid() != 0, let directory = unsafe getenv("XDG_RUNTIME_DIR") else { return false }
    return unsafe access("\(String(cString: directory))/systemd/private", F_OK) == 0
  }

  /// Whether it is on the bus: that may be one of a session that has a bus to itself.
  private static var hasManager: Bool {
    do throws(LoopError) {
      let manager = try UserManager { _ in }
      unsafe _ = sd_bus_set_method_call_timeout(
        manager.bus, Self.startPatience.wholeMicroseconds)
      // It comes onto the bus a moment after that was started, maybe by this very connection.
      var tries = isThere ? Self.startTries : 1
      while tries > 0 {
        let result = unsafe sd_bus_get_name_creds(
          manager.bus, "org.freedesktop.systemd1", 0, nil)
        if result != -ENXIO { return result >= 0 }
        tries -= 1
        if tries > 0 { usleep(Self.pauseMicroseconds) }
      }
      return false
    } catch {
      return false
    }
  }

  /// Starts a service that is gone when it has ended (`StartTransientUnit`).
  ///
  /// - Parameter onAnswer: is told, once, what the manager has against it, or that it has nothing.
  package static func start(
    _ unit: String, _ properties: [(name: String, value: BusValue)],
    onAnswer: @escaping (String?) -> Void
  ) throws(LoopError) {
    let manager = try UserManager(onAnswer: onAnswer)
    var call: OpaquePointer?
    try LoopError.check(
      unsafe sd_bus_message_new_method_call(
        manager.bus, &call, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager", "StartTransientUnit"), "sd_bus_message_new_method_call")
    guard let call = unsafe call else { return }
    defer { unsafe _ = sd_bus_message_unref(call) }
    let message = unsafe BusMessage(message: call)
    try message.append(unit)
    try message.append("replace")
    try message.append(properties)
    try message.appendNoUnits()
    try unsafe manager.send(call)
  }

  /// The answer comes once, or the end of patience; until then the object is kept for it.
  private func send(_ call: OpaquePointer) throws(LoopError) {
    let kept = unsafe Unmanaged.passRetained(self)
    let result = unsafe sd_bus_call_async(
      bus, nil, call,
      { answer, context, _ in
        guard let context = unsafe context else { return 0 }
        nonisolated(unsafe) let (answer, address) = unsafe (answer, context)
        EventLoop.assumeIsolated {
          let manager = unsafe Unmanaged<UserManager>.fromOpaque(address).takeRetainedValue()
          unsafe manager.receive(answer)
        }
        return 0
      }, kept.toOpaque(), Self.patience.wholeMicroseconds)
    guard result < 0 else { return }
    unsafe kept.release()
    throw LoopError("sd_bus_call_async", code: -result)
  }

  private func receive(_ answer: OpaquePointer?) {
    // A connection is not closed from within its own callback.
    EventLoop.atEndOfTurn { [self] in withExtendedLifetime(self) {} }
    let error = unsafe sd_bus_message_get_error(answer)
    let text = unsafe error?.pointee.message ?? error?.pointee.name
    unsafe onAnswer(text.map { unsafe String(cString: $0) })
  }
}
