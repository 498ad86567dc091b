/// The definition of a tool that a user approved, by its digest.
package struct ToolDefinitionRow: Sendable, Equatable {
  package let plugin: String
  package let tool: String
  package let digest: [UInt8]

  package init(plugin: String, tool: String, digest: [UInt8]) {
    self.plugin = plugin
    self.tool = tool
    self.digest = digest
  }

  func checksum(subject: Int64, approvedAt: Int64) -> Int64 {
    var checksum = Checksum()
    checksum.combine(subject)
    checksum.combine(plugin)
    checksum.combine(tool)
    checksum.combine(digest[...])
    checksum.combine(approvedAt)
    return checksum.value
  }
}
