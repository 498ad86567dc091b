internal import Glibc
internal import JSON

/// The daemon's HTTP face, as the daemon itself tells of it.
package struct HTTPFace {
  /// The page that shows what the daemon does.
  package struct Page {
    package let url: String
    /// With the code, which works once.
    package let address: String
    /// For how long it works.
    package let seconds: Int64
  }

  private let session: Session
  private let socket: String
  private let info: RawJSON

  package init(asking connection: Connection) throws(Failure) {
    socket = connection.path
    session = Session(connection)
    info = try session.call("http.info", .emptyObject)
  }

  private func url() throws(Failure) -> String {
    // What an address may be is said here too: it ends up in shells and browsers.
    let url = info["listening"]?.elements.first?["url"]?.string ?? ""
    guard url.hasPrefix("http://"), url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Failure(
        .noDaemon, "halleyd at \(socket) listens at no address for HTTP",
        advice:
          "[http] listen = [\"127.0.0.1:4141\"] in its config.toml makes it; see halley.toml(5)")
    }
    return url
  }

  /// What an SDK takes for the API.
  package func baseURL() throws(Failure) -> String { try url() + "/v1" }

  /// The token that the user's service made for programs of its user.
  package func token() throws(Failure) -> String {
    guard let path = info.nonNull("token_file")?.string else {
      throw Failure(
        .configuration, "halleyd at \(socket) serves the system, and has no token for its users",
        advice: "make one for a program: halley token new NAME")
    }
    return try Self.token(in: path)
  }

  private static func token(in path: String) throws(Failure) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 || errno != ENOENT else { throw revoked }
    guard descriptor >= 0 else { throw failure(path, SystemError("open").reason) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw failure(path, "no regular file")
    }
    guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() || geteuid() == 0 else {
      throw failure(path, "others may read or write it")
    }
    var bytes: [UInt8] = []
    do throws(SystemError) {
      while try FileContents.readSome(descriptor, into: &bytes, InputLimit(256)) {}
    } catch {
      throw failure(path, error.reason)
    }
    let token = bytes.prefix { 0x21...0x7E ~= $0 }
    guard !token.isEmpty, token.count + 1 >= bytes.count else { throw failure(path, "no token") }
    return String(decoding: token, as: UTF8.self)
  }

  private static var revoked: Failure {
    Failure(
      .noDaemon, "the token for programs of this user was revoked, or its file removed",
      advice: "a restart of halleyd makes another: systemctl --user restart halley.service")
  }

  private static func failure(_ path: String, _ reason: String) -> Failure {
    Failure(
      .configuration, "the token can't be read from \(path): \(reason)",
      advice: "a restart of halleyd writes it again: systemctl --user restart halley.service")
  }

  /// Asks for a code, and returns where it leads.
  package func page() throws(Failure) -> Page {
    let url = try url() + "/"
    let result = try session.call("http.code", .emptyObject)
    guard let code = result["code"]?.string, code.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Failure(.failed, "halleyd at \(socket) gave no code for the page")
    }
    return Page(
      url: url, address: "\(url)#\(code)", seconds: result["expires_in_s"]?.integer ?? 60)
  }
}
