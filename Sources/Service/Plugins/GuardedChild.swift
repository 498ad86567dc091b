internal import EventLoop

/// A plugin's process with its guard, and the daemon's ends of its three pipes.
@EventLoop
final class GuardedChild {
  /// The plugin's process id, known when it has started.
  private(set) var processID: Int32?
  let input: PipeEnd
  let output: PipeEnd
  let error: PipeEnd
  private let channel: PipeEnd
  private var channelSource: IOSource?
  private var guardSource: ChildSource?
  private var said: [UInt8] = []
  private let report = Promise<PluginGuard.Report>()
  private var exit: ChildExit?
  private var exitHandler: (ChildExit) -> Void = { _ in }

  /// Starts the guard, which starts the plugin.
  ///
  /// - Parameter guardProgram: what is run as the guard.
  init(_ order: PluginGuard.Order, name: String, guardProgram: String) throws(LoopError) {
    let (input, output, error) = (
      try PipeEnd.toWrite(), try PipeEnd.toRead(), try PipeEnd.toRead()
    )
    let channel = try PipeEnd.channel()
    (self.input, self.output, self.error) = (input.ours, output.ours, error.ours)
    self.channel = channel.ours
    let process = try PluginGuard.start(
      guardProgram, for: name,
      descriptors: [input.theirs, output.theirs, error.theirs, channel.theirs])
    do throws(LoopError) {
      try watch(process)
    } catch {
      _ = process.end(by: .now)
      throw error
    }
    send(order)
  }

  private func watch(_ process: SpawnedProcess) throws(LoopError) {
    channelSource = try IOSource(channel.descriptor, .readable) { [weak self] _ in
      self?.listen()
    }
    guardSource = try ChildSource(processID: process.pid) { [weak self] in self?.guardEnded($0) }
  }

  /// A guard without a whole order ends.
  private func send(_ order: PluginGuard.Order) {
    let bytes = order.bytes
    if case .taken(bytes.count) = channel.write(bytes[...]) { return channel.endWriting() }
    end(.failed("its command and environment are too long: \(bytes.count) bytes"))
  }

  // MARK: The start

  /// Waits until the plugin's program runs, or can't.
  func started() async -> PluginGuard.Report { await report.wait() }

  /// Takes all that the guard and the plugin have said so far.
  private func listen() {
    var buffer = [UInt8](repeating: 0, count: 64)
    while !report.isResolved {
      switch channel.read(into: &buffer) {
      case .bytes(let count): said += buffer[..<count]
      case .wouldBlock: return
      case .endOfStream: end(PluginGuard.Report(said))
      }
    }
  }

  private func end(_ report: PluginGuard.Report) {
    guard !self.report.isResolved else { return }
    if case .started(let id) = report { processID = id }
    channelSource?.cancel()
    channel.close()
    self.report.resolve(report)
  }

  // MARK: The end

  /// Calls back once when nothing of the plugin is left, with how its own process ended.
  func onExit(_ handler: @escaping (ChildExit) -> Void) {
    exitHandler = handler
    if let exit { handler(exit) }
  }

  private func guardEnded(_ exit: ChildExit) {
    // What it said of the start came before its end.
    listen()
    end(.abandoned)
    self.exit = exit
    guardSource?.cancel()
    exitHandler(exit)
    exitHandler = { _ in }
  }

  /// Kills it, and keeps it until it is reaped.
  func abandon() {
    onExit { [self] _ in withExtendedLifetime(self) {} }
    kill()
  }

  func terminate() { send(PluginGuard.endSignal) }

  func kill() {
    send(PluginGuard.killSignal)
    listen()
    end(.abandoned)
  }

  /// A guard that has ended can't be signalled, and need not be.
  private func send(_ signal: Int32) {
    guard exit == nil else { return }
    do throws(LoopError) { try guardSource?.send(signal: signal) } catch { return }
  }
}
