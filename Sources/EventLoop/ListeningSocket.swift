internal import CSystemd
internal import Glibc

/// The socket that clients connect to: handed over by systemd, or bound here.
package struct ListeningSocket: Sendable {
  /// Connections that wait to be accepted. With 511, a tenth of a thousand connects at once were
  /// refused.
  static let backlog: Int32 = 4096

  // inode(7)
  private static let fileTypeMask: UInt32 = 0o170000
  private static let socketType: UInt32 = 0o140000
  private static let stickyBit: UInt32 = 0o1000

  package let descriptor: Int32
  /// The path, where it was bound here and is removed by `close()`.
  package let boundPath: String?
  let lockDescriptor: Int32

  /// Where clients find it (getsockname(2)).
  package var path: String? {
    var address = sockaddr_un()
    var size = socklen_t(MemoryLayout.size(ofValue: address))
    let result = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      unsafe bytes.baseAddress.map {
        unsafe getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size)
      }
    }
    guard result == 0, Int32(address.sun_family) == AF_UNIX else { return nil }
    return unsafe withUnsafeBytes(of: address.sun_path) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  // MARK: From systemd

  /// Takes the sockets that systemd passed (sd_listen_fds_with_names(3)).
  ///
  /// - Parameter names: what FileDescriptorName= may be, the first one for sockets that were given
  ///   no name of their own ("unknown", or the socket unit's name). Sockets of the first name are
  ///   those of Unix: on no other does the kernel say who connects.
  /// - Returns: the sockets of each name; none when the process was not socket-activated.
  package static func inherited(
    named names: [String]
  ) throws(LoopError) -> [String: [ListeningSocket]] {
    var given: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = try LoopError.check(
      unsafe sd_listen_fds_with_names(1, &given), "sd_listen_fds_with_names")
    defer {
      for index in 0..<Int(count) { unsafe free(given?[index]) }
      unsafe free(given)
    }
    var sockets: [String: [ListeningSocket]] = [:]
    for index in 0..<count {
      let text = unsafe given?[Int(index)].map { unsafe String(cString: $0) } ?? "unknown"
      guard let name = text == "unknown" ? names.first : names.first(where: { isName(text, $0) })
      else {
        Glibc.close(SD_LISTEN_FDS_START + index)
        continue
      }
      let family = name == names.first ? AF_UNIX : AF_UNSPEC
      sockets[name, default: []].append(
        try inherited(descriptor: SD_LISTEN_FDS_START + index, name: text, family: family))
    }
    guard count == 0 || !sockets.isEmpty else {
      let expected = names.map { "\"\($0)\"" }.joined(separator: " or ")
      let found = (0..<Int(count)).map { index in
        unsafe given?[index].map { unsafe "\"\(String(cString: $0))\"" } ?? "no name"
      }
      throw LoopError(
        "sd_listen_fds_with_names", code: EINVAL,
        "(FileDescriptorName= of the passed sockets is \(found.joined(separator: ", ")), none is"
          + " \(expected))")
    }
    return sockets
  }

  private static func isName(_ text: String, _ name: String) -> Bool {
    text == name || text == name + ".socket" || text == "halley-\(name).socket"
  }

  private static func inherited(
    descriptor: Int32, name: String, family: Int32
  ) throws(LoopError) -> ListeningSocket {
    let socket = ListeningSocket(descriptor: descriptor, boundPath: nil, lockDescriptor: -1)
    let type = Int32(SOCK_STREAM.rawValue)
    let isListener = try LoopError.check(sd_is_socket(descriptor, family, type, 1), "sd_is_socket")
    guard isListener > 0 else {
      let place = socket.place.map { " at \($0)" } ?? ""
      let what = family == AF_UNIX ? "stream socket of Unix" : "stream socket"
      throw LoopError(
        "sd_is_socket", code: ENOTSOCK,
        "(descriptor \(descriptor), \"\(name)\"\(place): a listening \(what) was expected)")
    }
    _ = halley_set_nonblocking(descriptor)
    return socket
  }

  // MARK: Bound here

  /// Binds and listens at a path that only this user can reach, unless a mode says otherwise.
  ///
  /// The directory is made (0700) if it is missing, and must belong to this user, or root, and let
  /// nobody else write. A lock beside the socket keeps a second instance away; a socket that nobody
  /// answers at is replaced; anything else at the path is left alone and refused.
  ///
  /// - Parameter mode: of the socket's file.
  package static func bind(
    path: String, mode: UInt32 = 0o600
  ) throws(LoopError) -> ListeningSocket {
    let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    try prepareDirectory(directory.isEmpty ? "/" : directory)
    let lock = try takeLock(path + ".lock")
    do throws(LoopError) {
      try removeStaleSocket(path)
      let descriptor = try bindAndListen(path)
      // What was bound is in a directory where nobody else can put another file in its place.
      if mode != 0o600, unsafe chmod(path, mode) != 0 {
        let error = LoopError.last("chmod", path)
        Glibc.close(descriptor)
        throw error
      }
      return ListeningSocket(descriptor: descriptor, boundPath: path, lockDescriptor: lock)
    } catch {
      Glibc.close(lock)
      throw error
    }
  }

  /// Stops listening, and removes the socket if it was made here.
  package func close() {
    if let boundPath { unsafe _ = unlink(boundPath) }
    _ = Glibc.close(descriptor)
    // The lock's file stays: were it removed, two instances could hold locks on two files.
    if lockDescriptor >= 0 { _ = Glibc.close(lockDescriptor) }
  }

  private static func prepareDirectory(_ directory: String) throws(LoopError) {
    if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST { throw .last("mkdir", directory) }
    let descriptor = unsafe halley_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .last("open", directory) }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat", directory) }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw LoopError("bind", code: EPERM, "in \(directory), which belongs to uid \(status.st_uid)")
    }
    guard status.st_mode & 0o022 == 0 || status.st_mode & stickyBit != 0 else {
      throw LoopError(
        "bind", code: EPERM,
        "in \(directory), which others may write to (mode 0\(String(status.st_mode & 0o7777, radix: 8)))"
      )
    }
  }

  private static func takeLock(_ path: String) throws(LoopError) -> Int32 {
    let descriptor = unsafe halley_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .last("open", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw LoopError(
        "flock", code: code == EWOULDBLOCK ? EADDRINUSE : code,
        "\(path) (another halleyd is running)")
    }
    return descriptor
  }

  private static func removeStaleSocket(_ path: String) throws(LoopError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw .last("lstat", path) }
      return
    }
    guard status.st_mode & fileTypeMask == socketType else {
      throw LoopError("bind", code: EEXIST, "\(path) (it is there and is no socket)")
    }
    guard status.st_uid == geteuid() else {
      throw LoopError("bind", code: EPERM, "\(path) (a socket of uid \(status.st_uid))")
    }
    guard try !isAnswered(path) else {
      throw LoopError("bind", code: EADDRINUSE, "\(path) (a daemon answers there)")
    }
    guard unsafe unlink(path) == 0 else { throw .last("unlink", path) }
  }

  /// Removes the socket that an instance left which was killed; anything else stays.
  package static func removeAbandoned(_ path: String) throws(LoopError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & fileTypeMask == socketType else {
      return
    }
    let lock = try takeLock(path + ".lock")
    defer { Glibc.close(lock) }
    try removeStaleSocket(path)
  }

  private static func isAnswered(_ path: String) throws(LoopError) -> Bool {
    let descriptor = try makeSocket()
    defer { Glibc.close(descriptor) }
    let result = try unsafe UnixSocket.withAddress(path) { address, size in
      unsafe connect(descriptor, address, size)
    }
    // EAGAIN: a full backlog has an owner too.
    return result == 0 || errno == EAGAIN
  }

  private static func bindAndListen(_ path: String) throws(LoopError) -> Int32 {
    let descriptor = try makeSocket()
    // Before bind(2), so that nobody else can open the socket, not even for a moment.
    let mask = umask(0o177)
    let result = try unsafe UnixSocket.withAddress(path) { address, size in
      unsafe Glibc.bind(descriptor, address, size)
    }
    let code = errno
    umask(mask)
    guard result == 0 else {
      Glibc.close(descriptor)
      throw LoopError("bind", code: code, path)
    }
    guard listen(descriptor, backlog) == 0 else {
      let error = LoopError.last("listen", path)
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func makeSocket() throws(LoopError) -> Int32 {
    let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let descriptor = socket(AF_UNIX, Int32(type), 0)
    guard descriptor >= 0 else { throw .last("socket") }
    return descriptor
  }
}
