import Configuration
import Glibc

/// A directory of a test's own that is gone with it.
final class ConfigurationScratch {
  let path: String

  init() throws {
    var template = Array("/tmp/hcfg-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Failure(number: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  struct Failure: Error {
    let number: Int32
  }

  deinit {
    Self.remove(path)
  }

  private static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    if let stream = unsafe opendir(path) {
      var names: [String] = []
      while let entry = unsafe readdir(stream) {
        names.append(
          unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
            unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
          })
      }
      unsafe closedir(stream)
      for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
    }
    _ = unsafe rmdir(path)
  }

  /// Writes a file below the directory, with the directories above it, and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
    try write(name, Array(text.utf8), mode: mode)
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
    let parts = name.split(separator: "/")
    for count in 1..<max(parts.count, 1) {
      _ = unsafe mkdir("\(path)/\(parts[..<count].joined(separator: "/"))", 0o700)
    }
    let file = "\(path)/\(name)"
    let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(number: errno) }
    defer { close(descriptor) }
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard count == bytes.count, fchmod(descriptor, mode) == 0 else { throw Failure(number: errno) }
    return file
  }

  /// A user's environment with everything below the directory.
  var environment: [String: String] {
    [
      "HOME": path, "PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": "\(path)/config",
      "XDG_STATE_HOME": "\(path)/state", "XDG_RUNTIME_DIR": "\(path)/run",
    ]
  }

  /// Loads one text as the only file.
  func load(
    _ text: String, environment: [String: String]? = nil
  ) throws -> Configuration {
    let file = try write("config.toml", text)
    return try ConfigurationLoader.load(
      mode: .user, environment: environment ?? self.environment,
      overrides: ConfigurationOverrides(configFile: file))
  }

  /// Returns the messages of a text that must be refused, the path of its directory left out.
  func errors(_ text: String, environment: [String: String]? = nil) throws -> [String] {
    do {
      _ = try load(text, environment: environment)
      return []
    } catch let errors as ConfigurationErrors {
      return errors.errors.map { error in
        let text = "\(error)"
        return text.hasPrefix(path) ? String(text.dropFirst(path.utf8.count + 1)) : text
      }
    }
  }
}
