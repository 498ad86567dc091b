internal import Glibc

/// What surrounds the process.
package enum ProcessEnvironment {
  /// The variables; of two with one name, the first, as getenv(3) has it.
  package static var current: [String: String] {
    var variables: [String: String] = [:]
    var next = unsafe environ
    while let text = unsafe next.pointee {
      let pair = unsafe String(cString: text)
      if let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) {
        let name = String(pair[..<equals])
        if variables[name] == nil {
          variables[name] = String(pair[pair.utf8.index(after: equals)...])
        }
      }
      unsafe next += 1
    }
    return variables
  }

  /// Overwrites the values of variables where the kernel shows them (proc(5), `environ`). Whoever
  /// needs one has to have taken it before.
  package static func erase(_ isSecret: (_ name: String) -> Bool) {
    var next = unsafe environ
    while let text = unsafe next.pointee {
      unsafe next += 1
      guard let equals = unsafe strchr(text, Int32(UInt8(ascii: "="))) else { continue }
      let name = unsafe String(
        decoding: UnsafeRawBufferPointer(start: text, count: equals - text), as: UTF8.self)
      if isSecret(name) { unsafe _ = memset(equals + 1, 0, strlen(equals + 1)) }
    }
  }

  /// The home directory by the user database; `/` where it has none.
  package static var homeDirectory: String {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    let status = unsafe getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found)
    guard status == 0, unsafe found != nil, let directory = unsafe entry.pw_dir else { return "/" }
    return unsafe String(cString: directory)
  }
}
