import JSON
import Store
import Testing

@Suite struct SubjectTests {
  @Test(
    arguments: [
      "uid:0", "uid:1000", "uid:4294967295", "socket:ci", "socket:a.b_c-d+1",
      "token:editor@uid:1000", "anna@EXAMPLE.ORG", "uid@realm", "1000@realm",
    ])
  func `a subject is read as it is spelled`(name: String) {
    #expect(Subject(name)?.name == name)
  }

  @Test(
    arguments: [
      "", "uid:", "uid:-1", "uid:+1", "uid:01", "uid:4294967296", "uid:1000 ", "uid:١", "uid",
      "1000", "socket:", "socket:a b", "socket:a@b", "socket:a:b", "token:editor", "token:@uid:1",
      "token:editor@1000", "token:editor@uid:01", "token:a@socket:b", "@realm", "anna@",
      "anna@b@c", "anna:b@c", "anna@ü", "an\0na@realm", "root:x", "\u{FEFF}uid:1",
      "anna@" + String(repeating: "a", count: 251),
    ])
  func `what has another spelling is no subject`(name: String) {
    #expect(Subject(name) == nil)
  }

  @Test func `any bytes are a subject of that name or none`() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("uidsockettoken:@.019 \u{0}é".utf8)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...12, using: &random)
      let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      let name = String(decoding: bytes, as: UTF8.self)
      if let subject = Subject(name) {
        #expect(subject.name == name)
        #expect(subject.userID.map { Subject.user($0) == subject } ?? true)
      }
    }
  }

  @Test func `users have a number, others have none`() {
    #expect(Subject("uid:1000") == .user(1000))
    #expect(Subject.user(.max).userID == .max)
    #expect(Subject("token:editor@uid:1000")?.userID == nil)
    #expect("\(Subject.user(7))" == "uid 7")
    #expect(Subject("socket:ci").map { "\($0)" } == "socket:ci")
  }
}
