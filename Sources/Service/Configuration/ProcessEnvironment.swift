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
