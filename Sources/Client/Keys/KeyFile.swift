package import JSON
internal import Wire

/// Keeps an upstream's key where the daemon looks for it: `keys/NAME` beside `config.toml`.
package struct KeyFile: Sendable {
  /// Longer than any key that is known; the daemon reads no more.
  private static let maximumBytes = 4_096

  package let path: String
  private let name: String
  private let directory: String

  /// - Parameter name: the upstream's name in the configuration.
  package init(ofUpstream name: String) throws(Failure) {
    guard let configuration = Environment.configurationDirectory else {
      throw .usage("neither HOME nor XDG_CONFIG_HOME says where the configuration is")
    }
    guard Self.isName(name) else {
      throw .usage(
        "\"\(name)\" is no upstream's name",
        advice: "letters, digits, _ and - were expected, a letter or digit first")
    }
    self.name = name
    directory = configuration + "/keys"
    path = "\(directory)/\(name)"
  }

  /// Why a daemon would never read this file; nil where it does, or does not tell.
  ///
  /// - Parameters:
  ///   - status: what `daemon.status` answers.
  ///   - socket: where that daemon was asked.
  package func objection(_ status: RawJSON, at socket: String) -> Failure? {
    // A daemon whose configuration is broken has none of its upstreams.
    guard status["configuration"]?["errors"]?.elements.isEmpty != false else { return nil }
    let upstreams = status["upstreams"]?.elements ?? []
    guard let upstream = upstreams.first(where: { $0["name"]?.string == name }) else {
      let names = upstreams.compactMap { $0["name"]?.string }
      let near = closest(to: name, among: names).map { "did you mean \($0)? " } ?? ""
      return .usage(
        "the daemon at \(socket) has no upstream \"\(name)\"; there are: "
          + names.joined(separator: ", "),
        advice: "\(near)add [upstreams.\(name)] to its config.toml first, and reload it")
    }
    guard let key = upstream["key"]?.string, !isRead(as: upstream["key_file"]?.string) else {
      return nil
    }
    let source = key == "none" ? "without a key" : "with the key from \(key)"
    return Failure(
      .configuration,
      "the daemon at \(socket) asks \"\(name)\" \(source), and never reads \(path)",
      advice: "keep the key where it is read, or change api_key in that daemon's config.toml")
  }

  private func isRead(as file: String?) -> Bool {
    guard let file, file != path else { return file == path }
    guard file.hasSuffix("/\(name)"), let own = Directory.real(directory) else { return false }
    return Directory.real(String(file.dropLast(name.utf8.count + 1))) == own
  }

  /// Writes a key, without the white space around it, in place of any other.
  ///
  /// The file is made with mode 0600 and takes its name when it is whole.
  package func write(_ bytes: [UInt8]) throws(Failure) {
    let key = try Self.check(bytes)
    do throws(SystemError) {
      try Directory.make(directory)
      try FileContents.replace(path, with: key + [0x0A])
    } catch {
      throw Failure(.failed, "\(path) can't be written: \(error.operation): \(error.reason)")
    }
  }

  /// Headers carry keys, so no byte beside the visible ones of ASCII may be in them.
  private static func check(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
    var key = bytes[...]
    while let last = key.last, last <= 0x20 { key = key.dropLast() }
    while let first = key.first, first <= 0x20 { key = key.dropFirst() }
    guard !key.isEmpty else { throw .usage("the key is empty") }
    guard key.count <= maximumBytes else {
      throw .usage("the key has \(key.count) bytes, at most \(maximumBytes) were expected")
    }
    guard let odd = key.firstIndex(where: { !(0x21...0x7E).contains($0) }) else {
      return Array(key)
    }
    throw .usage(
      "the key's byte \(odd - key.startIndex + 1) is none that a key may hold",
      advice: "a key has visible ASCII characters only; was something else copied with it?")
  }

  private static func isName(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
    guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 64 else {
      return false
    }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "_-".utf8.contains($0) }
  }
}
