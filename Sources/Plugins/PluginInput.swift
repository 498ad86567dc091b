internal import EventLoop
internal import Wire

/// What is on its way to a plugin's stdin. Nothing here blocks.
@EventLoop
final class PluginInput {
  /// What may wait for a plugin that does not read. One line of any length may: a request can be
  /// as long as `limits.line`.
  static let maximumQueuedBytes = 8 << 20
  /// Shorter lines are written in one piece.
  private static let piecedBytes = 65_536

  private let end: PipeEnd
  private var queue: [ArraySlice<UInt8>] = []
  private var queuedBytes = 0
  /// Bytes that went into the plugin's pipe, in all.
  private(set) var sentBytes = 0
  private var source: IOSource?
  private(set) var isClosed = false
  private let onClosed: () -> Void

  /// - Parameter onClosed: is called when the plugin has closed its end.
  init(_ end: PipeEnd, onClosed: @escaping () -> Void) {
    self.end = end
    self.onClosed = onClosed
  }

  /// Sends a line, now or as soon as the plugin reads.
  ///
  /// - Returns: where it ends in all that is sent; nil where too much waits already, or the plugin
  ///   has closed its end.
  @discardableResult
  func send(_ line: RPCLine) -> Int? {
    let count = line.pieces.reduce(0) { $0 + $1.count }
    guard !isClosed, queue.isEmpty || queuedBytes + count <= Self.maximumQueuedBytes else {
      return nil
    }
    if count <= Self.piecedBytes {
      queue.append(Array(line.pieces.joined())[...])
    } else {
      queue += line.pieces
    }
    queuedBytes += count
    let end = sentBytes + queuedBytes
    if source == nil { flush() }
    return isClosed ? nil : end
  }

  private func flush() {
    while let next = queue.first {
      switch end.write(next) {
      case .closed: return closedByPlugin()
      case .taken(let count):
        queuedBytes -= count
        sentBytes += count
        if count == next.count {
          queue.removeFirst()
        } else {
          queue[0] = next.dropFirst(count)
          if count == 0 { return waitForReader() }
        }
      }
    }
    source?.cancel()
    source = nil
  }

  private func waitForReader() {
    guard source == nil else { return }
    do throws(LoopError) {
      source = try IOSource(end.descriptor, .writable) { [weak self] _ in self?.flush() }
    } catch {
      closedByPlugin()
    }
  }

  private func closedByPlugin() {
    close()
    onClosed()
  }

  /// Lets the plugin see the end of its input. What it has not read is dropped.
  func close() {
    isClosed = true
    source?.cancel()
    source = nil
    queue = []
    queuedBytes = 0
    end.close()
  }
}
