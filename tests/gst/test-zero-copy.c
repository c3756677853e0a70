/* SPDX-License-Identifier: MIT */
/*
 * Elements that fill buffers in the ring without having been told to: what comes
 * out is what went in, and stays so for as long as somebody has it; and it was
 * not copied.
 */
#include "common.h"

#include <gst/video/video.h>
#include <string.h>

/* Buffers that the consumer looks at once more before it lets go of them. */
#define KEPT 3

typedef struct {
  const gchar *producer; /* all but the sink */
  guint64 copies;        /* at most */
} Case;

/* ---- what was seen ---- */

typedef struct {
  GstVideoInfo video; /* finfo is NULL if it is no raw video */
  GPtrArray *digests;
  GQueue kept;
} Seen;

static void
seen_init (Seen *seen)
{
  memset (seen, 0, sizeof *seen);
  seen->digests = g_ptr_array_new_with_free_func (g_free);
}

static void
add_plane (GChecksum *sum, const GstVideoFrame *frame, guint plane)
{
  const GstVideoInfo *info = &frame->info;
  const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
  gint component[GST_VIDEO_MAX_COMPONENTS];

  gst_video_format_info_component (info->finfo, plane, component);
  for (gint y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT (info, component[0]); y++) {
    g_checksum_update (sum, row,
        GST_VIDEO_INFO_COMP_WIDTH (info, component[0]) *
            GST_VIDEO_INFO_COMP_PSTRIDE (info, component[0]));
    row += GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  }
}

static void
add_picture (GChecksum *sum, const GstVideoInfo *info, GstBuffer *buffer)
{
  GstVideoFrame frame;

  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&frame); plane++)
    add_plane (sum, &frame, plane);
  gst_video_frame_unmap (&frame);
}

static gchar *
get_digest (const Seen *seen, GstBuffer *buffer)
{
  GChecksum *sum = g_checksum_new (G_CHECKSUM_MD5);
  GstMapInfo map;
  gchar *digest;

  if (seen->video.finfo) {
    add_picture (sum, &seen->video, buffer);
  } else {
    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_checksum_update (sum, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  digest = g_strdup (g_checksum_get_string (sum));
  g_checksum_free (sum);
  return digest;
}

/* The oldest one that is kept is as it was when it came. */
static void
look_again (Seen *seen)
{
  GstBuffer *buffer = g_queue_pop_head (&seen->kept);
  guint index = seen->digests->len - g_queue_get_length (&seen->kept) - 1;
  gchar *digest = get_digest (seen, buffer);

  fail_unless_equals_string (digest, g_ptr_array_index (seen->digests, index));
  g_free (digest);
  gst_buffer_unref (buffer);
}

static void
take_buffer (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  Seen *seen = data;

  if (seen->digests->len == 0) {
    GstCaps *caps = gst_pad_get_current_caps (pad);
    if (!gst_video_info_from_caps (&seen->video, caps))
      seen->video.finfo = NULL;
    gst_caps_unref (caps);
  }
  g_ptr_array_add (seen->digests, get_digest (seen, buffer));
  g_queue_push_tail (&seen->kept, gst_buffer_ref (buffer));
  if (g_queue_get_length (&seen->kept) > KEPT)
    look_again (seen);
}

static void
seen_end (Seen *seen)
{
  while (!g_queue_is_empty (&seen->kept))
    look_again (seen);
}

/* ---- pipelines ---- */

static GstElement *
launch (const gchar *description, Seen *seen)
{
  GError *problem = NULL;
  GstElement *pipeline = gst_parse_launch (description, &problem);
  GstElement *sink;

  fail_unless (!problem, "%s", problem ? problem->message : "");
  if (seen) {
    sink = gst_bin_get_by_name (GST_BIN (pipeline), "collect");
    seen_init (seen);
    g_object_set (sink, "signal-handoffs", TRUE, NULL);
    g_signal_connect (sink, "handoff", G_CALLBACK (take_buffer), seen);
    gst_object_unref (sink);
  }
  return pipeline;
}

static void
wait_for_end (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  fail_unless (message != NULL, "the pipeline hangs");
  fail_unless_equals_string (GST_MESSAGE_TYPE_NAME (message), "eos");
  gst_message_unref (message);
  gst_object_unref (bus);
}

static void
end (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static void
run_alone (const gchar *producer, Seen *seen)
{
  gchar *description =
      g_strdup_printf ("%s ! fakesink name=collect sync=false", producer);
  GstElement *pipeline = launch (description, seen);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_for_end (pipeline);
  seen_end (seen);
  end (pipeline);
  g_free (description);
}

/* What the producer's side keeps for long. */
static void
keep_buffer (GstElement *keeper, GstBuffer *buffer, gpointer data)
{
  GQueue *kept = data;

  g_queue_push_tail (kept, gst_buffer_ref (buffer));
  if (g_queue_get_length (kept) > 5)
    gst_buffer_unref (g_queue_pop_head (kept));
}

static void
watch_keeper (GstElement *pipeline, GQueue *kept)
{
  GstElement *keeper = gst_bin_get_by_name (GST_BIN (pipeline), "keeper");

  if (!keeper)
    return;
  g_signal_connect (keeper, "handoff", G_CALLBACK (keep_buffer), kept);
  gst_object_unref (keeper);
}

/* Its buffers are those that came last, and as they were. */
static void
check_kept (GQueue *kept, Seen *seen)
{
  guint index = seen->digests->len - g_queue_get_length (kept);
  GstBuffer *buffer;

  while ((buffer = g_queue_pop_head (kept))) {
    gchar *digest = get_digest (seen, buffer);

    fail_unless_equals_string (
        digest, g_ptr_array_index (seen->digests, index++));
    g_free (digest);
    gst_buffer_unref (buffer);
  }
}

/* Returns how many were copied. */
static guint64
run_across (const gchar *producer, Seen *seen)
{
  gchar *sending = g_strdup_printf (
      "%s ! zerobuffersink name=sink buffer-name=%s", producer, name);
  gchar *receiving =
      g_strdup_printf ("zerobuffersrc buffer-name=%s "
                       "! fakesink name=collect sync=false async=false",
          name);
  GstElement *receiver = launch (receiving, seen);
  GstElement *sender = launch (sending, NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (sender), "sink");
  GQueue kept = G_QUEUE_INIT;
  guint64 copies;

  watch_keeper (sender, &kept);
  gst_element_set_state (receiver, GST_STATE_PLAYING);
  gst_element_set_state (sender, GST_STATE_PLAYING);
  wait_for_end (sender);
  wait_for_end (receiver);
  copies = get_stat (sink, "copies");
  seen_end (seen);
  check_kept (&kept, seen);
  gst_object_unref (sink);
  end (sender);
  end (receiver);
  g_free (sending);
  g_free (receiving);
  return copies;
}

static void
seen_free (Seen *seen)
{
  g_ptr_array_unref (seen->digests);
}

/* In the same order. */
static void
assert_some_of (Seen *all, Seen *some)
{
  guint i = 0;

  fail_unless (some->digests->len > 10);
  for (guint k = 0; k < some->digests->len; k++) {
    while (
        i < all->digests->len && strcmp (g_ptr_array_index (all->digests, i),
                                     g_ptr_array_index (some->digests, k)) != 0)
      i++;
    fail_unless (i < all->digests->len);
  }
  seen_free (all);
  seen_free (some);
}

static void
assert_same (Seen *one, Seen *two)
{
  fail_unless (one->digests->len > 20);
  fail_unless_equals_int (one->digests->len, two->digests->len);
  for (guint i = 0; i < one->digests->len; i++)
    fail_unless_equals_string (g_ptr_array_index (one->digests, i),
        g_ptr_array_index (two->digests, i));
  seen_free (one);
  seen_free (two);
}

/* ---- cases ---- */

#define PICTURES "videotestsrc pattern=ball num-buffers=60 "
#define SIZE ",width=320,height=240"
#define I420 "video/x-raw,format=I420" SIZE

/* Every buffer goes through "keeper", which lets go of it only much later. */
#define KEEPER " ! identity name=keeper signal-handoffs=true"

static const Case cases[] = {
  { PICTURES "! " I420, 0 },
  { PICTURES "! video/x-raw,format=RGB,width=319,height=241", 0 },
  { PICTURES "! video/x-raw,format=I420,width=1920,height=1080", 0 },
  { "audiotestsrc num-buffers=200", 0 },
  { PICTURES "! " I420 " ! videoconvert ! video/x-raw,format=BGRx", 0 },
  { PICTURES "! " I420 " ! videoscale ! video/x-raw,width=640,height=360", 0 },
  { PICTURES "! " I420 " ! vp8enc deadline=1 threads=1 ! vp8dec", 0 },
  { PICTURES "! " I420 " ! jpegenc ! jpegdec", 0 },
  { PICTURES "! " I420 " ! x264enc bframes=3 threads=1 ! avdec_h264", 0 },
  { PICTURES "! " I420 " ! queue", 0 },
  { PICTURES "! " I420 KEEPER, 0 },
  { PICTURES "! " I420 KEEPER " ! queue", 0 },
  /* A buffer can be sent only once where it is; and it takes some copies to
   * find out how much room they take. */
  { PICTURES "! " I420 ",framerate=30/1 ! videorate "
             "! video/x-raw,framerate=60/1",
      75 },
  /* A tee passes no pools on. */
  { PICTURES "! " I420 " ! tee name=t ! queue" KEEPER " ! fakesink t. ! queue",
      60 },
};

GST_START_TEST (test_upstream)
{
  const Case *now = &cases[__i__];
  Seen alone, across;
  guint64 copies;

  run_alone (now->producer, &alone);
  copies = run_across (now->producer, &across);
  GST_INFO ("%" G_GUINT64_FORMAT " copies: %s", copies, now->producer);
  assert_same (&alone, &across);
  fail_unless (copies <= now->copies,
      "%" G_GUINT64_FORMAT " copies, expected at most %" G_GUINT64_FORMAT
      ": %s",
      copies, now->copies, now->producer);
}
GST_END_TEST;

/* Places that are dropped; which ones, is at random. */
GST_START_TEST (test_drops)
{
  Seen alone, across;

  run_alone (PICTURES "! " I420, &alone);
  fail_unless_equals_uint64 (
      run_across (
          PICTURES "! " I420 " ! identity drop-probability=0.4", &across),
      0);
  assert_some_of (&alone, &across);
}
GST_END_TEST;

static Suite *
zero_copy_suite (void)
{
  Suite *suite = suite_create ("zero-copy");
  TCase *chain = tcase_create ("general");

  tcase_add_checked_fixture (chain, set_up, assert_nothing_left);
  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, test_upstream, 0, G_N_ELEMENTS (cases));
  tcase_add_test (chain, test_drops);
  return suite;
}

GST_CHECK_MAIN (zero_copy);
