/* SPDX-License-Identifier: MIT */
/* A process is killed at each of its steps in turn: in front of every change
 * that the other side can see, be it in shared memory or by a call.  Who
 * survives notices, goes on with whoever comes next, and gets no frame that is
 * damaged or came before; and nothing is left in the end. */

#define _GNU_SOURCE
#include <glib/gstdio.h>
#include <sys/wait.h>

#include "../lib/common.h"
#include "calls.h"
#include "platform.h"

/* Small, so that it wraps, fills and grows all the time. */
#define RING 1024
#define LARGER_RING 2048
#define FRAMES 24
#define GROW_AFTER 12
#define METADATA "what the frames mean"

/* How long something may take that should take no time at all. */
#define PATIENCE (10 * SEC)
#define NOTICED_WITHIN (10 * MSEC)

/* What the processes of one run share. */
typedef struct {
  _Atomic int64_t killed_at;
  _Atomic int64_t noticed_after; /* the survivor's wait; 0 = it did not wait */
  _Atomic uint64_t written;      /* the last number that some writer used */
  _Atomic uint64_t read;         /* the last number that some reader got */
  atomic_bool stop;              /* there will be no more writers, or readers */
} Board;

static Board *board;

/* ---- steps ---- */

static atomic_int steps;
static int last_step; /* 0: none */

void
zb_step (ZbStep step)
{
  if (step != ZB_STEP_CHANGE || last_step == 0 ||
      atomic_fetch_add (&steps, 1) + 1 != last_step)
    return;
  atomic_store (&board->killed_at, zb_platform_now ());
  kill (getpid (), SIGKILL);
  for (;;)
    pause ();
}

static int
count_call (const char *call, ZbStep step)
{
  zb_step (step);
  return 0;
}

/* ---- frames, which have a number that is never used again ---- */

static size_t
get_size (uint64_t number)
{
  return 16 + number * 7919 % 300;
}

static void
fill_frame (void *data, uint64_t number)
{
  memcpy (data, &number, sizeof number);
  fill_pattern ((uint8_t *) data + 8, get_size (number) - 8, number);
}

static uint64_t
check_frame (const ZbFrame *frame)
{
  const uint8_t *data = zb_frame_get_data (frame);
  size_t size = zb_frame_get_size (frame);
  uint64_t number;

  fail_unless (size >= 16);
  memcpy (&number, data, sizeof number);
  fail_unless_equals_uint64 (size, get_size (number));
  fail_unless (has_pattern (data + 8, size - 8, number));
  fail_unless (number > atomic_load (&board->read));
  return number;
}

static void
note_end (ZbResult result, int64_t began)
{
  int64_t killed = atomic_load (&board->killed_at);
  int64_t now = zb_platform_now ();

  fail_unless (
      result == ZB_PEER_LEFT || result == ZB_PEER_CRASHED || result == ZB_GROW,
      "%s", error.message);
  if (result == ZB_PEER_CRASHED && killed != 0)
    atomic_store (
        &board->noticed_after, now - (began > killed ? began : killed));
}

/* ---- the reader ---- */

/* The oldest of a few frames is given back last, one is detached. */
static void
keep (ZbFrame *frame, unsigned count)
{
  static ZbFrame *kept[2];

  if (count % 5 == 1)
    assert_ok (zb_frame_detach (frame, &error));
  if (kept[1])
    zb_frame_release (kept[1]);
  kept[1] = NULL;
  if (frame && count % 3 == 0)
    kept[1] = frame;
  else if (frame)
    zb_frame_release (frame);
}

static ZbReader *
create_reader (void)
{
  ZbReaderConfig config = { RING, 64, 0600, features, LARGER_RING };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  return reader;
}

static void
read_frame (ZbReader *reader, ZbFrame *frame, unsigned count)
{
  const void *metadata;
  size_t size;
  uint64_t number = check_frame (frame);

  assert_ok (zb_reader_get_metadata (reader, &metadata, &size, &error));
  fail_unless (size == sizeof METADATA && strcmp (metadata, METADATA) == 0);
  keep (frame, count);
  atomic_store (&board->read, number);
}

/* Reads so many frames, of however many writers; or until it is told to stop,
 * and there are none. */
static void
run_reader (unsigned frames)
{
  ZbReader *reader = create_reader ();
  unsigned count = 0;

  while (count < frames) {
    int64_t began = zb_platform_now ();
    bool stop = atomic_load (&board->stop);
    ZbFrame *frame;
    ZbResult result = zb_reader_read (reader, 20 * MSEC, &frame, &error);

    if (result == ZB_OK) {
      read_frame (reader, frame, ++count);
    } else if (result != ZB_TIMEOUT) {
      note_end (result, began);
      assert_ok (zb_reader_renew (reader, &error));
    } else if (stop) {
      break;
    }
  }
  keep (NULL, 0);
  zb_reader_close (reader);
}

static void
read_some (void)
{
  run_reader (FRAMES);
}

static void
read_all (void)
{
  run_reader (G_MAXUINT);
  /* All that the last writer wrote. */
  fail_unless_equals_uint64 (
      atomic_load (&board->read), atomic_load (&board->written));
}

/* ---- the writer ---- */

/* Every third frame goes out while an older place is, which is dropped, and so
 * becomes a filler. */
static ZbResult
write_frame (ZbWriter *writer, uint64_t number)
{
  size_t size = get_size (number);
  ZbPlace *older = NULL;
  ZbResult result;
  ZbPlace *place;
  void *data;

  if (number % 3 != 0 || !(features & ZB_FEATURE_FILLER)) {
    result = zb_writer_reserve (writer, size, 20 * MSEC, &data, &error);
    if (result != ZB_OK)
      return result;
    fill_frame (data, number);
    zb_writer_publish (writer);
    return ZB_OK;
  }
  zb_writer_reserve_place (writer, 40, 0, &older, &error);
  result = zb_writer_reserve_place (writer, size, 20 * MSEC, &place, &error);
  if (result == ZB_OK) {
    fill_frame (zb_place_get_data (place), number);
    result = zb_writer_publish_place (writer, place, size, &error);
    zb_place_release (place);
  }
  if (older)
    zb_place_release (older);
  return result;
}

/* False when told to stop. */
static bool
connect_to_reader (ZbWriter *writer)
{
  ZbResult result;

  for (;;) {
    bool stop = atomic_load (&board->stop);

    result = zb_writer_connect (writer, 20 * MSEC, &error);
    if (result == ZB_OK) {
      assert_ok (
          zb_writer_set_metadata (writer, METADATA, sizeof METADATA, &error));
      return true;
    }
    fail_unless (result == ZB_NOT_READY, "%s", error.message);
    if (stop)
      return false;
  }
}

/* Writes so many frames to however many readers; or until it is told to stop,
 * and there are none. */
static void
run_writer (unsigned frames)
{
  ZbWriter *writer = new_writer ();
  unsigned count = 0, in_session = 0;

  while (count < frames) {
    int64_t began = zb_platform_now ();
    uint64_t number = atomic_load (&board->written) + 1;
    ZbResult result;

    if (!zb_writer_is_connected (writer)) {
      if (!connect_to_reader (writer))
        break;
      in_session = 0;
    }
    /* Taken before it is used: a kill may come in between. */
    atomic_store (&board->written, number);
    result = write_frame (writer, number);
    if (result == ZB_OK) {
      count++;
      if (++in_session == GROW_AFTER)
        zb_writer_grow (writer, LARGER_RING, &error);
    } else if (result != ZB_TIMEOUT && result != ZB_NO_PLACE) {
      note_end (result, began);
      zb_writer_disconnect (writer);
    }
  }
  zb_writer_free (writer);
}

static void
write_some (void)
{
  run_writer (FRAMES);
}

static void
write_on (void)
{
  run_writer (G_MAXUINT);
}

/* ---- processes ---- */

static pid_t
start (void (*run) (void), int at_step)
{
  pid_t pid = fork ();

  fail_if (pid < 0);
  if (pid > 0)
    return pid;
  alarm (PATIENCE / SEC);
  last_step = at_step;
  calls_hook = count_call;
  run ();
  _exit (0);
}

/* Whether it was killed, rather than done. */
static bool
was_killed (pid_t pid)
{
  int status;

  fail_unless (waitpid (pid, &status, 0) == pid);
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL)
    return true;
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0,
      "a process ended with %#x", status);
  return false;
}

static void
begin_run (void)
{
  atomic_store (&board->killed_at, 0);
  atomic_store (&board->noticed_after, 0);
  atomic_store (&board->stop, false);
}

/* ---- how soon ---- */

static GArray *delays;

static void
note_delay (void)
{
  gint64 delay = atomic_load (&board->noticed_after);

  if (delay > 0)
    g_array_append_val (delays, delay);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const gint64 *one = a, *other = b;

  return (*one > *other) - (*one < *other);
}

/* The median, since the machine may be busy with something else now and then. */
static void
report_delays (int number)
{
  gint64 median;

  g_array_sort (delays, compare);
  fail_unless (delays->len > 10);
  median = g_array_index (delays, gint64, delays->len / 2);
  printf ("%d steps; %u ends noticed, after %.2f ms in the median, %.2f ms at "
          "most\n",
      number, delays->len, median / 1e6,
      g_array_index (delays, gint64, delays->len - 1) / 1e6);
  fail_unless (median <= NOTICED_WITHIN);
}

/* ---- one side is killed ---- */

/* @victim is killed at each step, and then started again; @survivor goes on. */
static void
kill_at_each_step (void (*victim) (void), void (*survivor) (void))
{
  bool killed = true;
  int step;

  for (step = 1; killed; step++) {
    pid_t other;

    begin_run ();
    other = start (survivor, 0);
    killed = was_killed (start (victim, step));
    if (killed)
      fail_if (was_killed (start (victim, 0)), "step %d", step);
    atomic_store (&board->stop, true);
    fail_if (was_killed (other), "step %d", step);
    note_delay ();
    assert_nothing_left ();
  }
  fail_unless (step > 100);
  report_delays (step - 2);
}

GST_START_TEST (test_reader_is_killed)
{
  kill_at_each_step (read_some, write_on);
}
GST_END_TEST;

GST_START_TEST (test_writer_is_killed)
{
  kill_at_each_step (write_some, read_all);
}
GST_END_TEST;

/* ---- both are killed ---- */

static void
kill_both (int reader_step, int writer_step)
{
  pid_t reader, writer, first;
  int status;

  begin_run ();
  reader = start (read_some, reader_step);
  writer = start (write_on, writer_step);
  first = wait (&status);
  kill (first == reader ? writer : reader, SIGKILL);
  waitpid (first == reader ? writer : reader, NULL, 0);
}

/* A reader is killed at each step, and a writer where it is then, or at some
 * step before. */
GST_START_TEST (test_both_are_killed)
{
  for (int step = 1; step < 150; step++) {
    pid_t other;

    kill_both (step, step * 37 % 101);
    if (step % 2 == 0) {
      start_another_reader ();
      assert_nothing_left ();
    }
    begin_run ();
    other = start (write_on, 0);
    fail_if (was_killed (start (read_some, 0)), "step %d", step);
    atomic_store (&board->stop, true);
    fail_if (was_killed (other), "step %d", step);
    assert_nothing_left ();
  }
}
GST_END_TEST;

/* ---- */

static void
make_board (void)
{
  set_up ();
  board = mmap (NULL, sizeof *board, PROT_READ | PROT_WRITE,
      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fail_if (board == MAP_FAILED);
  delays = g_array_new (FALSE, FALSE, sizeof (gint64));
}

static void
remove_board (void)
{
  assert_nothing_left ();
  munmap (board, sizeof *board);
  g_array_unref (delays);
}

static Suite *
kills_suite (void)
{
  Suite *suite = suite_create ("kills");
  TCase *cases = tcase_create ("kills");

  suite_add_tcase (suite, cases);
  tcase_add_checked_fixture (cases, make_board, remove_board);
  tcase_set_timeout (cases, 300);
  tcase_add_test (cases, test_reader_is_killed);
  tcase_add_test (cases, test_writer_is_killed);
  tcase_add_test (cases, test_both_are_killed);
  return suite;
}

GST_CHECK_MAIN (kills);
