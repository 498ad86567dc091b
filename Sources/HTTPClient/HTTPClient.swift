internal import CCurl
package import EventLoop
internal import Glibc

/// The connections to all upstreams: libcurl's multi interface on the loop (libcurl-multi(3)).
///
/// One pool serves every transfer: connections are kept alive and reused, HTTP/2 is used where the
/// upstream offers it, TLS sessions are resumed.
@EventLoop
@safe package final class HTTPClient {
  /// Idle connections that are kept, where descriptors are plenty; more than that are closed, the
  /// oldest first.
  private static let maximumIdleConnections = 64
  /// Easy handles that are kept for the next transfers.
  private static let maximumIdleHandles = 32

  private let multi: UnsafeMutableRawPointer
  private let share: UnsafeMutableRawPointer
  private var timer: TimerSource?
  private(set) var transfers: [UInt: Transfer] = [:]
  private var idleHandles: [EasyHandle] = []
  private var abandoned: [Transfer] = []
  private var isTimeoutDue = false
  private var isActionScheduled = false
  /// Whether the next call of libcurl begins a transfer, for which it picks a connection.
  private var hasNewTransfer = false

  var connections: [Int32: Connection] = [:]
  /// When a connection was last closed that libcurl would have kept.
  package internal(set) var lastSevered: LoopInstant?
  var sleepDetector = SleepDetector()
  /// Takes the place of connections that are severed.
  let closedSocket: Int32
  /// Reused connections on which a request went out, and when that must have been acknowledged.
  var unacknowledged: [Unacknowledged] = []
  private(set) var acknowledgementTimer: TimerSource?

  struct Unacknowledged {
    let due: LoopInstant
    /// Nil once it has ended: nothing of a request outlives its answer.
    weak var transfer: Transfer?
  }

  /// Sockets to upstreams that are open, idle ones included.
  package var openConnections: Int { connections.values.count { $0.isUpstream && !$0.isSevered } }
  /// Sockets opened since the start.
  package internal(set) var connectionsOpened = 0
  package var runningTransfers: Int { transfers.count }
  /// When a socket could last not be had.
  var lastShortage: LoopInstant?

  /// Whether a shortage in this process, rather than an upstream, may be why nothing could be
  /// opened since then.
  func wasShort(since start: LoopInstant) -> Bool {
    if let lastShortage, lastShortage >= start { return true }
    return Descriptors.areScarce
  }

  package init() throws(HTTPError) {
    // libcurl writes the secrets of every connection to the file that it names.
    unsafe _ = unsetenv("SSLKEYLOGFILE")
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    guard let multi = unsafe curl_multi_init(), let share = unsafe curl_share_init() else {
      throw HTTPError(.outOfMemory, "libcurl could not be set up")
    }
    unsafe self.multi = multi
    unsafe self.share = share
    closedSocket = try Self.makeClosedSocket()
    unsafe _ = halley_share_lock_data(share, CURL_LOCK_DATA_SSL_SESSION)
    unsafe _ = halley_share_lock_data(share, CURL_LOCK_DATA_DNS)
    unsafe _ = halley_multi_setopt_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe _ = halley_multi_set_functions(
      multi, CurlCallbacks.socket, CurlCallbacks.timer, context)
    do throws(LoopError) {
      timer = try TimerSource { [unowned self] in timeOut() }
      acknowledgementTimer = try TimerSource { [unowned self] in checkAcknowledgements() }
    } catch {
      throw HTTPError(.outOfMemory, error.description)
    }
  }

  isolated deinit {
    while let handle = idleHandles.popLast() { handle.close() }
    unsafe curl_multi_cleanup(multi)
    unsafe curl_share_cleanup(share)
    close(closedSocket)
  }

  /// Sends a request. The callbacks come later, never from within this call.
  package func start(
    _ request: HTTPRequest, _ callbacks: TransferCallbacks
  ) throws(HTTPError) -> Transfer {
    let handle = try takeHandle(for: request)
    let transfer = Transfer(handle, client: self, callbacks: callbacks)
    do throws(HTTPError) {
      try transfer.configure(request)
      try begin(transfer)
    } catch {
      keep(handle, isSetUp: false)
      throw error
    }
    return transfer
  }

  /// Hands a transfer to libcurl; its handle stays the caller's where that fails.
  private func begin(_ transfer: Transfer) throws(HTTPError) {
    limitPool()
    transfers[transfer.key] = transfer
    hasNewTransfer = true
    let result = unsafe curl_multi_add_handle(multi, transfer.easy)
    guard result == CURLM_OK else {
      transfers[transfer.key] = nil
      throw HTTPError(.outOfMemory, unsafe String(cString: curl_multi_strerror(result)))
    }
  }

  /// Keeps what rests from holding the descriptors that clients, the store or other connections
  /// need: libcurl closes a connection in its own time only, so that there is never much to close.
  private func limitPool() {
    let idle = min(Self.maximumIdleConnections, max(Descriptors.share(of: 16), 1))
    unsafe _ = halley_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, idle)
  }

  /// Begins a transfer once more, on a new connection: of its request nothing has arrived.
  func restart(_ transfer: Transfer) {
    detach(transfer, isWhole: false)
    transfer.prepareRestart()
    do throws(HTTPError) {
      try begin(transfer)
    } catch {
      transfer.finish(.failure(error))
      keep(transfer.handle, isSetUp: false)
    }
  }

  /// Takes a cancelled transfer off at the end of the turn: libcurl may be calling it right now.
  func abandon(_ transfer: Transfer) {
    abandoned.append(transfer)
    scheduleAction()
  }

  // MARK: libcurl's calls

  /// - Parameter milliseconds: -1 for no timer.
  func setTimer(milliseconds: Int) {
    isTimeoutDue = milliseconds == 0
    switch milliseconds {
    case ..<0: timer?.disarm()
    case 0: scheduleAction()
    default: timer?.arm(after: .milliseconds(milliseconds))
    }
  }

  // MARK: Our calls

  func act(on descriptor: Int32, _ ready: IOEvents) {
    var flags: Int32 = 0
    if ready.contains(.readable) { flags |= CURL_CSELECT_IN }
    if ready.contains(.writable) { flags |= CURL_CSELECT_OUT }
    if ready.contains(.error) || ready.contains(.hangUp) { flags |= CURL_CSELECT_ERR }
    perform(descriptor, flags)
  }

  private func timeOut() {
    perform(CURL_SOCKET_TIMEOUT, 0)
  }

  private func perform(_ descriptor: Int32, _ flags: Int32) {
    if hasNewTransfer {
      hasNewTransfer = false
      severStaleConnections()
    }
    var running: Int32 = 0
    unsafe _ = curl_multi_socket_action(multi, descriptor, flags, &running)
    BodyParts.deliver()
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
    while let transfer = abandoned.popLast() { remove(transfer, isWhole: false) }
  }

  private func collectFinished() {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE,
        let easy = unsafe message.pointee.easy_handle
      else { continue }
      let result = unsafe halley_message_result(message)
      guard let transfer = transfers[UInt(bitPattern: easy)] else { continue }
      if result != CURLE_OK, transfer.mayRestart {
        restart(transfer)
      } else {
        // What its owner gave up while it took the last bytes was cut off for all that is known.
        let isWhole = result == CURLE_OK && !transfer.isGivenUp
        transfer.finish(result)
        remove(transfer, isWhole: isWhole)
      }
    }
  }

  private func remove(_ transfer: Transfer, isWhole: Bool) {
    // Its handle may serve another transfer by now.
    guard transfers[transfer.key] === transfer else { return }
    detach(transfer, isWhole: isWhole)
    keep(transfer.handle, isSetUp: isWhole && transfer.leavesSetup)
  }

  /// - Parameter isWhole: whether its answer came to an end.
  private func detach(_ transfer: Transfer, isWhole: Bool) {
    let connection = leaveConnection(transfer)
    transfers[transfer.key] = nil
    unsafe _ = curl_multi_remove_handle(multi, transfer.easy)
    guard let connection, connections[connection.descriptor] === connection else { return }
    guard !isWhole else { return rest(connection) }
    // libcurl 7.88 leaves the RST_STREAM of a stream in its queue until the connection's next bytes,
    // so that the upstream would go on meanwhile.
    if let other = connection.users.first.flatMap({ transfers[$0] }) {
      other.flushConnection()
    } else {
      sever(connection)
    }
  }

  private func keep(_ handle: EasyHandle, isSetUp: Bool) {
    guard idleHandles.count < Self.maximumIdleHandles else { return handle.close() }
    handle.dropBody()
    if !isSetUp { handle.reset() }
    idleHandles.append(handle)
  }

  /// A handle that is set up for such a request already, or for none.
  private func takeHandle(for request: HTTPRequest) throws(HTTPError) -> EasyHandle {
    let ready = idleHandles.lastIndex { $0.setup.map(request.isSetUp) ?? false }
    if let ready { return idleHandles.remove(at: ready) }
    let handle = idleHandles.popLast()
    handle?.reset()
    guard let handle = unsafe handle ?? curl_easy_init().map({ unsafe EasyHandle($0) }) else {
      throw HTTPError(.outOfMemory, "no memory for a transfer")
    }
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe CurlProfile.apply(to: handle.pointer, share: share, context: context)
    return handle
  }
}
