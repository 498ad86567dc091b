/// Makes the API's identifiers: a prefix and 48 random hexadecimal digits.
enum Identifier {
  static func make(_ prefix: String) -> String {
    var text = prefix + "_"
    for _ in 0..<3 {
      let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
      text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    return text
  }
}
