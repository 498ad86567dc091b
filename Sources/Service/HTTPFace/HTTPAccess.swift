internal import EventLoop
internal import JSON
internal import Wire

/// Who may use a connection, and as whom.
///
/// Pages of the web reach loopback addresses too, by their own name or by one that was made to lead
/// here. Browsers say so in Host, Origin, Referer and Sec-Fetch-Site, of which none may name another
/// place; and what a page may send without asking first is no JSON. There is no CORS: nobody who asks
/// first is let in.
@EventLoop
struct HTTPAccess {
  /// Where a connection came in.
  enum Place {
    /// A Unix socket, where the kernel says who asks.
    case socket
    /// An address of the loopback interface.
    case loopback
  }

  private let place: Place
  /// Who has connected, where the kernel says so.
  private let user: Caller?

  /// - Parameter grant: of a restricted socket; nil where users come in.
  init(_ place: Place, _ descriptor: Int32, grant: Grant?) throws(LoopError) {
    self.place = place
    switch place {
    case .socket: user = Caller(try UnixSocket.peer(of: descriptor), grant: grant)
    case .loopback: user = nil
    }
  }

  /// Of who has connected; nil where the kernel does not say who that is.
  var userID: UInt32? { user?.userID }

  // MARK: Whether it may be sent

  /// What a request leads to, if whoever sends it may send requests at all.
  func route(of head: HTTPRequestHead, _ face: HTTPFace) throws(APIError) -> APIRoute {
    try checkHost(head, face.authorities)
    guard head.method != "OPTIONS" else {
      throw Self.refusal("nobody on another site may ask here")
    }
    let isVisit = head.method == "GET" && head.target.segments.isEmpty && isNavigation(head)
    try checkOrigin(head, isVisit: isVisit)
    let route = try APIRoute.find(head)
    if head.method == "POST", head.hasBody || head["content-type"] != nil {
      try Self.checkContent(head)
    }
    return route
  }

  private static func refusal(_ reason: String) -> APIError {
    APIError(403, code: "forbidden", reason)
  }

  /// - Parameter authorities: the hosts of URLs that lead to the face.
  private func checkHost(
    _ head: HTTPRequestHead, _ authorities: Set<String>
  ) throws(APIError) {
    // The parser lets HTTP/1.0 have none.
    guard head["host"] != nil else {
      let code = RPCError.Code.invalidRequest.rawValue
      throw APIError(400, code: code, "the head's Host: found none, expected one")
    }
    guard case .loopback = place else { return }
    guard let host = head.authority, authorities.contains(host) else {
      throw Self.refusal(
        "found the host \(RawJSON.string(head.authority ?? "").excerpt), expected "
          + authorities.sorted().joined(separator: " or "))
    }
  }

  /// Whether somebody follows a link, or types an address (Fetch Metadata, section 2).
  private func isNavigation(_ head: HTTPRequestHead) -> Bool {
    head["sec-fetch-mode"] == "navigate" && head["sec-fetch-dest"] == "document"
  }

  /// - Parameter isVisit: whether the page is opened as a whole, which any site may link to: it holds
  ///   no data.
  private func checkOrigin(_ head: HTTPRequestHead, isVisit: Bool) throws(APIError) {
    if let origin = head["origin"], !isOwn(origin, head) {
      throw Self.refusal("found the origin \(RawJSON.string(origin).excerpt), expected none")
    }
    guard !isVisit else { return }
    if let referer = head["referer"], !isOwn(Self.origin(of: referer), head) {
      throw Self.refusal("found the referer \(RawJSON.string(referer).excerpt), expected none")
    }
    let site = head["sec-fetch-site"] ?? "none"
    guard site == "none" || site == "same-origin" else {
      throw Self.refusal(
        "found sec-fetch-site \(RawJSON.string(site).excerpt), expected none or same-origin")
    }
  }

  /// Whether an origin is that of the face's own page, as the request names the face.
  private func isOwn(_ origin: String, _ head: HTTPRequestHead) -> Bool {
    guard case .loopback = place, let host = head.authority else { return false }
    return origin == "http://\(host)"
  }

  /// Scheme and host of a URL (RFC 6454, section 4); what is none is no origin of ours, nor is what
  /// may be several.
  private static func origin(of url: String) -> String {
    let scheme = "http://"
    guard url.hasPrefix(scheme), !url.utf8.contains(UInt8(ascii: ",")) else { return url }
    return scheme + url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  }

  /// Whoever sends another type may be a form of a page, which asks nobody first (Fetch standard,
  /// section 2.2.2). What is compressed is not taken: it says nothing of how long it will be.
  private static func checkContent(_ head: HTTPRequestHead) throws(APIError) {
    let type = head["content-type"] ?? ""
    guard isJSON(type) else {
      let found = type.isEmpty ? "no content type" : RawJSON.string(type).excerpt
      throw APIError(
        415, code: "unsupported_media_type", "found \(found), expected application/json")
    }
    guard let coding = head["content-encoding"], coding.lowercased() != "identity" else { return }
    throw APIError(
      415, code: "unsupported_media_type",
      "found the content encoding \(RawJSON.string(coding).excerpt), expected none")
  }

  /// Whether a content type is JSON's, with parameters or without (RFC 9110, section 8.3.1).
  private static func isJSON(_ type: String) -> Bool {
    var rest = type.utf8[...]
    for byte in "application/json".utf8 {
      guard let found = rest.popFirst(), found == byte || found | 0x20 == byte && found >= 0x41
      else { return false }
    }
    let behind = rest.first { $0 != 0x20 && $0 != 0x09 }
    return behind == nil || behind == UInt8(ascii: ";")
  }

  // MARK: As whom

  /// Who asks, by a head alone.
  func caller(of head: HTTPRequestHead, _ face: HTTPFace) throws(APIError) -> Caller {
    if var user {
      // A restricted socket may allow something else by now.
      if let grant = face.grant { user.regrant(grant) }
      guard user.grant != nil || PeerAccess.current.admits(user.userID) else {
        throw APIError(
          RPCError(.permission, "uid \(user.userID) may not use this daemon"))
      }
      return user
    }
    let tokens = Self.tokens(in: head)
    guard !tokens.isEmpty else { throw Self.unauthorized("no token") }
    let daemon = face.daemon
    for token in tokens {
      if let caller = daemon.caller(bearer: token) { return caller }
    }
    guard daemon.tokens.areKnown else {
      EventLoop.start { await daemon.readTokens() }
      throw APIError(
        RPCError(.storage, "the tokens can't be read from the database", isRetryable: true))
    }
    throw Self.unauthorized("a token that is unknown, too old or revoked")
  }

  /// What a client shows to be known (RFC 6750, section 2.1; `api-key` is how Azure has it). Either
  /// will do: programs fill the other with something else.
  private static func tokens(in head: HTTPRequestHead) -> [String] {
    [head["authorization"].flatMap { bearer($0) }, head["api-key"]].compactMap { $0 }
  }

  private static func bearer(_ field: String) -> String? {
    let parts = field.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return String(parts[1].drop { $0 == " " })
  }

  private static func unauthorized(_ found: String) -> APIError {
    var error = APIError(
      401, code: "invalid_api_key",
      "found \(found), expected a token of this daemon's as Authorization: Bearer or api-key; "
        + "halley token new makes one")
    error.headers.append(("www-authenticate", "Bearer"))
    return error
  }
}
