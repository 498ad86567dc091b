package import JSON
internal import Wire

/// The arguments of a call, as a model wrote them.
package enum ToolArguments {
  /// Bytes of arguments; what a model writes is far less.
  private static let mostBytes = 1 << 20
  /// What checking them may cost (`SchemaChecker`): about a tenth of a second at worst.
  private static let mostWork = 32 << 20
  /// Mismatches that the model is told of.
  private static let mostMismatches = 8

  /// Why arguments do not fit, for the model to do better.
  package struct Mismatch: Error, Sendable, Equatable {
    package let message: String
  }

  /// Reads arguments and checks them against the tool's schema. A text that is empty stands for no
  /// arguments.
  package static func read(_ text: String, for tool: Tool) throws(Mismatch) -> RawJSON {
    guard text.utf8.count <= mostBytes else {
      throw Mismatch(message: "arguments: found \(text.utf8.count) bytes, at most \(mostBytes)")
    }
    let isBlank = text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    return try check(isBlank ? .emptyObject : parse(text), for: tool)
  }

  private static func parse(_ text: String) throws(Mismatch) -> RawJSON {
    do throws(JSONError) {
      return try RawJSON(parsing: text).onOneLine
    } catch {
      throw Mismatch(message: "arguments are not JSON: \(error.message) at byte \(error.offset)")
    }
  }

  /// Returns arguments that fit the tool's schema.
  package static func check(_ arguments: RawJSON, for tool: Tool) throws(Mismatch) -> RawJSON {
    guard arguments.kind == .object else {
      throw Mismatch(message: "arguments: found \(arguments.excerpt), expected an object")
    }
    var checker = SchemaChecker(tool.schema, maximumWork: mostWork)
    checker.check(arguments)
    let mismatches = checker.mismatches
    guard !mismatches.isEmpty else { return arguments }
    var lines = mismatches.prefix(mostMismatches).map { "\($0)" }
    if mismatches.count > lines.count { lines.append("and \(mismatches.count - lines.count) more") }
    throw Mismatch(message: "arguments do not fit the schema:\n" + lines.joined(separator: "\n"))
  }
}
