/// A pattern for names of models and tools: `*` stands for any run of characters, `?` for one.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
  package let pattern: String

  package init(_ pattern: String) {
    self.pattern = pattern
  }

  package var description: String { pattern }

  /// What every match begins with, up to the first wildcard.
  package var literalPrefix: String {
    String(String.UnicodeScalarView(pattern.unicodeScalars.prefix { $0 != "*" && $0 != "?" }))
  }

  package var hasWildcards: Bool {
    pattern.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  /// Tells whether the whole name fits. Takes at most the product of both lengths in steps.
  package func matches(_ name: String) -> Bool {
    if pattern == "*" { return true }
    let pattern = Array(pattern.unicodeScalars)
    let name = Array(name.unicodeScalars)
    var at = 0
    var next = 0
    var retry: (at: Int, next: Int)?
    while next < name.count {
      if at < pattern.count, pattern[at] == "*" {
        retry = (at + 1, next)
        at += 1
      } else if at < pattern.count, pattern[at] == "?" || pattern[at] == name[next] {
        at += 1
        next += 1
      } else if let last = retry {
        retry = (last.at, last.next + 1)
        (at, next) = (last.at, last.next + 1)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == "*" }
  }
}
