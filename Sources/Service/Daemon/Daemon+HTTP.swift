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
    markOwnFaces()
    guard listening != nil, firstToken == nil, let file = tokenFile else { return }
    firstToken = EventLoop.start { [self] in
      do throws(RPCError) {
        try await tokens.provideFirst(of: .user(geteuid()), in: file)
      } catch {
        journal.warn("The token for programs of this user was not written: \(error.message)")
      }
    }
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

  /// Keeps requests from going round: an upstream that is this daemon is never asked.
  func markOwnFaces() {
    for upstream in upstreams.values {
      upstream.isOwnFace = httpListening?.holds(upstream.configuration.origin) ?? false
    }
  }

  /// Who comes with a token, of a program or of the page; nil for one that is unknown.
  func caller(bearer token: String) -> Caller? {
    tokens.caller(bearer: token) ?? pages.caller(bearer: token)
  }
}
