internal import Glibc
import JSON
import Store
import Synchronization

/// A store in a directory of its own, which is gone when the last reference is.
final class TemporaryStore: Sendable {
  let directory: String
  let store: Store
  let clock = ManualClock()

  init(maximumPages: Int? = nil) throws {
    directory = try makeTemporaryDirectory()
    store = try Store.open(
      StoreConfiguration(
        directory: "\(directory)/state", clock: clock.read, maximumPages: maximumPages))
  }

  var databasePath: String { "\(directory)/state/halley.db" }

  deinit {
    removeDirectory(directory)
  }

  /// Opens the same directory again, as the next start of the daemon does.
  func reopened() async throws -> Store {
    try await store.close()
    return try Store.open(
      StoreConfiguration(directory: "\(directory)/state", clock: clock.read))
  }
}

/// A directory that is gone when the last reference is.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws { path = try makeTemporaryDirectory() }

  deinit { removeDirectory(path) }
}

/// A clock that the test moves.
final class ManualClock: Sendable {
  private let milliseconds = Mutex<Int64>(1_700_000_000_000)

  var read: @Sendable () -> Int64 { { self.milliseconds.withLock { $0 } } }

  func advance(by duration: Int64) {
    milliseconds.withLock { $0 += duration }
  }
}

func makeTemporaryDirectory() throws -> String {
  var template = Array("/tmp/halley-store-XXXXXX".utf8CString)
  guard unsafe mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func removeDirectory(_ path: String) {
  for name in fileNames(in: path) {
    let entry = "\(path)/\(name)"
    if unsafe unlink(entry) != 0 { removeDirectory(entry) }
  }
  unsafe rmdir(path)
}

func fileNames(in directory: String) -> [String] {
  guard let stream = unsafe opendir(directory) else { return [] }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { buffer in
      unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

func contents(of path: String) throws -> [UInt8] {
  guard let file = unsafe fopen(path, "rb") else { throw TestFailure("open \(path)") }
  defer { unsafe fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = unsafe fread(&chunk, 1, chunk.count, file)
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
}

func overwrite(_ path: String, with bytes: [UInt8]) throws {
  guard let file = unsafe fopen(path, "wb") else { throw TestFailure("write \(path)") }
  defer { unsafe fclose(file) }
  guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else {
    throw TestFailure("write \(path)")
  }
}

func mode(of path: String) throws -> mode_t {
  var status = stat()
  guard unsafe stat(path, &status) == 0 else { throw TestFailure("stat \(path)") }
  return status.st_mode & 0o777
}

struct TestFailure: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

extension [UInt8] {
  /// Where a text stands, case ignored in ASCII.
  func offset(of text: String) -> Int? {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, count >= wanted.count else { return nil }
    return (0...count - wanted.count).first { start in
      self[start] | 0x20 == first | 0x20
        && zip(self[start...], wanted).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
  }
}

// MARK: What is stored

func message(_ text: String, role: String = "user", id: String? = nil) -> RawJSON {
  .object { writer in
    writer.member("type", "message")
    if let id { writer.member("id", id) }
    writer.member("role", role)
    writer.member("content", text)
  }
}

func answer(_ text: String, id: String? = nil) -> RawJSON {
  .object { writer in
    writer.member("type", "message")
    if let id { writer.member("id", id) }
    writer.member("role", "assistant")
    writer.key("content")
    writer.array { parts in
      parts.object { part in
        part.member("type", "output_text")
        part.member("text", text)
      }
    }
  }
}

func text(of item: RawJSON) -> String? {
  item["content"]?.string ?? item["content"]?.elements.first?["text"]?.string
}

func object(_ id: String, _ output: [RawJSON]) -> RawJSON {
  .object { writer in
    writer.member("id", id)
    writer.key("output")
    writer.array { array in for item in output { array.value(item) } }
  }
}

extension Store {
  /// Begins a response and returns its handle; fails when it was begun before.
  func start(_ response: NewResponse) async throws -> ResponseHandle {
    switch try await beginResponse(response) {
    case .started(let handle, _): return handle
    case .existing(let existing): throw TestFailure("\(existing.id) exists")
    }
  }

  /// Stores a whole turn and returns the response's id.
  @discardableResult
  func say(
    _ question: String, _ reply: String, as principal: Principal = .user(1000),
    after parent: NewResponse.Parent = .none, scope: String? = nil
  ) async throws -> String {
    var response = NewResponse(as: principal, parent: parent, input: [message(question)])
    response.scope = scope
    let handle = try await start(response)
    let output = [answer(reply)]
    _ = try await finishResponse(
      handle,
      ResponseEnding(
        status: .completed, object: object(response.id, output), output: output,
        continuesConversation: true))
    return response.id
  }

  /// What was said, in order.
  nonisolated func texts(
    ofConversation id: String, as principal: Principal = .user(1000)
  ) async throws -> [String?] {
    try await context(ofConversation: id, as: principal).items.map { text(of: $0.json) }
  }

  nonisolated func texts(
    ofResponse id: String, as principal: Principal = .user(1000)
  ) async throws -> [String?] {
    try await context(ofResponse: id, as: principal).items.map { text(of: $0.json) }
  }
}

/// Runs the body and returns the code of the store's error that it throws.
func code(
  _ body: () async throws -> Void
) async throws -> StoreError.Code? {
  do {
    try await body()
    return nil
  } catch let error as StoreError {
    return error.code
  }
}

/// Runs the body and returns what the store's error that it throws says.
func refusal(_ body: () async throws -> Void) async throws -> String? {
  do {
    try await body()
    return nil
  } catch let error as StoreError {
    return error.description
  }
}
