internal import Glibc

/// A file whose bytes are sent as the body of a stream.
struct ScriptFile {
  private let directory: String?
  private let name: String

  init(directory: String?, name: String) {
    self.directory = directory
    self.name = name
  }

  func read() throws(APIError) -> [UInt8] {
    guard let directory else {
      throw .badRequest("The simulator runs without --script.", param: "metadata.script")
    }
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
      throw .badRequest("'\(name)' is not the name of a file.", param: "metadata.script")
    }
    let descriptor = unsafe open("\(directory)/\(name)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open") }
    defer { close(descriptor) }
    return try readAll(descriptor)
  }

  private func readAll(_ descriptor: Int32) throws(APIError) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    let capacity = part.count
    while true {
      let length = unsafe Glibc.read(descriptor, &part, capacity)
      guard length >= 0 else { throw failure("read") }
      guard length > 0 else { return bytes }
      bytes += part[..<length]
    }
  }

  private func failure(_ operation: String) -> APIError {
    let error = SystemError.last("\(operation) \(name)")
    return .badRequest(error.description, param: "metadata.script")
  }
}
