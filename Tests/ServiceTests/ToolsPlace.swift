import Configuration
import EventLoop
import Foundation
import JSON
import Plugins
import Store
import Testing
import Wire

/// Tools of servers without processes, before a store of its own.
@EventLoop
final class ToolsPlace {
  let directory: String
  let store: Store
  let tools: ToolSet
  private let notes = Notes()

  /// What the journal would be told.
  private final class Notes {
    var problems: [String] = []
    var decisions: [ApprovalDecision] = []
  }

  var problems: [String] { notes.problems }
  var decisions: [ApprovalDecision] { notes.decisions }

  init() throws {
    directory = "/tmp/halley-tools-\(UInt64.random(in: 0 ... .max))"
    let store = try Store.open(StoreConfiguration(directory: directory))
    self.store = store
    tools = ToolSet(
      approvals: Approvals(limit: .seconds(5)) { [notes] decision, _ in
        notes.decisions.append(decision)
      },
      definitions: ApprovedDefinitions { () async throws(RPCError) in store }
    ) { [notes] in notes.problems.append("\($0): \($1)") }
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: directory)
    } catch {
      Issue.record("\(directory) was not removed: \(error)")
    }
  }

  /// The same after a restart of the daemon.
  func restarted() -> ToolSet {
    let store = store
    return ToolSet(
      approvals: tools.approvals,
      definitions: ApprovedDefinitions { () async throws(RPCError) in store }
    ) { _, _ in }
  }

  static func plugin(
    _ server: FakeServer, _ change: (inout PluginConfiguration) -> Void = { _ in }
  ) -> ToolPlugin {
    var configuration = PluginConfiguration(name: server.name)
    configuration.approval = .allow
    change(&configuration)
    let client = MCPClient(server, startTimeout: configuration.startTimeout)
    server.end()
    server.onStarted = { () async throws(PluginError) in try await client.begin() }
    return ToolPlugin(configuration, client: client)
  }

  static func requester(
    _ approver: FakeApprover? = nil, subject: Subject = .user(1000),
    approval: HalleyOptions.Approval? = nil
  ) -> ToolRequester {
    ToolRequester(subject: subject, request: .integer(1), approval: approval, approver: approver)
  }
}
