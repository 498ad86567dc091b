internal import EventLoop

/// Reads a plugin's stderr, at a bounded rate.
@EventLoop
final class PluginStderr {
  /// What is read in one interval. A plugin that writes more waits, rather than keep the loop busy.
  private static let bytesOfInterval = 64 * 1024
  private static let interval: Duration = .milliseconds(100)
  private static let readBytes = 16 * 1024

  private let end: PipeEnd
  private let onEntry: (StderrLines.Entry) -> Void
  private var lines = StderrLines(now: EventLoop.now)
  private var source: IOSource?
  private var timer: TimerSource?
  private var left = PluginStderr.bytesOfInterval
  private var isEnded = false

  init(
    _ end: PipeEnd, onEntry: @escaping (StderrLines.Entry) -> Void
  ) throws(LoopError) {
    self.end = end
    self.onEntry = onEntry
    timer = try TimerSource { [weak self] in self?.beginInterval() }
    try listen()
  }

  private func listen() throws(LoopError) {
    source = try IOSource(end.descriptor, .readable) { [weak self] _ in self?.read() }
  }

  private func read() {
    var buffer = [UInt8](repeating: 0, count: Self.readBytes)
    switch end.read(into: &buffer) {
    case .bytes(let count):
      emit(lines.append(buffer[..<count], now: EventLoop.now))
      if left == Self.bytesOfInterval { timer?.arm(after: Self.interval) }
      left -= count
      if left <= 0 { pause() }
    case .wouldBlock: return
    case .endOfStream: close()
    }
  }

  /// Epoll tells of a hang-up whether asked or not, so that a pause has no source.
  private func pause() {
    source?.cancel()
    source = nil
  }

  private func beginInterval() {
    left = Self.bytesOfInterval
    guard source == nil, !isEnded else { return }
    do throws(LoopError) { try listen() } catch { close() }
  }

  /// Takes what is left when the plugin has ended: a pipe's fill at most.
  func finish() {
    for _ in 0..<(Self.bytesOfInterval / Self.readBytes) where !isEnded { read() }
    close()
  }

  private func close() {
    guard !isEnded else { return }
    isEnded = true
    emit(lines.finish(now: EventLoop.now))
    source?.cancel()
    timer?.cancel()
    end.close()
  }

  private func emit(_ entries: [StderrLines.Entry]) {
    for entry in entries { onEntry(entry) }
  }
}
