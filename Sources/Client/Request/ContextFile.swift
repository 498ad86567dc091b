/// A text file that goes into the prompt under its name: `-f`.
package struct ContextFile: Sendable {
  private let name: String
  private let contents: String

  package init(name: String, contents: String) {
    self.name = name
    self.contents = contents
  }

  package init(path: String, _ limit: InputLimit) throws(Failure) {
    self.init(name: path, contents: try FileContents.readText(path, limit))
  }

  /// The file as Markdown: its name, and its text in a fence longer than any within.
  package var text: String {
    let fence = String(repeating: "`", count: max(3, longestRunOfBackticks + 1))
    let language = FileName(name).fileExtension ?? ""
    let lineEnd = contents.isEmpty || contents.utf8.last == 0x0A ? "" : "\n"
    return "\(name):\n\(fence)\(language)\n\(contents)\(lineEnd)\(fence)"
  }

  private var longestRunOfBackticks: Int {
    var longest = 0
    var run = 0
    for byte in contents.utf8 {
      run = byte == UInt8(ascii: "`") ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}
