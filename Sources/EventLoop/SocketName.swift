internal import Glibc

/// The name that a socket has (getsockname(2)), of whichever family.
struct SocketName: CustomStringConvertible {
  let family: Int32
  /// The address as the kernel gives it, its family in the first two bytes.
  let bytes: [UInt8]

  /// nil for what is no socket.
  init?(of descriptor: Int32) {
    var storage = sockaddr_storage()
    let longest = MemoryLayout<sockaddr_storage>.size
    var size = socklen_t(longest)
    let result = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      unsafe bytes.baseAddress.map {
        unsafe getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size)
      }
    }
    guard result == 0 else { return nil }
    family = Int32(storage.ss_family)
    let all = unsafe withUnsafeBytes(of: &storage) { unsafe Array($0) }
    bytes = Array(all.prefix(min(Int(size), longest)))
  }

  /// The port of an internet address.
  var port: UInt16 { bytes.count < 4 ? 0 : UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }

  /// For people.
  var description: String {
    switch family {
    case AF_INET where bytes.count >= 8:
      bytes[4..<8].map { "\($0)" }.joined(separator: ".") + ":\(port)"
    case AF_INET6 where bytes.count >= 24: "[\(Self.ipv6(Array(bytes[8..<24])))]:\(port)"
    case AF_UNIX where bytes.count > 3 && bytes[2] == 0:
      "@" + String(decoding: bytes.dropFirst(3), as: UTF8.self)
    case AF_UNIX where bytes.count > 2:
      String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    case AF_UNIX: "a Unix socket without a name"
    default: "an address of the family \(family)"
    }
  }

  private static func ipv6(_ address: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard unsafe inet_ntop(AF_INET6, address, &text, socklen_t(text.count)) != nil else {
      return "::"
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension ListeningSocket {
  /// Its address in words; nil for what is no socket.
  package var place: String? { SocketName(of: descriptor)?.description }
}
