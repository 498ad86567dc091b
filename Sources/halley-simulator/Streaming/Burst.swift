/// Many deltas of one word, which are told apart by their number only.
struct Burst: Sendable {
  static let word = " comet"
  static let type = "response.output_text.delta"

  private let opening: [UInt8]
  private let closing: [UInt8]
  let numbers: Range<Int>

  init(itemID: String, outputIndex: Int, numbers: Range<Int>) {
    opening = Array("{\"type\":\"\(Self.type)\",\"sequence_number\":".utf8)
    closing = Array(
      """
      ,"item_id":"\(itemID)","output_index":\(outputIndex),"content_index":0,\
      "delta":"\(Self.word)","logprobs":[]}
      """.utf8)
    self.numbers = numbers
  }

  func append(number: Int, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: opening)
    Self.append(decimal: number, to: &bytes)
    bytes.append(contentsOf: closing)
  }

  func event(number: Int) -> Event {
    var data: [UInt8] = []
    append(number: number, to: &data)
    return Event(type: Self.type, data: data, isDelta: true)
  }

  /// Appends a number's digits without making a string, of which there would be millions.
  private static func append(decimal number: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = number
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
}
