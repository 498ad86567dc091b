internal import CCurl
package import EventLoop
internal import Glibc

/// The connections to all upstreams: libcurl's multi interface on the loop (libcurl-multi(3)).
///
/// One pool serves every transfer: connections are kept alive and reused, HTTP/2 is used where the
/// upstream offers it, TLS sessions are resumed.
@EventLoop
@safe package final class HTTPClient {
  /// Idle connections that are kept; more than that are closed, the oldest first.
  private static let maximumIdleConnections = 64
  /// Easy handles that are kept for the next transfers.
  private static let maximumIdleHandles = 32

  private let multi: UnsafeMutableRawPointer
  private let share: UnsafeMutableRawPointer
  private var timer: TimerSource?
  private var sockets: [Int32: IOSource] = [:]
  private var transfers: [UInt: Transfer] = [:]
  private var idleHandles: [UnsafeMutableRawPointer] = unsafe []
  private var abandoned: [Transfer] = []
  private var isTimeoutDue = false
  private var isActionScheduled = false

  /// Sockets to upstreams that are open, idle ones included.
  package private(set) var openConnections = 0
  /// Sockets opened since the start.
  package private(set) var connectionsOpened = 0
  package var runningTransfers: Int { transfers.count }
  private var lastShortage: LoopInstant?

  /// Whether this process, and no upstream, may be why something since then could not be opened.
  func wasShort(since start: LoopInstant) -> Bool {
    if let lastShortage, lastShortage >= start { return true }
    return Descriptors.areScarce
  }

  package init() throws(HTTPError) {
    // Where it is set, libcurl writes there what decrypts every connection.
    unsafe _ = unsetenv("SSLKEYLOGFILE")
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    guard let multi = unsafe curl_multi_init(), let share = unsafe curl_share_init() else {
      throw HTTPError(.outOfMemory, "libcurl could not be set up")
    }
    unsafe self.multi = multi
    unsafe self.share = share
    unsafe _ = halley_share_lock_data(share, CURL_LOCK_DATA_SSL_SESSION)
    unsafe _ = halley_share_lock_data(share, CURL_LOCK_DATA_DNS)
    unsafe _ = halley_multi_setopt_long(
      multi, CURLMOPT_MAXCONNECTS, Self.maximumIdleConnections)
    unsafe _ = halley_multi_setopt_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe _ = halley_multi_set_functions(
      multi, CurlCallbacks.socket, CurlCallbacks.timer, context)
    do throws(LoopError) {
      timer = try TimerSource { [unowned self] in timeOut() }
    } catch {
      throw HTTPError(.outOfMemory, error.description)
    }
  }

  isolated deinit {
    while let handle = unsafe idleHandles.popLast() { unsafe curl_easy_cleanup(handle) }
    unsafe curl_multi_cleanup(multi)
    unsafe curl_share_cleanup(share)
  }

  /// Sends a request. The callbacks come later, never from within this call.
  package func start(
    _ request: HTTPRequest, _ callbacks: TransferCallbacks
  ) throws(HTTPError) -> Transfer {
    let easy = try unsafe takeHandle()
    let transfer = unsafe Transfer(easy: easy, client: self, callbacks: callbacks)
    do throws(HTTPError) {
      try transfer.configure(request)
    } catch {
      unsafe curl_easy_cleanup(easy)
      throw error
    }
    transfers[UInt(bitPattern: easy)] = transfer
    let result = unsafe curl_multi_add_handle(multi, easy)
    guard result == CURLM_OK else {
      transfers[UInt(bitPattern: easy)] = nil
      unsafe curl_easy_cleanup(easy)
      throw HTTPError(.outOfMemory, unsafe String(cString: curl_multi_strerror(result)))
    }
    return transfer
  }

  /// Takes a cancelled transfer off at the end of the turn: libcurl may be calling it right now.
  func abandon(_ transfer: Transfer) {
    abandoned.append(transfer)
    scheduleAction()
  }

  // MARK: libcurl's calls

  /// - Parameter transfer: the address of the easy handle that the socket serves.
  func watch(_ descriptor: Int32, _ what: Int32, for transfer: UInt) {
    guard what != CURL_POLL_REMOVE else {
      sockets.removeValue(forKey: descriptor)?.cancel()
      return
    }
    var events: IOEvents = []
    if what & CURL_POLL_IN != 0 { events.insert(.readable) }
    if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
    if let source = sockets[descriptor] { return source.wait(for: events) }
    do throws(LoopError) {
      sockets[descriptor] = try IOSource(descriptor, events) { [unowned self] ready in
        act(on: descriptor, ready)
      }
    } catch {
      // Nothing would move it.
      transfers[transfer]?.fail(HTTPError(.exhausted, error.description))
    }
  }

  /// - Parameter milliseconds: -1 for no timer.
  func setTimer(milliseconds: Int) {
    isTimeoutDue = milliseconds == 0
    switch milliseconds {
    case ..<0: timer?.disarm()
    case 0: scheduleAction()
    default: timer?.arm(after: .milliseconds(milliseconds))
    }
  }

  func openSocket(_ family: Int32, _ type: Int32, _ protocol: Int32) -> Int32 {
    let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), `protocol`)
    // One upstream may have of the last ones.
    guard descriptor >= 0, transfers.count < 2 || !Descriptors.areLast(descriptor, for: .upstreams)
    else {
      lastShortage = EventLoop.now
      if descriptor >= 0 { close(descriptor) }
      return -1
    }
    openConnections += 1
    connectionsOpened += 1
    return descriptor
  }

  func closeSocket(_ descriptor: Int32) -> Int32 {
    openConnections -= 1
    return close(descriptor)
  }

  // MARK: Our calls

  private func act(on descriptor: Int32, _ ready: IOEvents) {
    var flags: Int32 = 0
    if ready.contains(.readable) { flags |= CURL_CSELECT_IN }
    if ready.contains(.writable) { flags |= CURL_CSELECT_OUT }
    if ready.contains(.error) || ready.contains(.hangUp) { flags |= CURL_CSELECT_ERR }
    var running: Int32 = 0
    unsafe _ = curl_multi_socket_action(multi, descriptor, flags, &running)
    collectFinished()
  }

  private func timeOut() {
    var running: Int32 = 0
    unsafe _ = curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
    collectFinished()
  }

  private func scheduleAction() {
    guard !isActionScheduled else { return }
    isActionScheduled = true
    EventLoop.atEndOfTurn { [weak self] in self?.act() }
  }

  private func act() {
    isActionScheduled = false
    removeAbandoned()
    if isTimeoutDue {
      isTimeoutDue = false
      timeOut()
    }
    removeAbandoned()
  }

  private func removeAbandoned() {
    while let transfer = abandoned.popLast() { remove(transfer) }
  }

  private func collectFinished() {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE,
        let easy = unsafe message.pointee.easy_handle
      else { continue }
      let result = unsafe halley_message_result(message)
      guard let transfer = transfers[UInt(bitPattern: easy)] else { continue }
      transfer.finish(result)
      remove(transfer)
    }
  }

  private func remove(_ transfer: Transfer) {
    let key = unsafe UInt(bitPattern: transfer.easy)
    // Its handle may serve another transfer by now.
    guard transfers[key] === transfer else { return }
    transfers[key] = nil
    unsafe _ = curl_multi_remove_handle(multi, transfer.easy)
    unsafe keep(transfer.easy)
  }

  private func keep(_ easy: UnsafeMutableRawPointer) {
    guard unsafe idleHandles.count < Self.maximumIdleHandles else {
      unsafe curl_easy_cleanup(easy)
      return
    }
    // Nothing of the finished transfer may be left behind: its buffers are freed now.
    unsafe curl_easy_reset(easy)
    unsafe idleHandles.append(easy)
  }

  private func takeHandle() throws(HTTPError) -> UnsafeMutableRawPointer {
    guard let easy = unsafe idleHandles.popLast() ?? curl_easy_init() else {
      throw HTTPError(.outOfMemory, "no memory for a transfer")
    }
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe CurlProfile.apply(to: easy, share: share, context: context)
    return unsafe easy
  }
}
