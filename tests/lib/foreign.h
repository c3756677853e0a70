/* SPDX-License-Identifier: MIT */
/* The wire in the hands of somebody else: a bare 1.0 peer, and damage. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "common.h"

#include <semaphore.h>
#include <sys/wait.h>

static inline sem_t *
open_semaphore (const char *prefix)
{
  char path[128];
  sem_t *sem;

  snprintf (path, sizeof path, "/%s%s", prefix, name);
  sem = sem_open (path, 0);
  fail_if (sem == SEM_FAILED);
  return sem;
}

/* A pid that was somebody's and is nobody's now. */
static inline pid_t
get_dead_pid (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  fail_unless (waitpid (pid, NULL, 0) == pid);
  return pid;
}

/* A process that lives until it is killed. */
static inline pid_t
start_idle_process (void)
{
  pid_t pid = fork ();

  if (pid == 0) {
    for (;;)
      pause ();
  }
  return pid;
}

static inline void
kill_process (pid_t pid)
{
  kill (pid, SIGKILL);
  fail_unless (waitpid (pid, NULL, 0) == pid);
}

static inline void
put_header (ZbOieb *oieb, uint64_t position, uint64_t size, uint64_t sequence)
{
  const ZbFrameHeader header = { size, sequence };

  memcpy (get_ring (oieb) + position, &header, sizeof header);
}

/* A frame as a 1.0 writer puts it, tails or not: @waste bytes are given up
 * before it, with a marker if there is room for one. */
static inline void
put_frame (ZbOieb *oieb, sem_t *data, uint64_t position, uint64_t size,
    uint64_t sequence, uint64_t waste)
{
  if (waste >= 16)
    put_header (oieb, oieb->payload_size - waste, 0, 0);
  put_header (oieb, position, size, sequence);
  fill_pattern (get_ring (oieb) + position + 16, size, sequence);
  oieb->writer_pid = getpid ();
  oieb->payload_free_bytes -= waste + 16 + size;
  oieb->payload_write_pos = position + 16 + size;
  oieb->payload_written_count += 1;
  sem_post (data);
}

/* What a reader leaves behind when it dies. */
enum {
  LEFT_LOCK = 1,
  LEFT_MEMORY = 2,
  LEFT_SEMAPHORES = 4,
};

static inline void
leave_behind (int what, uint64_t reader_pid, uint64_t writer_pid)
{
  char path[128];

  if (what & LEFT_MEMORY) {
    ZbOieb *oieb;
    int fd;

    snprintf (path, sizeof path, "/%s", name);
    fd = shm_open (path, O_CREAT | O_EXCL | O_RDWR, 0600);
    fail_if (fd < 0 || ftruncate (fd, 128 + 64 + 1024) < 0);
    close (fd);
    oieb = map_buffer ();
    oieb->oieb_size = 128;
    oieb->version = ZB_VERSION_1_0_0;
    oieb->metadata_size = oieb->metadata_free_bytes = 64;
    oieb->payload_size = oieb->payload_free_bytes = 1024;
    oieb->reader_pid = reader_pid;
    oieb->writer_pid = writer_pid;
  }
  if (what & LEFT_SEMAPHORES) {
    snprintf (path, sizeof path, "/sem-w-%s", name);
    sem_close (sem_open (path, O_CREAT, 0600, 3));
    snprintf (path, sizeof path, "/sem-r-%s", name);
    sem_close (sem_open (path, O_CREAT, 0600, 3));
  }
  /* Last: it is by the lock that readers of other tests find the rest. */
  if (what & LEFT_LOCK) {
    snprintf (path, sizeof path, LOCK_PATH, name);
    close (open (path, O_CREAT | O_RDWR, 0600));
  }
}

static inline void
clean_up (void)
{
  const char *const formats[] = { MEMORY_PATH, DATA_PATH, SPACE_PATH,
    LOCK_PATH };
  char path[128];

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    snprintf (path, sizeof path, formats[i], name);
    unlink (path);
  }
}

#endif
