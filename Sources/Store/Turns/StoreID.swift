/// Makes ids as the API spells them: a prefix that tells the kind, and 128 random bits.
package enum StoreID {
  package static func response() -> String { random("resp_") }
  package static func conversation() -> String { random("conv_") }

  /// An id for an item of a type.
  package static func item(ofType type: String) -> String {
    random(prefixes[type] ?? "item_")
  }

  private static let prefixes = [
    "message": "msg_", "function_call": "fc_", "function_call_output": "fco_",
    "custom_tool_call": "ctc_", "custom_tool_call_output": "ctco_", "reasoning": "rs_",
    "web_search_call": "ws_", "file_search_call": "fs_", "code_interpreter_call": "ci_",
    "image_generation_call": "ig_", "mcp_call": "mcp_", "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_", "mcp_approval_response": "mcpa_", "compaction": "cmp_",
    "computer_call": "cu_", "computer_call_output": "cuo_",
  ]

  private static func random(_ prefix: String) -> String {
    var generator = SystemRandomNumberGenerator()
    return prefix + hexadecimal(generator.next()) + hexadecimal(generator.next())
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
