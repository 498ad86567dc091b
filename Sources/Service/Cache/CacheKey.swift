package import Configuration
package import JSON
package import Store

/// Names an answer by everything that it depends on.
///
/// Two requests with one key ask one model behind one account for the same thing, whatever the
/// order of their members, their white space, and the defaults that they spell out. SHA-256,
/// because whoever can make two requests of one key could have one answered with the answer of the
/// other.
package struct CacheKey: Sendable, Hashable {
  package let digest: SHA256.Digest

  package init(digest: SHA256.Digest) {
    self.digest = digest
  }

  /// Its first eight bytes, most significant first.
  var prefix: UInt64 { digest.words.0 }

  /// As in `cache.explain`: 64 hexadecimal digits.
  package var text: String {
    let digits = Array("0123456789abcdef".utf8)
    let bytes = digest.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A request as its answer depends on it, with the digests of its parts.
package struct CacheableRequest: Sendable {
  /// Who asks whom.
  package struct Origin: Sendable {
    package var subject: Subject
    package var upstream: String
    /// Names the key that is used, never the key.
    package var keyIdentity: String
    /// As the upstream knows it.
    package var model: String

    package init(
      subject: Subject, upstream: String, keyIdentity: String, model: String
    ) {
      self.subject = subject
      self.upstream = upstream
      self.keyIdentity = keyIdentity
      self.model = model
    }
  }

  package let key: CacheKey
  package let parts: CacheParts

  /// Digests about 200 MB a second; large requests are digested off the loop.
  ///
  /// - Parameter body: the members of the request as they apply, those of its profile and its hooks
  ///   among them.
  /// - Parameter items: the context and the request's own items, in order and as they are sent.
  package init(_ origin: Origin, body: RawJSON, items: [RawJSON]) {
    var text = CanonicalJSON()
    var parts = CacheParts()
    text.add("halley cache 2")
    text.add(origin.subject.userID.map(String.init) ?? origin.subject.name)
    func add(_ name: String, _ write: (inout CanonicalJSON) -> Void) {
      text.add(name)
      let start = text.bytes.count
      write(&text)
      parts.add(name, text.bytes[start...])
    }
    add(CacheParts.upstream) { $0.add(origin.upstream) }
    add(CacheParts.key) { $0.add(origin.keyIdentity) }
    add("model") { $0.add(origin.model) }
    add("input") { text in
      text.add("\(items.count)")
      for item in items { text.add(CanonicalRequest.item(item)) }
    }
    for member in Self.members(of: body) {
      guard let value = CanonicalRequest.value(of: member) else { continue }
      add(member.key) { $0.add(value) }
    }
    key = CacheKey(digest: SHA256.digest(text.bytes))
    self.parts = parts
  }

  // MARK: Members

  /// Members that say who asks, how the answer travels or what is kept of it, or that the key holds
  /// in another form.
  private static let left: Set<String> = [
    "background", "conversation", "halley", "input", "metadata", "model", "previous_response_id",
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "store", "stream",
    "stream_options", "user",
  ]

  private static func members(of body: RawJSON) -> [RawJSON.Member] {
    body.members
      .filter { member in
        !left.contains(member.key) && !member.key.utf8.starts(with: "prompt_cache_".utf8)
      }
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }
}
