/* SPDX-License-Identifier: MIT */
/* The feature LIVENESS: who lives is known by locks, whatever the pids say. */
#define _GNU_SOURCE
#include "roles.h"

#include <sched.h>

#define RING 1024

static uint64_t shown_pid; /* instead of its own, by a role */

static void
set_up_1_1 (void)
{
  set_up ();
  features = ZB_FEATURES_DEFAULT;
  shown_pid = 0;
}

/* ---- pids that mean nothing here ---- */

static void
be_a_writer (int ready)
{
  ZbWriter *writer = connect_writer ();

  assert_ok (write_pattern (writer, 100, 1, 0));
  if (shown_pid)
    map_buffer ()->writer_pid = shown_pid;
  wait_for_kill (ready);
}

static void
be_a_reader (int ready)
{
  new_reader (RING, 0);
  if (shown_pid)
    map_buffer ()->reader_pid = shown_pid;
  wait_for_kill (ready);
}

/* Long enough for the pid to be looked at, were it looked at. */
#define A_WHILE (250 * MSEC)

static void
check_writer_with_pid (uint64_t pid)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbFrame *frame;
  pid_t writer;

  shown_pid = pid;
  writer = start_role (be_a_writer);
  zb_frame_release (read_pattern (reader, 100, 1));
  assert_result (zb_reader_read (reader, A_WHILE, &frame, &error), ZB_TIMEOUT);
  kill_process (writer);
  assert_result (
      zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_PEER_CRASHED);
  zb_reader_close (reader);
}

static void
check_reader_with_pid (uint64_t pid)
{
  pid_t reader;
  ZbWriter *writer;

  shown_pid = pid;
  reader = start_role (be_a_reader);
  writer = connect_writer ();
  while (write_pattern (writer, 100, 1, 0) == ZB_OK)
    ;
  assert_result (write_pattern (writer, 100, 1, A_WHILE), ZB_TIMEOUT);
  kill_process (reader);
  assert_result (write_pattern (writer, 100, 1, 10 * SEC), ZB_PEER_CRASHED);
  zb_writer_free (writer);
}

/* As a process of another namespace shows one, that is nobody's here. */
GST_START_TEST (test_pid_of_nobody)
{
  check_writer_with_pid (get_dead_pid ());
  check_reader_with_pid (get_dead_pid ());
}
GST_END_TEST;

/* Or one that is another's here: that one's life is not the peer's. */
GST_START_TEST (test_pid_of_somebody_else)
{
  pid_t other = start_idle_process ();

  check_writer_with_pid (other);
  check_reader_with_pid (other);
  kill_process (other);
}
GST_END_TEST;

/* Nor is that one's end. */
GST_START_TEST (test_somebody_else_ends)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbFrame *frame;
  pid_t writer;

  shown_pid = start_idle_process ();
  writer = start_role (be_a_writer);
  zb_frame_release (read_pattern (reader, 100, 1));
  assert_result (
      zb_reader_read (reader, 10 * MSEC, &frame, &error), ZB_TIMEOUT);
  kill_process ((pid_t) shown_pid);
  assert_result (zb_reader_read (reader, A_WHILE, &frame, &error), ZB_TIMEOUT);
  kill_process (writer);
  assert_result (
      zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_PEER_CRASHED);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- what is left behind ---- */

/* A number that is used again keeps nobody from cleaning up. */
GST_START_TEST (test_pids_used_again)
{
  pid_t other = start_idle_process ();
  ZbOieb *oieb;

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, other, other);
  assert_fails (zb_reader_create (name, NULL, &(ZbReader *){ NULL }, &error),
      ZB_BUSY, "in use by process");
  oieb = map_buffer ();
  oieb->version = ZB_VERSION_1_1_0;
  oieb->reader_features = oieb->writer_features = ZB_FEATURE_LIVENESS;
  zb_reader_close (new_reader (RING, 0));
  kill_process (other);
}
GST_END_TEST;

GST_START_TEST (test_writer_finds_a_pid_used_again)
{
  pid_t other = start_idle_process ();
  ZbWriter *writer = new_writer ();
  ZbOieb *oieb;

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, other, 0);
  oieb = map_buffer ();
  oieb->version = ZB_VERSION_1_1_0;
  oieb->reader_features = ZB_FEATURE_LIVENESS;
  assert_result (zb_writer_connect (writer, 20 * MSEC, &error), ZB_NOT_READY);
  zb_writer_free (writer);
  clean_up ();
  kill_process (other);
}
GST_END_TEST;

static void
check_reader_without_a_lock (uint64_t pid)
{
  pid_t reader;
  char path[128];

  shown_pid = pid;
  reader = start_role (be_a_reader);
  snprintf (path, sizeof path, LOCK_PATH, name);
  fail_unless (unlink (path) == 0);
  assert_fails (zb_reader_create (name, NULL, &(ZbReader *){ NULL }, &error),
      ZB_BUSY, "in use by process");
  kill_process (reader);
  zb_reader_close (new_reader (RING, 0));
}

/* A reader whose pid says nothing, or is our own number in another namespace, and
 * whose lock is elsewhere, lives. */
GST_START_TEST (test_living_reader_without_a_lock)
{
  check_reader_without_a_lock (get_dead_pid ());
  check_reader_without_a_lock (getpid ());
}
GST_END_TEST;

/* ---- namespaces ---- */

static void
be_alone (Role role, int ready)
{
  pid_t inside;
  int status;

  if (unshare (CLONE_NEWPID) < 0)
    give_up_on_namespaces ("make a namespace of processes");
  inside = fork ();
  if (inside == 0) {
    fail_unless_equals_int (getpid (), 1);
    role (ready);
  }
  close (ready);
  waitpid (inside, &status, 0);
  _exit (0);
}

static void
be_a_lone_writer (int ready)
{
  be_alone (be_a_writer, ready);
}

static void
be_a_lone_reader (int ready)
{
  be_alone (be_a_reader, ready);
}

/* Kills what @parent, which is ours, has started elsewhere.  Returns FALSE if
 * it could not start it. */
static gboolean
kill_child_of (pid_t parent)
{
  gchar *path =
      g_strdup_printf ("/proc/%d/task/%d/children", (int) parent, (int) parent);
  gchar *children = NULL;
  gboolean found;

  g_file_get_contents (path, &children, NULL, NULL);
  found = children && atoi (children) > 0;
  if (found)
    kill (atoi (children), SIGKILL);
  waitpid (parent, NULL, 0);
  g_free (children);
  g_free (path);
  return found;
}

GST_START_TEST (test_writer_in_another_namespace)
{
  ZbReader *reader = new_reader (RING, 0);
  pid_t parent = start_role (be_a_lone_writer);
  ZbFrame *frame;

  if (zb_reader_read (reader, 2 * SEC, &frame, &error) == ZB_OK) {
    zb_frame_release (frame);
    fail_unless_equals_uint64 (map_buffer ()->writer_pid, 1);
    assert_result (
        zb_reader_read (reader, A_WHILE, &frame, &error), ZB_TIMEOUT);
    fail_unless (kill_child_of (parent));
    assert_result (
        zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_PEER_CRASHED);
  } else {
    fail_if (kill_child_of (parent));
  }
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_reader_in_another_namespace)
{
  pid_t parent = start_role (be_a_lone_reader);
  ZbWriter *writer = new_writer ();

  if (zb_writer_connect (writer, 2 * SEC, &error) == ZB_OK) {
    fail_unless_equals_uint64 (map_buffer ()->reader_pid, 1);
    while (write_pattern (writer, 100, 1, 0) == ZB_OK)
      ;
    assert_result (write_pattern (writer, 100, 1, A_WHILE), ZB_TIMEOUT);
    fail_unless (kill_child_of (parent));
    assert_result (write_pattern (writer, 100, 1, 10 * SEC), ZB_PEER_CRASHED);
  } else {
    fail_if (kill_child_of (parent));
  }
  zb_writer_free (writer);
}
GST_END_TEST;

static Suite *
liveness_suite (void)
{
  Suite *suite = suite_create ("liveness");
  TCase *tcase = tcase_create ("locks");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up_1_1, assert_nothing_left);
  tcase_add_test (tcase, test_pid_of_nobody);
  tcase_add_test (tcase, test_pid_of_somebody_else);
  tcase_add_test (tcase, test_somebody_else_ends);
  tcase_add_test (tcase, test_pids_used_again);
  tcase_add_test (tcase, test_writer_finds_a_pid_used_again);
  tcase_add_test (tcase, test_living_reader_without_a_lock);
  tcase_add_test (tcase, test_writer_in_another_namespace);
  tcase_add_test (tcase, test_reader_in_another_namespace);
  return suite;
}

GST_CHECK_MAIN (liveness);
