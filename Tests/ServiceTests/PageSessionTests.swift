import EventLoop
import Service
import Store
import Testing
import TestSupport

/// Codes of `halley open`, and the pages that came with them.
@Suite(.onLoop) struct PageSessionTests {
  @EventLoop
  private final class Place {
    var time = ContinuousClock.now
    private(set) lazy var pages = PageSessions { [unowned self] in time }
    let user = Caller(.user(1000), name: "halley")

    func open() throws -> String { try #require(try pages.redeem(try pages.code(for: user))) }
  }

  @Test @EventLoop func `a code is taken once, and for a page that sees what its user sees`() throws
  {
    let place = Place()
    let code = try place.pages.code(for: place.user)
    let token = try #require(try place.pages.redeem(code))
    #expect(try place.pages.redeem(code) == nil)
    #expect(token.hasPrefix("halley-") && token.utf8.count == 50)
    let caller = try #require(place.pages.caller(bearer: token))
    #expect(caller.role == .page)
    #expect(caller.principal == .user(1000))
    #expect(place.pages.caller(bearer: code) == nil)
    #expect(place.pages.caller(bearer: "halley-") == nil)
  }

  @Test @EventLoop func `a code is good for a minute, a page for twelve hours`() throws {
    let place = Place()
    let code = try place.pages.code(for: place.user)
    place.time += .seconds(60)
    #expect(try place.pages.redeem(code) == nil)
    let token = try place.open()
    place.time += .seconds(12 * 3600 - 1)
    #expect(place.pages.caller(bearer: token) != nil)
    place.time += .seconds(1)
    #expect(place.pages.caller(bearer: token) == nil)
  }

  @Test @EventLoop func `a user who opens many pages loses the oldest, and nobody else's`() throws {
    let place = Place()
    let other = Caller(.user(1001), name: "halley")
    let foreign = try #require(try place.pages.redeem(try place.pages.code(for: other)))
    let foreignCode = try place.pages.code(for: other)
    var tokens: [String] = []
    for _ in 0..<40 {
      place.time += .seconds(1)
      tokens.append(try place.open())
    }
    #expect(tokens.map { place.pages.caller(bearer: $0) != nil }.count { $0 } == 32)
    #expect(place.pages.caller(bearer: tokens[7]) == nil)
    #expect(place.pages.caller(bearer: foreign) != nil)
    var codes: [String] = []
    for _ in 0..<20 { codes.append(try place.pages.code(for: place.user)) }
    #expect(try codes.compactMap { try place.pages.redeem($0) }.count == 8)
    #expect(try place.pages.redeem(foreignCode) != nil)
  }
}
