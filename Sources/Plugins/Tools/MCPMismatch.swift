internal import JSON

/// What of a server's answer is not as the protocol has it.
///
/// It tells what was found by its kind: what a tool said is for the model, and not for the journal.
package struct MCPMismatch: Error, Sendable {
  package let text: String

  private init(_ place: String, _ found: RawJSON?, _ expected: String) {
    text = "\(place) is \(Self.name(of: found)), \(expected) was expected"
  }

  private static let names: [RawJSON.Kind: String] = [
    .array: "an array", .boolean: "true or false", .number: "a number", .object: "an object",
    .string: "a text",
  ]

  private static func name(of found: RawJSON?) -> String {
    guard let found else { return "missing" }
    if found.bytes.count <= 5, found.kind != .string { return found.text }
    return names[found.kind] ?? "null"
  }

  /// - Parameter member: where it stands in the answer; nil for the whole.
  static func check(
    _ found: RawJSON?, is kind: RawJSON.Kind, _ member: @autoclosure () -> String? = nil
  ) throws(MCPMismatch) {
    guard found?.kind != kind else { return }
    let place = member().map { "\"\($0)\" of the server's answer" } ?? "the server's answer"
    throw MCPMismatch(place, found, names[kind] ?? "null")
  }
}

extension PluginTransport {
  /// Asks a server, whose answers are objects whatever the method.
  func ask(
    _ method: String, _ params: RawJSON, limit: Duration,
    onAbandoned: ((RawJSON) -> Void)? = nil
  ) async throws(PluginError) -> RawJSON {
    let answer = try await call(method, params, limit: limit, onAbandoned: onAbandoned)
    try reading { () throws(MCPMismatch) in try MCPMismatch.check(answer, is: .object) }
    return answer
  }

  /// Reads something of an answer; what is wrong with it is the plugin's error.
  func reading<Value>(_ body: () throws(MCPMismatch) -> Value) throws(PluginError) -> Value {
    do throws(MCPMismatch) {
      return try body()
    } catch {
      throw PluginError(
        .protocolViolation, "does not keep to the protocol: \(error.text)", plugin: name)
    }
  }
}
