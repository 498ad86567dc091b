extension Rule {
  /// `tools`: what the model may call. Availability is the upstream's business.
  static let tools = Rule.array(of: tool)

  static let tool = Rule.tagged(TaggedShape(toolShapes))

  private static let toolShapes: [String: Shape] = [
    "function": Shape(
      [
        "name": .matching(.functionName), "description": .string, "parameters": .anyObject,
        "strict": .boolean, "async": .boolean,
      ], required: ["name"]),
    "custom": Shape(
      [
        "name": .nonEmptyString, "description": .string, "format": customFormat, "async": .boolean,
      ],
      required: ["name"]),
    "mcp": Shape(
      [
        "server_label": .nonEmptyString, "server_url": .string, "connector_id": .string,
        "server_description": .string, "authorization": .string, "headers": .map(to: .string),
        "allowed_tools": .either([.array(of: .string), .anyObject]),
        "require_approval": .either([.oneOf(["always", "never"]), .anyObject]),
      ], required: ["server_label"]),
    "file_search": Shape(
      [
        "vector_store_ids": .array(of: .nonEmptyString), "max_num_results": .wholeNumber,
        "ranking_options": .anyObject, "filters": .anyObject,
      ], required: ["vector_store_ids"]),
    "web_search": webSearch,
    "web_search_2025_08_26": webSearch,
    "web_search_preview": webSearch,
    "web_search_preview_2025_03_11": webSearch,
    "code_interpreter": Shape(["container": .either([.nonEmptyString, .anyObject])]),
    "image_generation": Shape(["partial_images": .wholeNumber]),
    "namespace": Shape(
      ["name": .nonEmptyString, "tools": .array(of: .anyObject)], required: ["name", "tools"]),
  ]

  private static let webSearch = Shape([
    "filters": .anyObject, "user_location": .anyObject, "search_context_size": .string,
    "external_web_access": .boolean,
  ])

  private static let customFormat = Rule.tagged(
    TaggedShape([
      "grammar": Shape(
        ["syntax": .nonEmptyString, "definition": .string], required: ["syntax", "definition"])
    ]))

  /// `tool_choice`: a word, one tool, or the tools that are allowed.
  static let toolChoice = Rule.either([
    .oneOf(["auto", "none", "required"]),
    .tagged(
      TaggedShape([
        "function": Shape(["name": .nonEmptyString], required: ["name"]),
        "custom": Shape(["name": .nonEmptyString], required: ["name"]),
        "mcp": Shape(
          ["server_label": .nonEmptyString, "name": .string], required: ["server_label"]),
        "allowed_tools": Shape(
          ["mode": .oneOf(["auto", "required"]), "tools": .array(of: .tagged(TaggedShape([:])))],
          required: ["tools"]),
      ])),
  ])
}
