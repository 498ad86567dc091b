// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// What only starts programs and reads what they say gains nothing from the optimizer, which takes
// longer for these tests than for all that is tested.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

// The Swift runtime is linked in, so that a program starts in milliseconds and runs where no
// toolchain is installed.
let standalone: [LinkerSetting] = [.unsafeFlags(["-static-stdlib"])]

// swift-argument-parser imports FoundationEssentials, whose static archive does not name the
// archives that it needs in turn.
let standaloneWithArguments: [LinkerSetting] =
  standalone
  + ["swiftSynchronization", "_FoundationCollections", "_FoundationCShims"].map {
    .linkedLibrary($0)
  }

// What a user starts for each prompt has the C library linked in too: nothing is loaded and nothing
// relocated, which saves a millisecond.
let selfContained: [LinkerSetting] =
  [.unsafeFlags(["-static-executable"])]
  + ["swiftSynchronization", "_FoundationCollections", "_FoundationCShims"].map {
    .linkedLibrary($0)
  }

let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "halley",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
      name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "CScan"),
    .target(name: "CSpawn"),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CTOML"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // Debian's package has no file for pkg-config.
    .systemLibrary(name: "CWslay", providers: [.apt(["libwslay-dev"])]),

    .target(name: "JSON", dependencies: ["CScan"], swiftSettings: strict),
    .target(name: "Wire", dependencies: ["JSON"], swiftSettings: strict),
    .target(name: "EventLoop", dependencies: ["CSystemd"], swiftSettings: strict),
    .target(name: "HTTPClient", dependencies: ["CCurl", "EventLoop"], swiftSettings: strict),
    .target(name: "Store", dependencies: ["CSQLite", "CZlib", "JSON"], swiftSettings: strict),
    .target(
      name: "Configuration", dependencies: ["CSpawn", "CTOML", "EventLoop", "JSON", "Wire"],
      swiftSettings: strict),
    .target(
      name: "Plugins",
      dependencies: ["CSpawn", "Configuration", "EventLoop", "JSON", "Store", "Wire"],
      swiftSettings: strict),
    .target(name: "WebSocket", dependencies: ["CWslay", "Wire"], swiftSettings: strict),
    .target(
      name: "Service",
      dependencies: [
        "Configuration", "EventLoop", "HTTPClient", "JSON", "Plugins", "Store", "WebSocket", "Wire",
      ],
      resources: ["index.html", "page.css", "page.js"].map {
        .embedInCode("HTTPFace/Page/\($0)")
      },
      swiftSettings: strict),
    .target(name: "Client", dependencies: ["JSON", "Wire"], swiftSettings: strict),

    .executableTarget(
      name: "halleyd",
      dependencies: [
        arguments, "CSpawn", "Configuration", "EventLoop", "Plugins", "Service", "Wire",
      ],
      swiftSettings: strict, linkerSettings: standaloneWithArguments),
    .executableTarget(
      name: "halley", dependencies: [arguments, "CSpawn", "Client", "JSON", "Wire"],
      resources: ["halley.bash", "halley.zsh", "halley.fish", "config.toml"].map {
        .embedInCode("Shell/\($0)")
      },
      swiftSettings: strict, linkerSettings: selfContained),
    .executableTarget(
      name: "halley-simulator", dependencies: [arguments, "COpenSSL", "CSpawn", "JSON", "Wire"],
      swiftSettings: strict, linkerSettings: standaloneWithArguments),

    .target(
      name: "TestSupport", dependencies: ["CSpawn", "EventLoop", "JSON", "Wire"],
      path: "Tests/Support",
      swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests", dependencies: ["JSON", "TestSupport", "Wire"],
      exclude: ["Scripts", "Systemd"],
      swiftSettings: strict + unoptimized),
    .testTarget(
      name: "ClientTests", dependencies: ["CSpawn", "Client", "JSON", "Wire"],
      swiftSettings: strict),
    .testTarget(
      name: "EventLoopTests", dependencies: ["EventLoop", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "HTTPClientTests", dependencies: ["EventLoop", "HTTPClient", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
    .testTarget(
      name: "ServiceTests",
      dependencies: [
        "Configuration", "EventLoop", "HTTPClient", "JSON", "Plugins", "Service", "Store",
        "TestSupport", "WebSocket", "Wire",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "StoreTests", dependencies: ["CSQLite", "JSON", "Store"], exclude: ["Released"],
      swiftSettings: strict),
    .testTarget(
      name: "WebSocketTests", dependencies: ["WebSocket", "Wire"], swiftSettings: strict),
    .testTarget(
      name: "WireTests", dependencies: ["JSON", "TestSupport", "Wire"], exclude: ["h11-oracle"],
      swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
