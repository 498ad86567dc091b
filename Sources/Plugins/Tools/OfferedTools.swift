package import JSON
package import Wire

/// The daemon's tools that one request offers to the model, as they are when it begins.
///
/// The model can call these and no others, and a tool that changes meanwhile is called by what the
/// model was told of it.
package struct OfferedTools: Sendable {
  package static let none = OfferedTools([])

  /// In the order of the configuration and of their servers, so that equal requests begin alike.
  package let tools: [Tool]

  package init(_ tools: [Tool]) {
    self.tools = tools
  }

  /// The entries for the request's `tools`.
  package var functions: [RawJSON] { tools.map(\.function) }

  /// Returns the tool that a function_call means; nil where it is the client's to answer.
  package func owner(of functionName: String) -> Tool? {
    tools.first { $0.name.function == functionName }
  }

  /// Refuses a request whose own tools have a name of one that is offered.
  ///
  /// - Parameter requestTools: the request's `tools`.
  package func checkNames(against requestTools: RawJSON?) throws(RPCError) {
    for (index, tool) in (requestTools?.elements ?? []).enumerated() {
      guard let name = tool["name"]?.string, let owner = owner(of: name) else { continue }
      throw .invalidParams(
        "tools[\(index)].name",
        "\"\(name)\" found, which is the name of the daemon's tool \(owner.name); "
          + "another name was expected")
    }
  }
}
