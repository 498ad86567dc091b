internal import Plugins
internal import EventLoop
internal import JSON
internal import Wire

extension Method {
  static let toolsList = working("tools.list") { daemon, call throws(RPCError) in
    try daemon.requireConfiguration()
    return try await daemon.tools.list(of: call.subject)
  }

  static let pluginsList = immediate("plugins.list") { daemon, _ in daemon.plugins.listJSON }
}
