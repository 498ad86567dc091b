extension RawJSON {
  /// The text of a string, its escapes decoded; nil for anything else.
  package var string: String? {
    guard kind == .string else { return nil }
    return Self.decode(bytes.dropFirst().dropLast())
  }

  /// The value of `true` or `false`.
  package var boolean: Bool? {
    switch bytes.first {
    case UInt8(ascii: "t"): true
    case UInt8(ascii: "f"): false
    default: nil
    }
  }

  /// The value of a number written as an integer (no fraction, no exponent) that fits 64 bits.
  package var integer: Int64? {
    guard kind == .number else { return nil }
    return Int64(String(decoding: bytes, as: UTF8.self))
  }

  /// The nearest double to a number; nil for anything else and for what overflows a double.
  package var double: Double? {
    guard kind == .number, let value = Double(String(decoding: bytes, as: UTF8.self)),
      value.isFinite
    else { return nil }
    return value
  }

  /// The value as it is spelled.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package static func string(_ value: String) -> RawJSON {
    build { $0.string(value) }
  }

  package static func integer(_ value: some BinaryInteger) -> RawJSON {
    build { $0.integer(value) }
  }

  package static func boolean(_ value: Bool) -> RawJSON {
    build { $0.boolean(value) }
  }
}
