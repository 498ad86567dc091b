package import EventLoop
internal import Wire

/// What one client is still to be sent: small answers, and the cursors that feed it.
///
/// Lines are taken from the logs only when the socket has room, so that a slow reader costs one
/// chunk of memory however far it lags behind. Sources take turns.
@EventLoop
package struct OutputQueue {
  /// Bytes of one send(2); a Unix socket's buffer holds about three of them.
  private static let chunkBytes = 64 * 1024

  private var current: OutputFrame?
  private var isCurrentCounted = false
  private var answers: [OutputFrame] = []
  /// How many of `answers` are under way already: an array loses its first element slowly.
  private var takenAnswers = 0
  package private(set) var sources: [CursorLines] = []
  /// What an answer takes beside its bytes, roughly.
  private static let overhead = 512
  /// Bytes of the answers that were not sent yet. Events belong to their log and don't count.
  package private(set) var answerBytes = 0

  package nonisolated init() {}

  /// Whether nothing is left to send and nobody will add more.
  package var isFinished: Bool {
    current == nil && pendingAnswers == 0 && sources.isEmpty
  }

  package mutating func add(_ answer: OutputFrame) {
    answerBytes += Self.size(of: answer)
    answers.append(answer)
  }

  package mutating func add(_ source: CursorLines) {
    sources.append(source)
  }

  private static func size(of answer: OutputFrame) -> Int { overhead + answer.count }

  /// Answers that the client has not taken yet.
  package var pendingAnswers: Int { answers.count - takenAnswers }

  package mutating func removeAllSources() -> [CursorLines] {
    defer { sources = [] }
    return sources
  }

  /// Takes what is sent next; empty when nothing is there.
  ///
  /// - Parameter ended: hears of the requests whose answer is part of it.
  package mutating func nextChunk(_ ended: (CursorLines) -> Void) -> ArraySlice<UInt8> {
    var chunk: [UInt8] = []
    // Growing would copy what many events brought several times.
    if !sources.isEmpty { chunk.reserveCapacity(Self.chunkBytes) }
    while chunk.count < Self.chunkBytes {
      if current == nil { takeNext(into: &chunk, ended) }
      guard current != nil else { break }
      moveCurrent(to: &chunk)
    }
    return chunk[...]
  }

  private mutating func takeNext(
    into chunk: inout [UInt8], _ ended: (CursorLines) -> Void
  ) {
    current = nextAnswer()
    isCurrentCounted = current != nil
    guard current == nil, let line = nextLine(into: &chunk, ended) else { return }
    current = line
    isCurrentCounted = line.isAnswer
    if isCurrentCounted { answerBytes += Self.size(of: line) }
  }

  private mutating func moveCurrent(to chunk: inout [UInt8]) {
    let start = chunk.count
    current?.move(atMost: Self.chunkBytes - start, to: &chunk)
    if isCurrentCounted { answerBytes -= chunk.count - start }
    guard current?.isEmpty == true else { return }
    if isCurrentCounted { answerBytes -= Self.overhead }
    current = nil
  }

  private mutating func nextAnswer() -> OutputFrame? {
    guard pendingAnswers > 0 else { return nil }
    let answer = answers[takenAnswers]
    takenAnswers += 1
    if takenAnswers == answers.count {
      answers = []
      takenAnswers = 0
    }
    return answer
  }

  /// Appends whole lines while they fit, each source in its turn; returns the first one that
  /// does not fit or that answers a request.
  private mutating func nextLine(
    into chunk: inout [UInt8], _ ended: (CursorLines) -> Void
  ) -> OutputFrame? {
    for _ in 0..<sources.count where chunk.count < Self.chunkBytes {
      let source = sources.removeFirst()
      source.append(to: &chunk, limit: Self.chunkBytes)
      let frame = source.nextFrame()
      if frame?.isAnswer == true {
        ended(source)
      } else {
        sources.append(source)
      }
      if let frame { return frame }
    }
    return nil
  }
}
