/* SPDX-License-Identifier: MIT */
/* Both ends in processes of their own: streams, crashes, and races for the
 * same name. */

#define _GNU_SOURCE
#include "roles.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- streams ---- */

#define STREAM_FRAMES 20000
#define STREAM_RING 8192

static size_t
get_size (int sequence)
{
  return 1 + (size_t) sequence * 7919 % (STREAM_RING / 2 - 32);
}

static void
write_stream (int ready)
{
  ZbWriter *writer = new_writer ();

  close (ready);
  assert_ok (zb_writer_connect (writer, ZB_FOREVER, &error));
  for (int i = 1; i <= STREAM_FRAMES; i++)
    assert_ok (write_pattern (writer, get_size (i), i, ZB_FOREVER));
  zb_writer_free (writer);
}

GST_START_TEST (test_stream_between_processes)
{
  pid_t pid = start_role (write_stream);
  ZbReader *reader = new_reader (STREAM_RING, 0);
  ZbFrame *frame;

  for (int i = 1; i <= STREAM_FRAMES; i++)
    zb_frame_release (read_pattern (reader, get_size (i), i));
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_PEER_LEFT);
  wait_for_success (pid);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Frames written before the reader looks for the first time. */
static void
write_burst (int ready)
{
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 50; i++)
    assert_ok (write_pattern (writer, 100, i, 0));
  zb_writer_free (writer);
  close (ready);
}

GST_START_TEST (test_burst_before_reading)
{
  ZbReader *reader = new_reader (STREAM_RING, 0);
  pid_t pid = start_role (write_burst);
  ZbFrame *frame;

  wait_for_success (pid);
  for (int i = 1; i <= 50; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_PEER_LEFT);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_slow_reader_loses_nothing)
{
  pid_t pid = start_role (write_stream);
  ZbReader *reader = new_reader (STREAM_RING, 0);

  for (int i = 1; i <= STREAM_FRAMES; i++) {
    if (i % 500 == 0)
      g_usleep (1000);
    zb_frame_release (read_pattern (reader, get_size (i), i));
  }
  wait_for_success (pid);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- crashes ---- */

typedef struct {
  ZbReader *reader;
  ZbWriter *writer;
  pid_t victim;
  gint64 killed_at;
} Killer;

/* Kills the victim as soon as the other side sleeps. */
static gpointer
kill_when_waiting (gpointer data)
{
  Killer *killer = data;
  ZbStats stats;

  do {
    g_usleep (1000);
    if (killer->reader)
      zb_reader_get_stats (killer->reader, &stats);
    else
      zb_writer_get_stats (killer->writer, &stats);
  } while (stats.waits == 0);
  killer->killed_at = g_get_monotonic_time ();
  kill (killer->victim, SIGKILL);
  return NULL;
}

static void
report_delay (gint64 noticed_at, const Killer *killer)
{
  printf ("noticed after %" G_GINT64_FORMAT " us\n",
      noticed_at - killer->killed_at);
}

static void
write_three_and_wait (int ready)
{
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 3; i++)
    assert_ok (write_pattern (writer, 100, i, 0));
  wait_for_kill (ready);
}

GST_START_TEST (test_writer_is_killed_while_the_reader_waits)
{
  ZbReader *reader = new_reader (4096, 0);
  Killer killer = { .reader = reader,
    .victim = start_role (write_three_and_wait) };
  GThread *thread;
  ZbFrame *frame;
  char text[64];
  gint64 now;

  for (int i = 1; i <= 3; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  thread = g_thread_new ("killer", kill_when_waiting, &killer);
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_PEER_CRASHED);
  now = g_get_monotonic_time ();
  g_thread_join (thread);
  report_delay (now, &killer);
  snprintf (text, sizeof text, "process %d, crashed", killer.victim);
  fail_unless (strstr (error.message, text), "%s", error.message);
  waitpid (killer.victim, NULL, 0);
  zb_reader_close (reader);
}
GST_END_TEST;

/* What was written before the crash is delivered, and then the crash; also to
 * a reader that looks only when the process is long gone. */
GST_START_TEST (test_frames_of_a_killed_writer)
{
  ZbReader *reader = new_reader (4096, 0);
  pid_t pid = start_role (write_three_and_wait);
  ZbFrame *frame;

  kill_process (pid);
  for (int i = 1; i <= 3; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_PEER_CRASHED);
  assert_ok (zb_reader_renew (reader, &error));
  pid = start_role (write_three_and_wait);
  for (int i = 1; i <= 3; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  kill_process (pid);
  zb_reader_close (reader);
}
GST_END_TEST;

static void
read_one_and_wait (int ready)
{
  ZbReader *reader = new_reader (1024, 0);

  close (ready);
  read_pattern (reader, 300, 1);
  for (;;)
    pause ();
}

static ZbResult
fill_ring (ZbWriter *writer)
{
  ZbResult result;
  int i = 0;

  do
    result = write_pattern (writer, 300, ++i, ZB_FOREVER);
  while (result == ZB_OK);
  return result;
}

GST_START_TEST (test_reader_is_killed_while_the_writer_waits)
{
  Killer killer = { .victim = start_role (read_one_and_wait) };
  ZbWriter *writer = killer.writer = connect_writer ();
  GThread *thread = g_thread_new ("killer", kill_when_waiting, &killer);
  char text[64];
  gint64 now;

  assert_result (fill_ring (writer), ZB_PEER_CRASHED);
  now = g_get_monotonic_time ();
  g_thread_join (thread);
  report_delay (now, &killer);
  snprintf (text, sizeof text, "process %d, crashed", killer.victim);
  fail_unless (strstr (error.message, text), "%s", error.message);
  waitpid (killer.victim, NULL, 0);

  /* The survivor cleans up after the dead. */
  fail_unless (exists (MEMORY_PATH));
  zb_writer_disconnect (writer);
  assert_nothing_left ();
  zb_writer_free (writer);
}
GST_END_TEST;

GST_START_TEST (test_reader_is_replaced)
{
  pid_t pid = start_role (read_one_and_wait);
  ZbWriter *writer = connect_writer ();
  ZbReader *reader;

  assert_ok (write_pattern (writer, 300, 1, 0));
  kill_process (pid);
  /* The new one comes before the writer has noticed anything. */
  reader = new_reader (4096, 0);
  assert_result (fill_ring (writer), ZB_PEER_CRASHED);
  zb_writer_disconnect (writer);
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 300, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static void
read_one_and_leave (int ready)
{
  ZbReader *reader = new_reader (1024, 0);

  close (ready);
  zb_frame_release (read_pattern (reader, 300, 1));
  zb_reader_close (reader);
}

GST_START_TEST (test_reader_leaves_while_the_writer_waits)
{
  pid_t pid = start_role (read_one_and_leave);
  ZbWriter *writer = connect_writer ();

  assert_result (fill_ring (writer), ZB_PEER_LEFT);
  wait_for_success (pid);
  zb_writer_free (writer);
}
GST_END_TEST;

static void
write_and_leave_when_told (int ready)
{
  ZbWriter *writer = connect_writer ();

  assert_ok (write_pattern (writer, 100, 1, 0));
  close (ready);
  raise (SIGSTOP);
  zb_writer_free (writer);
  raise (SIGSTOP);
}

static gpointer
continue_when_waiting (gpointer data)
{
  Killer *job = data;
  ZbStats stats;

  do {
    g_usleep (1000);
    zb_reader_get_stats (job->reader, &stats);
  } while (stats.waits == 0);
  /* What comes before it has stopped would not be remembered. */
  waitpid (job->victim, NULL, WUNTRACED);
  kill (job->victim, SIGCONT);
  return NULL;
}

/* A writer that leaves but whose process goes on. */
GST_START_TEST (test_writer_leaves_while_the_reader_waits)
{
  ZbReader *reader = new_reader (4096, 0);
  Killer job = { .reader = reader,
    .victim = start_role (write_and_leave_when_told) };
  GThread *thread;
  ZbFrame *frame;

  zb_frame_release (read_pattern (reader, 100, 1));
  thread = g_thread_new ("continue", continue_when_waiting, &job);
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_PEER_LEFT);
  g_thread_join (thread);
  kill_process (job.victim);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- races ---- */

#define RACERS 8

static void
do_nothing (void)
{
}

/* @check is called while the winner still has what it got. */
static void
count_winners (void (*prepare) (void), Role racer, void (*check) (void))
{
  pid_t pids[RACERS];
  int winners = 0;
  int go[2];

  fail_if (pipe (go) < 0);
  for (int i = 0; i < RACERS; i++) {
    pids[i] = fork ();
    if (pids[i] == 0) {
      char byte;
      close (go[1]);
      prepare ();
      fail_unless (read (go[0], &byte, 1) == 0);
      racer (-1);
      _exit (1);
    }
  }
  close (go[0]);
  close (go[1]); /* they're off */
  for (int i = 0; i < RACERS; i++) {
    int status;
    fail_unless (waitpid (pids[i], &status, WUNTRACED) == pids[i]);
    fail_unless (WIFSTOPPED (status) || WIFEXITED (status));
    if (WIFSTOPPED (status))
      winners++;
    else
      fail_unless_equals_int (WEXITSTATUS (status), 0);
  }
  fail_unless_equals_int (winners, 1);
  check ();
  for (int i = 0; i < RACERS; i++)
    kill (pids[i], SIGKILL);
  while (waitpid (-1, NULL, 0) > 0)
    ;
}

/* The winner stops and keeps what it has; the others find it in use. */
static void
race_to_read (int unused)
{
  ZbReader *reader;

  if (zb_reader_create (name, NULL, &reader, &error) == ZB_OK)
    raise (SIGSTOP);
  assert_result (error.result, ZB_BUSY);
  fail_unless (
      strstr (error.message, "in use by process"), "%s", error.message);
  _exit (0);
}

GST_START_TEST (test_many_readers_at_once)
{
  count_winners (do_nothing, race_to_read, do_nothing);
  zb_reader_close (new_reader (1024, 0));
}
GST_END_TEST;

static void
race_to_write (int unused)
{
  ZbWriter *writer = new_writer ();

  if (zb_writer_connect (writer, 10 * SEC, &error) == ZB_OK)
    raise (SIGSTOP);
  assert_result (error.result, ZB_BUSY);
  fail_unless (
      strstr (error.message, "in use by process"), "%s", error.message);
  _exit (0);
}

GST_START_TEST (test_many_writers_at_once)
{
  ZbReader *reader = new_reader (1024, 0);

  count_winners (do_nothing, race_to_write, do_nothing);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- containers that share no lock folder ---- */

static void
enter_own_tmp (void)
{
  if (unshare (CLONE_NEWNS) < 0)
    give_up_on_namespaces ("make a mount namespace");
  if (mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount ("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") < 0)
    give_up_on_namespaces ("mount a /tmp of its own");
}

static void
try_own_tmp (int ready)
{
  enter_own_tmp ();
}

/* What the winner made is all there. */
static void
connect_to_winner (void)
{
  ZbWriter *writer = new_writer ();

  fail_unless (zb_writer_connect (writer, 10 * SEC, &error) == ZB_OK, "%s",
      error.message);
  zb_writer_free (writer);
}

/* From the second round on they also have to make away with what the last winner
 * left, which has no lock that they could see. */
GST_START_TEST (test_many_readers_without_common_locks)
{
  pid_t pid = start_role (try_own_tmp);
  int status;

  fail_unless (waitpid (pid, &status, 0) == pid && WIFEXITED (status));
  if (WEXITSTATUS (status) == SKIPPED)
    return;
  for (int round = 0; round < 20; round++)
    count_winners (enter_own_tmp, race_to_read, connect_to_winner);
  zb_reader_close (new_reader (1024, 0));
}
GST_END_TEST;

static guint
count_open (const char *path)
{
  GDir *dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *entry;
  guint count = 0;

  while ((entry = g_dir_read_name (dir))) {
    char *link = g_build_filename ("/proc/self/fd", entry, NULL);
    char *target = g_file_read_link (link, NULL);
    count += g_strcmp0 (target, path) == 0;
    g_free (target);
    g_free (link);
  }
  g_dir_close (dir);
  return count;
}

static gpointer
create_in_thread (gpointer problem)
{
  ZbReader *reader;

  if (zb_reader_create (name, NULL, &reader, problem) == ZB_OK)
    zb_reader_close (reader);
  return NULL;
}

/* Two want to replace what a dead reader left.  The second finds it, but by the time
 * that it may take the names away they are somebody else's. */
GST_START_TEST (test_names_that_another_took_stay)
{
  struct flock names = { .l_type = F_WRLCK, .l_len = 4 };
  pid_t pid = start_idle_process ();
  ZbError problem = { 0 };
  char path[128], text[64];
  GThread *thread;
  int fd;

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, get_dead_pid (), 0);
  snprintf (path, sizeof path, MEMORY_PATH, name);
  fd = open (path, O_RDWR);
  fail_unless (fcntl (fd, F_OFD_SETLK, &names) == 0);

  thread = g_thread_new ("second", create_in_thread, &problem);
  while (count_open (path) < 2)
    g_usleep (1000);
  fail_unless (unlink (path) == 0);
  leave_behind (LEFT_MEMORY, pid, 0);
  close (fd);
  g_thread_join (thread);

  assert_result (problem.result, ZB_BUSY);
  snprintf (text, sizeof text, "in use by process %d", pid);
  fail_unless (strstr (problem.message, text), "%s", problem.message);
  fail_unless (exists (MEMORY_PATH) && exists (DATA_PATH));
  kill_process (pid);
  zb_reader_close (new_reader (1024, 0));
}
GST_END_TEST;

/* ---- too little shared memory ---- */

static void
enter_small_shm (void)
{
  if (unshare (CLONE_NEWNS) < 0)
    give_up_on_namespaces ("make a mount namespace");
  if (mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount ("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") < 0)
    give_up_on_namespaces ("mount a small /dev/shm");
}

static void
use_small_shm (int ready)
{
  const ZbReaderConfig config = { 16 * 1024 * 1024, .mode = 0600 };
  ZbReader *reader;
  ZbWriter *writer = new_writer ();
  char path[80];
  int fd;

  enter_small_shm ();
  assert_fails (zb_reader_create (name, &config, &reader, &error), ZB_NO_SPACE,
      "needs 16777344 bytes");
  fail_unless (strstr (error.message, "/dev/shm has only 1048576 bytes free"),
      "%s", error.message);
  assert_nothing_left ();

  /* Made by a reader that did not reserve it: we would be the ones to die. */
  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, getpid (), 0);
  snprintf (path, sizeof path, "/%s", name);
  fd = shm_open (path, O_RDWR, 0);
  fail_if (ftruncate (fd, 128 + 64 + 16 * 1024 * 1024) < 0);
  map_buffer ()->payload_size = 16 * 1024 * 1024;
  assert_fails (zb_writer_connect (writer, 0, &error), ZB_NO_SPACE, "needs");
  _exit (0);
}

static void
run_apart (void (*role) (int ready))
{
  pid_t pid = start_role (role);
  int status;

  fail_unless (waitpid (pid, &status, 0) == pid);
  fail_unless (WIFEXITED (status), "killed by signal %d", WTERMSIG (status));
  fail_unless (WEXITSTATUS (status) == 0 || WEXITSTATUS (status) == SKIPPED);
}

GST_START_TEST (test_shm_too_small)
{
  run_apart (use_small_shm);
}
GST_END_TEST;

/* A larger ring that there is no room for is not made; the stream goes on with
 * what it has. */
static void
grow_in_small_shm (int ready)
{
  ZbReaderConfig config = { 65536, 4096, 0600, ZB_FEATURES_DEFAULT, 1 << 30 };
  ZbReader *reader;
  ZbWriter *writer;
  ZbStats stats;
  ZbFrame *frame;

  enter_small_shm ();
  features = ZB_FEATURES_DEFAULT;
  assert_ok (zb_reader_create (name, &config, &reader, &error));
  writer = connect_writer ();
  assert_ok (zb_writer_grow (writer, 4 << 20, &error));
  assert_result (zb_reader_read (reader, SEC, &frame, &error), ZB_GROW);
  assert_ok (zb_reader_renew (reader, &error));
  zb_reader_get_stats (reader, &stats);
  fail_unless_equals_uint64 (stats.ring_size, 65536);
  assert_ok (zb_writer_connect (writer, SEC, &error));
  assert_fails (
      zb_writer_grow (writer, 4 << 20, &error), ZB_TOO_LARGE, "any larger");
  pass_pattern (writer, reader, 1000, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
  assert_nothing_left ();
  _exit (0);
}

GST_START_TEST (test_no_room_to_grow)
{
  run_apart (grow_in_small_shm);
}
GST_END_TEST;

/* ---- the lock folder ---- */

#define FOLDER "/tmp/zerobuffer"

static void
try_folders (int ready)
{
  ZbReader *reader;
  struct stat info;

  enter_own_tmp ();
  fail_unless (symlink ("/dev/shm", FOLDER) == 0);
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_PERMISSION,
      "is not a folder");
  unlink (FOLDER);
  close (open (FOLDER, O_CREAT | O_RDWR, 0666));
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_PERMISSION,
      "is not a folder");
  unlink (FOLDER);

  /* As another implementation makes it, with a umask of 077. */
  fail_unless (mkdir (FOLDER, 0700) == 0);
  zb_reader_close (new_reader (1024, 0));
  fail_unless (stat (FOLDER, &info) == 0);
  fail_unless_equals_int (info.st_mode & 07777, 01777);

  /* Root makes the folder of somebody else its own... */
  fail_unless (chown (FOLDER, 12345, 12345) == 0);
  zb_reader_close (new_reader (1024, 0));
  fail_unless (stat (FOLDER, &info) == 0);
  fail_unless_equals_int (info.st_uid, 0);

  /* ... of which others have their use, while they do not trust each other. */
  fail_unless (setegid (65534) == 0 && seteuid (65534) == 0);
  zb_reader_close (new_reader (1024, 0));
  fail_unless (seteuid (0) == 0 && chown (FOLDER, 12345, 12345) == 0);
  fail_unless (seteuid (65534) == 0);
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_PERMISSION,
      "belongs to another user");
  assert_nothing_left ();
  _exit (0);
}

GST_START_TEST (test_lock_folder_of_others)
{
  pid_t pid = start_role (try_folders);
  int status;

  fail_unless (waitpid (pid, &status, 0) == pid);
  fail_unless (WIFEXITED (status), "killed by signal %d", WTERMSIG (status));
  fail_unless (WEXITSTATUS (status) == 0 || WEXITSTATUS (status) == SKIPPED);
}
GST_END_TEST;

static Suite *
processes_suite (void)
{
  Suite *suite = suite_create ("processes");
  TCase *streams = tcase_create ("streams");
  TCase *crashes = tcase_create ("crashes");
  TCase *races = tcase_create ("races");

  suite_add_tcase (suite, streams);
  tcase_add_checked_fixture (streams, set_up_quietly, assert_nothing_left);
  tcase_add_test (streams, test_stream_between_processes);
  tcase_add_test (streams, test_burst_before_reading);
  tcase_add_test (streams, test_slow_reader_loses_nothing);

  suite_add_tcase (suite, crashes);
  tcase_add_checked_fixture (crashes, set_up_quietly, assert_nothing_left);
  tcase_add_test (crashes, test_writer_is_killed_while_the_reader_waits);
  tcase_add_test (crashes, test_frames_of_a_killed_writer);
  tcase_add_test (crashes, test_reader_is_killed_while_the_writer_waits);
  tcase_add_test (crashes, test_reader_is_replaced);
  tcase_add_test (crashes, test_reader_leaves_while_the_writer_waits);
  tcase_add_test (crashes, test_writer_leaves_while_the_reader_waits);

  suite_add_tcase (suite, races);
  tcase_add_checked_fixture (races, set_up_quietly, assert_nothing_left);
  tcase_add_test (races, test_many_readers_at_once);
  tcase_add_test (races, test_many_writers_at_once);
  tcase_add_test (races, test_many_readers_without_common_locks);
  tcase_add_test (races, test_names_that_another_took_stay);
  tcase_add_test (races, test_shm_too_small);
  tcase_add_test (races, test_no_room_to_grow);
  tcase_add_test (races, test_lock_folder_of_others);
  return suite;
}

GST_CHECK_MAIN (processes);
