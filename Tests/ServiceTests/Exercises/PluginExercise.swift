import EventLoop
import JSON
import Plugins
import Wire

/// Takes arbitrary bytes as what a plugin writes: to stdout, where lines are messages, and to stderr.
///
/// Holds: nothing traps; however the bytes arrive, the lines are the same, and of one that is too
/// long no more than its ends are kept; what people see has no control characters.
enum PluginExercise {
  /// Of a line: whole lines and such that are cut come of one seed.
  private static let limit = 700
  private static let endBytes = 256

  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    let lines = lines(of: bytes, inPiecesOf: bytes.count)
    guard self.lines(of: bytes, inPiecesOf: 1 + Int(bytes.first ?? 0) % 7) == lines else {
      return "small pieces are cut differently"
    }
    for line in lines {
      switch line {
      case .whole(let line): take(line)
      case .tooLong(let start, let end, let bytes):
        guard start.count <= endBytes, end.count <= endBytes, bytes > limit else {
          return "\(start.count) and \(end.count) of \(bytes) bytes kept"
        }
        _ = AnswerID.find(start: start, end: end)
      }
    }
    return stderr(bytes)
  }

  private static func lines(
    of bytes: [UInt8], inPiecesOf count: Int
  ) -> [OutputLines.Line] {
    var output = OutputLines()
    var lines: [OutputLines.Line] = []
    for start in stride(from: 0, to: bytes.count, by: max(count, 1)) {
      output.append(bytes[start...].prefix(count), limit: limit) { lines.append($0) }
    }
    return lines
  }

  private static func stderr(_ bytes: [UInt8]) -> String? {
    var stderr = StderrLines(now: LoopInstant(microseconds: 0))
    let entries =
      stderr.append(bytes, now: LoopInstant(microseconds: .max))
      + stderr.finish(now: LoopInstant(microseconds: 1))
    for case .line(let text) in entries where text.unicodeScalars.contains(where: { $0.value < 32 })
    {
      return "a control character in \(text)"
    }
    return nil
  }

  private static func take(_ line: ArraySlice<UInt8>) {
    do throws(RPCRefusal) {
      switch try RPCMessage(line: line, limits: .plugins) {
      case .request(let request): _ = PlainText.line(request.method, maximumBytes: 64)
      case .response(_, .success(let result)): ToolExercise.take(result: result)
      case .response(_, .failure(let error)): _ = PluginError(error, plugin: "p").message
      }
    } catch {
      _ = (error.error.json, AnswerID.find(in: line))
      _ = error.complaint.map { PluginError($0, plugin: "p").message }
    }
  }
}
