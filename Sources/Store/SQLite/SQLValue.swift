/// A value bound to a parameter of a statement; nil binds NULL.
enum SQLValue {
  case integer(Int64?)
  case text(String?)
  case blob(ArraySlice<UInt8>?)

  static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
  static func packed(_ bytes: ArraySlice<UInt8>?) -> SQLValue { .blob(bytes.map(PackedBytes.pack)) }
  static func subject(_ owner: Owner) -> SQLValue { .integer(owner.subject) }
}

extension SQLValue: ExpressibleByIntegerLiteral {
  init(integerLiteral value: Int64) { self = .integer(value) }
}
