internal import Glibc

/// Keeps a directory for one process (flock(2)): a second store would end what the first one still
/// writes, as if a crash had left it. It ends with its owner, however that ends.
///
/// The directory itself is locked, whatever becomes of files in it, and `halley.lock`, which tells
/// others who holds it, and on NFS keeps those of other hosts away.
final class DirectoryLock: Sendable {
  /// What is read of another's words.
  private static let longestHolder = 512
  /// The inode of the first PID namespace (PROC_PID_INIT_INO of the kernel's proc_ns.h).
  private static let firstNamespace: ino_t = 0xEFFF_FFFC

  private let directory: Int32
  private let file: Int32

  /// - Throws: `busy` while another process has the directory.
  init(_ configuration: StoreConfiguration) throws(StoreError) {
    let path = configuration.directory
    directory = try Self.open(path, O_RDONLY | O_DIRECTORY)
    do throws(StoreError) {
      file = try Self.open("\(path)/halley.lock", O_RDWR | O_CREAT | O_NOFOLLOW)
    } catch {
      close(directory)
      throw error
    }
    for descriptor in [directory, file] where flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw Self.failure("lock \(path)", .io, errno) }
      throw StoreError(.busy, "open the store", "\(path) is in use by \(holder)")
    }
    name(configuration.socket)
  }

  deinit {
    close(file)
    close(directory)
  }

  private static func open(_ path: String, _ flags: Int32) throws(StoreError) -> Int32 {
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("open \(path)", .io, errno) }
    return descriptor
  }

  /// Who has it, as they say.
  private var holder: String {
    var bytes = [UInt8](repeating: 0, count: Self.longestHolder)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(file, $0.baseAddress, $0.count, 0)
    }
    let line = bytes.prefix(max(count, 0)).prefix { $0 != 0x0A }
    return line.isEmpty ? "another process" : String(decoding: line, as: UTF8.self)
  }

  /// Writes down who holds it. The lock holds even where that fails.
  private func name(_ socket: String?) {
    var host = [CChar](repeating: 0, count: 256)
    unsafe _ = gethostname(&host, host.count - 1)
    let hostName = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    var text =
      "process \(getpid())\(Self.container) on host \(String(decoding: hostName, as: UTF8.self))"
    if let socket { text += ", which serves \(socket)" }
    let bytes = Array("\(text)\n".utf8)
    _ = ftruncate(file, 0)
    unsafe _ = bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
  }

  /// Elsewhere the process has another number.
  private static var container: String {
    var status = stat()
    guard unsafe stat("/proc/self/ns/pid", &status) == 0, status.st_ino != firstNamespace else {
      return ""
    }
    return " of a container (PID namespace \(status.st_ino))"
  }

  private static func failure(
    _ operation: String, _ code: StoreError.Code, _ error: Int32
  ) -> StoreError {
    StoreError(code, operation, unsafe String(cString: strerror(error)), systemError: error)
  }
}
