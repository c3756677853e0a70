/* SPDX-License-Identifier: MIT */
/* Tests with processes: what one of them does is its role. */
#ifndef ROLES_H
#define ROLES_H

#include "foreign.h"

#include <errno.h>

/* Runs @role in a child.  It says when it is ready by closing the pipe's end
 * that it gets. */
typedef void (*Role) (int ready);

static inline pid_t
start_role (Role role)
{
  int fds[2];
  char byte;
  pid_t pid;

  fail_if (pipe (fds) < 0);
  pid = fork ();
  if (pid == 0) {
    close (fds[0]);
    role (fds[1]);
    _exit (0);
  }
  close (fds[1]);
  fail_unless (read (fds[0], &byte, 1) == 0);
  close (fds[0]);
  return pid;
}

static inline void
wait_for_kill (int ready)
{
  close (ready);
  for (;;)
    pause ();
}

static inline void
wait_for_success (pid_t pid)
{
  int status;

  fail_unless (waitpid (pid, &status, 0) == pid);
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0,
      "process %d ended with %#x", pid, status);
}

/* What is printed before a fork would be printed twice. */
static inline void
set_up_quietly (void)
{
  set_up ();
  fflush (stdout);
}

#define SKIPPED 77

static inline void
give_up_on_namespaces (const char *what)
{
  printf ("skipped: cannot %s: %s\n", what, strerror (errno));
  fflush (stdout);
  _exit (SKIPPED);
}

#endif
