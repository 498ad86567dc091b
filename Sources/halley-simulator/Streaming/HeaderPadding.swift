/// Makes headers of a wanted size in lines of a few kibibytes.
enum HeaderPadding {
  private static let lineBytes = 4096

  static func text(bytes: Int) -> String {
    var text = ""
    var missing = bytes
    var index = 0
    while missing > 0 {
      text += "X-Padding-\(index): \(String(repeating: "x", count: min(missing, lineBytes)))\r\n"
      missing -= lineBytes
      index += 1
    }
    return text
  }
}
