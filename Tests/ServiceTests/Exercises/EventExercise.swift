import JSON
import Service
import Store
import Wire

/// Takes arbitrary bytes as an upstream's stream: cut into events, put together as after a cut and at
/// the next start, replayed, and given again from the cache.
///
/// Holds: nothing traps; what is put together has items alone; what is made of it is JSON and a legal
/// sequence.
enum EventExercise {
  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    var assembler = ResponseAssembler()
    var recovered = RecoveredResponse(object: nil, otherwise: .emptyObject)
    var final: RawJSON?
    var number: Int64 = 0
    let redactor = KeyRedactor(["sk-canary-41b9sk"])
    if let wrong = PlainEventExercise.run(bytes, redactor) { return wrong }
    var deltas = DeltaRedactor(redactor)
    for data in events(bytes) {
      guard let event = read(data)?.withoutSecrets(redactor) else { break }
      if !deltas.passes(event) { _ = deltas.take(event) }
      let json = RawJSON(checked: event.bytes)
      assembler.add(json)
      recovered.add(event.bytes, number: number)
      number += 1
      if event.isTerminal { final = json["response"] }
    }
    let ending = recovered.ending.object
    for object in [assembler.assemble(status: "cancelled"), ending, final] {
      guard let object, object.kind == .object else { continue }
      if let wrong = check(object, isOwn: object != final) { return wrong }
    }
    return recovered.terminal.contains { read($0)?.kind != .incomplete } ? "no end" : nil
  }

  /// - Parameter isEnded: whether an event counts that only the stream's end ends.
  static func events(_ bytes: [UInt8], isEnded: Bool = true) -> [ArraySlice<UInt8>] {
    var parser = SSEParser(maximumEventBytes: 1 << 20)
    var events: [ArraySlice<UInt8>] = []
    do throws(SSEParser.EventTooLarge) {
      try parser.append(bytes.span) { events.append($0) }
    } catch {
      return events
    }
    if isEnded { parser.finish { events.append($0) } }
    return events
  }

  private static func read(_ data: ArraySlice<UInt8>) -> UpstreamEvent? {
    do throws(JSONError) { return try UpstreamEvent(data: data) } catch { return nil }
  }

  private static func check(_ object: RawJSON, isOwn: Bool) -> String? {
    let items = object["output"]?.elements ?? []
    if isOwn, !items.allSatisfy({ $0.kind == .object }) { return "an item that is none" }
    _ = (UsageReader.tokens(of: object), TokenEstimate.output(of: object))
    for seconds in [1_790_000_000, 9, Int64.max] {
      let copy = AnswerTemplate(object, echoes: []).answer(at: seconds)
      if let wrong = check(sequence: copy.events) { return wrong }
    }
    return check(sequence: ResponseReplay.events(of: object).map(\.bytes))
  }

  private static func check(sequence: [ArraySlice<UInt8>]) -> String? {
    let events = sequence.compactMap(read)
    // What was nested as deep as may be is deeper in an event.
    guard events.count == sequence.count else { return nil }
    if events.map(\.sequenceNumber) != (0..<Int64(events.count)).map({ $0 }) { return "numbers" }
    if events.firstIndex(where: \.isTerminal) != events.count - 1 { return "an end in between" }
    return nil
  }
}
