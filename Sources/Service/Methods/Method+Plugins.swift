internal import EventLoop
internal import JSON
internal import Plugins
internal import Wire

extension Method {
  static let toolsList = working("tools.list", for: .readers) { daemon, call throws(RPCError) in
    try daemon.requireConfiguration()
    return try await daemon.tools.list(of: call.subject, allowed: call.caller.grant?.tools)
  }

  static let pluginsList = immediate("plugins.list", for: .readers) { daemon, _ in
    daemon.plugins.listJSON
  }
}
