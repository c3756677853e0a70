/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-zerobuffersink
 * @title: zerobuffersink
 * @short_description: sends media to another process through shared memory
 * @see_also: zerobuffersrc
 *
 * Writes what it gets, of any caps, to a ZeroBuffer that another process
 * reads: a #zerobuffersrc, or any other program that speaks the ZeroBuffer
 * protocol.  The caps are written to the buffer's metadata.
 *
 * Upstream is offered memory in the buffer itself: a pool for raw video, an
 * allocator for everything else.  What is made there is sent without a copy.
 *
 * A buffer has one reader.  For several consumers use a `tee` and a sink for
 * each.
 *
 * ## Example launch lines
 *
 * Either of the two may be started first:
 * |[
 * gst-launch-1.0 videotestsrc ! video/x-raw,width=640,height=480 \
 *     ! zerobuffersink buffer-name=demo
 * gst-launch-1.0 zerobuffersrc buffer-name=demo ! videoconvert ! autovideosink
 * ]|
 *
 * A live source that goes on while nobody listens:
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true \
 *     ! zerobuffersink buffer-name=tone wait-for-reader=false
 * ]|
 *
 * Two consumers, neither of which holds up the other:
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! tee name=t \
 *     t. ! queue leaky=downstream ! zerobuffersink buffer-name=one \
 *     t. ! queue leaky=downstream ! zerobuffersink buffer-name=two
 * ]|
 */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstzerobuffersink.h"

#include <gst/video/video.h>
#include <string.h>
#include <zerobuffer.h>

#include "gstzerobufferclock.h"
#include "gstzerobuffererror.h"
#include "gstzerobufferevents.h"
#include "gstzerobufferfill.h"
#include "gstzerobuffermetadata.h"
#include "gstzerobuffernotice.h"
#include "gstzerobufferpending.h"
#include "gstzerobufferpool.h"
#include "gstzerobuffersender.h"
#include "gstzerobufferstats.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersink_debug);
#define GST_CAT_DEFAULT zerobuffersink_debug

#define DEFAULT_WAIT_FOR_READER TRUE
#define DEFAULT_SYNC FALSE

/* How long to wait for a reader before the property wait-for-reader is looked
 * at again. */
#define CONNECT_INTERVAL (100 * GST_MSECOND)

/* What this end knows beyond protocol 1.0. */
#define FEATURES (ZB_FEATURES_DEFAULT | ZB_FEATURE_MEDIA | ZB_FEATURE_KEYUNIT)

/* How long a reader may take to make a larger ring while wait-for-reader is
 * FALSE. */
#define GROW_PATIENCE (500 * GST_MSECOND)

enum {
  PROP_0,
  PROP_BUFFER_NAME,
  PROP_WAIT_FOR_READER,
  PROP_STATS,
};

struct _GstZeroBufferSink {
  GstBaseSink parent;

  /* Guarded by the OBJECT_LOCK: properties, the pointer to what exists between
   * start and stop, counters, and what other threads bring. */
  gchar *buffer_name;
  gboolean wait_for_reader;
  ZbWriter *writer;
  guint64 sessions;         /* readers so far */
  guint64 dropped;          /* buffers that no reader got */
  GstZeroBufferClock clock; /* latencies: of what comes to the sink */
  gboolean clock_changed;   /* since the reader was told */

  GstZeroBufferPending pending; /* has a lock of its own */

  /* Guarded by the PREROLL_LOCK, mostly of the streaming thread. */
  gboolean waiting; /* it let go of the lock to wait with the writer */
  GstCaps *caps;    /* of the buffers that come */
  GstZeroBufferSender sender;
  guint32 rate_seqnum; /* of the last instant-rate-change */
  GstZeroBufferBaseTime base_time;

  /* What the reader of this session, or the last one, knows. */
  guint64 peer_pid;
  GstCaps *session_caps;
  guint64 key_unit_requests;
  GstClockTime grow_since; /* when it was asked for a larger ring, or NONE */
  GstZeroBufferFill fill;
  gboolean alone; /* it waits for a reader, and has said so */

  gboolean started; /* some event or buffer was sent, or dropped */
  gboolean sent;    /* some buffer was sent */
  gboolean missed;  /* it did not get what came just before, so that the next
                        buffer has to be decodable without */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSink, gst_zero_buffer_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersink, "zerobuffersink", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SINK)

static void begin_or_end_wait (GstElement *element, gboolean begin);

/* ---- properties ---- */

static void
gst_zero_buffer_sink_init (GstZeroBufferSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  self->wait_for_reader = DEFAULT_WAIT_FOR_READER;
  gst_zero_buffer_sender_init (
      &self->sender, GST_ELEMENT (self), begin_or_end_wait);
  gst_zero_buffer_pending_init (&self->pending);
  gst_base_sink_set_sync (sink, DEFAULT_SYNC);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}

static void
gst_zero_buffer_sink_finalize (GObject *object)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  g_free (self->buffer_name);
  gst_zero_buffer_sender_deinit (&self->sender);
  gst_zero_buffer_pending_deinit (&self->pending);
  G_OBJECT_CLASS (gst_zero_buffer_sink_parent_class)->finalize (object);
}

static void
set_buffer_name (GstZeroBufferSink *self, const gchar *name)
{
  gboolean started;

  GST_OBJECT_LOCK (self);
  started = self->writer != NULL;
  if (!started) {
    g_free (self->buffer_name);
    self->buffer_name = g_strdup (name);
  }
  GST_OBJECT_UNLOCK (self);
  if (started)
    g_warning ("%s: the property \"buffer-name\" can only be changed in the "
               "NULL or READY state",
        GST_OBJECT_NAME (self));
}

static void
gst_zero_buffer_sink_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  switch (prop_id) {
    case PROP_BUFFER_NAME:
      set_buffer_name (self, g_value_get_string (value));
      break;
    case PROP_WAIT_FOR_READER:
      GST_OBJECT_LOCK (self);
      self->wait_for_reader = g_value_get_boolean (value);
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
}

/* With the OBJECT_LOCK. */
static GstStructure *
get_stats (GstZeroBufferSink *self)
{
  ZbStats stats = { 0 };
  GstStructure *structure;

  if (self->writer)
    zb_writer_get_stats (self->writer, &stats);
  structure = gst_zero_buffer_stats_new ("zerobuffersink-stats", &stats);
  /* clang-format off */
  gst_structure_set (structure,
      "sessions", G_TYPE_UINT64, self->sessions,
      "dropped", G_TYPE_UINT64, self->dropped,
      "copies", G_TYPE_UINT64, self->sender.copies,
      NULL);
  /* clang-format on */
  return structure;
}

static void
gst_zero_buffer_sink_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_value_set_string (value, self->buffer_name);
      break;
    case PROP_WAIT_FOR_READER:
      g_value_set_boolean (value, self->wait_for_reader);
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

static gboolean
gst_zero_buffer_sink_start (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  ZbWriter *writer;
  ZbError error;
  ZbResult result;
  gchar *name;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->buffer_name);
  GST_OBJECT_UNLOCK (self);
  result = zb_writer_new (name, FEATURES, &writer, &error);
  g_free (name);
  if (result != ZB_OK) {
    gst_zero_buffer_post_error (
        self, &error, "Check the property buffer-name of zerobuffersink.");
    return FALSE;
  }

  gst_zero_buffer_sender_start (&self->sender, writer);
  self->waiting = FALSE;
  self->started = FALSE;
  self->sent = FALSE;
  self->rate_seqnum = GST_SEQNUM_INVALID;
  self->missed = FALSE;
  self->alone = FALSE;
  self->grow_since = GST_CLOCK_TIME_NONE;
  memset (&self->fill, 0, sizeof self->fill);
  GST_OBJECT_LOCK (self);
  self->clock.live = FALSE;
  self->clock.min_latency = 0;
  self->clock.max_latency = GST_CLOCK_TIME_NONE;
  self->sessions = 0;
  self->dropped = 0;
  self->writer = writer;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void tell_disconnected (GstZeroBufferSink *self, const gchar *cause);

static gboolean
gst_zero_buffer_sink_stop (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  gboolean connected = zb_writer_is_connected (self->writer);
  GstStructure *stats;

  GST_OBJECT_LOCK (self);
  stats = get_stats (self);
  self->writer = NULL;
  GST_OBJECT_UNLOCK (self);

  gst_zero_buffer_pending_clear (&self->pending);
  gst_zero_buffer_sender_stop (&self->sender);
  if (connected)
    tell_disconnected (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  GST_INFO_OBJECT (self, "In all: %" GST_PTR_FORMAT, stats);
  gst_structure_free (stats);
  gst_clear_caps (&self->caps);
  gst_clear_caps (&self->session_caps);
  return TRUE;
}

/* ---- waiting ----
 *
 * Render waits without the preroll lock, as the base class does for the clock:
 * a state change needs that lock.  Whatever can end the wait is changed by
 * others with the lock held, who then call unlock_stop; so both this and unlock
 * wake the render thread up, and it is the render thread that, having the lock
 * again, takes note and looks what has changed. */

static void
wake_up (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);

  GST_OBJECT_LOCK (self);
  if (self->writer)
    zb_writer_set_interrupted (self->writer, TRUE);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_zero_buffer_sink_unlock (GstBaseSink *sink)
{
  wake_up (sink);
  return TRUE;
}

static gboolean
gst_zero_buffer_sink_unlock_stop (GstBaseSink *sink)
{
  wake_up (sink);
  return TRUE;
}

/* Goes on if nothing has changed, and waits here while paused. */
static GstFlowReturn
after_wake_up (GstZeroBufferSink *self, GstMiniObject *item)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  zb_writer_set_interrupted (self->writer, FALSE);
  if (sink->flushing)
    return GST_FLOW_FLUSHING;
  return gst_base_sink_do_preroll (sink, item);
}

static void
begin_wait (GstZeroBufferSink *self)
{
  self->waiting = TRUE;
  GST_BASE_SINK_PREROLL_UNLOCK (self);
}

static void
end_wait (GstZeroBufferSink *self)
{
  GST_BASE_SINK_PREROLL_LOCK (self);
  self->waiting = FALSE;
}

static ZbResult
wait_for_reader (GstZeroBufferSink *self, ZbError *error)
{
  ZbResult result;

  if (!self->alone)
    GST_INFO_OBJECT (self, "Waiting for a reader: %s", error->message);
  self->alone = TRUE;
  begin_wait (self);
  result = zb_writer_connect (self->writer, CONNECT_INTERVAL, error);
  end_wait (self);
  return result;
}

static void
begin_or_end_wait (GstElement *element, gboolean begin)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (element);

  if (begin)
    begin_wait (self);
  else
    end_wait (self);
}

/* ---- what the application is told ---- */

static void
tell_disconnected (GstZeroBufferSink *self, const gchar *cause)
{
  gst_zero_buffer_notice_disconnected (
      GST_ELEMENT (self), self->peer_pid, cause);
}

static void
tell_connected (GstZeroBufferSink *self)
{
  gst_zero_buffer_notice_connected (GST_ELEMENT (self), self->peer_pid);
}

/* ---- sessions ---- */

/* Only the bytes of ordinary memory mean the same in another process. */
static gboolean
has_foreign_memory (GstCaps *caps)
{
  GstCapsFeatures *features = gst_caps_get_features (caps, 0);

  for (guint i = 0; features && i < gst_caps_features_get_size (features);
       i++) {
    const gchar *feature = gst_caps_features_get_nth (features, i);
    if (g_str_has_prefix (feature, "memory:") &&
        strcmp (feature, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY) != 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
gst_zero_buffer_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);

  if (has_foreign_memory (caps)) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("Buffers of special memory cannot go to another process. Put an "
         "element before zerobuffersink that brings them to system memory, "
         "such as gldownload."),
        ("caps %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  gst_caps_replace (&self->caps, caps);
  gst_zero_buffer_sender_set_caps (&self->sender, caps);
  return TRUE;
}

static gboolean
is_waiting_for_reader (GstZeroBufferSink *self)
{
  gboolean wait;

  GST_OBJECT_LOCK (self);
  wait = self->wait_for_reader;
  GST_OBJECT_UNLOCK (self);
  return wait;
}

/* @caps may be NULL. */
static ZbResult
write_json (GstZeroBufferSink *self, GstCaps *caps, ZbError *error)
{
  gchar *json = gst_zero_buffer_metadata_new (GST_ELEMENT (self), caps);
  ZbResult result =
      zb_writer_set_metadata (self->writer, json, strlen (json), error);

  GST_DEBUG_OBJECT (self, "Metadata is %s", json);
  g_free (json);
  return result;
}

/* Who reads records gets the caps as an event, too: those that have large headers in
 * them need not fit twice. */
static ZbResult
write_metadata (GstZeroBufferSink *self, ZbError *error)
{
  ZbResult result = write_json (self, self->caps, error);

  if (result == ZB_TOO_LARGE && self->sender.has_records)
    result = write_json (self, NULL, error);
  return result;
}

/* A reader that has been asked for a larger ring is there, and busy. */
static gboolean
is_growing (GstZeroBufferSink *self)
{
  return GST_CLOCK_TIME_IS_VALID (self->grow_since) &&
         gst_util_get_timestamp () - self->grow_since < GROW_PATIENCE;
}

/* To be sent before anything else, with what is asked of the stream. */
static void
prepare_session (GstZeroBufferSink *self)
{
  ZbStats stats;

  zb_writer_get_stats (self->writer, &stats);
  /* One that was asked for a larger ring, and another came in its place. */
  if (self->peer_pid != stats.peer_pid)
    self->missed = self->missed || self->sent;
  self->peer_pid = stats.peer_pid;
  self->key_unit_requests = 0;
  gst_zero_buffer_sender_begin_session (&self->sender);
  self->grow_since = GST_CLOCK_TIME_NONE;
  self->alone = FALSE;
  gst_caps_replace (&self->session_caps, self->caps);
  /* The first reader gets all events as they came. */
  if (self->started)
    gst_zero_buffer_pending_restart (&self->pending, GST_BASE_SINK_PAD (self));
  GST_OBJECT_LOCK (self);
  self->clock_changed = TRUE;
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
}

static ZbResult
begin_session (GstZeroBufferSink *self, gboolean wait, ZbError *error)
{
  guint64 before = self->peer_pid;
  gboolean grown = GST_CLOCK_TIME_IS_VALID (self->grow_since);
  ZbResult result;

  result = zb_writer_connect (self->writer, 0, error);
  /* Denied is for good only if it stays so: waiting finds out. */
  if ((result == ZB_NOT_READY || result == ZB_PERMISSION) && wait &&
      (is_waiting_for_reader (self) || is_growing (self)))
    result = wait_for_reader (self, error);
  if (result != ZB_OK)
    return result;

  prepare_session (self);
  if (!grown || before != self->peer_pid) {
    begin_wait (self);
    tell_connected (self);
    end_wait (self);
  }
  return write_metadata (self, error);
}

static void
end_session (GstZeroBufferSink *self, const gchar *cause)
{
  if (!zb_writer_is_connected (self->writer))
    return;
  zb_writer_disconnect (self->writer);
  begin_wait (self);
  tell_disconnected (self, cause);
  end_wait (self);
}

static gboolean
is_caps_changed (GstZeroBufferSink *self)
{
  if (!self->caps || !self->session_caps)
    return self->caps != self->session_caps;
  return !gst_caps_is_equal (self->caps, self->session_caps);
}

/* A reader of protocol 1.0 was told the caps once and cannot be told again. */
static ZbResult
check_session (GstZeroBufferSink *self, ZbError *error)
{
  gchar *before, *now;

  if (G_LIKELY (!is_caps_changed (self)))
    return ZB_OK;
  if (zb_writer_check_reader (self->writer, error) != ZB_OK)
    return error->result;
  before = gst_caps_to_string (self->session_caps);
  now = gst_caps_to_string (self->caps);
  error->result = ZB_METADATA_SET;
  error->os_error = 0;
  g_snprintf (error->message, sizeof error->message,
      "The caps changed from \"%s\" to \"%s\", but the metadata, by which the "
      "reader of protocol 1.0 knows them, is write-once. Convert to constant "
      "caps before zerobuffersink, or start both sides again.",
      before, now);
  g_free (before);
  g_free (now);
  return ZB_METADATA_SET;
}

/* ---- what goes with the stream ---- */

/* TRUE if the reader is to be told of *clock (again). */
static gboolean
update_clock (GstZeroBufferSink *self, GstZeroBufferClock *clock)
{
  gint64 base =
      gst_zero_buffer_base_time_get (&self->base_time, GST_ELEMENT (self));
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->clock_changed || base != self->clock.base_time;
  self->clock.base_time = base;
  self->clock_changed = FALSE;
  *clock = self->clock;
  GST_OBJECT_UNLOCK (self);
  return changed;
}

static void
forget_clock (GstZeroBufferSink *self)
{
  GST_OBJECT_LOCK (self);
  self->clock_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
}

static ZbResult
send_clock (GstZeroBufferSink *self, gboolean wait, ZbError *error)
{
  GstZeroBufferClock clock;
  ZbResult result;

  if (!update_clock (self, &clock))
    return ZB_OK;
  GST_DEBUG_OBJECT (self,
      "Base time is %" GST_STIME_FORMAT ", live %d, latency %" GST_TIME_FORMAT,
      GST_STIME_ARGS (clock.base_time), clock.live,
      GST_TIME_ARGS (clock.min_latency));
  result =
      gst_zero_buffer_sender_send_clock (&self->sender, &clock, wait, error);
  if (result != ZB_OK)
    forget_clock (self);
  return result;
}

static ZbResult
send_events (GstZeroBufferSink *self, gboolean wait, ZbError *error)
{
  ZbResult result = ZB_OK;
  GstEvent *event;

  while (result == ZB_OK &&
         (event = gst_zero_buffer_pending_peek (&self->pending))) {
    result =
        gst_zero_buffer_sender_send_event (&self->sender, event, wait, error);
    if (result == ZB_OK) {
      gst_zero_buffer_pending_pop (&self->pending, event);
      self->started = TRUE;
    }
    gst_event_unref (event);
  }
  return result;
}

/* Without the lock: who knows what is done about it upstream. */
static void
request_key_unit (GstZeroBufferSink *self)
{
  GstEvent *event = gst_video_event_new_upstream_force_key_unit (
      GST_CLOCK_TIME_NONE, TRUE, self->key_unit_requests);

  begin_wait (self);
  gst_pad_push_event (GST_BASE_SINK_PAD (self), event);
  end_wait (self);
}

static void
pass_on_key_unit_requests (GstZeroBufferSink *self)
{
  guint64 requests = zb_writer_get_key_unit_requests (self->writer);

  if (requests == self->key_unit_requests)
    return;
  GST_DEBUG_OBJECT (self, "The reader asks for a key unit");
  self->key_unit_requests = requests;
  request_key_unit (self);
}

static void
count_dropped (GstZeroBufferSink *self)
{
  self->missed = TRUE;
  GST_OBJECT_LOCK (self);
  self->dropped++;
  GST_OBJECT_UNLOCK (self);
}

/* Without the lock: who knows what is done about it. */
static void
warn_of_fill (GstZeroBufferSink *self)
{
  guint percent = zb_writer_get_fill (self->writer);
  guint level;
  ZbStats stats;

  level = gst_zero_buffer_fill_update (
      &self->fill, percent, percent < 80 ? 0 : gst_util_get_timestamp ());
  if (G_LIKELY (level == 0))
    return;
  zb_writer_get_stats (self->writer, &stats);
  begin_wait (self);
  gst_zero_buffer_fill_post (
      GST_ELEMENT (self), level, stats.ring_used, stats.ring_size);
  end_wait (self);
}

static ZbResult
send_buffer (GstZeroBufferSink *self, GstBuffer *buffer, ZbError *error)
{
  ZbResult result;

  pass_on_key_unit_requests (self);
  if (self->missed &&
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
    GST_LOG_OBJECT (self, "Not before a key unit: %" GST_PTR_FORMAT, buffer);
    count_dropped (self);
    return ZB_OK;
  }
  /* A reader of protocol 1.0 has been told the caps once and for all. */
  if (!self->sender.has_records &&
      (result = check_session (self, error)) != ZB_OK)
    return result;
  result = gst_zero_buffer_sender_send_buffer (
      &self->sender, buffer, self->missed, error);
  if (result == ZB_OK) {
    self->sent = TRUE;
    self->missed = FALSE;
    warn_of_fill (self);
  }
  return result;
}

/* The writer has disconnected, to find a larger ring. */
static void
note_growing (GstZeroBufferSink *self)
{
  self->grow_since = gst_util_get_timestamp ();
}

/* Sends what is due, and @item, if it is a buffer.  (Events are queued.) */
static ZbResult
send_item (
    GstZeroBufferSink *self, GstMiniObject *item, gboolean wait, ZbError *error)
{
  ZbResult result = ZB_OK;

  if (!zb_writer_is_connected (self->writer)) {
    result = begin_session (self, wait, error);
    if (result == ZB_OK && self->missed)
      request_key_unit (self);
  }
  if (result == ZB_OK && !self->sender.has_records)
    gst_zero_buffer_pending_clear (&self->pending);
  else if (result == ZB_OK &&
           (result = send_clock (self, wait, error)) == ZB_OK)
    result = send_events (self, wait, error);
  if (result == ZB_OK && GST_IS_BUFFER (item))
    result = send_buffer (self, GST_BUFFER_CAST (item), error);
  if (result == ZB_GROW)
    note_growing (self);
  return result;
}

/* ---- from upstream ---- */

static const gchar *
get_hint (const ZbError *error)
{
  if (error->result == ZB_TOO_LARGE)
    return "With zerobuffersrc, set its property payload-size, "
           "max-payload-size or metadata-size.";
  return NULL;
}

/* Nobody is there: a buffer goes by, and so do events that do not last. */
static void
let_go (GstZeroBufferSink *self, GstMiniObject *item, const ZbError *error)
{
  GST_LOG_OBJECT (self, "Dropping: %s", error->message);
  self->started = TRUE;
  self->grow_since = GST_CLOCK_TIME_NONE;
  gst_zero_buffer_pending_clear (&self->pending);
  if (GST_IS_BUFFER (item))
    count_dropped (self);
}

static void
lose_reader (GstZeroBufferSink *self, const ZbError *error)
{
  GST_INFO_OBJECT (self, "%s", error->message);
  self->missed = self->missed || self->sent;
  end_session (self, error->result == ZB_PEER_CRASHED
                         ? GST_ZERO_BUFFER_CAUSE_CRASHED
                         : GST_ZERO_BUFFER_CAUSE_LEFT);
}

static gboolean
is_eos (GstMiniObject *item)
{
  return GST_IS_EVENT (item) &&
         GST_EVENT_TYPE (GST_EVENT_CAST (item)) == GST_EVENT_EOS;
}

/* With the PREROLL_LOCK, after preroll; goes on until @item is sent, or need
 * not be, or cannot be. */
static GstFlowReturn
deliver (GstZeroBufferSink *self, GstMiniObject *item)
{
  GstFlowReturn flow;
  ZbError error;

  for (;;) {
    switch (send_item (self, item, TRUE, &error)) {
      case ZB_OK:
        return GST_FLOW_OK;
      case ZB_INTERRUPTED:
        if ((flow = after_wake_up (self, item)) != GST_FLOW_OK)
          return flow;
        break;
      case ZB_PEER_LEFT:
      case ZB_PEER_CRASHED:
        lose_reader (self, &error);
        if (is_eos (item))
          return GST_FLOW_OK;
        break;
      case ZB_GROW:
        break;
      case ZB_NOT_READY:
        if (is_waiting_for_reader (self) || is_growing (self)) {
          GST_LOG_OBJECT (self, "%s", error.message);
          break;
        }
        let_go (self, item, &error);
        return GST_FLOW_OK;
      default:
        gst_zero_buffer_post_error (self, &error, get_hint (&error));
        return GST_FLOW_ERROR;
    }
  }
}

static GstFlowReturn
gst_zero_buffer_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  return deliver (GST_ZERO_BUFFER_SINK (sink), GST_MINI_OBJECT_CAST (buffer));
}

/* One after the other: only the first wakes up a reader that sleeps.  Who has the
 * list has its buffers too. */
static GstFlowReturn
gst_zero_buffer_sink_render_list (GstBaseSink *sink, GstBufferList *list)
{
  gboolean shared = !gst_buffer_list_is_writable (list);
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < gst_buffer_list_length (list) && flow == GST_FLOW_OK;
       i++) {
    GstBuffer *buffer = gst_buffer_list_get (list, i);

    if (shared)
      gst_buffer_ref (buffer);
    flow = gst_zero_buffer_sink_render (sink, buffer);
    if (shared)
      gst_buffer_unref (buffer);
  }
  return flow;
}

/* For the end of the stream, and gaps: they take their time as buffers do.  In
 * protocol 1.0 leaving is all that tells the reader of the end. */
static GstFlowReturn
gst_zero_buffer_sink_wait_event (GstBaseSink *sink, GstEvent *event)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  GstFlowReturn flow;

  flow = GST_BASE_SINK_CLASS (gst_zero_buffer_sink_parent_class)
             ->wait_event (sink, event);
  if (flow != GST_FLOW_OK)
    return flow;
  /* The end is nothing to wait for a reader with. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS &&
      !zb_writer_is_connected (self->writer))
    return GST_FLOW_OK;
  gst_zero_buffer_pending_push (&self->pending, event);
  flow = deliver (self, GST_MINI_OBJECT_CAST (event));
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && !self->sender.has_records)
    end_session (self, GST_ZERO_BUFFER_CAUSE_EOS);
  return flow;
}

/* With the PREROLL_LOCK: sends what is queued, @event at its end, if there is a
 * reader and no other thread is at it; else it goes with the next buffer.  One
 * that is out of band, or comes before preroll or into a flush, is nothing to wait
 * with. */
static void
send_queued (GstZeroBufferSink *self, GstEvent *event)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  ZbError error;

  if (self->waiting || !zb_writer_is_connected (self->writer))
    return;
  if (sink->flushing || sink->need_preroll || !GST_EVENT_IS_SERIALIZED (event))
    send_item (self, GST_MINI_OBJECT_CAST (event), FALSE, &error);
  else
    deliver (self, GST_MINI_OBJECT_CAST (event));
}

/* The base class has the lock while it is at what comes in order. */
static gboolean
comes_with_lock (GstEvent *event)
{
  return GST_EVENT_IS_SERIALIZED (event) &&
         GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP;
}

/* Pads push this event twice, since it is sticky but not serialized; ours on the
 * other side will too. */
static gboolean
is_repeated (GstZeroBufferSink *self, GstEvent *event)
{
  guint32 before = self->rate_seqnum;

  if (GST_EVENT_TYPE (event) != GST_EVENT_INSTANT_RATE_CHANGE)
    return FALSE;
  self->rate_seqnum = gst_event_get_seqnum (event);
  return self->rate_seqnum == before;
}

static gboolean
gst_zero_buffer_sink_event (GstBaseSink *sink, GstEvent *event)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean carried = gst_zero_buffer_event_is_carried (event) &&
                     type != GST_EVENT_GAP && type != GST_EVENT_EOS;
  gboolean result;

  gst_event_ref (event);
  result = GST_BASE_SINK_CLASS (gst_zero_buffer_sink_parent_class)
               ->event (sink, event);
  if (type == GST_EVENT_FLUSH_STOP) {
    gst_zero_buffer_pending_flush (&self->pending);
    carried = self->started;
  }
  if (carried && result && !is_repeated (self, event)) {
    gst_zero_buffer_pending_push (&self->pending, event);
    if (comes_with_lock (event)) {
      send_queued (self, event);
    } else {
      GST_BASE_SINK_PREROLL_LOCK (sink);
      send_queued (self, event);
      GST_BASE_SINK_PREROLL_UNLOCK (sink);
    }
  }
  gst_event_unref (event);
  return result;
}

/* The pipeline asks for it when it starts to play, and when it changes. */
static void
take_note_of_latency (GstZeroBufferSink *self)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;

  if (gst_pad_peer_query (GST_BASE_SINK_PAD (self), query)) {
    gst_query_parse_latency (query, &live, &min, &max);
    GST_OBJECT_LOCK (self);
    self->clock_changed = self->clock_changed || self->clock.live != live ||
                          self->clock.min_latency != min ||
                          self->clock.max_latency != max;
    self->clock.live = live;
    self->clock.min_latency = min;
    self->clock.max_latency = max;
    GST_OBJECT_UNLOCK (self);
  }
  gst_query_unref (query);
}

static gboolean
gst_zero_buffer_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    take_note_of_latency (GST_ZERO_BUFFER_SINK (element));
  return GST_ELEMENT_CLASS (gst_zero_buffer_sink_parent_class)
      ->query (element, query);
}

/* ---- memory for upstream ---- */

/* With the PREROLL_LOCK.  What keeps it from connecting will do so again with the
 * first buffer, and is told then; after that the buffer is used up. */
static gboolean
try_session (GstZeroBufferSink *self, gboolean wait)
{
  ZbError error;
  ZbResult result = begin_session (self, wait, &error);

  if (result != ZB_OK && zb_writer_is_connected (self->writer)) {
    gst_zero_buffer_post_error (self, &error, get_hint (&error));
    end_session (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  } else if (result == ZB_OK && self->missed) {
    request_key_unit (self);
  }
  return result == ZB_NOT_READY && wait;
}

/* With the PREROLL_LOCK: if a reader is there already, the first buffers find
 * places, in a ring that is large enough for them if their @size is known. */
static void
prepare_ring (GstZeroBufferSink *self, gsize size)
{
  if (self->waiting || GST_BASE_SINK (self)->flushing || !self->caps)
    return;
  if (!zb_writer_is_connected (self->writer))
    try_session (self, FALSE);
  if (size == 0 || !zb_writer_is_connected (self->writer) ||
      !self->sender.has_records ||
      !gst_zero_buffer_sender_grow (&self->sender, size))
    return;
  note_growing (self);
  while (is_growing (self) && try_session (self, TRUE))
    ;
}

static void
offer_pool (GstZeroBufferSink *self, GstCaps *caps, gsize size, GstQuery *query)
{
  GstBufferPool *pool =
      gst_zero_buffer_pool_new (self->sender.places, caps, size);

  if (!pool)
    return;
  gst_query_add_allocation_pool (query, pool, size, 0, 0);
  gst_object_unref (pool);
}

/* Bytes of a raw picture; 0 for what has no size that is known. */
static gsize
get_picture_size (GstCaps *caps)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps) ||
      GST_VIDEO_INFO_FORMAT (&info) == GST_VIDEO_FORMAT_ENCODED)
    return 0;
  return info.size;
}

/* Upstream may fill memory in the ring: a pool's for raw video, whose size is
 * known; else it is allocated as one likes.  Whatever strides upstream likes will
 * do: they go along, or rows are packed on the way. */
static gboolean
gst_zero_buffer_sink_propose_allocation (GstBaseSink *sink, GstQuery *query)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  GstAllocationParams params;
  GstCaps *caps;
  gsize size;

  gst_query_parse_allocation (query, &caps, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  if (!caps || has_foreign_memory (caps))
    return TRUE;
  gst_allocation_params_init (&params);
  params.align = GST_ZERO_BUFFER_PLACES_ALIGN;
  gst_query_add_allocation_param (
      query, GST_ALLOCATOR (self->sender.places), &params);
  size = get_picture_size (caps);
  GST_BASE_SINK_PREROLL_LOCK (sink);
  prepare_ring (self, size);
  GST_BASE_SINK_PREROLL_UNLOCK (sink);
  if (size > 0)
    offer_pool (self, caps, size, query);
  return TRUE;
}

/* ---- class ---- */

static void
install_properties (GObjectClass *klass)
{
  /**
   * zerobuffersink:buffer-name:
   *
   * The name of the reader's buffer: at most 245 bytes, without "/".
   */
  g_object_class_install_property (klass, PROP_BUFFER_NAME,
      g_param_spec_string ("buffer-name", "Buffer name",
          "Name of the buffer that the reader creates", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersink:wait-for-reader:
   *
   * What to do while there is no reader, at the beginning or after losing one.
   * %TRUE: block until one is there.  %FALSE: let buffers go by.  A reader
   * that is slow always blocks; put a leaky queue before the sink if it shall
   * not.
   */
  g_object_class_install_property (klass, PROP_WAIT_FOR_READER,
      g_param_spec_boolean ("wait-for-reader", "Wait for reader",
          "Block while there is no reader, instead of dropping buffers",
          DEFAULT_WAIT_FOR_READER,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_PLAYING));
  /**
   * zerobuffersink:stats:
   *
   * Counters since the element was started, all #guint64:
   *
   * * `frames`, `bytes`: written so far, bytes without headers
   * * `waits`: how often the element slept since the ring was full
   * * `wraps`: how often the end of the ring was reached
   * * `ring-size`, `ring-used`, `ring-used-max`: bytes of the ring, in use now
   *   and at most so far
   * * `peer-pid`: the reader's process; 0 = none
   * * `sessions`: readers so far
   * * `copies`: buffers whose bytes were copied into the ring, since upstream had
   *   made them elsewhere
   * * `dropped`: buffers that came while there was no reader, or that a new
   *   reader could not have decoded
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters since the start",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_zero_buffer_sink_class_init (GstZeroBufferSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *base_sink_class = GST_BASE_SINK_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      zerobuffersink_debug, "zerobuffersink", 0, "ZeroBuffer sink");

  object_class->finalize = gst_zero_buffer_sink_finalize;
  object_class->set_property = gst_zero_buffer_sink_set_property;
  object_class->get_property = gst_zero_buffer_sink_get_property;
  install_properties (object_class);
  gst_zero_buffer_notice_install_signals (element_class);

  element_class->query = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_query);
  gst_element_class_set_static_metadata (element_class, "ZeroBuffer sink",
      "Sink", "Sends media to another process through shared memory",
      "The ZeroBuffer for GStreamer authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);

  base_sink_class->start = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_start);
  base_sink_class->stop = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_stop);
  base_sink_class->unlock = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock);
  base_sink_class->unlock_stop =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock_stop);
  base_sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_set_caps);
  base_sink_class->propose_allocation =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_propose_allocation);
  base_sink_class->event = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_event);
  base_sink_class->wait_event =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_wait_event);
  base_sink_class->render = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_render);
  base_sink_class->render_list =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_render_list);
}
