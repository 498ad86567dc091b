#include "scan.h"

#include <string.h>

/* Every x86-64 has SSE2, and every AArch64 has Advanced SIMD: what is longer finds no more in strings as
 * short as those of events are. */
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { VALUE_MOST = INT32_MAX, DEEPEST = 128 };

#define INLINE static inline __attribute__((always_inline))

size_t halley_line_end(const uint8_t *bytes, size_t from, size_t count) {
  size_t at = from;
#if defined(__SSE2__)
  const __m128i feed = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
  while (at < count && count - at >= 16) {
    __m128i found = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
    found = _mm_or_si128(_mm_cmpeq_epi8(found, feed), _mm_cmpeq_epi8(found, carriage));
    unsigned ends = (unsigned)_mm_movemask_epi8(found);
    if (ends) return at + (size_t)__builtin_ctz(ends);
    at += 16;
  }
#elif defined(__ARM_NEON) && defined(__aarch64__)
  const uint8x16_t feed = vdupq_n_u8('\n'), carriage = vdupq_n_u8('\r');
  while (at < count && count - at >= 16) {
    uint8x16_t found = vld1q_u8(bytes + at);
    if (vmaxvq_u8(vorrq_u8(vceqq_u8(found, feed), vceqq_u8(found, carriage)))) break;
    at += 16;
  }
#endif
  while (at < count && bytes[at] != '\n' && bytes[at] != '\r') at++;
  return at;
}

INLINE int ends_run(uint8_t byte) { return byte == '"' || byte == '\\' || byte < 0x20; }

/* Returns where the next byte of a string stands that is a quote, a backslash or a control character;
 * the end, or what lies behind it, where there is none. Adds the top bits of the bytes before it. */
INLINE const uint8_t *run_end(
    const uint8_t *at, const uint8_t *end, const uint8_t *readable, unsigned *high) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  while (readable - at >= 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    unsigned stops = (unsigned)_mm_movemask_epi8(stop);
    unsigned tops = (unsigned)_mm_movemask_epi8(bytes);
    if (stops) {
      *high |= tops & (stops - 1) & ~stops;
      return at + __builtin_ctz(stops);
    }
    *high |= tops;
    at += 16;
  }
#elif defined(__ARM_NEON) && defined(__aarch64__)
  const uint8x16_t quote = vdupq_n_u8('"'), backslash = vdupq_n_u8('\\');
  const uint8x16_t control = vdupq_n_u8(0x20);
  while (readable - at >= 16) {
    uint8x16_t bytes = vld1q_u8(at);
    uint8x16_t stop = vorrq_u8(vceqq_u8(bytes, quote), vceqq_u8(bytes, backslash));
    stop = vorrq_u8(stop, vcltq_u8(bytes, control));
    if (vmaxvq_u8(stop)) break;
    *high |= vmaxvq_u8(bytes) & 0x80;
    at += 16;
  }
#endif
  while (at < end && !ends_run(*at)) *high |= *at++ & 0x80;
  return at;
}

/* Returns the value of four hexadecimal digits; a negative one where they are none. */
static int unicode_unit(const uint8_t *at, const uint8_t *end) {
  int unit = 0;
  if (end - at < 4) return -1;
  for (int index = 0; index < 4; index++) {
    uint8_t byte = at[index], letter = byte | 0x20;
    if (byte >= '0' && byte <= '9') unit = unit << 4 | (byte - '0');
    else if (letter >= 'a' && letter <= 'f') unit = unit << 4 | (letter - 'a' + 10);
    else return -1;
  }
  return unit;
}

/* Returns where the escape ends whose backslash stands there; NULL where it is none. */
static __attribute__((noinline)) const uint8_t *escape_end(
    const uint8_t *at, const uint8_t *end, int lone_surrogates) {
  if (end - at < 2) return NULL;
  switch (at[1]) {
  case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
    return at + 2;
  case 'u':
    break;
  default:
    return NULL;
  }
  int unit = unicode_unit(at + 2, end);
  if (unit < 0) return NULL;
  if (unit < 0xD800 || unit > 0xDFFF || lone_surrogates) return at + 6;
  if (unit >= 0xDC00 || end - at < 12 || at[6] != '\\' || at[7] != 'u') return NULL;
  int low = unicode_unit(at + 8, end);
  return low >= 0xDC00 && low <= 0xDFFF ? at + 12 : NULL;
}

/* Returns where a string ends whose opening quote stands before that; NULL where it is none. */
INLINE const uint8_t *string_end(
    const uint8_t *at, const uint8_t *end, const uint8_t *readable, int lone_surrogates,
    unsigned *high) {
  for (;;) {
    at = run_end(at, end, readable, high);
    if (at >= end) return NULL;
    if (*at == '"') return at + 1;
    if (*at != '\\') return NULL;
    at = escape_end(at, end, lone_surrogates);
    if (!at) return NULL;
  }
}

/* Returns where a row of digits ends; NULL where there is none. */
INLINE const uint8_t *digits_end(const uint8_t *at, const uint8_t *end) {
  const uint8_t *start = at;
  while (at < end && (uint8_t)(*at - '0') < 10) at++;
  return at > start ? at : NULL;
}

INLINE const uint8_t *number_end(const uint8_t *at, const uint8_t *end) {
  if (*at == '-') at++;
  if (at < end && *at == '0') at++;
  else if (!(at = digits_end(at, end))) return NULL;
  if (at < end && *at == '.' && !(at = digits_end(at + 1, end))) return NULL;
  if (at < end && (*at | 0x20) == 'e') {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = digits_end(at, end);
  }
  return at;
}

INLINE const uint8_t *literal_end(
    const uint8_t *at, const uint8_t *end, const char *literal, ptrdiff_t length) {
  return end - at >= length && !memcmp(at, literal, (size_t)length) ? at + length : NULL;
}

INLINE const uint8_t *space_end(
    const uint8_t *at, const uint8_t *end) {
  if (at < end && *at > ' ') return at;
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at;
}

int halley_scan(const uint8_t *text, size_t count, size_t readable, const halley_scan_limits *limits,
                halley_scan_child *children, size_t room, halley_scan_result *result) {
  if (count > VALUE_MOST || readable < count) return 0;
  const uint8_t *const end = text + count, *const last = text + readable;
  const uint8_t *at = space_end(text, end), *const begin = at;
  const uint8_t *key = text, *key_end = text, *value = text;
  const size_t deepest = limits->depth < DEEPEST ? limits->depth : DEEPEST;
  const size_t most_nodes = limits->nodes;
  const int lone_surrogates = limits->allows_lone_surrogates;
  unsigned high = 0;
  size_t depth = 0, nodes = 0, found = 0;
  /* One bit for each open container, the innermost lowest: set for an object. */
  unsigned __int128 objects = 0;

a_value:
  if (++nodes > most_nodes || at >= end) return 0;
  if (depth == 1) value = at;
  switch (*at) {
  case '"':
    at = string_end(at + 1, end, last, lone_surrogates, &high);
    break;
  case '{': case '[': {
    int is_object = *at == '{';
    if (depth >= deepest) return 0;
    depth++;
    objects = objects << 1 | (unsigned)is_object;
    at = space_end(at + 1, end);
    if (at < end && *at == (is_object ? '}' : ']')) goto a_close;
    if (is_object) goto a_key;
    goto a_value;
  }
  case 't':
    at = literal_end(at, end, "true", 4);
    break;
  case 'f':
    at = literal_end(at, end, "false", 5);
    break;
  case 'n':
    at = literal_end(at, end, "null", 4);
    break;
  case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8':
  case '9': {
    const uint8_t *start = at;
    at = number_end(at, end);
    if (at && (size_t)(at - start) > limits->number_bytes) return 0;
    break;
  }
  default:
    return 0;
  }
  if (!at) return 0;

after_value:
  if (depth == 1) {
    if (found == room) return 0;
    children[found++] = (halley_scan_child){
        (uint32_t)(key - text), (uint32_t)(key_end - text), (uint32_t)(value - text),
        (uint32_t)(at - text)};
  } else if (depth == 0) {
    *result = (halley_scan_result){(uint32_t)(begin - text), (uint32_t)(at - text), (uint32_t)found,
                                   high == 0};
    return space_end(at, end) == end;
  }
  at = space_end(at, end);
  if (at >= end) return 0;
  if (*at == ',') {
    at = space_end(at + 1, end);
    if (objects & 1) goto a_key;
    goto a_value;
  }
  if (*at != (objects & 1 ? '}' : ']')) return 0;

a_close:
  at++;
  depth--;
  objects >>= 1;
  goto after_value;

a_key: {
  if (at >= end || *at != '"') return 0;
  const uint8_t *start = at + 1;
  at = string_end(start, end, last, lone_surrogates, &high);
  if (!at || (size_t)(at - 1 - start) > limits->key_bytes) return 0;
  if (depth == 1) {
    key = start;
    key_end = at - 1;
  }
  at = space_end(at, end);
  if (at >= end || *at != ':') return 0;
  at = space_end(at + 1, end);
  goto a_value;
}
}

/* Returns how many of the first bytes are the same; `count` or more where all of them are. */
INLINE size_t common_prefix(const uint8_t *one, const uint8_t *other, size_t count,
                            const uint8_t *readable) {
  size_t same = 0;
#if defined(__SSE2__)
  while (same < count && readable - (other + same) >= 16) {
    __m128i left = _mm_loadu_si128((const __m128i *)(const void *)(one + same));
    __m128i right = _mm_loadu_si128((const __m128i *)(const void *)(other + same));
    unsigned differs = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(left, right)) ^ 0xFFFF;
    if (differs) return same + (size_t)__builtin_ctz(differs);
    same += 16;
  }
#else
  while (same < count && readable - (other + same) >= 8) {
    uint64_t left, right;
    memcpy(&left, one + same, 8);
    memcpy(&right, other + same, 8);
    if (left != right) break;
    same += 8;
  }
#endif
  while (same < count && one[same] == other[same]) same++;
  return same;
}

int halley_scan_alike(const halley_scan_model *model, const uint8_t *bytes, size_t from, size_t count,
                      const halley_scan_limits *limits, halley_scan_match *match) {
  if (count > VALUE_MOST || from > count) return 0;
  const uint8_t *const end = bytes + count;
  const halley_scan_child *child = model->children, *const no_child = child + model->children_count;
  /* Up to here both are alike. */
  const uint8_t *here = bytes + from;
  size_t there = 0;
  unsigned high = 0;
  match->count = 0;
  for (;;) {
    const size_t left = (size_t)(end - here), model_left = model->count - there;
    const size_t most = left < model_left ? left : model_left;
    const size_t same = common_prefix(model->bytes + there, here, most, end);
    if (same >= model_left) {
      match->end = (uint32_t)(here - bytes) + (uint32_t)model_left;
      match->is_ascii = !high;
      return left >= model_left;
    }
    const size_t place = there + (same < most ? same : most);
    while (child < no_child && place > child->value_end) child++;
    if (child == no_child || place < child->value || match->count == HALLEY_SCAN_VALUES) return 0;
    const uint8_t *const start = here + (child->value - there), *at;
    if (start >= end) return 0;
    if (*start == '"') {
      at = string_end(start + 1, end, end, limits->allows_lone_surrogates, &high);
    } else if (*start == '-' || (uint8_t)(*start - '0') < 10) {
      at = number_end(start, end);
      if (at && (size_t)(at - start) > limits->number_bytes) return 0;
    } else {
      return 0;
    }
    if (!at) return 0;
    match->values[match->count++] = (halley_scan_value){
        (uint32_t)(child - model->children), (uint32_t)(start - bytes), (uint32_t)(at - bytes)};
    here = at;
    there = child->value_end;
    child++;
  }
}

size_t halley_begun(const uint8_t *text, size_t count, const uint8_t *other, size_t length) {
  size_t index = count >= length ? count - length + 1 : 0;
#if defined(__SSE2__)
  const __m128i first = _mm_set1_epi8((char)other[0]);
  for (; count - index >= 16; index += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + index));
    unsigned places = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, first));
    for (; places; places &= places - 1) {
      const size_t rest = count - index - (size_t)__builtin_ctz(places);
      if (!memcmp(text + count - rest, other, rest)) return rest;
    }
  }
#endif
  for (; index < count; index++)
    if (text[index] == other[0] && !memcmp(text + index, other, count - index)) return count - index;
  return 0;
}
