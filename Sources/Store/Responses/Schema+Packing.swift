extension Schema {
  /// Changes no table. From here on objects, instructions and events may be packed (`PackedBytes`), which
  /// older programs would take for damage.
  static let packing = "SELECT 1"
}
