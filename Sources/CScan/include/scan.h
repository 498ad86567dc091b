/* Finds line ends, and passes over JSON texts (RFC 8259) that are as they should be, many bytes at a
 * time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What a text may cost to read; none of them is above 2^31. */
typedef struct {
  size_t depth; /* open containers at one point; at most 128 */
  size_t nodes; /* values, containers included */
  size_t key_bytes; /* as written, without quotes */
  size_t number_bytes;
  int allows_lone_surrogates;
} halley_scan_limits;

/* One member or element of the outermost container, as offsets into the text. The key is without its
 * quotes; it is empty for an element. */
typedef struct {
  uint32_t key, key_end, value, value_end;
} halley_scan_child;

typedef struct {
  uint32_t begin, end; /* the value, without the white space around it */
  uint32_t children;
  int is_ascii; /* where it is not, its UTF-8 was not checked */
} halley_scan_result;

/* Returns where the first LF or CR stands from an index on; `count` where there is none. */
size_t halley_line_end(const uint8_t *bytes, size_t from, size_t count);

/* Returns 1 where a text is one value within the limits, but for keys that stand twice in an object and
 * for UTF-8, and 0 where it is not or where that takes a closer look: what is wrong is for the exact
 * scanner to find, and more children than there is room for are.
 *
 * `readable` is how many bytes from the beginning of the text on may be read, those of the text at
 * least; what stands behind the text changes nothing. */
int halley_scan(const uint8_t *text, size_t count, size_t readable, const halley_scan_limits *limits,
                halley_scan_child *children, size_t room, halley_scan_result *result);

/* Bytes in which a text stands that was taken, and where in them its children stand. At least 16 bytes
 * behind them may be read. */
typedef struct {
  const uint8_t *bytes;
  size_t count;
  const halley_scan_child *children;
  size_t children_count;
} halley_scan_model;

/* A value that is not the model's. */
typedef struct {
  uint32_t child, begin, end;
} halley_scan_value;

enum { HALLEY_SCAN_VALUES = 4 };

typedef struct {
  uint32_t end; /* of the bytes that are like the model */
  uint32_t count;
  int is_ascii; /* whether the values are; where they are not, their UTF-8 was not checked */
  halley_scan_value values[HALLEY_SCAN_VALUES]; /* in their order */
} halley_scan_match;

/* Returns 1 where bytes from an index on differ from a model in strings and numbers alone that are values
 * of the text's outermost container, as the events of one stream mostly do; 0 where they differ in
 * anything else, or in too many. What is the same in both was checked in the model, which must have been
 * taken within the same limits. */
int halley_scan_alike(const halley_scan_model *model, const uint8_t *bytes, size_t from, size_t count,
                      const halley_scan_limits *limits, halley_scan_match *match);

/* Returns how many bytes at the end of a text are the beginning of another of `length` bytes, and not
 * all of it; the length is at least 1. */
size_t halley_begun(const uint8_t *text, size_t count, const uint8_t *other, size_t length);
