import Configuration
import Glibc

/// Takes arbitrary bytes as config.toml.
///
/// Holds: nothing traps; what is refused is refused with a reason.
enum ConfigurationExercise {
  /// A file without a name.
  private static let descriptor: Int32 = {
    var name = Array("/tmp/hcfg-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&name)
    unsafe unlink(name)
    return descriptor
  }()

  private static let environment = [
    "HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent",
  ]

  /// Returns what does not hold.
  static func run(_ text: [UInt8]) -> String? {
    guard ftruncate(descriptor, 0) == 0,
      unsafe pwrite(descriptor, text, text.count, 0) == text.count
    else { return "errno \(errno)" }
    do throws(ConfigurationErrors) {
      _ = try ConfigurationLoader.load(
        mode: .user, environment: environment,
        overrides: ConfigurationOverrides(configFile: "/proc/self/fd/\(descriptor)"))
      return nil
    } catch {
      return error.errors.contains { "\($0)".isEmpty } || error.errors.isEmpty ? "no reason" : nil
    }
  }
}
