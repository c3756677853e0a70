/* SPDX-License-Identifier: MIT */
/* zerobuffersrc, with a writer of the library at the other end. */
#include "common.h"

#include <gst/audio/audio.h>
#include <gst/video/video.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BYTES "application/x-test"

static GstHarness *
new_src (void)
{
  GstHarness *src = gst_harness_new ("zerobuffersrc");

  g_object_set (src->element, "buffer-name", name, NULL);
  return src;
}

static GstHarness *
play_src (void)
{
  GstHarness *src = new_src ();

  gst_harness_play (src);
  return src;
}

static void
assert_caps (GstHarness *src, const gchar *expected)
{
  GstCaps *caps = gst_pad_get_current_caps (src->sinkpad);
  GstCaps *wanted = expected ? gst_caps_from_string (expected) : NULL;

  if (expected)
    gst_check_caps_equal (caps, wanted);
  else
    fail_unless (caps == NULL);
  gst_clear_caps (&caps);
  gst_clear_caps (&wanted);
}

/* The next event of @type, past all others. */
static gboolean
pull_event (GstHarness *src, GstEventType type)
{
  GstEvent *event;

  while ((event = gst_harness_pull_event (src))) {
    gboolean found = GST_EVENT_TYPE (event) == type;
    gst_event_unref (event);
    if (found)
      return TRUE;
  }
  return FALSE;
}

/* ---- frames and caps ---- */

GST_START_TEST (test_frames_and_caps)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (BYTES ", answer=(int)42");
  GstBuffer *buffer;

  for (guint i = 0; i < 5; i++)
    assert_ok (write_bytes (writer, 1000 + i, i, 0));
  for (guint i = 0; i < 5; i++) {
    buffer = gst_harness_pull (src);
    assert_bytes (buffer, 1000 + i, i);
    fail_unless_equals_int (gst_buffer_n_memory (buffer), 1);
    fail_unless (gst_memory_is_type (
        gst_buffer_peek_memory (buffer, 0), "ZeroBufferMemory"));
    fail_if (GST_BUFFER_PTS_IS_VALID (buffer));
    gst_buffer_unref (buffer);
  }
  assert_caps (src, BYTES ", answer=(int)42");
  fail_unless_equals_uint64 (get_stat (src->element, "frames"), 5);
  fail_unless_equals_uint64 (get_stat (src->element, "bytes"), 5010);
  fail_unless_equals_uint64 (get_stat (src->element, "sessions"), 1);
  fail_unless_equals_uint64 (get_stat (src->element, "peer-pid"), getpid ());
  fail_unless_equals_uint64 (get_stat (src->element, "moved"), 0);
  fail_unless_equals_uint64 (get_stat (src->element, "ring-size"), 16777216);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Whoever wants to write gets a copy; the ring is not touched. */
GST_START_TEST (test_memory_is_read_only)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (BYTES);
  GstBuffer *buffer, *other;
  GstMapInfo map;

  assert_ok (write_bytes (writer, 1000, 1, 0));
  buffer = gst_harness_pull (src);
  fail_if (
      gst_memory_map (gst_buffer_peek_memory (buffer, 0), &map, GST_MAP_WRITE));
  other = gst_buffer_copy (buffer);
  fail_unless (gst_buffer_map (other, &map, GST_MAP_READWRITE));
  memset (map.data, 0, map.size);
  gst_buffer_unmap (other, &map);
  gst_buffer_unref (other);
  assert_bytes (buffer, 1000, 1);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

static GstPadProbeReturn
propose_pool (GstPad *pad, GstPadProbeInfo *info, gpointer pool)
{
  if (GST_QUERY_TYPE (info->data) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_pool (info->data, pool, 1000, 2, 4);
  return GST_PAD_PROBE_HANDLED;
}

/* Frames have memory of their own: a pool of downstream's would allocate for
 * nothing. */
GST_START_TEST (test_pool_of_downstream_is_left_alone)
{
  GstHarness *src = new_src ();
  GstBufferPool *pool = gst_buffer_pool_new ();
  ZbWriter *writer;

  gst_pad_add_probe (src->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      propose_pool, pool, NULL);
  gst_harness_play (src);
  writer = new_connected_writer (BYTES);
  assert_ok (write_bytes (writer, 1000, 1, 0));
  gst_buffer_unref (gst_harness_pull (src));
  fail_if (gst_buffer_pool_is_active (pool));
  zb_writer_free (writer);
  gst_harness_teardown (src);
  gst_object_unref (pool);
}
GST_END_TEST;

GST_START_TEST (test_caps_property)
{
  GstHarness *src = new_src ();
  GstCaps *caps = gst_caps_from_string (BYTES ", mine=true");
  ZbWriter *writer;

  g_object_set (src->element, "caps", caps, NULL);
  gst_caps_unref (caps);
  gst_harness_play (src);
  writer = new_connected_writer (NULL);
  assert_ok (write_bytes (writer, 100, 1, 0));
  gst_buffer_unref (gst_harness_pull (src));
  assert_caps (src, BYTES ", mine=true");
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_caps_property_with_a_choice)
{
  GstHarness *src = new_src ();
  GstBus *bus = watch_bus (src->element);
  ZbWriter *writer;

  gst_util_set_object_arg (
      G_OBJECT (src->element), "caps", "video/x-raw,width=[1,100]");
  gst_harness_play (src);
  writer = new_connected_writer (NULL);
  assert_ok (write_bytes (writer, 1000, 1, 0));
  assert_error (bus, "caps of zerobuffersrc has to name one format");
  zb_writer_free (writer);
  free_bus (src->element, bus);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_num_buffers_0)
{
  GstHarness *src = new_src ();

  g_object_set (src->element, "num-buffers", 0, NULL);
  gst_harness_play (src);
  fail_unless (pull_event (src, GST_EVENT_EOS));
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_no_caps_at_all)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *buffer;

  assert_ok (write_bytes (writer, 100, 1, 0));
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 100, 1);
  gst_buffer_unref (buffer);
  assert_caps (src, NULL);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

static void
check_strange_metadata (const gchar *metadata, gsize size, const gchar *warning)
{
  GstHarness *src = play_src ();
  GstBus *bus = watch_bus (src->element);
  ZbWriter *writer = new_connected_writer (NULL);
  GstBuffer *buffer;

  assert_ok (zb_writer_set_metadata (writer, metadata, size, &error));
  assert_ok (write_bytes (writer, 100, 1, 0));
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 100, 1);
  gst_buffer_unref (buffer);
  if (warning)
    assert_message (bus, GST_MESSAGE_WARNING, warning);
  assert_caps (src, NULL);
  zb_writer_free (writer);
  free_bus (src->element, bus);
  gst_harness_teardown (src);
}

/* Metadata that is not ours is no reason to stop. */
GST_START_TEST (test_strange_metadata)
{
  const gchar *const strange[] = {
    "hello",
    "{",
    "[1, 2]",
    "12",
    "\"text\"",
    "null",
    "{\"caps\": 12}",
    "{\"caps\": null}",
    "{\"caps\": \"\"}",
    "{\"caps\": \"no caps / at all!\"}",
    "{\"caps\": \"video/x-raw, width=[1,2]\"}",
    "{\"caps\": \"ANY\"}",
    "\xff\xfe",
  };
  gchar *deep = g_strnfill (60000, '[');
  GString *hidden = g_string_new ("{\"caps\": \"a/b");

  for (guint i = 0; i < G_N_ELEMENTS (strange); i++)
    check_strange_metadata (
        strange[i], strlen (strange[i]), "Set the property caps");
  check_strange_metadata (deep, 60000, "Set the property caps");
  for (guint i = 0; i < 40; i++)
    g_string_append (hidden, ", f=\\u005ba");
  g_string_append (hidden, "\"}");
  check_strange_metadata (hidden->str, hidden->len, "Set the property caps");
  check_strange_metadata ("\0\0", 2, "Set the property caps");
  check_strange_metadata ("{\"type\":\"x\"}", 12, NULL);
  g_string_free (hidden, TRUE);
  g_free (deep);
}
GST_END_TEST;

/* Some clients send their terminating NUL along. */
GST_START_TEST (test_metadata_with_a_trailing_nul)
{
  const gchar metadata[] = "{\"caps\":\"application/x-test\"}";
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (NULL);

  assert_ok (
      zb_writer_set_metadata (writer, metadata, sizeof metadata, &error));
  assert_ok (write_bytes (writer, 100, 1, 0));
  gst_buffer_unref (gst_harness_pull (src));
  assert_caps (src, BYTES);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* A writer of protocol 1.0 sends no times. */
GST_START_TEST (test_stamped_on_arrival)
{
  const gchar *const settings[] = { "timestamps", "do-timestamp" };

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    GstHarness *src = new_src ();
    ZbWriter *writer;
    GstBuffer *buffer;

    gst_util_set_object_arg (
        G_OBJECT (src->element), settings[i], i ? "true" : "arrival");
    gst_harness_play (src);
    writer = new_connected_writer (BYTES);
    gst_harness_set_time (src, 7 * GST_SECOND);
    assert_ok (write_bytes (writer, 10, 1, 0));
    buffer = gst_harness_pull (src);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 7 * GST_SECOND);
    gst_buffer_unref (buffer);
    zb_writer_free (writer);
    gst_harness_teardown (src);
  }
}
GST_END_TEST;

/* ---- pictures and sound ---- */

#define ODD_RGB "video/x-raw,format=RGB,width=638,height=4,framerate=30/1"

/* Downstream that understands strides gets the frame in place, others get it
 * laid out as usual. */
static void
check_packed_rgb (gboolean video_meta)
{
  GstHarness *src = play_src ();
  ZbWriter *writer;
  GstBuffer *buffer;
  GstVideoMeta *meta;
  GstMapInfo map;
  guint8 packed[1914 * 4];

  if (video_meta)
    gst_harness_add_propose_allocation_meta (
        src, GST_VIDEO_META_API_TYPE, NULL);
  writer = new_connected_writer (ODD_RGB);
  fill_bytes (packed, sizeof packed, 1);
  assert_ok (write_bytes (writer, sizeof packed, 1, 0));
  buffer = gst_harness_pull (src);
  meta = gst_buffer_get_video_meta (buffer);
  if (video_meta) {
    fail_unless (meta != NULL);
    fail_unless_equals_int (meta->stride[0], 1914);
    assert_bytes (buffer, sizeof packed, 1);
  } else {
    fail_unless (meta == NULL);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    fail_unless_equals_uint64 (map.size, 1916 * 4);
    for (guint row = 0; row < 4; row++)
      fail_unless (
          memcmp (map.data + row * 1916, packed + row * 1914, 1914) == 0);
    gst_buffer_unmap (buffer, &map);
  }
  fail_unless_equals_uint64 (
      get_stat (src->element, "copies"), video_meta ? 0 : 1);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}

GST_START_TEST (test_packed_rows)
{
  check_packed_rgb (TRUE);
  check_packed_rgb (FALSE);
}
GST_END_TEST;

/* A peer that thinks like GStreamer sends its strides; the size tells. */
GST_START_TEST (test_strided_rows)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (ODD_RGB);
  GstBuffer *buffer;

  assert_ok (write_bytes (writer, 1916 * 4, 1, 0));
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 1916 * 4, 1);
  fail_unless (gst_buffer_get_video_meta (buffer) == NULL);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_picture_of_the_wrong_size)
{
  GstHarness *src = play_src ();
  GstBus *bus = watch_bus (src->element);
  ZbWriter *writer = new_connected_writer (ODD_RGB);

  assert_ok (write_bytes (writer, 1915 * 4, 1, 0));
  assert_error (bus, "raw frame of 7660 bytes, which does not fit its caps");
  zb_writer_free (writer);
  free_bus (src->element, bus);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_planar_sound)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (
      "audio/x-raw,format=S16LE,layout=non-interleaved,rate=48000,channels=2,"
      "channel-mask=(bitmask)0x3");
  GstBuffer *buffer;
  GstAudioMeta *meta;

  assert_ok (write_bytes (writer, 800, 1, 0));
  buffer = gst_harness_pull (src);
  meta = gst_buffer_get_audio_meta (buffer);
  fail_unless (meta != NULL);
  fail_unless_equals_uint64 (meta->samples, 200);
  fail_unless_equals_uint64 (meta->offsets[0], 0);
  fail_unless_equals_uint64 (meta->offsets[1], 400);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- writers that come and go ---- */

GST_START_TEST (test_writer_leaves)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (BYTES);

  for (guint i = 0; i < 3; i++)
    assert_ok (write_bytes (writer, 100, i, 0));
  zb_writer_free (writer);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = gst_harness_pull (src);
    assert_bytes (buffer, 100, i);
    gst_buffer_unref (buffer);
  }
  fail_unless (pull_event (src, GST_EVENT_EOS));
  gst_harness_teardown (src);
}
GST_END_TEST;

/* A writer that is killed after two frames. */
static void
crash_a_writer (const gchar *caps)
{
  pid_t pid = fork ();

  if (pid == 0) {
    ZbWriter *writer = new_connected_writer (caps);
    write_bytes (writer, 100, 0, 0);
    write_bytes (writer, 100, 1, 0);
    raise (SIGKILL);
  }
  fail_unless (waitpid (pid, NULL, 0) == pid);
}

static void
pull_two (GstHarness *src)
{
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = gst_harness_pull (src);
    assert_bytes (buffer, 100, i);
    gst_buffer_unref (buffer);
  }
}

GST_START_TEST (test_writer_crashes)
{
  GstHarness *src = play_src ();
  GstBus *bus = watch_bus (src->element);
  gchar *text = g_strdup_printf ("The writer of buffer \"%s\", process ", name);

  crash_a_writer (BYTES);
  pull_two (src);
  assert_error (bus, text);
  g_free (text);
  free_bus (src->element, bus);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_reconnect)
{
  GstHarness *src = new_src ();
  ZbWriter *writer = new_writer ();
  GstBuffer *buffer;

  g_object_set (src->element, "reconnect", TRUE, NULL);
  gst_harness_play (src);
  crash_a_writer (BYTES);
  pull_two (src);
  assert_caps (src, BYTES);

  for (guint session = 0; session < 3; session++) {
    gchar *caps = g_strdup_printf (BYTES ", session=(int)%u", session);

    connect_writer (writer, caps);
    for (guint i = 0; i < 3; i++)
      assert_ok (write_bytes (writer, 200, i, 0));
    zb_writer_disconnect (writer);
    for (guint i = 0; i < 3; i++) {
      buffer = gst_harness_pull (src);
      assert_bytes (buffer, 200, i);
      fail_unless_equals_int (
          GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT), i == 0);
      gst_buffer_unref (buffer);
    }
    assert_caps (src, caps);
    g_free (caps);
  }
  fail_unless_equals_uint64 (get_stat (src->element, "sessions"), 4);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- interrupting ---- */

GST_START_TEST (test_stop_while_waiting)
{
  for (guint i = 0; i < 20; i++) {
    GstHarness *src = play_src ();
    if (i % 2)
      while (get_stat (src->element, "waits") == 0)
        g_usleep (100);
    fail_unless_equals_int (
        gst_element_set_state (src->element, GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
    gst_harness_teardown (src);
    assert_nothing_left ();
  }
}
GST_END_TEST;

GST_START_TEST (test_flush_while_waiting)
{
  GstHarness *src = play_src ();
  ZbWriter *writer = new_connected_writer (BYTES);
  GstBuffer *buffer;

  for (guint i = 0; i < 10; i++) {
    gst_element_send_event (src->element, gst_event_new_flush_start ());
    gst_element_send_event (src->element, gst_event_new_flush_stop (TRUE));
  }
  assert_ok (write_bytes (writer, 100, 1, 0));
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 100, 1);
  gst_buffer_unref (buffer);
  zb_writer_free (writer);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_reuse_after_null)
{
  GstHarness *src = new_src ();

  for (guint i = 0; i < 5; i++) {
    ZbWriter *writer;
    GstBuffer *buffer;

    gst_harness_play (src);
    writer = new_connected_writer (BYTES);
    assert_ok (write_bytes (writer, 100, i, 0));
    buffer = gst_harness_pull (src);
    assert_bytes (buffer, 100, i);
    gst_buffer_unref (buffer);
    gst_element_set_state (src->element, GST_STATE_NULL);
    assert_nothing_left ();
    zb_writer_free (writer);
  }
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- errors ---- */

static void
check_start_fails (GstElement *src, const gchar *text)
{
  GstBus *bus = watch_bus (src);

  fail_unless_equals_int (
      gst_element_set_state (src, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  assert_error (bus, text);
  gst_element_set_state (src, GST_STATE_NULL);
  free_bus (src, bus);
  gst_object_unref (src);
}

GST_START_TEST (test_start_fails)
{
  ZbReader *reader;

  check_start_fails (
      gst_element_factory_make ("zerobuffersrc", NULL), "name is empty");
  check_start_fails (gst_element_factory_make_full (
                         "zerobuffersrc", "buffer-name", "a/b", NULL),
      "must not contain");
  check_start_fails (
      gst_element_factory_make_full ("zerobuffersrc", "buffer-name", name,
          "payload-size", G_GUINT64_CONSTANT (1) << 40, NULL),
      "needs 1099511693440 bytes of shared memory");
  check_start_fails (gst_element_factory_make_full ("zerobuffersrc",
                         "buffer-name", name, "perms", 0400, NULL),
      "mode of 0400");

  reader = new_reader (1024);
  check_start_fails (gst_element_factory_make_full (
                         "zerobuffersrc", "buffer-name", name, NULL),
      "in use by process");
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_properties_are_fixed_while_running)
{
  GstHarness *src = play_src ();
  guint64 size;

  ASSERT_WARNING (g_object_set (src->element, "buffer-name", "other", NULL));
  ASSERT_WARNING (g_object_set (
      src->element, "payload-size", G_GUINT64_CONSTANT (128), NULL));
  g_object_get (src->element, "payload-size", &size, NULL);
  fail_unless_equals_uint64 (size, 16777216);
  g_object_set (src->element, "reconnect", TRUE, NULL); /* this one may */
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_properties_reach_the_buffer)
{
  GstHarness *src = new_src ();
  struct stat info;
  gchar path[128];

  g_object_set (src->element, "payload-size", G_GUINT64_CONSTANT (1000),
      "metadata-size", G_GUINT64_CONSTANT (200), "perms", 0660, NULL);
  gst_harness_play (src);
  g_snprintf (path, sizeof path, "/dev/shm/%s", name);
  fail_unless (stat (path, &info) == 0);
  fail_unless_equals_int (info.st_mode & 0777, 0660);
  fail_unless_equals_int (info.st_size, 128 + 256 + 1024);
  gst_harness_teardown (src);
}
GST_END_TEST;

static Suite *
src_suite (void)
{
  Suite *suite = suite_create ("src");
  TCase *frames = tcase_create ("frames");
  TCase *writers = tcase_create ("writers");
  TCase *errors = tcase_create ("errors");

  suite_add_tcase (suite, frames);
  tcase_add_checked_fixture (frames, set_up, assert_nothing_left);
  tcase_add_test (frames, test_frames_and_caps);
  tcase_add_test (frames, test_memory_is_read_only);
  tcase_add_test (frames, test_stamped_on_arrival);
  tcase_add_test (frames, test_pool_of_downstream_is_left_alone);
  tcase_add_test (frames, test_caps_property);
  tcase_add_test (frames, test_caps_property_with_a_choice);
  tcase_add_test (frames, test_num_buffers_0);
  tcase_add_test (frames, test_no_caps_at_all);
  tcase_add_test (frames, test_strange_metadata);
  tcase_add_test (frames, test_metadata_with_a_trailing_nul);
  tcase_add_test (frames, test_packed_rows);
  tcase_add_test (frames, test_strided_rows);
  tcase_add_test (frames, test_picture_of_the_wrong_size);
  tcase_add_test (frames, test_planar_sound);

  suite_add_tcase (suite, writers);
  tcase_add_checked_fixture (writers, set_up, assert_nothing_left);
  tcase_add_test (writers, test_writer_leaves);
  tcase_add_test (writers, test_writer_crashes);
  tcase_add_test (writers, test_reconnect);
  tcase_add_test (writers, test_stop_while_waiting);
  tcase_add_test (writers, test_flush_while_waiting);
  tcase_add_test (writers, test_reuse_after_null);

  suite_add_tcase (suite, errors);
  tcase_add_checked_fixture (errors, set_up, assert_nothing_left);
  tcase_add_test (errors, test_start_fails);
  tcase_add_test (errors, test_properties_are_fixed_while_running);
  tcase_add_test (errors, test_properties_reach_the_buffer);
  return suite;
}

GST_CHECK_MAIN (src);
