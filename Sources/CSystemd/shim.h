#pragma once
#include <malloc.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>

/* glibc declares these for _GNU_SOURCE only, which Swift's view of glibc does not define. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pthread_setname_np(pthread_t, const char *);

#include <fcntl.h>

/* open(2) and fcntl(2) are variadic, which Swift cannot call. */
static inline int halley_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, mode);
}
static inline int halley_set_nonblocking(int descriptor) {
  return fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}
