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
  private var said: [RawJSON]?
  private let work = SharedWork<Void>()
  /// How often the tools had changed when they were listed last.
  private var listedChanges: Int?

  package init(_ configuration: PluginConfiguration, client: MCPClient) {
    self.configuration = configuration
    self.client = client
  }

  /// Serves the tools of a process, whose handshake and notifications it handles.
  package convenience init(_ plugin: Plugin) {
    let client = MCPClient(plugin, startTimeout: plugin.configuration.startTimeout)
    plugin.peer = client
    self.init(plugin.configuration, client: client)
  }

  package var name: String { configuration.name }

  private var isCurrent: Bool { said != nil && listedChanges == client.changes }

  /// Makes sure that the list is there and current; `listing` and `failure` say what came of it.
  /// Starts the process where it is needed. Returns early when the task is cancelled.
  ///
  /// - Parameter onChange: hears of a list that is not like the one before, and of a new reason why
  ///   there is none.
  package func refresh(_ onChange: @escaping @EventLoop (ToolPlugin) -> Void = { _ in }) async {
    guard !isCurrent else { return }
    _ = await work.value { [self] in await list(onChange) }
  }

  /// The same without waiting.
  func beginRefresh(_ onChange: @escaping @EventLoop (ToolPlugin) -> Void) {
    if !isCurrent { work.begin { [self] in await list(onChange) } }
  }

  private func list(_ onChange: @EventLoop (ToolPlugin) -> Void) async {
    do throws(PluginError) {
      try await client.ready()
      let seen = client.changes
      let list = try await client.listTools()
      listedChanges = seen
      failure = nil
      if let cut = list.cut { client.transport.note(fault: cut) }
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
    case .protocolViolation, .remote, .timedOut: client.transport.note(fault: error.message)
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
