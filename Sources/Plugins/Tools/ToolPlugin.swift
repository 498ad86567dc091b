package import Configuration
package import EventLoop
internal import JSON

/// A plugin that serves tools, and what it said they are.
///
/// The list is asked for when tools are needed first, and again after the server said that they
/// changed or was started anew. What it said last stays known while its process rests.
@EventLoop
package final class ToolPlugin {
  /// Tools in the server's order, and those that can't be offered.
  package struct Listing: Sendable {
    package fileprivate(set) var tools: [Tool] = []
    package fileprivate(set) var refusals: [ToolRefusal] = []
    /// Why there are no more of them, where its list goes on.
    package fileprivate(set) var cut: String?
  }

  package let configuration: PluginConfiguration
  package let client: MCPClient
  /// What is known now; nil before the first list.
  package private(set) var listing: Listing?
  /// Why the last list could not be had.
  package private(set) var failure: PluginError?
  /// Hears of each list that is not like the one before, and of each new reason why there is none.
  package var onChange: @EventLoop (ToolPlugin) -> Void = { _ in }

  /// Hears of what the server does wrong while it runs; goes on behind its name.
  private var onFault: @EventLoop (String) -> Void = { _ in }

  private var said: [RawJSON]?
  private let work = SharedWork<Void>()
  /// Reasons to ask again; `listedChanges` of them have been seen to.
  private var changes = 0
  private var listedChanges = -1

  package init(_ configuration: PluginConfiguration, client: MCPClient) {
    self.configuration = configuration
    self.client = client
    client.onToolsChanged = { [weak self] in self?.changes += 1 }
  }

  /// Serves the tools of a process, whose handshake and notifications it handles.
  package convenience init(_ plugin: Plugin) {
    let client = MCPClient(plugin, startTimeout: plugin.configuration.startTimeout)
    plugin.onStarted = { [weak client] () async throws(PluginError) in
      try await client?.begin()
    }
    plugin.onNotification = { [weak client] in client?.receive($0, $1) }
    plugin.onRequest = { method, _ in MCPClient.answer(method) }
    client.onMessage = { [weak plugin] level, text in plugin?.onEvent(.said("\(level): \(text)")) }
    self.init(plugin.configuration, client: client)
    onFault = { [weak plugin] in plugin?.lastError = $0 }
  }

  package var name: String { configuration.name }

  private var isCurrent: Bool { said != nil && listedChanges == changes }

  /// Makes sure that the list is there and current; `listing` and `failure` say what came of it.
  /// Starts the process where it is needed. Returns early when the task is cancelled.
  package func refresh() async {
    guard !isCurrent else { return }
    _ = await work.value { [self] in await list() }
  }

  /// The same without waiting.
  func beginRefresh() {
    if !isCurrent { work.begin { [self] in await list() } }
  }

  private func list() async {
    do throws(PluginError) {
      try await client.ready()
      let seen = changes
      let list = try await client.listTools()
      listedChanges = seen
      failure = nil
      if let cut = list.cut { onFault(cut) }
      guard list.tools != said else { return }
      said = list.tools
      listing = read(list)
      onChange(self)
    } catch {
      fault(error)
      guard failure != error else { return }
      failure = error
      onChange(self)
    }
  }

  /// Takes down what the server answered wrongly; why it does not run is known already.
  func fault(_ error: PluginError) {
    switch error.code {
    case .protocolViolation, .remote, .timedOut: onFault(error.message)
    case .died, .refused, .unavailable, .unsent: return
    }
  }

  private func read(_ list: MCPToolList) -> Listing {
    var listing = Listing(cut: list.cut)
    for json in list.tools {
      do throws(ToolRefusal) {
        listing.tools.append(try Tool(json, of: configuration))
      } catch {
        listing.refusals.append(error)
      }
    }
    return listing
  }
}
