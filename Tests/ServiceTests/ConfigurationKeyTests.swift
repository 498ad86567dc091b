import Configuration
import Glibc
import Testing

@Suite struct ConfigurationKeyTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func keys(_ environment: [String: String] = [:]) -> APIKeys {
    let all = scratch.environment.merging(environment) { $1 }
    return APIKeys(paths: ConfigurationPaths(mode: .user, environment: all), environment: all)
  }

  private func upstream(_ name: String, _ url: String = "https://a.example") throws
    -> UpstreamConfiguration
  {
    UpstreamConfiguration(name: name, url: try BaseURL(parsing: url))
  }

  private func credentials(_ name: String, _ text: String, mode: mode_t = 0o440) throws -> String {
    try scratch.write("creds/\(name)", text, mode: mode)
    return "\(scratch.path)/creds"
  }

  @Test func `a key comes from the environment`() throws {
    let key = try keys(["A_KEY": "sk-1"]).resolve(.environment("A_KEY"))
    #expect(key?.secret == "sk-1")
  }

  @Test(arguments: [[:], ["A_KEY": ""]])
  func `a variable that is not set is named`(environment: [String: String]) throws {
    let error = try #require(throws: KeyError.self) {
      try keys(environment).resolve(.environment("A_KEY"))
    }
    #expect(error.code == .notFound)
    #expect(error.message == "environment variable A_KEY is not set")
  }

  @Test(arguments: [0o600, 0o400] as [mode_t])
  func `a key comes from a file that only its owner may read`(mode: mode_t) throws {
    let file = try scratch.write("k", "sk-2\n", mode: mode)
    #expect(try keys().resolve(.file(file))?.secret == "sk-2")
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o666] as [mode_t])
  func `a file that others may read or write is refused`(mode: mode_t) throws {
    let file = try scratch.write("k", "sk-secret\n", mode: mode)
    let error = try #require(throws: KeyError.self) { try keys().resolve(.file(file)) }
    #expect(error.code == .insecure)
    #expect(error.message.contains("(mode 0\(String(mode, radix: 8)))"))
    #expect(error.hint == "run: chmod 600 \(file)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func `a file of another user is refused`() throws {
    let file = try scratch.write("k", "sk-secret\n")
    try #require(unsafe chown(file, 4321, 4321) == 0)
    let error = try #require(throws: KeyError.self) { try keys().resolve(.file(file)) }
    #expect(error.code == .insecure)
    #expect(error.message == "\(file) belongs to user 4321")
  }

  @Test func `a file that is none is refused`() throws {
    try scratch.write("directory/x", "")
    let directory = try #require(throws: KeyError.self) {
      try keys().resolve(.file("\(scratch.path)/directory"))
    }
    #expect(directory.code == .unreadable)
    let fifo = "\(scratch.path)/fifo"
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    #expect(throws: KeyError.self) { try keys().resolve(.file(fifo)) }
    let missing = try #require(throws: KeyError.self) { try keys().resolve(.file("/nowhere/k")) }
    #expect(missing.code == .notFound)
  }

  @Test(arguments: [("sk", "sk"), ("sk\n", "sk"), ("sk\r\n", "sk")])
  func `one line end is left out`(text: String, secret: String) throws {
    let file = try scratch.write("k", text)
    #expect(try keys().resolve(.file(file))?.secret == secret)
  }

  @Test(arguments: [
    "", "\n", "secret\n\n", " secret", "secret key", "secret\u{0}", "secret\tx", "secr\u{e9}t",
    "secret\u{7F}", "secret\r\nX-Evil: 1", String(repeating: "s", count: 4097),
  ])
  func `a key is one line of visible ASCII, and is not repeated`(text: String) throws {
    let file = try scratch.write("k", text)
    let error = try #require(throws: KeyError.self) { try keys().resolve(.file(file)) }
    #expect(error.code == .malformed)
    #expect(!"\(error)".contains("secr"))
    #expect(error.hint == "a key is one line of 1 to 4096 bytes from 0x21 to 0x7E")
  }

  @Test func `a key of 4096 bytes is the longest`() throws {
    let file = try scratch.write("k", String(repeating: "~", count: 4096) + "\r\n")
    #expect(try keys().resolve(.file(file))?.secret.utf8.count == 4096)
  }

  @Test func `a key comes from a credential, whoever may read it`() throws {
    let directory = try credentials("name", "  sk-3\n")
    let found = keys(["CREDENTIALS_DIRECTORY": directory])
    #expect(try found.resolve(.credential("name"))?.secret == "sk-3")
  }

  @Test(arguments: ["\n", "", " \n"])
  func `a blank credential is none`(text: String) throws {
    let directory = try credentials("name", text)
    let error = try #require(throws: KeyError.self) {
      try keys(["CREDENTIALS_DIRECTORY": directory]).resolve(.credential("name"))
    }
    #expect(error.code == .notFound)
    #expect(error.hint.contains("LoadCredential=name"))
  }

  @Test func `without credentials the variable is named`() throws {
    let error = try #require(throws: KeyError.self) { try keys().resolve(.credential("name")) }
    #expect(error.message == "no systemd credential name ($CREDENTIALS_DIRECTORY is not set)")
  }

  @Test func `a key is looked for as credential, then as file, then in the environment`() throws {
    let environment = ["NAME_A_API_KEY": "from-environment"]
    let upstream = try upstream("name-a")
    #expect(try keys(environment).resolve(upstream)?.secret == "from-environment")
    try scratch.write("config/halley/keys/name-a", "from-file\n")
    #expect(try keys(environment).resolve(upstream)?.secret == "from-file")
    let directory = try credentials("name-a", "from-credential")
    let all = keys(environment.merging(["CREDENTIALS_DIRECTORY": directory]) { $1 })
    #expect(try all.resolve(upstream)?.secret == "from-credential")
  }

  @Test func `a blank credential lets the search go on`() throws {
    let directory = try credentials("cometapi", "\n")
    let environment = ["CREDENTIALS_DIRECTORY": directory, "COMETAPI_KEY": "sk-4"]
    #expect(try keys(environment).resolve(.builtIn)?.secret == "sk-4")
  }

  @Test func `a key file that others may read ends the search`() throws {
    try scratch.write("config/halley/keys/cometapi", "sk-secret", mode: 0o644)
    let error = try #require(throws: KeyError.self) {
      try keys(["COMETAPI_KEY": "sk"]).resolve(.builtIn)
    }
    #expect(error.code == .insecure)
  }

  @Test(arguments: [
    ("cometapi", "COMETAPI_KEY"), ("openai", "OPENAI_API_KEY"), ("my-own_2", "MY_OWN_2_API_KEY"),
  ])
  func `the variable is named after the upstream`(name: String, variable: String) throws {
    #expect(try keys([variable: "sk"]).resolve(try upstream(name))?.secret == "sk")
  }

  @Test func `a loopback upstream may have no key`() throws {
    #expect(try keys().resolve(try upstream("local", "http://127.0.0.1:1/v1")) == nil)
    #expect(try keys().resolve(try upstream("local", "http://[::1]:1/v1")) == nil)
    #expect(
      try keys(["LOCAL_API_KEY": "k"]).resolve(try upstream("local", "http://[::1]:1"))?.secret
        == "k")
  }

  @Test func `any other upstream without a key says what to do`() throws {
    let error = try #require(throws: KeyError.self) { try keys().resolve(.builtIn) }
    #expect(error.code == .notFound)
    #expect(
      error.message == "no key for upstream cometapi: no systemd credential of that name, no"
        + " \(scratch.path)/config/halley/keys/cometapi, no environment variable COMETAPI_KEY")
    #expect(error.hint == "run: halley keys set cometapi")
  }

  /// `halley env` puts one where programs look for the key of OpenAI.
  private static let token = "halley-0123456789abcdefghijABCDEFGHIJ_-0123456789a"

  @Test func `a token of the daemon is no key in the environment, and is not repeated`() throws {
    let keys = keys(["OPENAI_API_KEY": Self.token])
    let error = try #require(throws: KeyError.self) { try keys.resolve(try upstream("openai")) }
    #expect(error.code == .notFound)
    #expect(
      error.message.hasSuffix(
        "only a token of halleyd in environment variable OPENAI_API_KEY, which no upstream is sent")
    )
    #expect(!"\(error)".contains("0123"))
    #expect(try keys.resolve(try upstream("openai", "http://127.0.0.1:1")) == nil)
    let named = try #require(throws: KeyError.self) {
      try keys.resolve(.environment("OPENAI_API_KEY"))
    }
    #expect(
      named.message
        == "environment variable OPENAI_API_KEY holds a token of halleyd, which no upstream is sent"
    )
  }

  @Test func `a token of the daemon is refused as a key wherever it stands`() throws {
    let file = try scratch.write("k", Self.token + "\n")
    let directory = try credentials("name", Self.token)
    let keys = keys(["CREDENTIALS_DIRECTORY": directory])
    for source in [
      APIKeySource.file(file), .credential("name"), .command(["/bin/echo", Self.token]),
    ] {
      let error = try #require(throws: KeyError.self) { try keys.resolve(source) }
      #expect(error.code == .malformed)
      #expect(error.message.hasSuffix("is a token of halleyd, which no upstream is sent"))
    }
  }

  @Test func `an upstream may say that it needs none`() throws {
    var upstream = try upstream("open")
    upstream.keySource = .none
    #expect(try keys(["OPEN_API_KEY": "k"]).resolve(upstream) == nil)
  }

  @Test func `a key prints as nothing but its kind`() throws {
    let key = try #require(APIKey(Array("sk-secret".utf8)))
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), String(describing: [key as Any]), dumped] {
      #expect(!text.contains("secret"))
    }
  }
}
