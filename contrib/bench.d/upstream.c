// A fast upstream for benchmarks: one thread, epoll, HTTP/1.1 on a loopback port, which it prints.
//
// POST answers with a Responses API event stream of as many deltas as "burst":"N" in the body
// says (3 otherwise), an HTTP chunk for each event, from memory. With "writes":"N" it writes each
// event by itself, one of each such stream every N ms, as models send them. With "hold":"1" it sends the
// first event and then waits. POST to /v1/chat/completions, the only one that some clients know, answers
// with a chat completion's stream of three words. GET answers with the time, in ns of
// CLOCK_MONOTONIC, at which the peer last closed a connection that was held; 0 before that.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, REQUEST_BYTES = 65536, ENDS_BYTES = 4096 };

struct text {
  char *bytes;
  size_t length, capacity;
};

struct connection {
  char request[REQUEST_BYTES];
  size_t received;
  // What differs between responses; what they share lies between the two.
  char head[ENDS_BYTES], tail[ENDS_BYTES];
  struct iovec parts[3];
  int part;
  int is_holding;
  // Behind "writes": the next event, and the connection that has its turn behind this one.
  long event;
  size_t written;
  int next;
};

static struct connection *connections[CONNECTIONS];
static struct text deltas;
static long deltas_count = -1;
// Where each of them begins, and the last one ends.
static size_t *delta_starts;
static int first_writing = -1;
static uint64_t write_pause, next_writes;
static uint64_t closed_at;
static uint64_t responses;
static int poll_fd;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Appends one event as one HTTP chunk.
static void add_event(struct text *text, const char *type, const char *format, ...) {
  char data[2048], event[2560];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(data, sizeof data, format, arguments);
  va_end(arguments);
  int length = snprintf(event, sizeof event, "event: %s\ndata: {\"type\":\"%s\",%s}\n\n", type, type,
                        data);
  if (text->length + (size_t)length + 32 > text->capacity) {
    text->capacity = text->capacity * 2 + 65536;
    text->bytes = realloc(text->bytes, text->capacity);
    if (!text->bytes) die("realloc");
  }
  text->length += (size_t)sprintf(text->bytes + text->length, "%x\r\n%s\r\n", length, event);
}

static void make_deltas(long count) {
  if (count == deltas_count) return;
  deltas.length = 0;
  deltas_count = count;
  delta_starts = realloc(delta_starts, (size_t)(count + 1) * sizeof *delta_starts);
  if (!delta_starts) die("realloc");
  for (long index = 0; index < count; index++) {
    delta_starts[index] = deltas.length;
    add_event(&deltas, "response.output_text.delta",
              "\"sequence_number\":%ld,\"item_id\":\"msg_0123456789abcdef0123456789abcdef\","
              "\"output_index\":0,\"content_index\":0,\"delta\":\" word%04ld\",\"logprobs\":[]",
              index + 1, index % 10000);
  }
  delta_starts[count] = deltas.length;
}

static const char OBJECT[] =
    "\"sequence_number\":%ld,\"response\":{\"id\":\"resp_%032lx\",\"object\":\"response\","
    "\"created_at\":1700000000,\"status\":\"%s\",\"model\":\"bench\",\"output\":[%s],"
    "\"usage\":%s}";

static void prepare(struct connection *connection, long count) {
  unsigned long id = ++responses;
  struct text head = {connection->head, 0, ENDS_BYTES}, tail = {connection->tail, 0, ENDS_BYTES};
  head.length = (size_t)sprintf(head.bytes,
                                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n");
  add_event(&head, "response.created", OBJECT, 0L, id, "in_progress", "", "null");
  make_deltas(count);
  add_event(&tail, "response.completed", OBJECT, count + 1, id, "completed",
            "{\"id\":\"msg_0123456789abcdef0123456789abcdef\",\"type\":\"message\","
            "\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
            "\"output_text\",\"text\":\"words\",\"annotations\":[]}]}",
            "{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}");
  tail.length += (size_t)sprintf(tail.bytes + tail.length, "0\r\n\r\n");
  connection->parts[0] = (struct iovec){head.bytes, head.length};
  connection->parts[1] = (struct iovec){deltas.bytes, deltas.length};
  connection->parts[2] = (struct iovec){tail.bytes, tail.length};
  connection->part = 0;
}

static void forget(int fd) {
  if (connections[fd]->is_holding) closed_at = now();
  for (int *link = &first_writing; *link >= 0; link = &connections[*link]->next)
    if (*link == fd) {
      *link = connections[fd]->next;
      break;
    }
  free(connections[fd]);
  connections[fd] = NULL;
  close(fd);
}

static void watch(int fd, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poll_fd, operation, fd, &event) < 0) die("epoll_ctl");
}

static void send_parts(int fd) {
  struct connection *connection = connections[fd];
  while (connection->part < 3) {
    ssize_t sent = writev(fd, connection->parts + connection->part, 3 - connection->part);
    if (sent < 0 && errno == EAGAIN) {
      watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      return;
    }
    if (sent < 0) return forget(fd);
    size_t rest = (size_t)sent;
    while (connection->part < 3 && rest >= connection->parts[connection->part].iov_len)
      rest -= connection->parts[connection->part++].iov_len;
    if (connection->part < 3) {
      struct iovec *part = &connection->parts[connection->part];
      part->iov_base = (char *)part->iov_base + rest;
      part->iov_len -= rest;
    }
  }
  watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

// Writes the next event of each stream that is written so, when it is time. A peer that does not take
// a whole event at once gets the rest in the next round.
static void write_events(void) {
  if (first_writing < 0 || now() < next_writes) return;
  next_writes = now() + write_pause;
  int *link = &first_writing;
  while (*link >= 0) {
    int fd = *link;
    struct connection *connection = connections[fd];
    const char *from = connection->head;
    size_t size = connection->parts[0].iov_len;
    if (connection->event == deltas_count) {
      from = connection->tail;
      size = connection->parts[2].iov_len;
    } else if (connection->event >= 0) {
      from = deltas.bytes + delta_starts[connection->event];
      size = delta_starts[connection->event + 1] - delta_starts[connection->event];
    }
    ssize_t sent = send(fd, from + connection->written, size - connection->written, MSG_NOSIGNAL);
    if (sent > 0) connection->written += (size_t)sent;
    if (sent < 0 && errno != EAGAIN) connection->event = deltas_count + 1;
    if (connection->written == size) {
      connection->written = 0;
      connection->event++;
    }
    if (connection->event > deltas_count) {
      *link = connection->next;
    } else {
      link = &connection->next;
    }
  }
}

static void answer_time(int fd) {
  char number[32], response[256];
  int length = sprintf(number, "%llu", (unsigned long long)closed_at);
  int size = sprintf(response, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, number);
  closed_at = 0;
  if (write(fd, response, (size_t)size) != size) forget(fd);
}

#define CHAT_CHUNK(delta, reason)                                                             \
  "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000," \
  "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{" delta "},"                      \
  "\"finish_reason\":" reason "}]}\n\n"

static void answer_chat(int fd) {
  static const char STREAM[] =
      CHAT_CHUNK("\"role\":\"assistant\",\"content\":\" word0000\"", "null")
      CHAT_CHUNK("\"content\":\" word0001\"", "null")
      CHAT_CHUNK("\"content\":\" word0002\"", "null")
      CHAT_CHUNK("", "\"stop\"")
      "data: [DONE]\n\n";
  char response[2048];
  int size = snprintf(response, sizeof response,
                      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Content-Length: %zu\r\n\r\n%s", sizeof STREAM - 1, STREAM);
  if (write(fd, response, (size_t)size) != size) forget(fd);
}

static void answer(int fd, const char *body) {
  struct connection *connection = connections[fd];
  if (!strncmp(connection->request, "GET ", 4)) return answer_time(fd);
  if (!strncmp(connection->request, "POST /v1/chat/completions ", 26)) return answer_chat(fd);
  const char *burst = strstr(body, "\"burst\":\"");
  prepare(connection, burst ? atol(burst + 9) : 3);
  const char *writes = strstr(body, "\"writes\":\"");
  if (writes) {
    write_pause = strtoul(writes + 10, NULL, 10) * 1000000u;
    connection->event = -1;
    connection->written = 0;
    connection->part = 3;
    connection->next = first_writing;
    first_writing = fd;
    return;
  }
  if (strstr(body, "\"hold\":\"1\"")) {
    connection->is_holding = 1;
    connection->part = 3;
    if (write(fd, connection->head, connection->parts[0].iov_len) < 0) forget(fd);
    return;
  }
  send_parts(fd);
}

static void receive(int fd) {
  struct connection *connection = connections[fd];
  ssize_t count = read(fd, connection->request + connection->received,
                       REQUEST_BYTES - 1 - connection->received);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return forget(fd);
  connection->received += (size_t)count;
  connection->request[connection->received] = 0;
  char *body = strstr(connection->request, "\r\n\r\n");
  if (!body) return;
  body += 4;
  const char *length = strcasestr(connection->request, "\r\ncontent-length:");
  size_t expected = length && length < body ? strtoul(length + 17, NULL, 10) : 0;
  if (connection->received < (size_t)(body - connection->request) + expected) return;
  connection->received = 0;
  answer(fd, body);
}

static void accept_all(int listener) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (fd >= CONNECTIONS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = calloc(1, sizeof *connections[fd]);
    if (!connections[fd]) die("calloc");
    connections[fd]->part = 3;
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static int start_listening(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 4096) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) < 0)
    die("listen");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  struct epoll_event events[256];
  int listener = start_listening();
  poll_fd = epoll_create1(EPOLL_CLOEXEC);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    int count = epoll_wait(poll_fd, events, 256, first_writing < 0 ? -1 : 1);
    for (int index = 0; index < count; index++) {
      int fd = events[index].data.fd;
      if (fd == listener) {
        accept_all(fd);
        continue;
      }
      if (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
      if (connections[fd] && events[index].events & EPOLLOUT) send_parts(fd);
    }
    write_events();
  }
}
