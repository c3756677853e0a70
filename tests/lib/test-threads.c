/* SPDX-License-Identifier: MIT */
/* Both ends in threads of one process, where TSan can watch. */
#include "common.h"

#include <pthread.h>

typedef struct {
  ZbWriter *writer;
  int frames;
  size_t max_size;
} WriterJob;

static size_t
get_size (int sequence, size_t max_size)
{
  return 1 + (size_t) sequence * 7919 % max_size;
}

static gpointer
write_frames (gpointer data)
{
  WriterJob *job = data;

  for (int i = 1; i <= job->frames; i++) {
    ZbResult result;

    do
      result = write_pattern (
          job->writer, get_size (i, job->max_size), i, ZB_FOREVER);
    while (result == ZB_INTERRUPTED);
    assert_ok (result);
  }
  return NULL;
}

static void
check_stream (uint64_t ring, size_t max_size, int frames)
{
  ZbReader *reader = new_reader (ring, 0);
  WriterJob job = { connect_writer (), frames, max_size };
  GThread *thread = g_thread_new ("writer", write_frames, &job);

  for (int i = 1; i <= frames; i++)
    zb_frame_release (read_pattern (reader, get_size (i, max_size), i));
  g_thread_join (thread);
  zb_writer_free (job.writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_stream)
{
  check_stream (256, 90, 20000);
  check_stream (4096, 1000, 20000);
  check_stream (1024 * 1024, 200000, 500);
}
GST_END_TEST;

/* ---- interrupting ---- */

static gpointer
read_until_interrupted (gpointer data)
{
  ZbFrame *frame;

  return GINT_TO_POINTER (zb_reader_read (data, ZB_FOREVER, &frame, NULL));
}

static void
wait_for_reader_to_wait (ZbReader *reader, uint64_t waits)
{
  ZbStats stats;

  do {
    g_thread_yield ();
    zb_reader_get_stats (reader, &stats);
  } while (stats.waits <= waits);
}

GST_START_TEST (test_interrupt_a_waiting_reader)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbStats stats;

  for (int i = 0; i < 100; i++) {
    GThread *thread;

    zb_reader_get_stats (reader, &stats);
    thread = g_thread_new ("reader", read_until_interrupted, reader);
    wait_for_reader_to_wait (reader, stats.waits);
    zb_reader_set_interrupted (reader, true);
    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), ZB_INTERRUPTED);
    zb_reader_set_interrupted (reader, false);
  }
  zb_reader_close (reader);
}
GST_END_TEST;

static gpointer
write_until_interrupted (gpointer data)
{
  ZbResult result;

  do
    result = zb_writer_write (data, "bytes", 5, ZB_FOREVER, NULL);
  while (result == ZB_OK);
  return GINT_TO_POINTER (result);
}

GST_START_TEST (test_interrupt_a_waiting_writer)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();
  ZbStats before, now;

  zb_writer_get_stats (writer, &before);
  for (int i = 0; i < 100; i++) {
    GThread *thread = g_thread_new ("writer", write_until_interrupted, writer);

    do {
      g_thread_yield ();
      zb_writer_get_stats (writer, &now);
    } while (now.waits <= before.waits);
    zb_writer_set_interrupted (writer, true);
    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), ZB_INTERRUPTED);
    zb_writer_set_interrupted (writer, false);
    zb_writer_get_stats (writer, &before);
  }
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static gpointer
connect_until_interrupted (gpointer data)
{
  return GINT_TO_POINTER (zb_writer_connect (data, ZB_FOREVER, NULL));
}

GST_START_TEST (test_interrupt_a_connecting_writer)
{
  ZbWriter *writer = new_writer ();

  for (int i = 0; i < 3; i++) {
    GThread *thread =
        g_thread_new ("writer", connect_until_interrupted, writer);

    zb_writer_set_interrupted (writer, true);
    fail_unless_equals_int (
        GPOINTER_TO_INT (g_thread_join (thread)), ZB_INTERRUPTED);
    zb_writer_set_interrupted (writer, false);
  }
  zb_writer_free (writer);
}
GST_END_TEST;

/* A reader that comes while the writer waits for one. */
GST_START_TEST (test_connect_waits_for_the_reader)
{
  ZbWriter *writer = new_writer ();
  GThread *thread = g_thread_new ("writer", connect_until_interrupted, writer);
  ZbReader *reader = new_reader (4096, 0);

  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)), ZB_OK);
  fail_unless (zb_writer_is_connected (writer));
  pass_pattern (writer, reader, 10, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

typedef struct {
  ZbReader *reader;
  ZbWriter *writer;
  gint done;
} Annoyance;

static gpointer
annoy (gpointer data)
{
  Annoyance *job = data;
  ZbStats stats;

  while (!g_atomic_int_get (&job->done)) {
    zb_reader_set_interrupted (job->reader, true);
    zb_writer_set_interrupted (job->writer, true);
    zb_reader_get_stats (job->reader, &stats);
    zb_writer_get_stats (job->writer, &stats);
    zb_reader_set_interrupted (job->reader, false);
    zb_writer_set_interrupted (job->writer, false);
    g_usleep (50);
  }
  return NULL;
}

/* Interrupting both sides all the time loses no frame and doubles none. */
GST_START_TEST (test_stream_with_interrupts)
{
  ZbReader *reader = new_reader (512, 0);
  WriterJob job = { connect_writer (), 5000, 200 };
  Annoyance annoyance = { reader, job.writer, FALSE };
  GThread *annoying = g_thread_new ("annoying", annoy, &annoyance);
  GThread *writing = g_thread_new ("writer", write_frames, &job);

  for (int i = 1; i <= job.frames;) {
    ZbFrame *frame;
    ZbResult result = zb_reader_read (reader, ZB_FOREVER, &frame, NULL);

    if (result == ZB_INTERRUPTED)
      continue;
    fail_unless_equals_int (result, ZB_OK);
    fail_unless_equals_uint64 (zb_frame_get_sequence (frame), i);
    fail_unless (
        has_pattern (zb_frame_get_data (frame), get_size (i, job.max_size), i));
    zb_frame_release (frame);
    i++;
  }
  g_atomic_int_set (&annoyance.done, TRUE);
  g_thread_join (writing);
  g_thread_join (annoying);
  zb_writer_free (job.writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static gpointer
interrupt_all_the_time (gpointer data)
{
  Annoyance *job = data;

  while (!g_atomic_int_get (&job->done)) {
    for (int i = 0; i < 3; i++) {
      zb_reader_set_interrupted (job->reader, true);
      zb_reader_set_interrupted (job->reader, false);
    }
    g_thread_yield ();
  }
  return NULL;
}

static ZbResult
read_despite_interrupts (ZbReader *reader, ZbFrame **frame)
{
  ZbResult result;

  do
    result = zb_reader_read (reader, ZB_FOREVER, frame, &error);
  while (result == ZB_INTERRUPTED);
  return result;
}

/* An interruption that is under way when the writer leaves does not hide the
 * writer's last frame. */
GST_START_TEST (test_last_frame_with_interrupts)
{
  ZbReader *reader = new_reader (512, 0);
  Annoyance annoyance = { reader, NULL, FALSE };
  GThread *thread =
      g_thread_new ("annoying", interrupt_all_the_time, &annoyance);
  ZbFrame *frame;

  for (int i = 0; i < 500; i++) {
    ZbWriter *writer = connect_writer ();

    assert_ok (write_pattern (writer, 100, 1, 0));
    zb_writer_free (writer);
    assert_ok (read_despite_interrupts (reader, &frame));
    zb_frame_release (frame);
    assert_result (read_despite_interrupts (reader, &frame), ZB_PEER_LEFT);
    assert_ok (zb_reader_renew (reader, &error));
  }
  g_atomic_int_set (&annoyance.done, TRUE);
  g_thread_join (thread);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- releasing ---- */

/* TSan sees what happens through pthreads, and not through GLib's queue. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  ZbFrame *frames[16];
  guint pushed, popped;
  gboolean done;
  guint seed;
} Releaser;

static void
push_frame (Releaser *job, ZbFrame *frame)
{
  pthread_mutex_lock (&job->mutex);
  while (job->pushed - job->popped == G_N_ELEMENTS (job->frames))
    pthread_cond_wait (&job->cond, &job->mutex);
  if (frame)
    job->frames[job->pushed++ % G_N_ELEMENTS (job->frames)] = frame;
  else
    job->done = TRUE;
  pthread_cond_broadcast (&job->cond);
  pthread_mutex_unlock (&job->mutex);
}

/* NULL when there are no more. */
static ZbFrame *
pop_frame (Releaser *job, gboolean *is_last)
{
  ZbFrame *frame = NULL;

  pthread_mutex_lock (&job->mutex);
  while (job->pushed == job->popped && !job->done)
    pthread_cond_wait (&job->cond, &job->mutex);
  if (job->pushed != job->popped)
    frame = job->frames[job->popped++ % G_N_ELEMENTS (job->frames)];
  *is_last = job->pushed == job->popped;
  pthread_cond_broadcast (&job->cond);
  pthread_mutex_unlock (&job->mutex);
  return frame;
}

/* Checks what it gets once more, and releases it in no particular order. */
static gpointer
release_frames (gpointer data)
{
  Releaser *job = data;
  GRand *rand = g_rand_new_with_seed (job->seed);
  ZbFrame *held[4] = { NULL };
  gboolean is_last;
  ZbFrame *item;

  while ((item = pop_frame (job, &is_last))) {
    int slot = g_rand_int_range (rand, 0, 4);

    if (held[slot])
      zb_frame_release (held[slot]);
    held[slot] = item;
    if (zb_frame_get_sequence (item) % 16 == 0)
      assert_ok (zb_frame_detach (item, NULL));
    fail_unless (has_pattern (zb_frame_get_data (item),
        zb_frame_get_size (item), zb_frame_get_sequence (item)));
    /* Frames that are kept must not be all that the writer needs. */
    for (int i = 0; i < 4; i++) {
      if (held[i] && zb_frame_get_span (held[i]) > 2048) {
        zb_frame_release (held[i]);
        held[i] = NULL;
      }
    }
    if (is_last) {
      for (int i = 0; i < 4; i++)
        g_clear_pointer (&held[i], zb_frame_release);
    }
  }
  for (int i = 0; i < 4; i++)
    g_clear_pointer (&held[i], zb_frame_release);
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_release_in_many_threads)
{
  ZbReader *reader = new_reader (64 * 1024, 0);
  WriterJob job = { connect_writer (), 20000, 300 };
  GThread *writing = g_thread_new ("writer", write_frames, &job);
  Releaser releasers[3];
  GThread *threads[3];
  ZbOieb *oieb = map_buffer ();

  for (int i = 0; i < 3; i++) {
    releasers[i] = (Releaser){ .seed = i };
    pthread_mutex_init (&releasers[i].mutex, NULL);
    pthread_cond_init (&releasers[i].cond, NULL);
    threads[i] = g_thread_new ("releaser", release_frames, &releasers[i]);
  }
  for (int i = 1; i <= job.frames; i++)
    push_frame (&releasers[i % 3],
        read_pattern (reader, get_size (i, job.max_size), i));
  for (int i = 0; i < 3; i++) {
    push_frame (&releasers[i], NULL);
    g_thread_join (threads[i]);
  }
  g_thread_join (writing);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 64 * 1024);
  zb_writer_free (job.writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- many sessions ---- */

static gpointer
write_sessions (gpointer data)
{
  ZbWriter *writer = new_writer ();

  for (int session = 0; session < 50; session++) {
    assert_ok (zb_writer_connect (writer, ZB_FOREVER, &error));
    for (int i = 1; i <= 20; i++)
      assert_ok (write_pattern (writer, 100 + session, i, ZB_FOREVER));
    zb_writer_disconnect (writer);
  }
  zb_writer_free (writer);
  return NULL;
}

GST_START_TEST (test_sessions)
{
  ZbReader *reader = new_reader (1024, 0);
  GThread *thread = g_thread_new ("writer", write_sessions, NULL);
  ZbFrame *frame;

  for (int session = 0; session < 50; session++) {
    for (int i = 1; i <= 20; i++)
      zb_frame_release (read_pattern (reader, 100 + session, i));
    assert_result (
        zb_reader_read (reader, 10 * SEC, &frame, NULL), ZB_PEER_LEFT);
    assert_ok (zb_reader_renew (reader, NULL));
  }
  g_thread_join (thread);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
threads_suite (void)
{
  Suite *suite = suite_create ("threads");
  TCase *tcase = tcase_create ("threads");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_stream);
  tcase_add_test (tcase, test_interrupt_a_waiting_reader);
  tcase_add_test (tcase, test_interrupt_a_waiting_writer);
  tcase_add_test (tcase, test_interrupt_a_connecting_writer);
  tcase_add_test (tcase, test_connect_waits_for_the_reader);
  tcase_add_test (tcase, test_stream_with_interrupts);
  tcase_add_test (tcase, test_last_frame_with_interrupts);
  tcase_add_test (tcase, test_release_in_many_threads);
  tcase_add_test (tcase, test_sessions);
  return suite;
}

GST_CHECK_MAIN (threads);
