import Service
import TestSupport
import Testing

@Suite struct MethodTableTests {
  private static let manual =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    + "/contrib/man/halley-protocol.7"

  /// The methods that the manual describes, a family's as in `conversations.items.create , .list`.
  private static func described() throws -> [String] {
    let page = try TextFile.text(manual).split(separator: "\n", omittingEmptySubsequences: false)
    let methods = page.drop { $0 != ".Sh METHODS" }.prefix { !$0.hasPrefix(".Ss Server-to-client") }
    return methods.filter { $0.hasPrefix(".It Ic ") }.flatMap { line in
      let words = line.split(separator: " ").dropFirst(2).filter { $0 != "," }
      let family = words[0].split(separator: ".").dropLast().joined(separator: ".")
      return words.map { $0.hasPrefix(".") ? family + $0 : String($0) }
    }
  }

  @Test func `every method has a name of its own`() {
    let names = Method.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test func `the manual describes the methods that there are, and no others`() throws {
    // Cancelling has a section of its own.
    let described = try Self.described() + ["$/cancelRequest"]
    #expect(described.sorted() == Method.all.map(\.name).sorted())
  }
}
