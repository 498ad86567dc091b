internal import Synchronization

/// Makes ids as the API spells them: a prefix that tells the kind, and 32 hexadecimal digits.
///
/// The first twelve digits are the time in milliseconds, the others as good as random (the layout
/// of RFC 9562, section 5.7, without its version): ids that are made in a row stand side by side in
/// an index, so that writing them touches few pages. They are unique and no secrets: who may read
/// what is decided by user.
package enum StoreID {
  package static func response() -> String { make("resp_") }
  package static func conversation() -> String { make(conversationPrefix) }
  static let conversationPrefix = "conv_"

  /// An id for an item of a type.
  package static func item(ofType type: String) -> String {
    make(prefixes[type] ?? "item_")
  }

  /// The id of an item that its upstream gave none: the one under which the HTTP face tells of it
  /// while its response runs; nil for types that it fills nothing in for.
  ///
  /// - Parameter index: its place in the output.
  package static func item(ofType type: String, of response: String, at index: Int) -> String? {
    guard namedTypes.contains(type), let prefix = prefixes[type] else { return nil }
    let suffix = response.hasPrefix("resp_") ? response.dropFirst(5) : response[...]
    return "\(prefix)\(suffix)_\(index)"
  }

  private static let namedTypes: Set = [
    "message", "reasoning", "function_call", "custom_tool_call",
  ]

  /// Gateways put where a response is kept into its id, some hundred bytes; more is no name.
  private static let longestGiven = 1024

  /// Whether an upstream's id can be the one that clients, paths and terminals have to carry.
  package static func isUsable(_ given: String) -> Bool {
    1...longestGiven ~= given.utf8.count && given.utf8.allSatisfy { 0x21...0x7E ~= $0 }
  }

  package static let digitCount = 32

  /// The digits behind the prefix, ASCII.
  package static func digits() -> [UInt8] {
    let time = UInt64(truncatingIfNeeded: SystemClock.milliseconds())
    let number = last.wrappingAdd(1, ordering: .relaxed).newValue
    let low = mixed(number)
    let high = time << 16 | mixed(~low) & 0xFFFF
    return unsafe [UInt8](unsafeUninitializedCapacity: digitCount) { buffer, count in
      for index in 0..<16 {
        let shift = UInt64(60 - 4 * index)
        unsafe buffer[index] = hexadecimal(high >> shift)
        unsafe buffer[16 + index] = hexadecimal(low >> shift)
      }
      count = digitCount
    }
  }

  private static let prefixes = [
    "message": "msg_", "function_call": "fc_", "function_call_output": "fco_",
    "custom_tool_call": "ctc_", "custom_tool_call_output": "ctco_", "reasoning": "rs_",
    "web_search_call": "ws_", "file_search_call": "fs_", "code_interpreter_call": "ci_",
    "image_generation_call": "ig_", "mcp_call": "mcp_", "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_", "mcp_approval_response": "mcpa_", "compaction": "cmp_",
    "computer_call": "cu_", "computer_call_output": "cuo_",
  ]

  /// Counts from a random number, which no other process has had: asking the system each time takes
  /// longer than all else of an id.
  private static let last = Atomic(UInt64.random(in: 0...UInt64.max))

  /// One to one, and without a pattern (SplitMix64, Steele, Lea and Flood, 2014).
  private static func mixed(_ number: UInt64) -> UInt64 {
    var bits = number &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  package static func make(_ prefix: String) -> String {
    prefix + String(decoding: digits(), as: UTF8.self)
  }

  /// The digit of the lowest four bits.
  private static func hexadecimal(_ value: UInt64) -> UInt8 {
    let digit = UInt8(truncatingIfNeeded: value & 15)
    return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}
