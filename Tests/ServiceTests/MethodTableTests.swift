import Service
import Testing
import TestSupport

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

  /// Whoever comes in there is trusted with no more than this.
  @Test func `a restricted socket is open to a few methods`() {
    #expect(
      Method.all.filter { $0.roles.contains(.socket) }.map(\.name).sorted() == [
        "$/cancelRequest", "daemon.ping", "initialize", "models.list", "responses.cancel",
        "responses.create", "responses.delete", "responses.input_items.list", "responses.retrieve",
      ])
  }

  @Test func `who only reads may cancel nothing, and a page may cancel`() {
    let reading = Method.all.filter { $0.roles.contains(.readOnlyToken) }.map(\.name)
    let page = Method.all.filter { $0.roles.contains(.page) }.map(\.name)
    #expect(page.filter { !reading.contains($0) } == ["responses.cancel"])
    #expect(reading.allSatisfy(page.contains))
    for word in ["create", "update", "delete", "fork", "compact", "count", "clear", "reload"] {
      #expect(!reading.contains { $0.hasSuffix(".\(word)") }, "\(word)")
    }
  }

  @Test func `what is about tokens and the daemon is for users alone`() {
    for method in Method.all {
      let family = method.name.split(separator: ".").first ?? ""
      let isOwn = ["tokens", "http"].contains(family) || method.name == "daemon.reload"
      #expect(!isOwn || method.roles.isDisjoint(with: [.token, .page, .socket]), "\(method.name)")
      #expect(method.roles.contains(.operator), "\(method.name)")
    }
  }

  @Test func `the manual describes the methods that there are, and no others`() throws {
    // Cancelling has a section of its own.
    let described = try Self.described() + ["$/cancelRequest"]
    #expect(described.sorted() == Method.all.map(\.name).sorted())
  }
}
