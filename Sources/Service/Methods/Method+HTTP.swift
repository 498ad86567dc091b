internal import EventLoop
internal import Glibc
internal import JSON
internal import Wire

/// What a user's programs have to know of the HTTP face.
extension Method {
  static let httpInfo = working("http.info", for: .users) { daemon, call in
    // The file is there when this is answered.
    await daemon.firstToken?.value
    return daemon.httpInfo(for: call.caller)
  }

  /// A code for the page, which a browser exchanges for a token of its own.
  static let httpCode = immediate("http.code", for: .users) { daemon, call throws(RPCError) in
    guard daemon.httpListening?.addresses.isEmpty == false else {
      throw RPCError(
        .config, "the daemon listens at no address for HTTP",
        details: [("hint", .string("[http] listen in config.toml makes it; see halley.toml(5)"))])
    }
    let code = try daemon.pages.code(for: call.caller)
    return .object {
      $0.member("code", code)
      $0.member("expires_in_s", PageSessions.codeLifetime.components.seconds)
    }
  }
}

extension Daemon {
  fileprivate func httpInfo(for caller: Caller) -> RawJSON {
    // The token is that of the daemon's own user.
    let file = httpListening == nil || caller.userID != geteuid() ? nil : tokenFile
    return .object { info in
      info.key("listening")
      info.array { list in
        for address in httpListening?.addresses ?? [] {
          list.object {
            $0.member("address", address)
            $0.member("url", "http://\(address)")
          }
        }
      }
      info.member("socket", httpListening?.socketPath.map { .string($0) } ?? .null)
      info.member("token_file", file.map { .string($0.path) } ?? .null)
    }
  }
}
