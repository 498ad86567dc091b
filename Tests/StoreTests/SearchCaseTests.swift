import JSON
import Store
import Testing

/// What people look for, and what they said then.
@Suite struct SearchCaseTests {
  struct Case {
    let said: String
    let query: String

    init(_ said: String, _ query: String) {
      self.said = said
      self.query = query
    }
  }

  /// Chinese, Japanese and Korean, and scripts of South East Asia: no spaces between words.
  private static let unspaced = [
    Case("数据库的性能优化", "数据库"), Case("数据库的性能优化", "性能"),
    Case("数据库的性能优化", "优化"), Case("数据库的性能优化", "库"),
    Case("数据库的性能优化", "\"性能优化\""), Case("数据库的性能优化", "数据库 优化"),
    Case("資料庫的效能調校", "效能"), Case("请检查日志文件。", "日志"),
    Case("用Docker容器部署服务", "docker"), Case("用Docker容器部署服务", "容器部署"),
    Case("第3章：并发控制", "并发"), Case("第3章：并发控制", "第3章"),
    Case("数据\n库", "数据库"), Case("𠮷野家で食べる", "𠮷野"),
    Case("データベースの最適化", "最適化"), Case("データベースの最適化", "データベース"),
    Case("データベースの最適化", "ベース"), Case("ﾃﾞｰﾀﾍﾞｰｽ", "データベース"),
    Case("データベース", "ﾃﾞｰﾀ"), Case("か\u{3099}っこう", "がっこう"),
    Case("東京都に住んでいます", "住んで"), Case("コンピュータ・サイエンス", "サイエンス"),
    Case("人々の声", "人々"), Case("데이터베이스를 최적화합니다", "데이터베이스"),
    Case("데이터베이스를 최적화합니다", "최적화"), Case("데이터베이스를 최적화합니다", "베이스"),
    Case("\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF} 입력", "한글"),
    Case("한글 입력", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}"),
    Case("การเพิ่มประสิทธิภาพฐานข้อมูล", "ฐานข้อมูล"),
    Case("การเพิ่มประสิทธิภาพฐานข้อมูล", "ประสิทธิภาพ"), Case("ภาษาไทย", "ไทย"),
    Case("ปี ๒๕๖๗", "2567"), Case("ຖານຂໍ້ມູນລາວ", "ລາວ"), Case("មូលដ្ឋានទិន្នន័យ", "ទិន្នន័យ"),
    Case("ទិន្នន័យ\u{200B}ធំ", "ទិន្នន័យធំ"), Case("ဒေတာဘေ့စ်", "ဘေ့စ်"),
  ]

  private static let code = [
    Case("call getUserName first", "user"), Case("call getUserName first", "getUserName"),
    Case("call getUserName first", "getusername"),
    Case("call getUserName first", "userName"), Case("call getUserName first", "get_user_name"),
    Case("call getUserName first", "\"user name\""), Case("call getUserName first", "getUs*"),
    Case("call getUserName first", "\"call getUserName\""), Case("set max_retry_count", "retry"),
    Case("set max_retry_count", "max_retry_count"), Case("set max_retry_count", "maxRetryCount"),
    Case("set max_retry_count", "MAX_RETRY"), Case("an HTTPServer class", "server"),
    Case("an HTTPServer class", "http"), Case("parseJSON2XML()", "json"),
    Case("parseJSON2XML()", "xml"), Case("XMLHttpRequest", "request"),
    Case("XMLHttpRequest", "xml"),
    Case("a utf8 text", "utf-8"), Case("a UTF-8 text", "utf8"), Case("IPv6Address", "address"),
    Case("kebab-case-name", "case"), Case("std::unordered_map", "unordered"),
    Case("import os.path", "path"), Case("see /usr/lib/systemd/user", "systemd"),
    Case("$HOME_DIR", "home"), Case("sha256sum file", "sha256sum"),
    Case("sha256sum file", "sha256"),
    Case("commit a3f5b9c0d1e2f3a4b5c6", "a3f5b9c0d1e2f3a4b5c6"),
    Case("commit a3f5b9c0d1e2f3a4b5c6", "a3f5b9*"), Case("größenÄnderung", "änderung"),
    Case("error E0308: mismatched", "E0308"), Case("numpy==1.26.4", "1.26.4"),
  ]

  /// One letter for another, as keyboards, systems and habits have it.
  private static let letters = [
    Case("зелёный ёж", "зеленый"), Case("зеленый еж", "зелёный"), Case("Ещё раз", "еще"),
    Case("мой йод", "йод"), Case("за\u{301}мок", "замок"), Case("die Straße", "strasse"),
    Case("die STRASSE", "straße"), Case("GROẞ", "gross"), Case("große Häuser", "hauser"),
    Case("ο άνθρωπος", "ανθρωπος"), Case("ΑΝΘΡΩΠΟΣ", "άνθρωπος"), Case("ΛΌΓΟΣ", "λόγος"),
    Case("ἄνθρωπος", "ανθρωπος"), Case("προϊόν", "προιον"), Case("the oﬃce ﬁle", "office"),
    Case("the oﬃce ﬁle", "file"), Case("the file", "ﬁle"), Case("hors d'œuvre", "oeuvre"),
    Case("Encyclopædia", "encyclopaedia"), Case("ĳsberg", "ijsberg"), Case("café", "cafe"),
    Case("cafe\u{301}", "café"), Case("smørrebrød", "smorrebrod"), Case("Łódź", "lodz"),
    Case("đường phố", "duong"), Case("tiếng Việt", "tieng viet"), Case("İSTANBUL", "istanbul"),
    Case("ISPARTA ılık", "ilik"), Case("ＡＢＣ１２３", "abc123"), Case("H₂O", "h2o"),
    Case("مُحَمَّد", "محمد"), Case("أحمد", "احمد"), Case("می\u{200C}خواهم", "خواهم"),
    Case("می\u{200C}خواهم", "میخواهم"), Case("שָׁלוֹם", "שלום"), Case("हिन्दी में", "हिन्दी"),
    Case("data\u{AD}base", "database"), Case("a 💐 for you", "💐"), Case("I ❤️ it", "❤"),
    Case("l’amour toujours", "amour"), Case("don’t panic", "don't"),
  ]

  private static let all = unspaced + code + letters

  @Test func `what was said is found however it is spelled`() async throws {
    let temporary = try TemporaryStore()
    var ids: [String: String] = [:]
    for said in Set(Self.all.map(\.said)) { ids[said] = try await temporary.store.say(said, "re") }
    #expect(Self.all.count > 98)
    for each in Self.all {
      let request = SearchRequest(query: each.query, limit: 100)
      let hits = try await temporary.store.search(request, as: .user(1000))
      #expect(
        hits.contains { $0.responseID == ids[each.said] },
        "\(each.query) is not found in \(each.said)")
    }
  }

  @Test(arguments: [
    Case("数据库的性能优化", "据数"), Case("数据库的性能优化", "数库"), Case("각오", "가"),
    Case("мой", "мои"), Case("getUserName", "serName"), Case("がく", "かく"), Case("การค้นหา", "นหาค"),
    Case("fooBar bazQux", "\"bar baz\" bar_baz"), Case("userName · getName", "name_get"),
  ])
  func `what was not said is not found`(each: Case) async throws {
    let temporary = try TemporaryStore()
    try await temporary.store.say(each.said, "re")
    let request = SearchRequest(query: each.query)
    #expect(try await temporary.store.search(request, as: .user(1000)).isEmpty)
  }

  // MARK: Snippets

  private func snippet(_ said: String, _ query: String) async throws -> String {
    let temporary = try TemporaryStore()
    try await temporary.store.say(said, "re")
    var request = SearchRequest(query: query)
    request.marks = ("[", "]")
    return try #require(try await temporary.store.search(request, as: .user(1000)).first).snippet
  }

  @Test(arguments: [
    (Case("数据库的性能优化", "性能"), "数据库的[性能]优化"),
    (Case("call getUserName", "user"), "call [getUserName]"),
    (Case("die Straße", "strasse"), "die [Straße]"),
    (Case("a naïve man", "\"naive man\""), "a [naïve man]"),
  ])
  func `a snippet shows what was found`(each: Case, expected: String) async throws {
    #expect(try await snippet(each.said, each.query) == expected)
  }

  private static let base64 = String(repeating: "aGVsbG8Kd29ybGQxMjM0NTY3ODk", count: 4000)
  private static let family = String(repeating: "👨‍👩‍👧", count: 500)

  @Test(arguments: [
    (base64 + " tulip " + base64, "tulip"), (base64, String(base64.prefix(500))),
    ("function(){" + String(repeating: "a=b;c(d)&&", count: 9000) + "tulip}", "tulip"),
    (family + "tulip" + family, "tulip"), (String(repeating: "数据库", count: 9000), "据库"),
    (String(repeating: "tulip ", count: 9000), "tulip"),
    ("x" + String(repeating: "\u{301}", count: 9000), "x"),
    (String(repeating: "e\u{301}", count: 9000) + " tulip", "tulip"),
  ])
  func `a snippet is short, and cut between characters`(said: String, query: String) async throws {
    let snippet = try await snippet(said, query)
    #expect(snippet.contains("["))
    let text = snippet.filter { !"[]".contains($0) }
    #expect(text.unicodeScalars.count <= 300 && text.unicodeScalars.count > 3)
    #expect(text.count <= 300 && !text.contains("\u{FFFD}"))
    let ends = text.hasPrefix("…") || text.hasSuffix("…")
    #expect(ends)
    guard said.contains("👨‍👩‍👧") else { return }
    #expect(text.allSatisfy { "…tulip👨‍👩‍👧".contains($0) })
  }
}
