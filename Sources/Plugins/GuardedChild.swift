internal import Configuration
internal import CSpawn
internal import EventLoop
internal import Glibc

/// A plugin's process with its guard, and the daemon's ends of its pipes.
@EventLoop
final class GuardedChild {
  /// The plugin's process id, known when it has started.
  private(set) var processID: Int32?
  let input: PipeEnd
  let output: PipeEnd
  /// nil where the journal has it.
  let error: PipeEnd?
  private let channel: PipeEnd
  private var source: IOSource?
  private var said: [UInt8] = []
  /// Why the plugin's program can't run; nil where it does.
  private let start = Promise<String?>()
  /// Whether it is known that nothing is against the guard's start.
  private var isAnswered = false
  private var exit: ChildExit?
  private var exitHandler: (ChildExit) -> Void = { _ in }

  /// Starts the guard, which starts the plugin.
  ///
  /// - Parameter order: nil for `PluginGuard.question`, of which the answer is `processID`.
  init(
    _ order: PluginGuard.Order?, _ plugin: PluginConfiguration, by starter: any PluginStarter
  ) throws(LoopError) {
    let (input, output) = (try PipeEnd.toWrite(), try PipeEnd.toRead())
    let error = starter.hasJournal ? nil : try PipeEnd.toRead()
    let channel = try PipeEnd.channel()
    (self.input, self.output, self.error) = (input.ours, output.ours, error?.ours)
    self.channel = channel.ours
    let bytes = order?.bytes ?? PluginGuard.question
    let theirs = [input.theirs, output.theirs, error?.theirs].compactMap { $0?.descriptor }
    let sent = unsafe halley_send_descriptors(
      channel.ours.descriptor, bytes, bytes.count, theirs, Int32(theirs.count))
    guard sent == bytes.count else {
      throw LoopError("sendmsg", code: sent < 0 ? errno : EMSGSIZE, "\(bytes.count) bytes")
    }
    source = try IOSource(channel.ours.descriptor, .readable) { [weak self] _ in self?.listen() }
    try starter.start(channel.theirs, for: plugin) { [weak self] in self?.answered($0) }
  }

  // MARK: The start

  /// Waits until the plugin's program runs, or can't.
  ///
  /// - Returns: why it can't.
  func started() async -> String? { await start.wait() }

  /// Takes all that the guard has said so far. What is left of the plugin when a guard dies, the
  /// kernel kills.
  private func listen() {
    var buffer = [UInt8](repeating: 0, count: 8 * PluginGuard.Report.byteCount)
    while exit == nil {
      switch channel.read(into: &buffer) {
      case .bytes(let count): take(buffer[..<count])
      case .wouldBlock: return
      case .endOfStream where !isAnswered && !start.isResolved:
        // Why is on its way.
        source?.cancel()
        source = nil
        return
      case .endOfStream: ended(as: .killed(signal: SIGKILL))
      }
    }
  }

  private func take(_ bytes: ArraySlice<UInt8>) {
    said += bytes
    while said.count >= PluginGuard.Report.byteCount, exit == nil {
      let report = PluginGuard.Report(said.prefix(PluginGuard.Report.byteCount))
      said.removeFirst(PluginGuard.Report.byteCount)
      switch report {
      case .started(let id):
        processID = id
        start.resolve(nil)
      case .failed(let reason): start.resolve(reason)
      case .ended(let exit): ended(as: exit)
      }
    }
  }

  private func answered(_ refusal: String?) {
    isAnswered = true
    guard exit == nil, refusal != nil || source == nil else { return }
    if let refusal { start.resolve(refusal) }
    ended(as: .killed(signal: SIGKILL))
  }

  // MARK: The end

  /// Calls back once when nothing of the plugin is left, with how its own process ended.
  func onExit(_ handler: @escaping (ChildExit) -> Void) {
    exitHandler = handler
    if let exit { handler(exit) }
  }

  private func ended(as exit: ChildExit) {
    start.resolve(
      error == nil ? "its service did not start, and the journal says why" : "its guard ended")
    self.exit = exit
    source?.cancel()
    channel.close()
    exitHandler(exit)
    exitHandler = { _ in }
  }

  /// Kills it, and keeps it until it has ended.
  func abandon() {
    onExit { [self] _ in withExtendedLifetime(self) {} }
    kill()
  }

  func terminate() { command(PluginGuard.endCommand) }

  func kill() {
    command(PluginGuard.killCommand)
    // Nobody waits any longer for one that is killed while it starts.
    start.resolve(nil)
  }

  /// A guard that has ended can't be told, and need not be.
  private func command(_ byte: UInt8) {
    guard exit == nil else { return }
    _ = channel.write([byte])
  }
}
