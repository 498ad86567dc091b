internal import Configuration
internal import EventLoop
internal import Glibc
internal import Store
internal import Wire

/// What the daemon has to do with its HTTP face.
extension Daemon {
  /// Takes note of where the face is reached now; nil where there is none.
  ///
  /// The first time, the user's service makes the token that programs of its user find in a file; the
  /// system's has no user whose token that could be.
  func servesHTTP(at listening: HTTPListening?) {
    httpListening = listening
    guard listening != nil, firstToken == nil, let file = tokenFile else { return }
    firstToken = EventLoop.start { [self] in
      do throws(RPCError) {
        try await tokens.provideFirst(of: .user(geteuid()), in: file)
      } catch {
        journal.warn("The token for programs of this user was not written: \(error.message)")
      }
    }
  }

  /// Removes the file of the first token, which is good for nothing any more.
  func removeFirstToken(of subject: Subject) async throws(RPCError) {
    guard subject == .user(geteuid()), let file = tokenFile else { return }
    try await EventLoop.offload {
      Result { () throws(RPCError) in try file.remove() }
    }.get()
  }

  /// Reads the tokens, which comes with opening the database.
  func readTokens() async {
    do throws(RPCError) {
      _ = try await state.open()
    } catch {
      // That the database can't be opened was said when it was tried.
    }
  }

  /// The file with the first token; nil where the service is the system's.
  var tokenFile: TokenFile? {
    guard configuration.paths.mode == .user else { return nil }
    return TokenFile(beside: knownPath ?? configuration.paths.socket.path)
  }

  /// Keeps requests from going round: an upstream that is this daemon is never asked. Where a path
  /// leads is looked up anew each time.
  func isOwnFace(_ origin: UpstreamOrigin) -> Bool {
    if httpListening?.holds(origin) == true { return true }
    guard let path = origin.socketPath else { return false }
    let own = [knownPath].compactMap { $0 } + configuration.sockets.map(\.path)
    return own.contains { SocketPath.areSame($0, path) }
  }

  /// Who comes with a token, of a program or of the page; nil for one that is unknown.
  func caller(bearer token: String) -> Caller? {
    tokens.caller(bearer: token) ?? pages.caller(bearer: token)
  }
}
