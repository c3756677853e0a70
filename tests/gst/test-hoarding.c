/* SPDX-License-Identifier: MIT */
/* A downstream that keeps buffers does not stop the producer: their memory
 * moves out of the ring. */
#include "common.h"

#define RING 4096
#define FRAME 900

static GstHarness *
play_src (void)
{
  GstHarness *src = gst_harness_new ("zerobuffersrc");

  g_object_set (
      src->element, "buffer-name", name, "payload-size", (guint64) RING, NULL);
  gst_harness_play (src);
  return src;
}

GST_START_TEST (test_downstream_keeps_everything)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *kept[500];

  for (guint i = 0; i < 500; i++) {
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    kept[i] = gst_harness_pull (src);
  }
  for (guint i = 0; i < 500; i++) {
    assert_bytes (kept[i], FRAME, i);
    gst_buffer_unref (kept[i]);
  }
  fail_unless (get_stat (src->element, "moved") > 490);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Who keeps little pays nothing. */
GST_START_TEST (test_downstream_keeps_one)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *last = NULL;

  for (guint i = 0; i < 500; i++) {
    gst_clear_buffer (&last);
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    last = gst_harness_pull (src);
    assert_bytes (last, FRAME, i);
  }
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 0);
  gst_clear_buffer (&last);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_downstream_keeps_the_first_for_ever)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *kept;

  assert_ok (write_bytes (writer, FRAME, 0, TEN_SECONDS));
  kept = gst_harness_pull (src);
  for (guint i = 1; i < 500; i++) {
    GstBuffer *buffer;
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    buffer = gst_harness_pull (src);
    assert_bytes (buffer, FRAME, i);
    gst_buffer_unref (buffer);
  }
  assert_bytes (kept, FRAME, 0);
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 1);
  gst_buffer_unref (kept);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* What is being looked at stays where it is, and still does not stop the
 * producer. */
GST_START_TEST (test_downstream_keeps_one_mapped)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *held;
  GstMapInfo map, again;

  assert_ok (write_bytes (writer, FRAME, 0, TEN_SECONDS));
  held = gst_harness_pull (src);
  fail_unless (gst_buffer_map (held, &map, GST_MAP_READ));
  for (guint i = 1; i < 100; i++) {
    GstBuffer *buffer;
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    buffer = gst_harness_pull (src);
    assert_bytes (buffer, FRAME, i);
    gst_buffer_unref (buffer);
    fail_unless (has_bytes (map.data, map.size, 0));
  }
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 1);
  fail_unless (gst_buffer_map (held, &again, GST_MAP_READ));
  fail_unless (again.data == map.data);
  gst_buffer_unmap (held, &again);
  gst_buffer_unmap (held, &map);
  assert_bytes (held, FRAME, 0);
  gst_buffer_unref (held);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* As an encoder does that looks ahead further than the ring reaches. */
GST_START_TEST (test_downstream_keeps_many_mapped)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *held[60] = { NULL };
  GstMapInfo maps[60];

  for (guint i = 0; i < 300; i++) {
    guint slot = i % 60;

    if (held[slot]) {
      fail_unless (has_bytes (maps[slot].data, FRAME, i - 60));
      gst_buffer_unmap (held[slot], &maps[slot]);
      gst_buffer_unref (held[slot]);
    }
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    held[slot] = gst_harness_pull (src);
    fail_unless (gst_buffer_map (held[slot], &maps[slot], GST_MAP_READ));
  }
  gst_harness_teardown (src);
  zb_writer_free (writer);
  for (guint i = 240; i < 300; i++) {
    fail_unless (has_bytes (maps[i % 60].data, FRAME, i));
    gst_buffer_unmap (held[i % 60], &maps[i % 60]);
    gst_buffer_unref (held[i % 60]);
  }
}
GST_END_TEST;

GST_START_TEST (test_shares_of_a_memory_that_moves)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstMemory *part, *part_of_part;
  GstBuffer *buffer, *region;
  guint8 expected[FRAME];
  GstMapInfo map;

  fill_bytes (expected, FRAME, 0);
  assert_ok (write_bytes (writer, FRAME, 0, TEN_SECONDS));
  buffer = gst_harness_pull (src);
  part = gst_memory_share (gst_buffer_peek_memory (buffer, 0), 100, 500);
  part_of_part = gst_memory_share (part, 50, -1);
  region = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 800, 100);
  gst_buffer_unref (buffer);

  for (guint i = 1; i < 50; i++) {
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    gst_buffer_unref (gst_harness_pull (src));
  }
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 1);

  fail_unless (gst_memory_map (part, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, 500);
  fail_unless (memcmp (map.data, expected + 100, 500) == 0);
  gst_memory_unmap (part, &map);
  fail_unless (gst_memory_map (part_of_part, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, 450);
  fail_unless (memcmp (map.data, expected + 150, 450) == 0);
  gst_memory_unmap (part_of_part, &map);
  fail_unless (gst_buffer_map (region, &map, GST_MAP_READ));
  fail_unless (memcmp (map.data, expected + 800, 100) == 0);
  gst_buffer_unmap (region, &map);

  gst_memory_unref (part);
  gst_memory_unref (part_of_part);
  gst_buffer_unref (region);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_mapped_share_of_a_memory_that_moves)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *buffer;
  GstMemory *part;
  GstMapInfo map;

  assert_ok (write_bytes (writer, FRAME, 0, TEN_SECONDS));
  buffer = gst_harness_pull (src);
  part = gst_memory_share (gst_buffer_peek_memory (buffer, 0), 0, -1);
  gst_memory_map (part, &map, GST_MAP_READ);
  for (guint i = 1; i < 50; i++) {
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    gst_buffer_unref (gst_harness_pull (src));
  }
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 1);
  fail_unless (has_bytes (map.data, map.size, 0));
  gst_memory_unmap (part, &map);
  assert_bytes (buffer, FRAME, 0);
  gst_memory_unref (part);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_buffers_outlive_the_src)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *kept[20];

  for (guint i = 0; i < 20; i++) {
    assert_ok (write_bytes (writer, FRAME, i, TEN_SECONDS));
    kept[i] = gst_harness_pull (src);
  }
  gst_harness_teardown (src);
  zb_writer_free (writer);
  assert_nothing_left ();
  for (guint i = 0; i < 20; i++) {
    assert_bytes (kept[i], FRAME, i);
    gst_buffer_unref (kept[i]);
  }
}
GST_END_TEST;

/* A frame larger than all before needs more room than was foreseen. */
GST_START_TEST (test_frames_grow_while_downstream_keeps_some)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *kept[30];

  for (guint i = 0; i < 30; i++) {
    gsize size = i % 3 == 2 ? 1900 : 100;
    assert_ok (write_bytes (writer, size, i, TEN_SECONDS));
    kept[i] = gst_harness_pull (src);
  }
  for (guint i = 0; i < 30; i++) {
    assert_bytes (kept[i], i % 3 == 2 ? 1900 : 100, i);
    gst_buffer_unref (kept[i]);
  }
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Constant frames that hardly fit, all kept. */
GST_START_TEST (test_frames_above_half_the_ring)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *kept[30];

  for (guint i = 0; i < 30; i++) {
    assert_ok (write_bytes (writer, 3000, i, TEN_SECONDS));
    kept[i] = gst_harness_pull (src);
  }
  for (guint i = 0; i < 30; i++) {
    assert_bytes (kept[i], 3000, i);
    gst_buffer_unref (kept[i]);
  }
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- from other threads ---- */

typedef struct {
  GAsyncQueue *queue;
  gint wrong;
} Looker;

#define STOP ((gpointer) 1)

/* Maps and checks its buffers over and over while they move. */
static gpointer
look_at_buffers (gpointer data)
{
  Looker *looker = data;
  GstBuffer *kept[8] = { NULL };
  guint numbers[8] = { 0 };
  gpointer item;
  guint count = 0;

  while ((item = g_async_queue_pop (looker->queue)) != STOP) {
    guint slot = count % 8;

    gst_clear_buffer (&kept[slot]);
    kept[slot] = item;
    numbers[slot] = GST_BUFFER_OFFSET (item);
    for (guint i = 0; i < 8 && kept[i]; i++) {
      GstMapInfo map;
      gst_buffer_map (kept[i], &map, GST_MAP_READ);
      if (!has_bytes (map.data, map.size, numbers[i]))
        g_atomic_int_inc (&looker->wrong);
      gst_buffer_unmap (kept[i], &map);
    }
    count++;
  }
  for (guint i = 0; i < 8; i++)
    gst_clear_buffer (&kept[i]);
  return NULL;
}

GST_START_TEST (test_looking_while_they_move)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  Looker lookers[2] = { { g_async_queue_new (), 0 },
    { g_async_queue_new (), 0 } };
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("look", look_at_buffers, &lookers[i]);
  for (guint i = 0; i < 3000; i++) {
    GstBuffer *buffer;
    assert_ok (write_bytes (writer, 500 + i % 400, i, TEN_SECONDS));
    buffer = gst_harness_pull (src);
    GST_BUFFER_OFFSET (buffer) = i;
    g_async_queue_push (lookers[i % 2].queue, buffer);
  }
  for (guint i = 0; i < 2; i++) {
    g_async_queue_push (lookers[i].queue, STOP);
    g_thread_join (threads[i]);
    g_async_queue_unref (lookers[i].queue);
    fail_unless_equals_int (lookers[i].wrong, 0);
  }
  fail_unless (get_stat (src->element, "moved") > 1000);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

static Suite *
hoarding_suite (void)
{
  Suite *suite = suite_create ("hoarding");
  TCase *tcase = tcase_create ("hoarding");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_downstream_keeps_everything);
  tcase_add_test (tcase, test_downstream_keeps_one);
  tcase_add_test (tcase, test_downstream_keeps_the_first_for_ever);
  tcase_add_test (tcase, test_downstream_keeps_one_mapped);
  tcase_add_test (tcase, test_downstream_keeps_many_mapped);
  tcase_add_test (tcase, test_shares_of_a_memory_that_moves);
  tcase_add_test (tcase, test_mapped_share_of_a_memory_that_moves);
  tcase_add_test (tcase, test_buffers_outlive_the_src);
  tcase_add_test (tcase, test_frames_grow_while_downstream_keeps_some);
  tcase_add_test (tcase, test_frames_above_half_the_ring);
  tcase_add_test (tcase, test_looking_while_they_move);
  return suite;
}

GST_CHECK_MAIN (hoarding);
