/* SPDX-License-Identifier: MIT */
/* Who can do what to whom: docs/security.md says it, this shows it. */
#define _GNU_SOURCE
#include "roles.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

static void
get_path (char path[128], const char *format)
{
  snprintf (path, 128, format, name);
}

/* A file that nobody must touch. */
static void
make_victim (char path[128])
{
  get_path (path, "/tmp/%s.victim");
  fail_unless (g_file_set_contents (path, "precious", -1, NULL));
}

static void
assert_untouched (const char *path)
{
  gchar *text;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  fail_unless_equals_string (text, "precious");
  g_free (text);
  unlink (path);
}

/* ---- links ---- */

GST_START_TEST (test_lock_that_is_a_link)
{
  char victim[128], lock[128];
  ZbReader *reader;

  zb_reader_close (new_reader (64, 0)); /* makes the folder */
  make_victim (victim);
  get_path (lock, LOCK_PATH);
  fail_unless (symlink (victim, lock) == 0);
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_SYSTEM,
      "is a link; expected a lock file");
  unlink (lock);
  assert_untouched (victim);
}
GST_END_TEST;

GST_START_TEST (test_memory_that_is_a_link)
{
  char victim[128], memory[128];
  ZbWriter *writer = new_writer ();

  make_victim (victim);
  get_path (memory, MEMORY_PATH);
  fail_unless (symlink (victim, memory) == 0);
  assert_fails (zb_writer_connect (writer, 0, &error), ZB_CORRUPT,
      "is a link; expected shared memory");
  /* The link is ours to replace. */
  zb_reader_close (new_reader (64, 0));
  assert_untouched (victim);
  zb_writer_free (writer);
}
GST_END_TEST;

/* ---- what is left by others ---- */

/* A lock that somebody made is no word on what belongs to somebody else. */
GST_START_TEST (test_lock_of_a_stranger)
{
  char lock[128], memory[128];

  if (geteuid () != 0) {
    printf ("skipped: takes root\n");
    return;
  }
  zb_reader_close (new_reader (64, 0));
  get_path (lock, LOCK_PATH);
  get_path (memory, MEMORY_PATH);
  fail_unless (g_file_set_contents (lock, "", 0, NULL));
  fail_unless (chown (lock, 12345, 12345) == 0);
  fail_unless (g_file_set_contents (memory, "precious", -1, NULL));
  start_another_reader ();
  assert_untouched (memory);
  unlink (lock);
}
GST_END_TEST;

/* Also where the system protects files in folders like that of the locks, as
 * Debian has it (fs.protected_regular). */
GST_START_TEST (test_lock_that_another_user_left)
{
  char lock[128];

  if (geteuid () != 0) {
    printf ("skipped: takes root\n");
    return;
  }
  zb_reader_close (new_reader (64, 0));
  get_path (lock, LOCK_PATH);
  fail_unless (g_file_set_contents (lock, "", 0, NULL));
  fail_unless (chown (lock, 12345, 12345) == 0);
  zb_reader_close (new_reader (64, 0));
}
GST_END_TEST;

static void
hold_lock (int ready)
{
  char lock[128];
  int fd;

  get_path (lock, LOCK_PATH);
  fd = open (lock, O_CREAT | O_RDWR, 0666);
  fail_unless (fd >= 0 && flock (fd, LOCK_EX) == 0);
  wait_for_kill (ready);
}

GST_START_TEST (test_lock_that_a_stranger_holds)
{
  ZbReader *reader;
  char lock[128];
  pid_t pid;

  zb_reader_close (new_reader (64, 0));
  pid = start_role (hold_lock);
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_BUSY,
      "holds its lock");
  kill_process (pid);
  get_path (lock, LOCK_PATH);
  unlink (lock);
}
GST_END_TEST;

/* ---- what a peer can do ---- */

static int
get_signal (Role role)
{
  int ready[2], status;
  pid_t pid;

  fail_unless (pipe (ready) == 0);
  pid = fork ();
  if (pid == 0) {
    /* Not what a sanitizer makes of it. */
    signal (SIGSEGV, SIG_DFL);
    signal (SIGBUS, SIG_DFL);
    role (ready[1]);
    _exit (0);
  }
  close (ready[0]);
  close (ready[1]);
  fail_unless (waitpid (pid, &status, 0) == pid);
  return WIFSIGNALED (status) ? WTERMSIG (status) : 0;
}

static void
write_to_a_frame (int unused)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  assert_ok (write_pattern (writer, 100, 1, 0));
  *(char *) zb_frame_get_data (read_pattern (reader, 100, 1)) = 1;
}

GST_START_TEST (test_frames_are_read_only)
{
  fail_unless_equals_int (get_signal (write_to_a_frame), SIGSEGV);
  start_another_reader ();
}
GST_END_TEST;

static void
read_what_was_taken_away (int unused)
{
  ZbReader *reader = new_reader (1 << 20, 0);
  ZbWriter *writer = connect_writer ();
  char memory[128];
  ZbFrame *frame;

  assert_ok (write_pattern (writer, 100000, 1, 0));
  frame = read_pattern (reader, 100000, 1);
  get_path (memory, MEMORY_PATH);
  fail_unless (truncate (memory, ZB_OIEB_SIZE) == 0);
  (void) ((const volatile char *) zb_frame_get_data (frame))[99999];
}

/* Zero-copy means that there is only one frame, and that is the writer's too. */
GST_START_TEST (test_frame_that_changes)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbFrame *frame;

  assert_ok (write_pattern (writer, 100, 1, 0));
  frame = read_pattern (reader, 100, 1);
  get_ring (oieb)[ZB_FRAME_HEADER_SIZE] ^= 1;
  fail_if (has_pattern (zb_frame_get_data (frame), 100, 1));
  zb_frame_release (frame);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The one thing that is not stopped: who may write to the memory can do this. */
GST_START_TEST (test_memory_that_is_taken_away)
{
  fail_unless_equals_int (get_signal (read_what_was_taken_away), SIGBUS);
  start_another_reader ();
}
GST_END_TEST;

/* ---- programs that are started meanwhile ---- */

GST_START_TEST (test_nothing_is_inherited)
{
  bool before[256];
  ZbReader *reader;
  ZbWriter *writer;

  for (int fd = 0; fd < 256; fd++)
    before[fd] = fcntl (fd, F_GETFD) >= 0;
  reader = new_reader (1024, 64);
  writer = connect_writer ();
  pass_pattern (writer, reader, 100, 1);
  for (int fd = 0; fd < 256; fd++) {
    int flags = fcntl (fd, F_GETFD);
    fail_unless (before[fd] || flags < 0 || flags & FD_CLOEXEC, "%d", fd);
  }
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Its own memory's names a reader takes away without the lock on them, in the
 * end. */
GST_START_TEST (test_lock_on_the_names)
{
  struct flock names = { .l_type = F_WRLCK, .l_len = 4 };
  ZbReader *reader = new_reader (64, 0);
  char memory[128];
  int fd;

  get_path (memory, MEMORY_PATH);
  fd = open (memory, O_RDWR);
  fail_unless (fcntl (fd, F_OFD_SETLK, &names) == 0);
  zb_reader_close (reader);
  assert_nothing_left ();
  close (fd);
}
GST_END_TEST;

static Suite *
security_suite (void)
{
  Suite *suite = suite_create ("security");
  TCase *cases = tcase_create ("security");

  suite_add_tcase (suite, cases);
  tcase_add_checked_fixture (cases, set_up_quietly, assert_nothing_left);
  tcase_add_test (cases, test_lock_that_is_a_link);
  tcase_add_test (cases, test_memory_that_is_a_link);
  tcase_add_test (cases, test_lock_of_a_stranger);
  tcase_add_test (cases, test_lock_that_another_user_left);
  tcase_add_test (cases, test_lock_that_a_stranger_holds);
  tcase_add_test (cases, test_lock_on_the_names);
  tcase_add_test (cases, test_frames_are_read_only);
  tcase_add_test (cases, test_frame_that_changes);
  tcase_add_test (cases, test_memory_that_is_taken_away);
  tcase_add_test (cases, test_nothing_is_inherited);
  return suite;
}

GST_CHECK_MAIN (security);
