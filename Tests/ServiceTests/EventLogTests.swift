import EventLoop
import JSON
import Service
import Testing
import TestSupport
import Wire

@Suite(.serialized, .onLoop) struct EventLogTests {
  @EventLoop
  private func event(_ number: Int) -> ArraySlice<UInt8> {
    Array(#"{"sequence_number":\#(number)}"#.utf8)[...]
  }

  private final class Reader {
    var calls = 0
  }

  @Test @EventLoop func `event n is the nth that was appended, and its bytes are what came`() {
    let log = EventLog()
    // Beyond one block, too.
    let large = Array(repeating: UInt8(ascii: "x"), count: 100_000)[...]
    for number in 0..<3 { log.append(event(number)) }
    log.append(large)
    log.append(event(4))
    #expect(log.count == 5)
    #expect((0..<3).allSatisfy { log.event($0) == event($0) })
    #expect(log.event(3) == large && log.event(4) == event(4))
    #expect(log.bytes == event(0).count * 4 + large.count)
  }

  @Test @EventLoop func `readers are told of each event and of the end, until they leave`() {
    let log = EventLog()
    let (staying, leaving) = (Reader(), Reader())
    log.addReader(staying, of: "nvim") { staying.calls += 1 }
    log.addReader(leaving, of: "cli") { leaving.calls += 1 }
    log.append(event(0))
    #expect(log.readerNames == ["cli", "nvim"])
    log.removeReader(leaving)
    log.append(event(1))
    log.finish(.failure(RPCError(.cancelled, "no")))
    #expect(staying.calls == 3 && leaving.calls == 1)
    #expect(log.readerCount == 1)
  }

  @Test @EventLoop func `a reader may leave while it is told`() {
    let log = EventLog()
    let readers = (0..<3).map { _ in Reader() }
    for reader in readers {
      log.addReader(reader, of: "x") {
        reader.calls += 1
        for other in readers { log.removeReader(other) }
      }
    }
    log.append(event(0))
    log.append(event(1))
    #expect(readers.allSatisfy { $0.calls <= 1 } && log.readerCount == 0)
  }

  @Test @EventLoop func `a log that is gone holds nothing`() {
    let before = EventLog.bytesOfAll
    var log: EventLog? = EventLog()
    log?.append(event(0))
    log?.finish(.response(.object { $0.member("id", "resp_1") }, halley: .emptyObject))
    #expect(EventLog.bytesOfAll > before + event(0).count)
    log = nil
    #expect(EventLog.bytesOfAll == before)
  }

  @Test @EventLoop func `a log that begins with another's events goes its own way`() {
    let first = EventLog()
    first.append(event(0))
    let second = EventLog(events: first.events)
    second.append(event(1))
    #expect(first.count == 1 && second.count == 2)
    #expect(second.event(0) == first.event(0))
  }
}
