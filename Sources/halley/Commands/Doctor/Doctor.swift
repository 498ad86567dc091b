import ArgumentParser
import Client
import JSON
import Wire

/// `halley doctor`: what is wrong, and what mends it.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look for what is wrong with the daemon and around it, and say what mends it.",
    discussion: "The status is 0 where all is well, 1 where something is found.")

  @OptionGroup(title: "Output") var printer: Printer
  @OptionGroup(title: "Daemon") var daemon: DaemonOptions

  func run() throws {
    var report = DoctorReport()
    if let (session, path) = connect(&report) {
      checkVersions(session, path, &report)
      if let status = ask(session, "daemon.status", .emptyObject, "status", &report) {
        checkConfiguration(status, &report)
        checkUpstreams(status["upstreams"]?.elements ?? [], session, &report)
      }
    }
    DoctorSurroundings.check(&report)
    try printer.print(report.json) { report.text(styles: printer.styles) }
    if report.hasFindings { throw Failure(.failed, "") }
  }

  private func connect(_ report: inout DoctorReport) -> (Session, String)? {
    do throws(Failure) {
      let connection = try daemon.connect()
      report.fine("socket", connection.path)
      return (Session(connection), connection.path)
    } catch {
      report.found("socket", error.message, error.advice)
      return nil
    }
  }

  private func ask(
    _ session: Session, _ method: String, _ params: RawJSON, _ check: String,
    _ report: inout DoctorReport
  ) -> RawJSON? {
    do throws(Failure) {
      return try session.call(method, params)
    } catch {
      report.found(check, error.message, error.advice)
      return nil
    }
  }

  private func checkVersions(
    _ session: Session, _ path: String, _ report: inout DoctorReport
  ) {
    guard let greeting = ask(session, "initialize", .emptyObject, "service", &report) else {
      return
    }
    let version = greeting["server"]?["version"]?.string ?? "of unknown version"
    guard version != Version.text else { return report.fine("versions", "both are \(version)") }
    let option = path.hasPrefix("/run/halley/") ? "" : " --user"
    report.found(
      "versions", "halley is \(Version.text), halleyd \(version)",
      "restart it: systemctl\(option) restart halley.service")
  }

  private func checkConfiguration(_ status: RawJSON, _ report: inout DoctorReport) {
    let configuration = status["configuration"] ?? .emptyObject
    let errors = configuration["errors"]?.elements.compactMap(\.string) ?? []
    let warnings = configuration["warnings"]?.elements.compactMap(\.string) ?? []
    for error in errors { report.found("configuration", error, "see: halley config check") }
    for warning in warnings { report.note("configuration", warning) }
    if errors.isEmpty, warnings.isEmpty {
      let files = configuration["files"]?.elements.compactMap(\.string) ?? []
      report.fine("configuration", files.isEmpty ? "built in" : files.joined(separator: ", "))
    }
  }

  /// The upstream that is there without any configuration.
  private static let builtIn = "cometapi"

  /// The one that is built in may be without a key where another answers.
  private func checkUpstreams(
    _ upstreams: [RawJSON], _ session: Session, _ report: inout DoctorReport
  ) {
    var answer = false
    var keyless: Failure?
    for upstream in upstreams {
      let name = upstream["name"]?.string ?? "?"
      let check = "upstream \(name)"
      do throws(Failure) {
        let models = try UpstreamTrial.models(of: name, session.call)
        let key = upstream["key"]?.string.map { "; key: \($0)" } ?? ""
        report.fine(check, "answers, \(models)\(key)")
        answer = true
      } catch {
        if name == Self.builtIn, error.status == .configuration {
          keyless = error
        } else {
          let advice = error.status == .keyRefused ? "keep another: halley keys set \(name)" : nil
          report.found(check, error.message, advice ?? error.advice ?? "see: halley config show")
        }
      }
    }
    guard let keyless else { return }
    let check = "upstream \(Self.builtIn)"
    if answer {
      report.note(check, keyless.message, keyless.advice)
    } else {
      report.found(check, keyless.message, keyless.advice)
    }
  }
}
