import Configuration
import EventLoop
import Plugins
import Testing

@Suite struct PluginRuleTests {
  private func instant(_ seconds: Double) -> LoopInstant {
    LoopInstant(microseconds: UInt64(seconds * 1e6))
  }

  // MARK: Restarts

  @Test func `pauses double up to their limit`() {
    var policy = RestartPolicy(maximumRestarts: 20)
    let pauses = (0..<12).map { _ in policy.ended(after: .zero) }
    let first = [100, 200, 400].map { RestartPolicy.Decision.restart(after: .milliseconds($0)) }
    #expect(Array(pauses.prefix(3)) == first)
    #expect(pauses.last == .restart(after: RestartPolicy.longestPause))
  }

  @Test func `restarts in a row are limited`() {
    var policy = RestartPolicy(maximumRestarts: 1)
    #expect(policy.ended(after: .seconds(1)) == .restart(after: RestartPolicy.firstPause))
    #expect(policy.ended(after: .seconds(1)) == .giveUp)
    var none = RestartPolicy(maximumRestarts: 0)
    #expect(none.ended(after: .seconds(100)) == .giveUp)
  }

  @Test func `a long life wipes the slate clean`() {
    var policy = RestartPolicy(maximumRestarts: 1)
    for _ in 0..<5 {
      #expect(
        policy.ended(after: RestartPolicy.healthyTime)
          == .restart(after: RestartPolicy.firstPause))
    }
  }

  // MARK: Floods

  @Test func `a burst passes, more does not, and time empties the gauge`() {
    var gauge = FloodGauge(now: instant(1))
    for _ in 0..<Int(FloodGauge.burst) {
      let overflows = gauge.overflows(bytes: 100, now: instant(1))
      #expect(!overflows)
    }
    let isOneTooMany = gauge.overflows(bytes: 100, now: instant(1))
    let isLater = gauge.overflows(bytes: 100, now: instant(1.1))
    #expect(isOneTooMany && !isLater)
  }

  @Test func `a steady stream below the rate passes for good`() {
    var gauge = FloodGauge(now: instant(0))
    let overflows = (1..<10_000).filter {
      gauge.overflows(bytes: 10, now: instant(Double($0) / (FloodGauge.rate * 0.9)))
    }
    #expect(overflows.isEmpty)
  }

  @Test func `long lines count for more`() {
    var gauge = FloodGauge(now: instant(0))
    let passed = (0..<100).prefix { _ in !gauge.overflows(bytes: 1 << 20, now: instant(0)) }
    #expect(passed.count == 7)
  }

  // MARK: Lines on stderr

  @Test func `stderr is cut into lines without what moves a terminal`() {
    var lines = StderrLines(now: instant(0))
    #expect(lines.append("a\u{1B}[2J\r\nhal".utf8, now: instant(0)) == [.line("a [2J ")])
    #expect(lines.append("f\n\n \nend".utf8, now: instant(0)) == [.line("half")])
    #expect(lines.finish(now: instant(0)) == [.line("end")])
  }

  @Test func `a long line is cut`() {
    var lines = StderrLines(now: instant(0))
    let text = String(repeating: "x", count: 5000)
    let kept = String(repeating: "x", count: StderrLines.longestLine)
    #expect(
      lines.append("\(text)\nnext\n".utf8, now: instant(0)) == [.line(kept + "…"), .line("next")])
  }

  @Test func `too many lines are counted instead`() {
    var lines = StderrLines(now: instant(0))
    let flood = String(repeating: "x\n", count: StderrLines.mostLines + 5)
    #expect(lines.append(flood.utf8, now: instant(1)).count == StderrLines.mostLines)
    #expect(lines.append("y\n".utf8, now: instant(9)) == [])
    #expect(lines.append("z\n".utf8, now: instant(11)) == [.dropped(6), .line("z")])
  }

  @Test func `what was left out is told at the end`() {
    var lines = StderrLines(now: instant(0))
    _ = lines.append(String(repeating: "x\n", count: 103).utf8, now: instant(1))
    #expect(lines.finish(now: instant(1)) == [.dropped(3)])
  }

  // MARK: The environment

  @Test func `a plugin's environment is made of a few variables and its own`() {
    var plugin = PluginConfiguration(name: "p")
    plugin.environment = [.init(name: "LANG", value: "C"), .init(name: "TOKEN", value: "t")]
    let surrounding = [
      "HOME": "/h", "LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8", "OPENAI_API_KEY": "sk",
      "CREDENTIALS_DIRECTORY": "/c", "NOTIFY_SOCKET": "@n", "LISTEN_PID": "1", "LISTEN_FDS": "1",
      "WATCHDOG_USEC": "1", "LD_PRELOAD": "x", "XDG_RUNTIME_DIR": "/run/user/1", "HALLEY_X": "1",
    ]
    #expect(
      PluginEnvironment.variables(for: plugin, in: surrounding) == [
        "HOME=/h", "LANG=C", "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin", "TOKEN=t",
        "XDG_RUNTIME_DIR=/run/user/1",
      ])
  }
}
