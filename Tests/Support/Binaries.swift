internal import Glibc

/// Finds the programs of this build, which stand beside the test bundle.
package enum Binaries {
  package static func path(of name: String) throws -> String {
    for directory in directories where unsafe access("\(directory)/\(name)", X_OK) == 0 {
      return "\(directory)/\(name)"
    }
    throw SupportError(
      "\(name) is not beside the tests (\(directories.joined(separator: ", "))): build it with "
        + "swift build -c release --product \(name)")
  }

  private static let directories: [String] = {
    let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return ([ownPath] + bundles).map(directory) + ["/\(root)/.build/release"]
  }()

  private static var ownPath: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    return String(
      decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// Where a program of the system is; nil where it is not installed.
  package static func installed(_ name: String) -> String? {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"]
      .map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
  }
}
