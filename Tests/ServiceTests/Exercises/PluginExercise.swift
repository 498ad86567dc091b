import EventLoop
import JSON
import Service
import Wire

/// Takes arbitrary bytes as what a plugin writes: to stdout, where lines are messages, and to stderr.
///
/// Holds: nothing traps; what people see of it has no control characters.
enum PluginExercise {
  /// Returns what does not hold.
  static func run(_ bytes: [UInt8]) -> String? {
    var framer = LineFramer(maximumLineBytes: 1 << 16)
    do throws(LineFramer.LineTooLong) {
      try framer.append(bytes.span) { line in take(line) }
    } catch {
      take(bytes[...])
    }
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
      switch try RPCMessage(line: line) {
      case .request(let request): _ = PlainText.line(request.method, maximumBytes: 64)
      case .response(_, .success(let result)): ToolExercise.take(result: result)
      case .response(_, .failure(let error)): _ = error.json.excerpt
      }
    } catch {
      _ = error.error.json
    }
  }
}
