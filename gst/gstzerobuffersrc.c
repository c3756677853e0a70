/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-zerobuffersrc
 * @title: zerobuffersrc
 * @short_description: receives media from another process through shared
 *     memory
 * @see_also: zerobuffersink
 *
 * Creates a ZeroBuffer and pushes what a writer puts into it: a
 * #zerobuffersink in another process, or any other program that speaks the
 * ZeroBuffer protocol.  Caps come from the writer.  Frames go downstream in
 * place, as read-only memory, without a copy.
 *
 * Where an application pauses, flushes, counts or sends events, this is a source as
 * any other.  It is not seekable.
 *
 * Protocol 1.0 carries no timestamps.  Set #GstBaseSrc:do-timestamp, and
 * #zerobuffersrc:is-live, to have buffers stamped as they arrive.
 *
 * ## Example launch lines
 *
 * Either of the two may be started first:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=demo ! videoconvert ! autovideosink
 * gst-launch-1.0 videotestsrc ! zerobuffersink buffer-name=demo
 * ]|
 *
 * A consumer that outlives its producers:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=tone reconnect=true is-live=true \
 *     do-timestamp=true ! audioconvert ! audioresample ! autoaudiosink
 * ]|
 *
 * Raw frames from a program that writes no caps:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=cam \
 *     caps=video/x-raw,format=RGB,width=640,height=480,framerate=30/1 \
 *     ! videoconvert ! autovideosink
 * ]|
 */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstzerobuffersrc.h"

#include <gst/video/video.h>
#include <string.h>
#include <zerobuffer.h>

#include "gstzerobuffererror.h"
#include "gstzerobufferfill.h"
#include "gstzerobuffermetadata.h"
#include "gstzerobuffernotice.h"
#include "gstzerobufferreceiver.h"
#include "gstzerobufferstats.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersrc_debug);
#define GST_CAT_DEFAULT zerobuffersrc_debug

#define DEFAULT_PAYLOAD_SIZE (16 * 1024 * 1024)
#define DEFAULT_MAX_PAYLOAD_SIZE (1024 * 1024 * 1024)
#define DEFAULT_METADATA_SIZE (64 * 1024)
#define DEFAULT_PERMS 0600
#define DEFAULT_RECONNECT FALSE
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 40)

/* A writer that says nothing for so long, while frames are held downstream,
 * may be waiting for their places: a frame larger than all before is not
 * foreseen by zb_reader_get_hold_limit (). */
#define SILENCE (100 * GST_MSECOND)

/* What this end knows beyond protocol 1.0. */
#define FEATURES (ZB_FEATURES_DEFAULT | ZB_FEATURE_MEDIA | ZB_FEATURE_KEYUNIT)

/* A writer that has asked for a larger ring connects to it within milliseconds;
 * one that has not after this time is gone.  (It may have been paused.) */
#define GROW_PATIENCE (30 * GST_SECOND)

enum {
  PROP_0,
  PROP_BUFFER_NAME,
  PROP_PAYLOAD_SIZE,
  PROP_MAX_PAYLOAD_SIZE,
  PROP_METADATA_SIZE,
  PROP_PERMS,
  PROP_CAPS,
  PROP_IS_LIVE,
  PROP_TIMESTAMPS,
  PROP_RECONNECT,
  PROP_STATS,
};

typedef enum {
  WRITER_NONE,    /* nothing has come from a writer, or it is gone */
  WRITER_PRESENT, /* its first frame has come */
  WRITER_GROWING, /* it went to come back, once there is a larger ring */
} WriterState;

struct _GstZeroBufferSrc {
  GstPushSrc parent;

  /* Guarded by the OBJECT_LOCK: properties, the pointers to what exists between
   * start and stop, counters, and what other threads ask for. */
  gchar *buffer_name;
  ZbReaderConfig config;
  GstCaps *caps;
  GstZeroBufferTimestamps timestamps;
  gboolean reconnect;
  ZbReader *reader;      /* the one in the box */
  ZbReader **reader_box; /* of those who use it without the lock */
  guint64 sessions;      /* writers seen */

  /* What other threads have done, for the streaming thread to take note of. */
  gint flushed; /* atomic: the application has flushed */
  gint played;  /* atomic: the element has begun to play */

  /* Of the streaming thread. */
  WriterState writer;
  guint64 peer_pid;        /* of the writer, or the last one */
  gboolean announced;      /* the application knows that it is connected */
  GstClockTime grow_since; /* in GROWING */
  GstZeroBufferFill fill;
  GstZeroBufferReceiver receiver;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSrc, gst_zero_buffer_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersrc, "zerobuffersrc", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SRC)

/* ---- properties ---- */

static void
gst_zero_buffer_src_init (GstZeroBufferSrc *self)
{
  static const ZbReaderConfig config = { DEFAULT_PAYLOAD_SIZE,
    DEFAULT_METADATA_SIZE, DEFAULT_PERMS, FEATURES, DEFAULT_MAX_PAYLOAD_SIZE };

  self->config = config;
  self->reconnect = DEFAULT_RECONNECT;
  gst_zero_buffer_receiver_init (&self->receiver, GST_BASE_SRC (self));
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  /* It is the producer that says where its stream ends. */
  gst_base_src_set_automatic_eos (GST_BASE_SRC (self), FALSE);
}

static void
gst_zero_buffer_src_finalize (GObject *object)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  g_free (self->buffer_name);
  gst_clear_caps (&self->caps);
  gst_zero_buffer_receiver_deinit (&self->receiver);
  G_OBJECT_CLASS (gst_zero_buffer_src_parent_class)->finalize (object);
}

static gboolean
is_started (GstZeroBufferSrc *self)
{
  gboolean started;

  GST_OBJECT_LOCK (self);
  started = self->reader != NULL;
  GST_OBJECT_UNLOCK (self);
  return started;
}

static void
gst_zero_buffer_src_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  if ((pspec->flags & GST_PARAM_MUTABLE_READY) && is_started (self)) {
    g_warning ("%s: the property \"%s\" can only be changed in the NULL or "
               "READY state",
        GST_OBJECT_NAME (self), pspec->name);
    return;
  }
  if (prop_id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_free (self->buffer_name);
      self->buffer_name = g_value_dup_string (value);
      break;
    case PROP_PAYLOAD_SIZE:
      self->config.payload_size = g_value_get_uint64 (value);
      break;
    case PROP_MAX_PAYLOAD_SIZE:
      self->config.max_payload_size = g_value_get_uint64 (value);
      break;
    case PROP_METADATA_SIZE:
      self->config.metadata_size = g_value_get_uint64 (value);
      break;
    case PROP_PERMS:
      self->config.mode = g_value_get_uint (value);
      break;
    case PROP_CAPS:
      gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
      break;
    case PROP_TIMESTAMPS:
      self->timestamps = g_value_get_enum (value);
      break;
    case PROP_RECONNECT:
      self->reconnect = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* Call with the OBJECT_LOCK held. */
static GstStructure *
get_stats (GstZeroBufferSrc *self)
{
  ZbStats stats = { 0 };
  GstStructure *structure;
  guint64 moved = 0;

  if (self->reader) {
    zb_reader_get_stats (self->reader, &stats);
    moved = gst_zero_buffer_allocator_get_moved (self->receiver.allocator);
  }
  structure = gst_zero_buffer_stats_new ("zerobuffersrc-stats", &stats);
  /* clang-format off */
  gst_structure_set (structure,
      "sessions", G_TYPE_UINT64, self->sessions,
      "moved", G_TYPE_UINT64, moved,
      "copies", G_TYPE_UINT64, self->receiver.copies,
      "dropped", G_TYPE_UINT64, self->receiver.dropped,
      "latency", G_TYPE_UINT64, self->receiver.latency,
      "latency-max", G_TYPE_UINT64, self->receiver.latency_max,
      NULL);
  /* clang-format on */
  return structure;
}

static void
gst_zero_buffer_src_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  if (prop_id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_value_set_string (value, self->buffer_name);
      break;
    case PROP_PAYLOAD_SIZE:
      g_value_set_uint64 (value, self->config.payload_size);
      break;
    case PROP_MAX_PAYLOAD_SIZE:
      g_value_set_uint64 (value, self->config.max_payload_size);
      break;
    case PROP_METADATA_SIZE:
      g_value_set_uint64 (value, self->config.metadata_size);
      break;
    case PROP_PERMS:
      g_value_set_uint (value, self->config.mode);
      break;
    case PROP_CAPS:
      gst_value_set_caps (value, self->caps);
      break;
    case PROP_TIMESTAMPS:
      g_value_set_enum (value, self->timestamps);
      break;
    case PROP_RECONNECT:
      g_value_set_boolean (value, self->reconnect);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- start and stop ---- */

/* The reader, for a thread other than the streaming thread; NULL if the element is not
 * started. */
static ZbReader **
acquire_reader (GstZeroBufferSrc *self)
{
  ZbReader **box;

  GST_OBJECT_LOCK (self);
  box = self->reader_box ? g_atomic_rc_box_acquire (self->reader_box) : NULL;
  GST_OBJECT_UNLOCK (self);
  return box;
}

static void
close_reader (gpointer box)
{
  zb_reader_close (*(ZbReader **) box);
}

/* @box may be NULL. */
static void
release_reader (ZbReader **box)
{
  if (box)
    g_atomic_rc_box_release_full (box, close_reader);
}

static gboolean
gst_zero_buffer_src_start (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  GstZeroBufferTimestamps timestamps;
  ZbReaderConfig config;
  ZbReader *reader;
  ZbError error;
  gchar *name;
  ZbResult result;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->buffer_name);
  config = self->config;
  timestamps = self->timestamps;
  GST_OBJECT_UNLOCK (self);
  if (timestamps == GST_ZERO_BUFFER_TIMESTAMPS_AUTO &&
      gst_base_src_get_do_timestamp (src))
    timestamps = GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL;

  result = zb_reader_create (name, &config, &reader, &error);
  if (result != ZB_OK) {
    gst_zero_buffer_post_error (self, &error,
        result == ZB_INVALID ? "Check the properties of zerobuffersrc." : NULL);
    g_free (name);
    return FALSE;
  }
  GST_INFO_OBJECT (self,
      "Created buffer \"%s\", with a ring of %" G_GUINT64_FORMAT " bytes", name,
      config.payload_size);
  g_free (name);

  self->writer = WRITER_NONE;
  self->peer_pid = 0;
  self->announced = FALSE;
  g_atomic_int_set (&self->flushed, FALSE);
  g_atomic_int_set (&self->played, FALSE);
  memset (&self->fill, 0, sizeof self->fill);
  gst_zero_buffer_receiver_start (&self->receiver, timestamps);
  GST_OBJECT_LOCK (self);
  self->sessions = 0;
  self->reader = reader;
  self->reader_box = g_atomic_rc_box_new (ZbReader *);
  *self->reader_box = reader;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* A writer that was gone before it was seen, to have the ring made larger, will be
 * seen when it is back. */
static void
announce_connected (GstZeroBufferSrc *self)
{
  if (self->announced)
    return;
  self->announced = TRUE;
  gst_zero_buffer_notice_connected (GST_ELEMENT (self), self->peer_pid);
}

static void
announce_disconnected (GstZeroBufferSrc *self, const gchar *cause)
{
  announce_connected (self);
  gst_zero_buffer_notice_disconnected (
      GST_ELEMENT (self), self->peer_pid, cause);
}

static gboolean
gst_zero_buffer_src_stop (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  GstStructure *stats;
  ZbReader **box;

  GST_OBJECT_LOCK (self);
  stats = get_stats (self);
  self->reader = NULL;
  box = g_steal_pointer (&self->reader_box);
  GST_OBJECT_UNLOCK (self);

  if (self->writer == WRITER_PRESENT)
    announce_disconnected (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  GST_INFO_OBJECT (self, "In all: %" GST_PTR_FORMAT, stats);
  gst_structure_free (stats);
  release_reader (box);
  gst_zero_buffer_receiver_stop (&self->receiver);
  return TRUE;
}

static void
set_interrupted (GstZeroBufferSrc *self, gboolean interrupted)
{
  ZbReader **box = acquire_reader (self);

  if (box)
    zb_reader_set_interrupted (*box, interrupted);
  release_reader (box);
}

static gboolean
gst_zero_buffer_src_unlock (GstBaseSrc *src)
{
  set_interrupted (GST_ZERO_BUFFER_SRC (src), TRUE);
  return TRUE;
}

static gboolean
gst_zero_buffer_src_unlock_stop (GstBaseSrc *src)
{
  set_interrupted (GST_ZERO_BUFFER_SRC (src), FALSE);
  return TRUE;
}

/* ---- negotiation ---- */

/* What the writer says, else what the user says.  NULL: nobody does, and
 * buffers go out without caps, as from other sources of bytes.  FALSE: an
 * error was posted. */
static gboolean
find_caps (GstZeroBufferSrc *self, GstCaps **caps)
{
  GError *problem = NULL;
  gconstpointer data;
  ZbError error;
  gsize size;

  if (zb_reader_get_metadata (self->reader, &data, &size, &error) != ZB_OK) {
    gst_zero_buffer_post_error (self, &error, NULL);
    return FALSE;
  }
  *caps = size > 0 ? gst_zero_buffer_metadata_get_caps (data, size, &problem)
                   : NULL;
  if (!*caps) {
    GST_OBJECT_LOCK (self);
    *caps = self->caps ? gst_caps_copy (self->caps) : NULL;
    GST_OBJECT_UNLOCK (self);
  }
  if (*caps && !gst_caps_is_fixed (*caps)) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("The property caps of zerobuffersrc has to name one format, and not a "
         "choice of several."),
        ("caps %" GST_PTR_FORMAT, *caps));
    g_clear_error (&problem);
    gst_clear_caps (caps);
    return FALSE;
  }
  if (problem) {
    if (*caps)
      GST_WARNING_OBJECT (
          self, "No caps from the writer's metadata: %s", problem->message);
    else
      GST_ELEMENT_WARNING (self, STREAM, FORMAT,
          ("The metadata of the writer says nothing about the format of its "
           "frames. Set the property caps of zerobuffersrc, if elements behind "
           "it need to know."),
          ("%s", problem->message));
    g_error_free (problem);
  }
  return TRUE;
}

/* Frames come with memory of their own; all there is to ask is whether downstream
 * understands strides.  A pool of downstream's would be of no use. */
static gboolean
gst_zero_buffer_src_decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);

  self->receiver.video_meta =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  while (gst_query_get_n_allocation_pools (query) > 0)
    gst_query_remove_nth_allocation_pool (query, 0);
  return TRUE;
}

/* ---- sessions ---- */

static gboolean
has_records (GstZeroBufferSrc *self)
{
  return (zb_reader_get_features (self->reader) & ZB_FEATURE_MEDIA) != 0;
}

/* A writer of protocol 1.0. */
static GstFlowReturn
begin_plain_stream (GstZeroBufferSrc *self)
{
  GstCaps *caps = NULL;

  if (!find_caps (self, &caps))
    return GST_FLOW_ERROR;
  gst_zero_buffer_receiver_begin_plain_stream (&self->receiver, caps);
  gst_clear_caps (&caps);
  return GST_FLOW_OK;
}

static void
count_session (GstZeroBufferSrc *self)
{
  self->announced = FALSE;
  GST_OBJECT_LOCK (self);
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
}

/* The pid of a writer that has sent its first frame; 0 if it was gone before it
 * was seen. */
static guint64
get_pid (GstZeroBufferSrc *self)
{
  ZbStats stats;

  zb_reader_get_stats (self->reader, &stats);
  return stats.peer_pid;
}

/* Whether the writer of the session before is back, and its stream goes on. */
static gboolean
is_continued (GstZeroBufferSrc *self, guint64 pid)
{
  return self->writer == WRITER_GROWING && self->sessions > 0 &&
         (pid == 0 || self->peer_pid == 0 || pid == self->peer_pid);
}

/* With the first frame of a writer. */
static GstFlowReturn
begin_session (GstZeroBufferSrc *self)
{
  guint64 pid = get_pid (self);
  gboolean continued = is_continued (self, pid);

  if (pid != 0)
    self->peer_pid = pid;
  self->writer = WRITER_PRESENT;
  if (continued) {
    gst_zero_buffer_receiver_continue_session (&self->receiver);
  } else {
    gst_zero_buffer_receiver_begin_session (&self->receiver, self->peer_pid);
    count_session (self);
  }
  if (self->peer_pid != 0)
    announce_connected (self);
  return continued || has_records (self) ? GST_FLOW_OK
                                         : begin_plain_stream (self);
}

static gboolean
has_ended (GstZeroBufferSrc *self)
{
  return self->receiver.stream == GST_ZERO_BUFFER_STREAM_ENDED;
}

static const gchar *
get_cause (GstZeroBufferSrc *self, const ZbError *end)
{
  if (has_ended (self))
    return GST_ZERO_BUFFER_CAUSE_EOS;
  return end->result == ZB_PEER_CRASHED ? GST_ZERO_BUFFER_CAUSE_CRASHED
                                        : GST_ZERO_BUFFER_CAUSE_LEFT;
}

static GstFlowReturn
renew (GstZeroBufferSrc *self)
{
  ZbError error;

  if (zb_reader_renew (self->reader, &error) == ZB_OK)
    return GST_FLOW_OK;
  gst_zero_buffer_post_error (self, &error, NULL);
  return GST_FLOW_ERROR;
}

/* What the element does when a writer is gone.  GST_FLOW_OK: wait for the
 * next. */
static GstFlowReturn
end_session (GstZeroBufferSrc *self, const ZbError *end)
{
  GST_INFO_OBJECT (self, "%s", end->message);
  if (self->writer != WRITER_NONE)
    announce_disconnected (self, get_cause (self, end));
  self->writer = WRITER_NONE;
  if (gst_zero_buffer_receiver_is_reconnecting (&self->receiver))
    return renew (self);
  gst_zero_buffer_receiver_finish (&self->receiver);
  if (has_ended (self) || end->result == ZB_PEER_LEFT)
    return GST_FLOW_EOS;
  gst_zero_buffer_post_error (self, end,
      "Start it again, and this element too, or set its property reconnect.");
  return GST_FLOW_ERROR;
}

static GstFlowReturn
grow (GstZeroBufferSrc *self, const ZbError *end)
{
  GST_INFO_OBJECT (self, "%s", end->message);
  self->writer = WRITER_GROWING;
  self->grow_since = gst_util_get_timestamp ();
  return renew (self);
}

/* It went to come back, and did not. */
static gboolean
is_lost (GstZeroBufferSrc *self)
{
  return self->writer == WRITER_GROWING &&
         gst_util_get_timestamp () - self->grow_since > GROW_PATIENCE;
}

static GstFlowReturn
lose (GstZeroBufferSrc *self)
{
  const ZbError end = { ZB_PEER_LEFT, 0,
    "The writer asked for a larger ring, and did not come back." };

  return end_session (self, &end);
}

/* ---- frames ---- */

/* Before each wait: what downstream keeps must not be what the producer waits
 * for. */
static GstFlowReturn
wait_for_frame (GstZeroBufferSrc *self, ZbFrame **frame)
{
  guint64 limit = zb_reader_get_hold_limit (self->reader);
  GstFlowReturn flow = GST_FLOW_OK;

  while (flow == GST_FLOW_OK) {
    ZbResult result;
    ZbError error;

    gst_zero_buffer_allocator_make_room (self->receiver.allocator, limit);
    result = zb_reader_read (self->reader, SILENCE, frame, &error);
    switch (result) {
      case ZB_OK:
        return GST_FLOW_OK;
      case ZB_TIMEOUT:
        limit = 0;
        if (is_lost (self))
          flow = lose (self);
        break;
      case ZB_INTERRUPTED:
        return GST_FLOW_FLUSHING;
      case ZB_GROW:
        flow = grow (self, &error);
        break;
      case ZB_PEER_LEFT:
      case ZB_PEER_CRASHED:
        flow = end_session (self, &error);
        break;
      default:
        gst_zero_buffer_post_error (self, &error, NULL);
        return GST_FLOW_ERROR;
    }
  }
  return flow;
}

static void
warn_of_fill (GstZeroBufferSrc *self)
{
  guint percent = zb_reader_get_fill (self->reader);
  guint level;
  ZbStats stats;

  level = gst_zero_buffer_fill_update (
      &self->fill, percent, percent < 80 ? 0 : gst_util_get_timestamp ());
  if (G_LIKELY (level == 0))
    return;
  zb_reader_get_stats (self->reader, &stats);
  gst_zero_buffer_fill_post (
      GST_ELEMENT (self), level, stats.ring_used, stats.ring_size);
}

/* One record or frame, of which *buffer is made if it is one. */
static GstFlowReturn
take_next (GstZeroBufferSrc *self, GstBuffer **buffer)
{
  GstFlowReturn flow;
  ZbFrame *frame;

  if ((flow = wait_for_frame (self, &frame)) != GST_FLOW_OK)
    return flow;
  warn_of_fill (self);
  if (self->writer != WRITER_PRESENT &&
      (flow = begin_session (self)) != GST_FLOW_OK) {
    zb_frame_release (frame);
    return flow;
  }
  return has_records (self) ? gst_zero_buffer_receiver_take_record (
                                  &self->receiver, frame, buffer)
                            : gst_zero_buffer_receiver_take_plain (
                                  &self->receiver, frame, buffer);
}

static void
take_notes (GstZeroBufferSrc *self)
{
  if (g_atomic_int_compare_and_exchange (&self->flushed, TRUE, FALSE))
    gst_zero_buffer_receiver_note_flush (&self->receiver);
  if (g_atomic_int_compare_and_exchange (&self->played, TRUE, FALSE))
    gst_zero_buffer_receiver_note_play (&self->receiver);
}

/* The base class pushes the buffer, and so pauses, counts, ends and flushes as in
 * every source. */
static GstFlowReturn
gst_zero_buffer_src_create (GstPushSrc *push_src, GstBuffer **buffer)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (push_src);
  GstFlowReturn flow;

  *buffer = NULL;
  gst_zero_buffer_guard_release (&self->receiver.guard);
  take_notes (self);
  do
    flow = take_next (self, buffer);
  while (flow == GST_FLOW_OK && !*buffer);
  return flow;
}

/* ---- from the application ---- */

static gboolean
gst_zero_buffer_src_send_event (GstElement *element, GstEvent *event)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (element);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEEK:
      /* The base class would flush first, and find out afterwards. */
      GST_DEBUG_OBJECT (self, "Not seekable");
      gst_event_unref (event);
      return FALSE;
    case GST_EVENT_FLUSH_STOP:
      g_atomic_int_set (&self->flushed, TRUE);
      break;
    default:
      break;
  }
  return GST_ELEMENT_CLASS (gst_zero_buffer_src_parent_class)
      ->send_event (element, event);
}

static GstStateChangeReturn
gst_zero_buffer_src_change_state (
    GstElement *element, GstStateChange transition)
{
  /* A live source makes nothing while it is paused. */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING &&
      gst_base_src_is_live (GST_BASE_SRC (element)))
    g_atomic_int_set (&GST_ZERO_BUFFER_SRC (element)->played, TRUE);
  return GST_ELEMENT_CLASS (gst_zero_buffer_src_parent_class)
      ->change_state (element, transition);
}

static gboolean
gst_zero_buffer_src_post_message (GstElement *element, GstMessage *message)
{
  message = gst_zero_buffer_explain_refusal (
      element, GST_BASE_SRC_PAD (element), message);
  return GST_ELEMENT_CLASS (gst_zero_buffer_src_parent_class)
      ->post_message (element, message);
}

/* ---- from downstream ---- */

static gboolean
gst_zero_buffer_src_event (GstBaseSrc *src, GstEvent *event)
{
  ZbReader **box;

  if (!gst_video_event_is_force_key_unit (event))
    return GST_BASE_SRC_CLASS (gst_zero_buffer_src_parent_class)
        ->event (src, event);
  if ((box = acquire_reader (GST_ZERO_BUFFER_SRC (src))))
    zb_reader_request_key_unit (*box);
  release_reader (box);
  return TRUE;
}

static gboolean
answer_latency (GstZeroBufferSrc *self, GstQuery *query)
{
  GstClockTime min, max;

  if (!gst_zero_buffer_receiver_get_latency (&self->receiver, &min, &max))
    return FALSE;
  gst_query_set_latency (query, TRUE, min, max);
  return TRUE;
}

static gboolean
gst_zero_buffer_src_query (GstBaseSrc *src, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY &&
      answer_latency (GST_ZERO_BUFFER_SRC (src), query))
    return TRUE;
  return GST_BASE_SRC_CLASS (gst_zero_buffer_src_parent_class)
      ->query (src, query);
}

/* ---- class ---- */

static void
install_properties (GObjectClass *klass)
{
  /**
   * zerobuffersrc:buffer-name:
   *
   * The name of the buffer to create: at most 245 bytes, without "/".
   */
  g_object_class_install_property (klass, PROP_BUFFER_NAME,
      g_param_spec_string ("buffer-name", "Buffer name",
          "Name of the buffer to create, on which the writer finds it", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:payload-size:
   *
   * Bytes of the ring that frames go through, rounded up to 64; it grows as
   * frames need it, up to #zerobuffersrc:max-payload-size.  With writers of
   * protocol 1.0 it does not grow, and a frame of up to half of it, less 32
   * bytes, always fits.  The memory is reserved when the element starts.
   */
  g_object_class_install_property (klass, PROP_PAYLOAD_SIZE,
      g_param_spec_uint64 ("payload-size", "Payload size",
          "Bytes of shared memory for frames, to begin with", 64, MAX_SIZE,
          DEFAULT_PAYLOAD_SIZE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:max-payload-size:
   *
   * How many bytes a writer may have the ring grow to.  Up to
   * #zerobuffersrc:payload-size: it never grows.
   */
  g_object_class_install_property (klass, PROP_MAX_PAYLOAD_SIZE,
      g_param_spec_uint64 ("max-payload-size", "Largest payload size",
          "Bytes of shared memory for frames that a writer may ask for", 0,
          MAX_SIZE, DEFAULT_MAX_PAYLOAD_SIZE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:metadata-size:
   *
   * Bytes for the writer's metadata, which has the caps, rounded up to 64.
   */
  g_object_class_install_property (klass, PROP_METADATA_SIZE,
      g_param_spec_uint64 ("metadata-size", "Metadata size",
          "Bytes of shared memory for the metadata, which has the caps", 64,
          MAX_SIZE, DEFAULT_METADATA_SIZE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:perms:
   *
   * Permission bits of all that is created, whatever the umask is.  384 (octal
   * 0600): this user's programs only; 432 (0660): the group's too.  The owner
   * always needs 0600.
   */
  g_object_class_install_property (klass, PROP_PERMS,
      g_param_spec_uint ("perms", "Permissions",
          "Permission bits of the buffer (384 = octal 0600: this user only)", 0,
          0777, DEFAULT_PERMS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:caps:
   *
   * The caps of the frames of a writer whose metadata has none.
   */
  g_object_class_install_property (klass, PROP_CAPS,
      g_param_spec_boxed ("caps", "Caps",
          "Caps of the frames, for a writer that does not tell them",
          GST_TYPE_CAPS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:is-live:
   *
   * Whether to act as a live source, as for a camera on the other side.  A live
   * source makes no buffers in PAUSED, and leaves out what a live producer made
   * before this pipeline played.  One that is not live prerolls, loses nothing, and
   * shows everything later by as much as the preroll took.
   */
  g_object_class_install_property (klass, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live", "Act like a live source",
          FALSE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:timestamps:
   *
   * Where buffers come to lie in time.
   *
   * * `preserve`: timestamps and segments are those of the producer
   * * `rebase`: buffers are due at the same time of the clock as in the producer,
   *   whenever either pipeline was started; what would be due before this one's
   *   running time 0 is cut or left out
   * * `arrival`: buffers are stamped with the time at which they arrive
   * * `auto`: `rebase` if the producer is live, else `preserve`
   *
   * Writers of protocol 1.0 send no timestamps, so that with them only `arrival`
   * makes a difference.  `do-timestamp=true` is another way to say `arrival`.
   */
  g_object_class_install_property (klass, PROP_TIMESTAMPS,
      g_param_spec_enum ("timestamps", "Timestamps",
          "Where buffers come to lie in time", GST_TYPE_ZERO_BUFFER_TIMESTAMPS,
          GST_ZERO_BUFFER_TIMESTAMPS_AUTO,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:reconnect:
   *
   * What to do when the writer is gone.  %FALSE: end of stream if it left, an
   * error if it crashed.  %TRUE: wait for the next one, whose stream goes on behind
   * the last one, or, if it is live, where its clock has it.
   */
  g_object_class_install_property (klass, PROP_RECONNECT,
      g_param_spec_boolean ("reconnect", "Reconnect",
          "Wait for the next writer when one is gone, instead of ending",
          DEFAULT_RECONNECT,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_PLAYING));
  /**
   * zerobuffersrc:stats:
   *
   * Counters since the element was started, all #guint64:
   *
   * * `frames`, `bytes`: read so far, bytes without headers
   * * `waits`: how often the element slept for the writer
   * * `wraps`: how often the end of the ring was reached
   * * `ring-size`, `ring-used`, `ring-used-max`: bytes of the ring, in use now
   *   and at most so far
   * * `peer-pid`: the writer's process; 0 = none so far
   * * `sessions`: writers so far
   * * `moved`: frames that were copied out of the ring since downstream kept
   *   them for long
   * * `copies`: frames that were laid out anew for elements that do not
   *   understand strides
   * * `dropped`: buffers that came too early for this pipeline, or could not have
   *   been decoded after a loss
   * * `latency`, `latency-max`: ns from the time at which the last buffer was due
   *   in a live producer (when it was captured, mostly) to its arrival here, and
   *   the longest so far; #GST_CLOCK_TIME_NONE where that is not known
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters since the start",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_zero_buffer_src_class_init (GstZeroBufferSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base_src_class = GST_BASE_SRC_CLASS (klass);
  GstPushSrcClass *push_src_class = GST_PUSH_SRC_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      zerobuffersrc_debug, "zerobuffersrc", 0, "ZeroBuffer source");

  object_class->finalize = gst_zero_buffer_src_finalize;
  object_class->set_property = gst_zero_buffer_src_set_property;
  object_class->get_property = gst_zero_buffer_src_get_property;
  install_properties (object_class);
  gst_zero_buffer_notice_install_signals (element_class);
  element_class->send_event =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_send_event);
  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_change_state);
  element_class->post_message =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_post_message);
  gst_type_mark_as_plugin_api (GST_TYPE_ZERO_BUFFER_TIMESTAMPS, 0);

  gst_element_class_set_static_metadata (element_class, "ZeroBuffer source",
      "Source", "Receives media from another process through shared memory",
      "The ZeroBuffer for GStreamer authors");
  gst_element_class_add_static_pad_template (element_class, &src_template);

  base_src_class->start = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_start);
  base_src_class->stop = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_stop);
  base_src_class->unlock = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_unlock);
  base_src_class->unlock_stop =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_unlock_stop);
  base_src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_decide_allocation);
  base_src_class->event = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_event);
  base_src_class->query = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_query);
  push_src_class->create = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_create);
}
