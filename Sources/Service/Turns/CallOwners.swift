package import JSON
package import Plugins
internal import Wire

/// Tells whose the calls of one round are, by what its request offered to the model.
package struct CallOwners {
  package enum Owner {
    case daemon(Tool)
    case client
    /// No tool has that name.
    case nobody
  }

  package static let none = CallOwners(of: .none, in: .emptyObject, items: [])

  private let offered: OfferedTools
  /// The names of the request's tools, in order.
  private let names: [String]
  /// Whether the model may know of tools that stand elsewhere than in `tools`: a prompt template has
  /// its own, a search finds more, a namespace holds some.
  private let mayKnowOthers: Bool

  /// - Parameter request: as it was sent, after hooks.
  /// - Parameter items: of its input, with its context.
  package init(of offered: OfferedTools, in request: RawJSON, items: [RawJSON]) {
    self.offered = offered
    let tools = request.nonNull("tools")?.objects ?? []
    names = tools.compactMap { $0["name"]?.string ?? $0["function"]?["name"]?.string }
    mayKnowOthers =
      request.nonNull("prompt") != nil
      || tools.contains { ["namespace", "tool_search"].contains($0["type"]?.string) }
      || items.contains { Self.bringsTools($0["type"]?.string) }
  }

  private static func bringsTools(_ type: String?) -> Bool {
    ["additional_tools", "tool_search_call", "tool_search_output"].contains(type)
  }

  /// Whether the model may call tools that the daemon runs.
  var mayCallDaemon: Bool { !offered.tools.isEmpty }

  /// - Returns: nil for an item that is no call of a function or custom tool.
  func owner(of item: RawJSON) -> Owner? {
    let type = item["type"]?.string
    guard ["function_call", "custom_tool_call"].contains(type) else { return nil }
    guard let name = item["name"]?.string else { return .client }
    if names.contains(name) {
      guard let tool = offered.owner(of: name) else { return .client }
      return type == "function_call" ? .daemon(tool) : .nobody
    }
    return mayKnowOthers || item.nonNull("namespace") != nil ? .client : .nobody
  }

  /// What the model is told that called a tool that nobody offers.
  var refusal: String {
    "no such tool; there are \(names.isEmpty ? "none" : names.joined(separator: ", "))"
  }
}
