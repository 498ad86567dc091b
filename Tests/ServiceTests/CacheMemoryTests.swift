import Configuration
import JSON
import Service
import Store
import Testing

@Suite struct CacheMemoryTests {
  private func key(_ number: Int) -> CacheKey {
    CacheKey(digest: SHA256.digest(Array("\(number)".utf8)))
  }

  private func answer(_ text: String, at time: Int64 = 1000) -> CachedAnswer {
    let object = RawJSON.object { response in
      response.member("id", "resp_\(text.utf8.count)")
      response.member("created_at", 1)
      response.member("status", "completed")
      response.member("text", text)
    }
    return CachedAnswer(
      responseID: "resp_\(text.utf8.count)", object: object, cachedAt: time, upstream: "u",
      upstreamID: nil, isOnDisk: true)
  }

  @Test func `an answer is found until it is too old`() {
    var memory = AnswerMemory(maximumBytes: 1 << 20)
    memory.insert(answer("a"), of: .user(1), as: key(1))
    #expect(memory.answer(key(1), since: 1000)?.object["text"]?.string == "a")
    #expect(memory.answer(key(2), since: 0) == nil)
    #expect(memory.answer(key(1), since: 1001) == nil)
    #expect(memory.count == 0 && memory.bytes == 0)
  }

  @Test func `what was used longest ago leaves, and the limit holds`() {
    let text = String(repeating: "x", count: 1000)
    var memory = AnswerMemory(maximumBytes: 100_000)
    for number in 0..<1000 {
      memory.insert(answer(text), of: .user(1), as: key(number))
      let oldest = memory.answer(key(0), since: 0)
      #expect(oldest != nil)
      #expect(memory.bytes <= 100_000)
    }
    #expect(memory.answer(key(999), since: 0) != nil)
    #expect(memory.answer(key(1), since: 0) == nil)
    #expect(memory.count > 40)
  }

  @Test func `laid out answers count too`() {
    let text = String(repeating: "x", count: 1000)
    var memory = AnswerMemory(maximumBytes: 40_000)
    for number in 0..<100 {
      memory.insert(answer(text), of: .user(1), as: key(number))
      let copy = memory.copy(key(number), echoes: [], at: 1_700_000_000)
      #expect(copy != nil)
      #expect(memory.bytes <= 40_000)
    }
    #expect(memory.count > 2)
  }

  @Test func `an answer that would drive out most others is not taken`() {
    var memory = AnswerMemory(maximumBytes: 8000)
    memory.insert(answer("a"), of: .user(1), as: key(1))
    memory.insert(answer(String(repeating: "x", count: 1001)), of: .user(1), as: key(1))
    #expect(memory.count == 0 && memory.bytes == 0)
  }

  @Test func `one user's answers are removed, the others' stay`() {
    var memory = AnswerMemory(maximumBytes: 1 << 20)
    memory.insert(answer("a"), of: .user(1), as: key(1))
    memory.insert(answer("bb"), of: .user(1), as: key(2))
    memory.insert(answer("ccc"), of: .user(2), as: key(3))
    memory.remove(of: .user(1)) { $0.responseID == "resp_2" }
    #expect(memory.answer(key(1), since: 0) != nil && memory.answer(key(2), since: 0) == nil)
    memory.remove(of: .user(1)) { _ in true }
    #expect(memory.count == 1 && memory.answer(key(3), since: 0) != nil)
    memory.remove(key(3))
    #expect(memory.bytes == 0)
  }

  @Test func `a copy repeats the request that it answers`() {
    var memory = AnswerMemory(maximumBytes: 1 << 20)
    memory.insert(answer("a"), of: .user(1), as: key(1))
    for number in [1, 2, 2, 1] {
      let echoes = [FreshCopy.Echo("metadata", .integer(number))]
      let copy = memory.copy(key(1), echoes: echoes, at: 1_700_000_000)
      #expect(copy?.object["metadata"]?.integer == Int64(number))
    }
  }
}
