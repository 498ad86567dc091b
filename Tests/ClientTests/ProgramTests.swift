import Testing

/// The real binary against a socket, one test for each line of what `halley(1)` promises.
///
/// Its tests block, and so run one after the other.
@Suite(.serialized)
enum ProgramTests {}
