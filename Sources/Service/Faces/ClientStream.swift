package import EventLoop

/// What makes sense of the bytes of a client, and has bytes for it.
@EventLoop
package protocol ClientStreamOwner: AnyObject {
  /// Whether the client has so much left to read that nothing more is read from it.
  var isPaused: Bool { get }
  /// Whether there is nothing left to do for the client once it sends nothing more.
  var isDone: Bool { get }

  func receive(_ bytes: borrowing Span<UInt8>)
  /// The client has shut down its writing side; what it asked for goes on.
  func receiveEnd()
  /// What is sent next, some 64 KiB at most; empty while there is nothing.
  func nextOutput() -> ArraySlice<UInt8>
  /// Some output is on its way, and there may be room for more work.
  func goOn()
  /// The connection is gone; called once.
  func closed()
}

/// A client's end of a stream socket: reads while its owner has room, and sends what its owner has
/// while the socket has room, so that a slow reader costs one chunk of memory however far it lags.
///
/// Life: open → half-closed when the client has shut down its writing side → closed. Only a hang-up,
/// a failed write or a stalled reader is a disconnect.
@EventLoop
package final class ClientStream {
  /// recv(2) calls, and send(2) calls, before other clients have their turn.
  private static let mostCallsATurn = 16
  /// Bytes of one recv(2).
  private static let readBytes = 64 * 1024
  /// Shared by all: what was read is with its owner before the next read.
  private static var readBuffer = [UInt8](repeating: 0, count: readBytes)

  private let descriptor: Int32
  private let stalledReader: Duration
  private unowned let owner: any ClientStreamOwner
  private var source: IOSource?
  private var unsent: ArraySlice<UInt8> = []
  private var isFlushScheduled = false
  private var isBlocked = false
  private var stallTimer: TimerSource?
  package private(set) var isReadingEnded = false
  package private(set) var isClosed = false

  /// - Parameters:
  ///   - descriptor: belongs to the stream, unless this throws.
  ///   - stalledReader: a client that takes nothing for this long is dropped.
  package init(
    _ descriptor: Int32, stalledReader: Duration, owner: any ClientStreamOwner
  ) throws(LoopError) {
    self.descriptor = descriptor
    self.stalledReader = stalledReader
    self.owner = owner
    source = try IOSource(descriptor, .readable) { [weak self] ready in self?.handle(ready) }
  }

  /// Whether something that the owner handed out is not sent yet.
  package var hasUnsent: Bool { !unsent.isEmpty }
  package var unsentBytes: Int { unsent.count }

  private func handle(_ ready: IOEvents) {
    if ready.contains(.writable) {
      isBlocked = false
      flush()
    }
    if ready.contains(.readable) || ready.contains(.hangUp), !isReadingEnded, !isClosed { read() }
    // What was sent before a hang-up still counts: a request may be meant to outlive its client.
    let mayReadMore = !isReadingEnded && !isClosed && !owner.isPaused
    if ready.contains(.hangUp) || ready.contains(.error), !mayReadMore { close() }
  }

  // MARK: Reading

  private func read() {
    reading: for _ in 0..<Self.mostCallsATurn where !isReadingEnded && !owner.isPaused {
      do throws(LoopError) {
        switch try UnixSocket.read(descriptor, into: &Self.readBuffer) {
        case .bytes(let count):
          let bytes = Self.readBuffer
          owner.receive(bytes.span.extracting(0..<count))
          // That was all; what comes now, or an end, wakes the loop.
          if count < Self.readBytes { break reading }
        case .wouldBlock: return
        case .endOfStream:
          stopReading()
          owner.receiveEnd()
          break reading
        }
      } catch {
        return close()
      }
    }
    closeIfDone()
    updateInterest()
  }

  /// Reads nothing any more; what was asked for is still answered.
  package func stopReading() {
    isReadingEnded = true
  }

  // MARK: Writing

  /// Asks the owner for output at the end of the turn.
  package func wake() {
    guard !isFlushScheduled, !isClosed, !isBlocked else { return }
    isFlushScheduled = true
    EventLoop.atEndOfTurn { [weak self] in
      self?.isFlushScheduled = false
      self?.flush()
    }
  }

  private func flush() {
    guard !isClosed, !isBlocked else { return }
    do throws(LoopError) {
      let hasMore = try send()
      watchForStall(isBlocked)
      if hasMore { wake() }
    } catch {
      return close()
    }
    owner.goOn()
    closeIfDone()
    updateInterest()
  }

  /// Sends what there is, by one send(2) a chunk.
  ///
  /// - Returns: whether there is more, but others should have their turn.
  private func send() throws(LoopError) -> Bool {
    for _ in 0..<Self.mostCallsATurn {
      if unsent.isEmpty { unsent = owner.nextOutput() }
      guard !unsent.isEmpty else { return false }
      let count = try UnixSocket.send(descriptor, unsent)
      guard count > 0 else {
        isBlocked = true
        return false
      }
      unsent = count == unsent.count ? [] : unsent.dropFirst(count)
    }
    return true
  }

  /// Tells the client that nothing more is sent, and goes on reading (shutdown(2)).
  package func endWriting() {
    guard !isClosed else { return }
    UnixSocket.endWriting(descriptor)
  }

  private func updateInterest() {
    guard !isClosed else { return }
    var events: IOEvents = []
    if !isReadingEnded, !owner.isPaused { events.insert(.readable) }
    if isBlocked { events.insert(.writable) }
    source?.wait(for: events)
  }

  /// Drops a client that takes nothing for too long; what it asked for goes on or ends as if it had
  /// hung up.
  private func watchForStall(_ isStalled: Bool) {
    guard isStalled else {
      stallTimer?.disarm()
      return
    }
    do throws(LoopError) {
      if stallTimer == nil { stallTimer = try TimerSource { [weak self] in self?.close() } }
      stallTimer?.arm(after: stalledReader)
    } catch {
      close()
    }
  }

  // MARK: The end

  private func closeIfDone() {
    if isReadingEnded, !isClosed, unsent.isEmpty, owner.isDone { close() }
  }

  /// Hangs up.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    stopReading()
    source?.cancel()
    stallTimer?.cancel()
    UnixSocket.close(descriptor)
    unsent = []
    owner.closed()
  }
}
