/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int (*calls_hook) (const char *call, ZbStep step);

static int
ask (const char *call, ZbStep step)
{
  return calls_hook ? calls_hook (call, step) : 0;
}

/* CALL: one that says -1, or @failed, and sets errno.  CODE: one that returns an
 * errno. */
#define CALL(type, name, step, failed, parameters, arguments)                  \
  type __real_##name parameters;                                               \
  type __wrap_##name parameters;                                               \
  type __wrap_##name parameters                                                \
  {                                                                            \
    int problem = ask (#name, step);                                           \
                                                                               \
    if (problem == 0)                                                          \
      return __real_##name arguments;                                          \
    errno = problem;                                                           \
    return failed;                                                             \
  }

#define CODE(name, step, parameters, arguments)                                \
  int __real_##name parameters;                                                \
  int __wrap_##name parameters;                                                \
  int __wrap_##name parameters                                                 \
  {                                                                            \
    int problem = ask (#name, step);                                           \
                                                                               \
    return problem ? problem : __real_##name arguments;                        \
  }

/* Those with a last argument that is there or not. */
#define CALL_WITH(                                                             \
    type, name, step, failed, parameters, last, argument, arguments)           \
  type __real_##name parameters;                                               \
  type __wrap_##name parameters;                                               \
  type __wrap_##name parameters                                                \
  {                                                                            \
    int problem = ask (#name, step);                                           \
    va_list rest;                                                              \
                                                                               \
    va_start (rest, last);                                                     \
    argument;                                                                  \
    va_end (rest);                                                             \
    if (problem == 0)                                                          \
      return __real_##name arguments;                                          \
    errno = problem;                                                           \
    return failed;                                                             \
  }

/* With the names that they have where files can be large, which meson sees
 * to. */
/* clang-format off */
#define SEEN ZB_STEP_CHANGE
#define UNSEEN ZB_STEP_LOOK

CALL (int, shm_open, SEEN, -1, (const char *name, int flags, mode_t mode),
    (name, flags, mode))
CALL (int, shm_unlink, SEEN, -1, (const char *name), (name))
CALL (int, mkdir, SEEN, -1, (const char *path, mode_t mode), (path, mode))
CALL (int, unlinkat, SEEN, -1, (int folder, const char *path, int flags),
    (folder, path, flags))
CALL (int, linkat, SEEN, -1,
    (int from_folder, const char *from, int folder, const char *path, int flags),
    (from_folder, from, folder, path, flags))
CALL (int, fchmod, SEEN, -1, (int fd, mode_t mode), (fd, mode))
CALL (int, flock, SEEN, -1, (int fd, int operation), (fd, operation))
CALL (int, close, SEEN, -1, (int fd), (fd))
CODE (posix_fallocate64, SEEN, (int fd, off_t start, off_t size),
    (fd, start, size))
CALL (int, sem_post, SEEN, -1, (sem_t *semaphore), (semaphore))
CALL (int, sem_trywait, SEEN, -1, (sem_t *semaphore), (semaphore))
CALL (int, sem_clockwait, SEEN, -1,
    (sem_t *semaphore, clockid_t clock, const struct timespec *until),
    (semaphore, clock, until))
CALL_WITH (int, openat64, SEEN, -1,
    (int folder, const char *path, int flags, ...), flags,
    mode_t mode = va_arg (rest, mode_t), (folder, path, flags, mode))
CALL_WITH (int, fcntl64, SEEN, -1, (int fd, int command, ...), command,
    void *argument = va_arg (rest, void *), (fd, command, argument))
CALL_WITH (sem_t *, sem_open, SEEN, SEM_FAILED,
    (const char *name, int flags, ...), flags,
    mode_t mode = va_arg (rest, mode_t); unsigned value = va_arg (rest, unsigned),
    (name, flags, mode, value))

CALL (void *, malloc, UNSEEN, NULL, (size_t size), (size))
CALL (void *, calloc, UNSEEN, NULL, (size_t count, size_t size), (count, size))
CALL (void *, mmap64, UNSEEN, MAP_FAILED,
    (void *address, size_t size, int protection, int flags, int fd,
        off_t offset),
    (address, size, protection, flags, fd, offset))
CALL (int, mprotect, UNSEEN, -1, (void *address, size_t size, int protection),
    (address, size, protection))
CALL_WITH (void *, mremap, UNSEEN, MAP_FAILED,
    (void *address, size_t size, size_t new_size, int flags, ...), flags,
    void *to = va_arg (rest, void *), (address, size, new_size, flags, to))
CALL (int, madvise, UNSEEN, -1, (void *address, size_t size, int advice),
    (address, size, advice))
CALL (int, fstat64, UNSEEN, -1, (int fd, struct stat *info), (fd, info))
CALL (int, fstatat64, UNSEEN, -1,
    (int folder, const char *path, struct stat *info, int flags),
    (folder, path, info, flags))
CALL (int, fstatvfs64, UNSEEN, -1, (int fd, struct statvfs *info), (fd, info))
CALL_WITH (int, open64, UNSEEN, -1, (const char *path, int flags, ...), flags,
    mode_t mode = va_arg (rest, mode_t), (path, flags, mode))
CALL (ssize_t, read, UNSEEN, -1, (int fd, void *data, size_t size),
    (fd, data, size))
CALL (DIR *, fdopendir, UNSEEN, NULL, (int fd), (fd))
CALL (struct dirent *, readdir64, UNSEEN, NULL, (DIR *dir), (dir))
CALL (int, eventfd, UNSEEN, -1, (unsigned value, int flags), (value, flags))
CALL (int, kill, UNSEEN, -1, (pid_t pid, int number), (pid, number))
CALL (int, poll, UNSEEN, -1, (struct pollfd *fds, nfds_t count, int timeout),
    (fds, count, timeout))
CALL (int, ppoll, UNSEEN, -1,
    (struct pollfd *fds, nfds_t count, const struct timespec *timeout,
        const sigset_t *mask),
    (fds, count, timeout, mask))
CODE (pthread_create, UNSEEN,
    (pthread_t *thread, const pthread_attr_t *attributes,
        void *(*run) (void *), void *data),
    (thread, attributes, run, data))
/* Of this one only pidfd_open is asked for, which has two arguments. */
CALL_WITH (long, syscall, UNSEEN, -1, (long number, ...), number,
    long one = va_arg (rest, long); long two = va_arg (rest, long),
    (number, one, two))
/* clang-format on */
