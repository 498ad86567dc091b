import Configuration
import JSON
import Plugins

/// Takes three lines as what an MCP server and a model say: a tool of `tools/list`, the arguments of a
/// call, the result of it.
///
/// Holds: nothing traps; names are fit to be sent; arguments that were taken are an object; results
/// stay within their limit.
enum ToolExercise {
  /// The most that a result may have here, and what its marks may add to that.
  private static let limit = 256
  private static let marks = 4096

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    if lines.count > 2, let json = read(lines[2]), let output = result(json) {
      let size = output.string?.utf8.count ?? output.bytes.count
      if size > limit + marks, size > bytes.count { return "a result of \(size) bytes" }
    }
    guard let definition = read(lines[0]), let tool = tool(definition) else { return nil }
    if tool.name.function.utf8.count > 128 { return "the name \(tool.name.function)" }
    _ = (tool.firstLine, tool.function, tool.digest)
    guard lines.count > 1 else { return nil }
    do throws(ToolArguments.Mismatch) {
      let text = String(decoding: lines[1], as: UTF8.self)
      let arguments = try ToolArguments.read(text, for: tool)
      return arguments.kind == .object ? nil : "arguments that are no object"
    } catch {
      return error.message.isEmpty ? "a mismatch without a word" : nil
    }
  }

  /// Takes a result as that of each request to a server.
  static func take(result: RawJSON) {
    _ = self.result(result)
    for element in (result["tools"]?.elements ?? []).prefix(16) { _ = tool(element) }
  }

  private static func result(_ json: RawJSON) -> RawJSON? {
    do throws(MCPMismatch) {
      return try ToolResult(json, maximumBytes: limit).output
    } catch {
      return nil
    }
  }

  private static func tool(_ json: RawJSON) -> Tool? {
    do throws(ToolRefusal) {
      return try Tool(json, of: PluginConfiguration(name: "p"))
    } catch {
      return nil
    }
  }

  private static func read(_ text: ArraySlice<UInt8>) -> RawJSON? {
    do throws(JSONError) { return try RawJSON(parsing: text) } catch { return nil }
  }
}
