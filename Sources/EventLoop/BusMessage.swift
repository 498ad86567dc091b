internal import CSystemd

/// A value of a message on the bus (sd_bus_message_append(3)).
package enum BusValue: Sendable {
  case string(String)
  case boolean(Bool)
  case number(UInt64)
  case errno(Int32)
  /// Stays the caller's; the message holds a copy.
  case descriptor(Int32)
  case strings([String])
  /// What alone is allowed, as systemd writes filters.
  case onlyAllowed([String])
  /// The command line of a service, in which nothing is replaced.
  case command(program: String, arguments: [String])

  fileprivate var signature: String {
    switch self {
    case .string: "s"
    case .boolean: "b"
    case .number: "t"
    case .errno: "i"
    case .descriptor: "h"
    case .strings: "as"
    case .onlyAllowed: "(bas)"
    case .command: "a(sasas)"
    }
  }
}

/// A call of a method on the bus, while it is written.
@safe struct BusMessage {
  let message: OpaquePointer

  func append(_ properties: [(name: String, value: BusValue)]) throws(LoopError) {
    try within("a", "(sv)") { () throws(LoopError) in
      for (name, value) in properties {
        try within("r", "sv") { () throws(LoopError) in
          try append(name)
          try within("v", value.signature) { () throws(LoopError) in try append(value) }
        }
      }
    }
  }

  private func append(_ value: BusValue) throws(LoopError) {
    switch value {
    case .string(let text): try append(text)
    case .boolean(let flag): try append("b", Int32(flag ? 1 : 0))
    case .number(let number): try append("t", number)
    case .errno(let number): try append("i", number)
    case .descriptor(let descriptor): try append("h", descriptor)
    case .strings(let texts): try append(texts)
    case .onlyAllowed(let names):
      try within("r", "bas") { () throws(LoopError) in
        try append("b", Int32(1))
        try append(names)
      }
    case .command(let program, let arguments):
      try within("a", "(sasas)") { () throws(LoopError) in
        try within("r", "sasas") { () throws(LoopError) in
          try append(program)
          try append(arguments)
          try append(["no-env-expand"])
        }
      }
    }
  }

  private func append(_ texts: [String]) throws(LoopError) {
    try within("a", "s") { () throws(LoopError) in
      for text in texts { try append(text) }
    }
  }

  func append(_ text: String) throws(LoopError) {
    try check(unsafe sd_bus_message_append_basic(message, Self.code("s"), text))
  }

  private func append(_ type: Unicode.Scalar, _ value: some BitwiseCopyable) throws(LoopError) {
    try check(
      unsafe withUnsafePointer(to: value) {
        unsafe sd_bus_message_append_basic(message, Self.code(type), $0)
      })
  }

  /// Nothing where there is nothing to say of units beside the one.
  func appendNoUnits() throws(LoopError) {
    try within("a", "(sa(sv))") { () throws(LoopError) in }
  }

  private func within(
    _ container: Unicode.Scalar, _ contents: String, _ body: () throws(LoopError) -> Void
  ) throws(LoopError) {
    try check(unsafe sd_bus_message_open_container(message, Self.code(container), contents))
    try body()
    try check(unsafe sd_bus_message_close_container(message))
  }

  private func check(_ result: Int32) throws(LoopError) {
    try LoopError.check(result, "sd_bus_message_append")
  }

  private static func code(_ type: Unicode.Scalar) -> CChar {
    CChar(truncatingIfNeeded: type.value)
  }
}
