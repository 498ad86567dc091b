/* A small C face of toml++ (TOML 1.0), for Swift: a text goes in, a flat list of nodes comes
 * out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CTOML_TABLE,
  CTOML_ARRAY,
  CTOML_STRING,
  CTOML_INTEGER,
  CTOML_FLOAT,
  CTOML_BOOLEAN,
  CTOML_DATE_TIME,
} ctoml_kind;

/* Bytes of UTF-8, not terminated. */
typedef struct {
  const char *bytes;
  size_t length;
} ctoml_text;

/* Counted from 1; columns count code points. 0 where nothing is known. */
typedef struct {
  uint32_t line;
  uint32_t column;
} ctoml_position;

/* One value. A container is followed by its children, each with all of its own, in the order in
 * which they stand in the text. */
typedef struct {
  ctoml_kind kind;
  /* Whether a table is written as { … }. */
  bool is_inline;
  bool boolean;
  int64_t integer;
  double floating;
  ctoml_text string;
  /* The key in the enclosing table; empty for elements of arrays and for the root. */
  ctoml_text key;
  ctoml_position key_position;
  ctoml_position position;
  /* Direct children of a table or array. */
  size_t children;
} ctoml_node;

typedef struct ctoml_document ctoml_document;

/* Reads a text. NULL when there is no memory for it; the caller frees the document. */
ctoml_document *ctoml_parse(const char *text, size_t length);
void ctoml_free(ctoml_document *document);

/* What is wrong with the text; no bytes when nothing is. */
ctoml_text ctoml_error(const ctoml_document *document);
ctoml_position ctoml_error_position(const ctoml_document *document);

/* The nodes, the root first; none when the text is wrong. They live as long as the document. */
const ctoml_node *ctoml_nodes(const ctoml_document *document, size_t *count);

#ifdef __cplusplus
}
#endif
