// Puts the same requests to several servers in one run and prints what it measured.
//
//   driver latency ROUNDS NAME=TARGET...            first event: NAME P50 P99, in us
//   driver stream STREAMS EVENTS NAME=TARGET@PID... NAME EVENTS/S CPU-US-PER-EVENT
//   driver cancel ROUNDS SOCKET UPSTREAM-URL MODEL [beside]
//                                                   leaving to the end upstream: WAY P50 P99, in us
//   driver ask ROUNDS EVENTS STORED SOCKET          asks, and prints nothing
//
// A TARGET is a URL that libcurl asks, the path of a halleyd socket, or http:/PATH for a server of
// HTTP at a Unix socket. With WRITES=N in the environment the upstream writes each event by itself,
// one of each stream every N ms.

#define _GNU_SOURCE
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "processor.h"

enum { STREAMS = 1024, TARGETS = 8, BLOCK = 50 };

struct stream {
  int fd;
  CURL *handle;
  uint64_t first_byte_at;
  long events;
  int is_http, is_done, line_begins;
  char end[7];
  char last;
};

struct target {
  char *name, *place;
  int pid;
  double *samples;
  int count;
  struct stream stream;
};

static const char *model = "bench";
static char body[512], line[768], raw[1024];

static void set_request(const char *key, long value, int is_stored) {
  char writes[48] = "";
  if (getenv("WRITES"))
    snprintf(writes, sizeof writes, ",\"writes\":\"%d\"", atoi(getenv("WRITES")));
  snprintf(body, sizeof body,
           "{\"model\":\"%s\",\"input\":\"Hi\",\"stream\":true,\"store\":%s,"
           "\"metadata\":{\"%s\":\"%ld\"%s}}",
           model, is_stored ? "true" : "false", key, value,
           writes);
  snprintf(raw, sizeof raw,
           "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
  snprintf(line, sizeof line, "{\"id\":1,\"method\":\"responses.create\",\"params\":%s}\n", body);
}

// Counts the events in what a daemon sent; a line that is no event ends the stream.
static void take_lines(struct stream *stream, const char *bytes, size_t count) {
  static const char EVENT[] = "{\"jsonrpc\":\"2.0\",\"method\"";
  const char *end = bytes + count;
  while (bytes < end) {
    if (stream->line_begins) {
      size_t length = (size_t)(end - bytes) < sizeof EVENT - 1 ? (size_t)(end - bytes)
                                                               : sizeof EVENT - 1;
      stream->is_done = memcmp(bytes, EVENT, length) != 0;
      if (stream->is_done && memmem(bytes, (size_t)(end - bytes), "\"error\":{", 9)) {
        fprintf(stderr, "driver: %.*s\n", (int)(end - bytes), bytes);
        exit(1);
      }
    }
    const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
    stream->line_begins = stop != NULL;
    if (!stop) return;
    if (!stream->is_done) stream->events++;
    bytes = stop + 1;
  }
}

// Counts the events in what a server of HTTP sent, which ends with an empty chunk.
static void take_chunks(struct stream *stream, const char *bytes, size_t count) {
  for (const char *at = bytes, *end = bytes + count; at < end; at++) {
    at = memchr(at, '\n', (size_t)(end - at));
    if (!at) break;
    if ((at == bytes ? stream->last : at[-1]) == '\n') stream->events++;
  }
  stream->last = bytes[count - 1];
  size_t kept = count < sizeof stream->end ? sizeof stream->end - count : 0;
  memmove(stream->end, stream->end + sizeof stream->end - kept, kept);
  size_t taken = sizeof stream->end - kept;
  memcpy(stream->end + kept, bytes + count - taken, taken);
  stream->is_done = !memcmp(stream->end, "\r\n0\r\n\r\n", sizeof stream->end);
}

// Reads once; returns 0 when the answer is whole.
static int read_some(struct stream *stream) {
  static char buffer[262144];
  ssize_t count = read(stream->fd, buffer, sizeof buffer);
  if (count <= 0) die("the server closed the connection");
  if (!stream->first_byte_at) stream->first_byte_at = now();
  if (stream->is_http) {
    take_chunks(stream, buffer, (size_t)count);
    return !stream->is_done;
  }
  take_lines(stream, buffer, (size_t)count);
  return !(stream->is_done && stream->line_begins);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
  struct stream *stream = context;
  if (!stream->first_byte_at) stream->first_byte_at = now();
  size_t total = size * count;
  // An empty line ends an event; it may lie between two pieces.
  for (const char *at = bytes, *end = bytes + total; at < end; at++) {
    at = memchr(at, '\n', (size_t)(end - at));
    if (!at) break;
    if ((at == bytes ? stream->last : at[-1]) == '\n') stream->events++;
  }
  stream->last = bytes[total - 1];
  return total;
}

static void begin(struct stream *stream) {
  stream->first_byte_at = 0;
  stream->events = 0;
  stream->is_done = 0;
  stream->line_begins = 1;
  stream->last = 0;
  memset(stream->end, 0, sizeof stream->end);
}

static void send_request(struct stream *stream) { send_all(stream->fd, stream->is_http ? raw : line); }

static void open_stream(struct stream *stream, const char *place) {
  if (place[0] == '/') {
    stream->fd = connect_socket(place);
    return;
  }
  if (!strncmp(place, "http:/", 6) && place[6] != '/') {
    stream->fd = connect_socket(place + 5);
    stream->is_http = 1;
    return;
  }
  static struct curl_slist *headers;
  if (!headers) headers = curl_slist_append(NULL, "Content-Type: application/json");
  stream->handle = curl_easy_init();
  curl_easy_setopt(stream->handle, CURLOPT_URL, place);
  curl_easy_setopt(stream->handle, CURLOPT_PROXY, "");
  curl_easy_setopt(stream->handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(stream->handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(stream->handle, CURLOPT_WRITEDATA, stream);
}

static void close_stream(struct stream *stream) {
  if (stream->handle) curl_easy_cleanup(stream->handle);
  else close(stream->fd);
}

static int parse_targets(char **arguments, int count, struct target *targets, int samples) {
  for (int index = 0; index < count; index++) {
    struct target *target = &targets[index];
    char *equals = strchr(arguments[index], '='), *at = strrchr(arguments[index], '@');
    if (!equals || index == TARGETS) die("a target is NAME=PLACE[@PID]");
    *equals = 0;
    if (at) *at = 0;
    *target = (struct target){arguments[index], equals + 1, at ? atoi(at + 1) : 0,
                              calloc((size_t)samples + 1, sizeof(double)), 0, {0}};
  }
  return count;
}

static double first_event(struct stream *stream) {
  begin(stream);
  uint64_t start = now();
  if (stream->handle) {
    curl_easy_setopt(stream->handle, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(stream->handle)) die("curl_easy_perform");
  } else {
    send_request(stream);
    while (read_some(stream)) continue;
  }
  if (stream->events < 2) die("no events came");
  return (double)(stream->first_byte_at - start) / 1000;
}

// Blocks of requests take turns, so that what the machine does besides hits all targets alike.
static int measure_latency(int rounds, char **arguments, int count) {
  struct target targets[TARGETS];
  parse_targets(arguments, count, targets, rounds);
  set_request("burst", 3, 0);
  for (int index = 0; index < count; index++) {
    open_stream(&targets[index].stream, targets[index].place);
    for (int warm = 0; warm < BLOCK; warm++) first_event(&targets[index].stream);
  }
  for (int done = 0; done < rounds; done += BLOCK)
    for (int index = 0; index < count; index++)
      for (int sample = 0; sample < BLOCK && targets[index].count < rounds; sample++)
        targets[index].samples[targets[index].count++] = first_event(&targets[index].stream);
  for (int index = 0; index < count; index++)
    print_quantiles(targets[index].name, targets[index].samples, targets[index].count);
  return 0;
}

static void run_sockets(struct stream *streams, int count) {
  static struct pollfd polled[STREAMS];
  int open = count;
  for (int index = 0; index < count; index++) {
    polled[index] = (struct pollfd){streams[index].fd, POLLIN, 0};
    send_request(&streams[index]);
  }
  while (open > 0) {
    if (poll(polled, (nfds_t)count, 60000) <= 0) die("no event for a minute");
    for (int index = 0; index < count; index++) {
      if (!polled[index].revents || read_some(&streams[index])) continue;
      polled[index].fd = -1;
      open--;
    }
  }
}

static void run_handles(struct stream *streams, int count) {
  CURLM *multi = curl_multi_init();
  int running = 1;
  for (int index = 0; index < count; index++) {
    curl_easy_setopt(streams[index].handle, CURLOPT_POSTFIELDS, body);
    curl_multi_add_handle(multi, streams[index].handle);
  }
  while (running) {
    if (curl_multi_perform(multi, &running)) die("curl_multi_perform");
    if (running) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  for (int index = 0; index < count; index++)
    curl_multi_remove_handle(multi, streams[index].handle);
  curl_multi_cleanup(multi);
}

static void stream_once(struct target *target, int count, long events, int is_printed) {
  static struct stream streams[STREAMS];
  memset(streams, 0, sizeof streams);
  for (int index = 0; index < count; index++) {
    open_stream(&streams[index], target->place);
    begin(&streams[index]);
  }
  uint64_t used = processor_time(target->pid), start = now();
  if (streams[0].handle) run_handles(streams, count);
  else run_sockets(streams, count);
  double seconds = (double)(now() - start) / 1e9;
  double cpu = (double)(processor_time(target->pid) - used) / 1000;
  long total = 0;
  for (int index = 0; index < count; index++) {
    total += streams[index].events;
    close_stream(&streams[index]);
  }
  if (total != count * (events + 2)) {
    fprintf(stderr, "driver: %s: %ld of %ld events\n", target->name, total, count * (events + 2));
    exit(1);
  }
  if (is_printed) printf("%s %.0f %.2f\n", target->name, (double)total / seconds, cpu / (double)total);
}

static int measure_stream(int count, long events, char **arguments, int target_count) {
  struct target targets[TARGETS];
  if (count < 1 || count > STREAMS) die("too many streams");
  parse_targets(arguments, target_count, targets, 0);
  set_request("burst", events, 0);
  for (int round = 0; round < 6; round++) // the first warms up; the caller takes the median
    for (int index = 0; index < target_count; index++)
      stream_once(&targets[index], count, events, round > 0);
  return 0;
}

static size_t take_number(char *bytes, size_t size, size_t count, void *context) {
  snprintf(context, 32, "%.*s", (int)(size * count), bytes);
  return size * count;
}

// When the upstream saw the end of what it held, which it forgets by being asked.
static uint64_t await_end(CURL *upstream, const char *answer) {
  const struct timespec pause = {0, 200000};
  for (uint64_t start = now(); now() - start < 5000000000u; nanosleep(&pause, NULL)) {
    if (curl_easy_perform(upstream)) die("curl_easy_perform");
    uint64_t ended = strtoull(answer, NULL, 10);
    if (ended) return ended;
  }
  fprintf(stderr, "driver: the upstream saw no end for 5 s\n");
  exit(1);
}

// Opens a stream that the upstream holds behind its first event, and gives its response's id.
static void open_held(struct stream *stream, const char *path, char *id, size_t size) {
  static char buffer[65536];
  size_t received = 0;
  *stream = (struct stream){.fd = connect_socket(path)};
  begin(stream);
  send_all(stream->fd, line);
  do {
    ssize_t count = read(stream->fd, buffer + received, sizeof buffer - 1 - received);
    if (count <= 0) die("the daemon closed the connection");
    received += (size_t)count;
    buffer[received] = 0;
  } while (!strchr(buffer, '\n'));
  const char *begin = strstr(buffer, "\"resp_");
  if (!begin) die("no response began");
  snprintf(id, size, "%.*s", (int)strcspn(begin + 1, "\""), begin + 1);
}

enum way { CANCEL_REQUEST, CANCEL_METHOD, HANG_UP };

static double leave_once(enum way way, const char *path, CURL *upstream, const char *answer) {
  struct stream stream;
  char id[128], cancel[256];
  open_held(&stream, path, id, sizeof id);
  snprintf(cancel, sizeof cancel,
           "{\"id\":2,\"method\":\"responses.cancel\",\"params\":{\"response_id\":\"%s\"}}\n", id);
  uint64_t start = now();
  if (way == CANCEL_REQUEST)
    send_all(stream.fd, "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}\n");
  if (way == CANCEL_METHOD) send_all(stream.fd, cancel);
  if (way == HANG_UP) close(stream.fd);
  uint64_t ended = await_end(upstream, answer);
  if (way != HANG_UP) {
    while (read_some(&stream)) continue;
    close(stream.fd);
  }
  return (double)(ended - start) / 1000;
}

// How long an upstream goes on for a client that has left, alone or beside another stream, which
// shares the connection where that speaks HTTP/2.
static int measure_cancel(int rounds, const char *path, const char *url, int is_beside) {
  static const char *names[] = {"cancelRequest", "cancel", "hang-up"};
  double *samples = calloc((size_t)rounds, sizeof *samples);
  char answer[32], id[128];
  CURL *upstream = curl_easy_init();
  curl_easy_setopt(upstream, CURLOPT_URL, url);
  curl_easy_setopt(upstream, CURLOPT_PROXY, "");
  curl_easy_setopt(upstream, CURLOPT_WRITEFUNCTION, take_number);
  curl_easy_setopt(upstream, CURLOPT_WRITEDATA, (void *)answer);
  set_request("hold", 1, 0);
  struct stream other;
  if (is_beside) open_held(&other, path, id, sizeof id);
  for (enum way way = CANCEL_REQUEST; way <= HANG_UP; way++) {
    for (int round = 0; round < rounds; round++)
      samples[round] = leave_once(way, path, upstream, answer);
    print_quantiles(names[way], samples, rounds);
  }
  if (is_beside) {
    close(other.fd);
    await_end(upstream, answer);
  }
  return 0;
}

static int ask(int rounds, long events, int is_stored, const char *path) {
  struct stream stream = {.fd = connect_socket(path)};
  set_request("burst", events, is_stored);
  for (int round = 0; round < rounds; round++) first_event(&stream);
  return 0;
}

int main(int count, char **arguments) {
  const char *mode = count > 3 ? arguments[1] : "";
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (!strcmp(mode, "latency"))
    return measure_latency(atoi(arguments[2]), arguments + 3, count - 3);
  if (!strcmp(mode, "stream") && count > 4)
    return measure_stream(atoi(arguments[2]), atol(arguments[3]), arguments + 4, count - 4);
  if (!strcmp(mode, "cancel") && (count == 6 || count == 7)) {
    model = arguments[5];
    return measure_cancel(atoi(arguments[2]), arguments[3], arguments[4], count == 7);
  }
  if (!strcmp(mode, "ask") && count == 6)
    return ask(atoi(arguments[2]), atol(arguments[3]), atoi(arguments[4]), arguments[5]);
  fprintf(stderr, "driver: see the top of driver.c\n");
  return 64;
}
