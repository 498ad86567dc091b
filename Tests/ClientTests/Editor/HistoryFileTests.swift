import Client
import Glibc
import Testing

struct HistoryFileTests {
  private let scratch = Scratch()
  private var file: HistoryFile { HistoryFile(in: scratch.path + "/state/halley") }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  @Test func `entries come back as they were`() throws {
    let entries = ["plain", "two\nlines", "back\\slash \\n", "ünï 你 ✓"]
    #expect(try file.load().isEmpty)
    for entry in entries { try file.append(entry) }
    #expect(try file.load() == entries)
  }

  @Test func `nobody else may read it`() throws {
    try file.append("a")
    #expect(mode(file.path) == 0o600)
    #expect(mode(scratch.path + "/state/halley") == 0o700)
  }

  @Test func `a file that others may read is closed to them`() throws {
    try file.append("a")
    let status = unsafe chmod(file.path, 0o644)
    #expect(status == 0)
    try file.append("b")
    #expect(mode(file.path) == 0o600)
    #expect(try file.load() == ["a", "b"])
  }

  @Test func `the newest entries are kept`() throws {
    let count = HistoryFile.mostEntries * 3 / 2
    scratch.write(
      "state/halley/history", (1...count).map { "entry \($0)\n" }.joined())
    try file.append("newest")
    let entries = try file.load()
    #expect(entries.count == HistoryFile.mostEntries)
    #expect(entries.last == "newest")
    #expect(entries.first == "entry \(count + 2 - HistoryFile.mostEntries)")
    #expect(mode(file.path) == 0o600)
  }

  @Test func `what is pasted by the megabyte is not kept`() throws {
    try file.append("a")
    try file.append(String(repeating: "x", count: 1 << 20))
    #expect(try file.load() == ["a"])
  }

  @Test func `a directory that can't be made is told`() {
    scratch.write("state", "a file")
    #expect(throws: SystemError.self) { try file.append("a") }
  }
}
