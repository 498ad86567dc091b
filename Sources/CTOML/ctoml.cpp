#include "ctoml.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
/* Values nested deeper are a mistake in any configuration; the reader recurses. */
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/toml.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ctoml_document {
  toml::table root;
  std::vector<ctoml_node> nodes;
  std::string error;
  ctoml_position error_position = {};
};

namespace {

ctoml_text text(std::string_view view) { return {view.data(), view.size()}; }

ctoml_position position(const toml::source_region &region) {
  return {region.begin.line, region.begin.column};
}

void append(ctoml_document &document, const toml::node &node, const toml::key *key);

/* toml++ sorts keys by name; the order of upstreams and plugins matters, so put them back. */
void append_members(ctoml_document &document, const toml::table &table) {
  struct member {
    const toml::key *key;
    const toml::node *node;
  };
  std::vector<member> members;
  members.reserve(table.size());
  for (auto &&[key, node] : table) members.push_back({&key, &node});
  std::stable_sort(members.begin(), members.end(), [](const member &left, const member &right) {
    return left.key->source().begin < right.key->source().begin;
  });
  for (const member &member : members) append(document, *member.node, member.key);
}

void fill(ctoml_node &flat, const toml::node &node) {
  switch (node.type()) {
  case toml::node_type::table:
    flat.kind = CTOML_TABLE;
    flat.is_inline = node.as_table()->is_inline();
    flat.children = node.as_table()->size();
    break;
  case toml::node_type::array:
    flat.kind = CTOML_ARRAY;
    flat.children = node.as_array()->size();
    break;
  case toml::node_type::string:
    flat.kind = CTOML_STRING;
    flat.string = text(node.as_string()->get());
    break;
  case toml::node_type::integer:
    flat.kind = CTOML_INTEGER;
    flat.integer = node.as_integer()->get();
    break;
  case toml::node_type::floating_point:
    flat.kind = CTOML_FLOAT;
    flat.floating = node.as_floating_point()->get();
    break;
  case toml::node_type::boolean:
    flat.kind = CTOML_BOOLEAN;
    flat.boolean = node.as_boolean()->get();
    break;
  default:
    flat.kind = CTOML_DATE_TIME;
  }
}

void append(ctoml_document &document, const toml::node &node, const toml::key *key) {
  ctoml_node flat = {};
  fill(flat, node);
  flat.position = position(node.source());
  if (key) {
    flat.key = text(key->str());
    flat.key_position = position(key->source());
  }
  document.nodes.push_back(flat);
  if (const toml::table *table = node.as_table()) append_members(document, *table);
  if (const toml::array *array = node.as_array())
    for (const toml::node &element : *array) append(document, element, nullptr);
}

void parse(ctoml_document &document, std::string_view source) {
  toml::parse_result result = toml::parse(source);
  if (result.failed()) {
    document.error = result.error().description();
    document.error_position = position(result.error().source());
    return;
  }
  document.root = std::move(result).table();
  append(document, document.root, nullptr);
}

} // namespace

/* Only the allocator throws here, and nothing may pass into Swift. */
ctoml_document *ctoml_parse(const char *source, size_t length) {
  try {
    auto document = std::make_unique<ctoml_document>();
    parse(*document, std::string_view(source, length));
    return document.release();
  } catch (...) {
    return nullptr;
  }
}

void ctoml_free(ctoml_document *document) { delete document; }

ctoml_text ctoml_error(const ctoml_document *document) { return text(document->error); }

ctoml_position ctoml_error_position(const ctoml_document *document) {
  return document->error_position;
}

const ctoml_node *ctoml_nodes(const ctoml_document *document, size_t *count) {
  *count = document->nodes.size();
  return document->nodes.data();
}
