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

#include "gstzerobuffercaps.h"
#include "gstzerobufferconnection.h"
#include "gstzerobuffererror.h"
#include "gstzerobufferevents.h"
#include "gstzerobuffernotice.h"
#include "gstzerobufferpool.h"
#include "gstzerobufferstats.h"
#include "gstzerobufferupstream.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersink_debug);
#define GST_CAT_DEFAULT zerobuffersink_debug

#define DEFAULT_WAIT_FOR_READER TRUE
#define DEFAULT_SYNC FALSE

/* How long to wait for a reader before the property wait-for-reader is looked
 * at again. */
#define CONNECT_INTERVAL (100 * GST_MSECOND)

/* What this end knows beyond protocol 1.0. */
#define FEATURES (ZB_FEATURES_DEFAULT | ZB_FEATURE_MEDIA | ZB_FEATURE_KEYUNIT)

/* A source whose state lock is taken at so many looks in a row, one each
 * CONNECT_INTERVAL, waits for this sink. */
#define HELD_LOOKS 3

enum {
  PROP_0,
  PROP_BUFFER_NAME,
  PROP_WAIT_FOR_READER,
  PROP_STATS,
};

struct _GstZeroBufferSink {
  GstBaseSink parent;

  /* Guarded by the OBJECT_LOCK: properties, the pointer to what exists between
   * start and stop, counters, and the latencies. */
  gchar *buffer_name;
  gboolean wait_for_reader;
  ZbWriter *writer;
  guint64 sessions;       /* readers so far */
  guint64 dropped;        /* buffers that no reader got */
  gboolean upstream_live; /* as are the two below, of what comes to the sink */
  GstClockTime upstream_min, upstream_max;
  GstClockTimeDiff sync_delay; /* of a buffer with sync, after it is due */

  GstZeroBufferStory story; /* has a lock of its own */

  /* Guarded by the PREROLL_LOCK, mostly of the streaming thread. */
  gboolean outside; /* the streaming thread is in the sink without the lock */
  gboolean begun;   /* a buffer has been sent, or dropped */
  gboolean ending;  /* the end is near, and no reader is waited for any more */
  GstCaps *caps;    /* of the buffers that come */
  GstZeroBufferConnection connection;
  GstZeroBufferBaseTime base_time;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSink, gst_zero_buffer_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersink, "zerobuffersink", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SINK)

static void leave_or_enter (GstElement *element, gboolean leave);

/* ---- properties ---- */

static void
gst_zero_buffer_sink_init (GstZeroBufferSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  self->wait_for_reader = DEFAULT_WAIT_FOR_READER;
  gst_zero_buffer_connection_init (
      &self->connection, GST_ELEMENT (self), leave_or_enter);
  gst_zero_buffer_story_init (&self->story);
  gst_base_sink_set_sync (sink, DEFAULT_SYNC);
  /* With sync a buffer leaves when it is due: the consumer takes its own time. */
  gst_base_sink_set_processing_deadline (sink, 0);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}

static void
gst_zero_buffer_sink_finalize (GObject *object)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  g_free (self->buffer_name);
  gst_zero_buffer_connection_deinit (&self->connection);
  gst_zero_buffer_story_deinit (&self->story);
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

/* Call with the OBJECT_LOCK held. */
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
      "copies", G_TYPE_UINT64, self->connection.sender.copies,
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

  gst_zero_buffer_connection_start (&self->connection, writer);
  self->outside = FALSE;
  self->begun = FALSE;
  self->ending = FALSE;
  memset (&self->base_time, 0, sizeof self->base_time);
  gst_zero_buffer_story_clear (&self->story);
  GST_OBJECT_LOCK (self);
  self->upstream_live = FALSE;
  self->upstream_min = 0;
  self->upstream_max = GST_CLOCK_TIME_NONE;
  self->sync_delay = 0;
  self->sessions = 0;
  self->dropped = 0;
  self->writer = writer;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
announce_disconnected (GstZeroBufferSink *self, const gchar *cause)
{
  gst_zero_buffer_notice_disconnected (
      GST_ELEMENT (self), self->connection.pid, cause);
}

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

  /* Events out of band may still come. */
  GST_BASE_SINK_PREROLL_LOCK (sink);
  gst_zero_buffer_story_clear (&self->story);
  gst_zero_buffer_connection_stop (&self->connection);
  GST_BASE_SINK_PREROLL_UNLOCK (sink);
  if (connected)
    announce_disconnected (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  GST_INFO_OBJECT (self, "In all: %" GST_PTR_FORMAT, stats);
  gst_structure_free (stats);
  gst_clear_caps (&self->caps);
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
  GstZeroBufferPlaces *places = NULL;

  /* The places keep the writer. */
  GST_OBJECT_LOCK (self);
  if (self->writer)
    places = g_object_ref (self->connection.sender.places);
  GST_OBJECT_UNLOCK (self);
  if (!places)
    return;
  gst_zero_buffer_places_interrupt (places);
  g_object_unref (places);
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

/* Let go of the PREROLL_LOCK, and take it again. */
static void
leave (GstZeroBufferSink *self)
{
  self->outside = TRUE;
  GST_BASE_SINK_PREROLL_UNLOCK (self);
}

static void
enter (GstZeroBufferSink *self)
{
  GST_BASE_SINK_PREROLL_LOCK (self);
  self->outside = FALSE;
}

static void
leave_or_enter (GstElement *element, gboolean leaves)
{
  if (leaves)
    leave (GST_ZERO_BUFFER_SINK (element));
  else
    enter (GST_ZERO_BUFFER_SINK (element));
}

static ZbResult
wait_for_reader (GstZeroBufferSink *self, ZbError *error)
{
  ZbResult result;

  leave (self);
  result = zb_writer_connect (self->writer, CONNECT_INTERVAL, error);
  enter (self);
  return result;
}

/* Whether the elements before the sink are about to end.  The end of the stream
 * cannot come while the sink holds up what is before it, so the sink has to look.
 * *held counts the looks in a row at which a source was held. */
static gboolean
is_end_near (GstZeroBufferSink *self, guint *held)
{
  GstZeroBufferUpstream seen;

  leave (self);
  seen = gst_zero_buffer_upstream_look (GST_BASE_SINK_PAD (self));
  enter (self);
  *held = seen == GST_ZERO_BUFFER_UPSTREAM_HELD ? *held + 1 : 0;
  return seen == GST_ZERO_BUFFER_UPSTREAM_ENDED || *held >= HELD_LOOKS;
}

/* ---- caps ---- */

/* What the pad before @pad can have at all. */
static GstCaps *
get_peer_template (GstPad *pad)
{
  GstPad *peer = gst_pad_get_peer (pad);
  GstCaps *caps;

  if (!peer)
    return gst_caps_new_any ();
  caps = gst_pad_get_pad_template_caps (peer);
  gst_object_unref (peer);
  return caps;
}

/* Caps cannot say "any, but".  Where the pad before this one could have what cannot
 * be sent, the answer is the rest of what it could have. */
static GstCaps *
gst_zero_buffer_sink_get_caps (GstBaseSink *sink, GstCaps *filter)
{
  GstCaps *caps = filter ? gst_caps_ref (filter)
                         : get_peer_template (GST_BASE_SINK_PAD (sink));

  if (gst_zero_buffer_caps_have_foreign (caps))
    return gst_zero_buffer_caps_remove_foreign (caps);
  if (filter)
    return caps;
  gst_caps_unref (caps);
  return gst_caps_new_any ();
}

static gboolean
gst_zero_buffer_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);

  gst_caps_replace (&self->caps, caps);
  gst_zero_buffer_sender_set_caps (&self->connection.sender, caps);
  return TRUE;
}

/* ---- sessions ---- */
static gboolean
is_waiting_for_reader (GstZeroBufferSink *self)
{
  gboolean wait;

  if (self->ending)
    return FALSE;
  GST_OBJECT_LOCK (self);
  wait = self->wait_for_reader;
  GST_OBJECT_UNLOCK (self);
  return wait;
}

static void
count_session (GstZeroBufferSink *self)
{
  GST_OBJECT_LOCK (self);
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
}

static void
announce_connected (GstZeroBufferSink *self)
{
  leave (self);
  gst_zero_buffer_notice_connected (GST_ELEMENT (self), self->connection.pid);
  enter (self);
}

/* Elements upstream may do anything about it.  Headers that the caps have need not
 * come again. */
static void
request_key_unit (GstZeroBufferSink *self)
{
  GstEvent *event =
      gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE,
          !gst_zero_buffer_connection_find_headers (self->caps),
          self->connection.key_unit_requests);

  leave (self);
  gst_pad_push_event (GST_BASE_SINK_PAD (self), event);
  enter (self);
}

/* With @wait, waits for a reader for CONNECT_INTERVAL, if one is waited for. */
static ZbResult
begin_session (GstZeroBufferSink *self, gboolean wait, ZbError *error)
{
  GstZeroBufferConnection *connection = &self->connection;
  ZbResult result = zb_writer_connect (self->writer, 0, error);

  /* Denied is for good only if it stays so: waiting finds out. */
  if ((result == ZB_NOT_READY || result == ZB_PERMISSION) && wait &&
      (is_waiting_for_reader (self) ||
          gst_zero_buffer_connection_is_awaited (connection)))
    result = wait_for_reader (self, error);
  if (result != ZB_OK)
    return result;

  self->ending = FALSE;
  if (gst_zero_buffer_connection_begin (connection, self->begun)) {
    count_session (self);
    announce_connected (self);
  }
  result =
      gst_zero_buffer_connection_write_metadata (connection, self->caps, error);
  if (result == ZB_OK &&
      connection->continuity != GST_ZERO_BUFFER_CONTINUITY_WHOLE)
    request_key_unit (self);
  return result;
}

static void
end_session (GstZeroBufferSink *self, const gchar *cause)
{
  if (!zb_writer_is_connected (self->writer))
    return;
  gst_zero_buffer_connection_end (&self->connection);
  leave (self);
  announce_disconnected (self, cause);
  enter (self);
}

static gboolean
is_caps_changed (GstZeroBufferSink *self)
{
  GstCaps *before = self->connection.caps;

  if (!self->caps || !before)
    return self->caps != before;
  return !gst_caps_is_equal (self->caps, before);
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
  before = gst_caps_to_string (self->connection.caps);
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

/* ---- latency ---- */

/* Of what comes to the sink; asked for whenever the pipeline asks. */
static void
take_note_of_upstream_latency (GstZeroBufferSink *self)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;

  if (gst_pad_peer_query (GST_BASE_SINK_PAD (self), query)) {
    gst_query_parse_latency (query, &live, &min, &max);
    GST_OBJECT_LOCK (self);
    self->upstream_live = live;
    self->upstream_min = min;
    self->upstream_max = max;
    GST_OBJECT_UNLOCK (self);
  }
  gst_query_unref (query);
}

/* With sync a buffer leaves as late as the pipeline's latency says, whatever its
 * own branch needs. */
static void
take_note_of_sync_delay (GstZeroBufferSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  GstClockTimeDiff delay =
      (GstClockTimeDiff) gst_base_sink_get_latency (sink) +
      gst_base_sink_get_ts_offset (sink) -
      (GstClockTimeDiff) gst_base_sink_get_render_delay (sink);

  GST_OBJECT_LOCK (self);
  self->sync_delay = MAX (delay, 0);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_zero_buffer_sink_notify (GObject *object, GParamSpec *pspec)
{
  if (pspec->owner_type == GST_TYPE_BASE_SINK)
    take_note_of_sync_delay (GST_ZERO_BUFFER_SINK (object));
  if (G_OBJECT_CLASS (gst_zero_buffer_sink_parent_class)->notify)
    G_OBJECT_CLASS (gst_zero_buffer_sink_parent_class)->notify (object, pspec);
}

static gboolean
gst_zero_buffer_sink_send_event (GstElement *element, GstEvent *event)
{
  gboolean latency = GST_EVENT_TYPE (event) == GST_EVENT_LATENCY;
  gboolean result;

  result = GST_ELEMENT_CLASS (gst_zero_buffer_sink_parent_class)
               ->send_event (element, event);
  if (latency) {
    take_note_of_upstream_latency (GST_ZERO_BUFFER_SINK (element));
    take_note_of_sync_delay (GST_ZERO_BUFFER_SINK (element));
  }
  return result;
}

static void
get_clock (GstZeroBufferSink *self, GstZeroBufferClock *clock)
{
  clock->base_time =
      gst_zero_buffer_base_time_get (&self->base_time, GST_ELEMENT (self));
  GST_OBJECT_LOCK (self);
  clock->live = self->upstream_live;
  clock->min_latency = self->upstream_min;
  clock->max_latency = self->upstream_max;
  if (GST_BASE_SINK (self)->sync)
    clock->min_latency = self->sync_delay;
  GST_OBJECT_UNLOCK (self);
  if (clock->max_latency < clock->min_latency)
    clock->max_latency = clock->min_latency;
}

/* ---- what goes with the stream ---- */

static ZbResult
send_due (GstZeroBufferSink *self, gboolean wait, ZbError *error)
{
  GstZeroBufferClock clock;

  get_clock (self, &clock);
  return gst_zero_buffer_connection_send_due (
      &self->connection, &clock, &self->story, wait, error);
}

static void
pass_on_key_unit_requests (GstZeroBufferSink *self)
{
  if (!gst_zero_buffer_connection_take_key_unit_request (&self->connection))
    return;
  GST_DEBUG_OBJECT (self, "The reader asks for a key unit");
  request_key_unit (self);
}

static void
count_dropped (GstZeroBufferSink *self)
{
  self->begun = TRUE;
  GST_OBJECT_LOCK (self);
  self->dropped++;
  GST_OBJECT_UNLOCK (self);
}

static void
warn_of_fill (GstZeroBufferSink *self)
{
  guint percent = zb_writer_get_fill (self->writer);
  guint level;
  ZbStats stats;

  level = gst_zero_buffer_fill_update (&self->connection.fill, percent,
      percent < 80 ? 0 : gst_util_get_timestamp ());
  if (G_LIKELY (level == 0))
    return;
  zb_writer_get_stats (self->writer, &stats);
  leave (self);
  gst_zero_buffer_fill_post (
      GST_ELEMENT (self), level, stats.ring_used, stats.ring_size);
  enter (self);
}

static ZbResult
send_buffer (GstZeroBufferSink *self, GstBuffer *buffer, ZbError *error)
{
  GstZeroBufferConnection *connection = &self->connection;
  ZbResult result;

  pass_on_key_unit_requests (self);
  if (gst_zero_buffer_connection_is_useless (connection, buffer)) {
    GST_LOG_OBJECT (self, "Not before a key unit: %" GST_PTR_FORMAT, buffer);
    count_dropped (self);
    return ZB_OK;
  }
  /* A reader of protocol 1.0 has been told the caps once and for all. */
  if (!gst_zero_buffer_connection_has_records (connection) &&
      (result = check_session (self, error)) != ZB_OK)
    return result;
  result = gst_zero_buffer_connection_send_buffer (
      connection, buffer, self->caps, error);
  if (result == ZB_OK) {
    self->begun = TRUE;
    warn_of_fill (self);
  }
  return result;
}

/* Sends what is due, and @item, if it is a buffer.  (Events are in the story.) */
static ZbResult
send_item (
    GstZeroBufferSink *self, GstMiniObject *item, gboolean wait, ZbError *error)
{
  ZbResult result = ZB_OK;

  if (!zb_writer_is_connected (self->writer))
    result = begin_session (self, wait, error);
  if (result == ZB_OK)
    result = send_due (self, wait, error);
  if (result == ZB_OK && GST_IS_BUFFER (item))
    result = send_buffer (self, GST_BUFFER_CAST (item), error);
  if (result == ZB_GROW)
    gst_zero_buffer_connection_grow (&self->connection);
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
  gst_zero_buffer_connection_give_up_growing (&self->connection);
  gst_zero_buffer_story_drop_waiting (&self->story);
  if (GST_IS_BUFFER (item))
    count_dropped (self);
}

/* Whether to look for a reader again; after a first look that found none. */
static gboolean
is_patient (GstZeroBufferSink *self, guint *held, const ZbError *error)
{
  if (gst_zero_buffer_connection_is_awaited (&self->connection))
    return TRUE;
  if (!is_waiting_for_reader (self))
    return FALSE;
  GST_LOG_OBJECT (self, "Waiting for a reader: %s", error->message);
  self->ending = is_end_near (self, held);
  return !self->ending;
}

static void
lose_reader (GstZeroBufferSink *self, const ZbError *error)
{
  GST_INFO_OBJECT (self, "%s", error->message);
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

/* Goes on until @item is sent, or need not be, or cannot be.  Call with the
 * PREROLL_LOCK held, after preroll. */
static GstFlowReturn
deliver (GstZeroBufferSink *self, GstMiniObject *item)
{
  guint held = 0;
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
        if (is_patient (self, &held, &error))
          break;
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
      !zb_writer_is_connected (self->writer) &&
      !gst_zero_buffer_connection_is_awaited (&self->connection)) {
    self->ending = FALSE;
    return GST_FLOW_OK;
  }
  gst_zero_buffer_story_add (&self->story, event);
  flow = deliver (self, GST_MINI_OBJECT_CAST (event));
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS &&
      !gst_zero_buffer_connection_has_records (&self->connection))
    end_session (self, GST_ZERO_BUFFER_CAUSE_EOS);
  return flow;
}

/* Sends what is due, @event at its end, if there is a reader and no other thread is at
 * it; else it goes with the next buffer.  An event that is out of band, or comes
 * before preroll or into a flush, is nothing to wait with.  Call with the PREROLL_LOCK
 * held. */
static void
send_at_once (GstZeroBufferSink *self, GstEvent *event)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  ZbError error;

  if (self->outside || !zb_writer_is_connected (self->writer))
    return;
  if (sink->flushing || sink->need_preroll || !GST_EVENT_IS_SERIALIZED (event))
    send_item (self, GST_MINI_OBJECT_CAST (event), FALSE, &error);
  else
    deliver (self, GST_MINI_OBJECT_CAST (event));
}

/* The base class has the PREROLL_LOCK while it is at what comes in order. */
static gboolean
comes_with_lock (GstEvent *event)
{
  return GST_EVENT_IS_SERIALIZED (event) &&
         GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP;
}

/* Call with the PREROLL_LOCK held. */
static void
take_event (GstZeroBufferSink *self, GstEvent *event)
{
  if (!self->writer)
    return;
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    self->ending = FALSE;
    gst_zero_buffer_story_flush (&self->story);
    gst_zero_buffer_connection_flush (&self->connection, event);
  } else {
    gst_zero_buffer_story_add (&self->story, event);
  }
  send_at_once (self, event);
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
  if (carried && result) {
    if (!comes_with_lock (event))
      GST_BASE_SINK_PREROLL_LOCK (sink);
    take_event (self, event);
    if (!comes_with_lock (event))
      GST_BASE_SINK_PREROLL_UNLOCK (sink);
  }
  gst_event_unref (event);
  return result;
}

static gboolean
gst_zero_buffer_sink_element_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    take_note_of_upstream_latency (GST_ZERO_BUFFER_SINK (element));
  return GST_ELEMENT_CLASS (gst_zero_buffer_sink_parent_class)
      ->query (element, query);
}

static gboolean
gst_zero_buffer_sink_query (GstBaseSink *sink, GstQuery *query)
{
  GstCaps *caps;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS)
    return GST_BASE_SINK_CLASS (gst_zero_buffer_sink_parent_class)
        ->query (sink, query);
  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (
      query, !gst_zero_buffer_caps_have_foreign (caps));
  if (gst_zero_buffer_caps_have_foreign (caps))
    GST_INFO_OBJECT (sink,
        "Buffers of special memory cannot go to another process: "
        "%" GST_PTR_FORMAT,
        caps);
  return TRUE;
}

/* ---- memory for upstream ---- */

/* What keeps it from connecting will do so again with the first buffer, and is
 * reported then; after that the shared memory is used up.  Call with the PREROLL_LOCK
 * held. */
static gboolean
try_session (GstZeroBufferSink *self, gboolean wait)
{
  ZbError error;
  ZbResult result = begin_session (self, wait, &error);

  if (result != ZB_OK && zb_writer_is_connected (self->writer)) {
    gst_zero_buffer_post_error (self, &error, get_hint (&error));
    end_session (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  }
  return result == ZB_NOT_READY && wait;
}

/* If a reader is there already, the first buffers find places, in a ring that is
 * large enough for them if their @size is known.  Call with the PREROLL_LOCK held. */
static void
prepare_ring (GstZeroBufferSink *self, gsize size)
{
  if (self->outside || GST_BASE_SINK (self)->flushing || !self->caps)
    return;
  if (!zb_writer_is_connected (self->writer))
    try_session (self, FALSE);
  if (size == 0 || !zb_writer_is_connected (self->writer) ||
      !gst_zero_buffer_connection_has_records (&self->connection) ||
      !gst_zero_buffer_sender_grow (&self->connection.sender, size))
    return;
  gst_zero_buffer_connection_grow (&self->connection);
  while (gst_zero_buffer_connection_is_awaited (&self->connection) &&
         try_session (self, TRUE))
    ;
}

static void
offer_pool (GstZeroBufferSink *self, GstCaps *caps, gsize size, GstQuery *query)
{
  GstBufferPool *pool =
      gst_zero_buffer_pool_new (self->connection.sender.places, caps, size);

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

  return gst_zero_buffer_format_get_video_info (caps, &info) ? info.size : 0;
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
  if (!caps || gst_zero_buffer_caps_have_foreign (caps))
    return TRUE;
  gst_allocation_params_init (&params);
  params.align = GST_ZERO_BUFFER_PLACES_ALIGN;
  gst_query_add_allocation_param (
      query, GST_ALLOCATOR (self->connection.sender.places), &params);
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
   * %TRUE: block until one is there, or until the application ends the stream.  %FALSE: let buffers go by.  A reader
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
  object_class->notify = gst_zero_buffer_sink_notify;
  install_properties (object_class);
  gst_zero_buffer_notice_install_signals (element_class);

  element_class->query = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_element_query);
  element_class->send_event =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_send_event);
  gst_element_class_set_static_metadata (element_class, "ZeroBuffer sink",
      "Sink", "Sends media to another process through shared memory",
      "The ZeroBuffer for GStreamer authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);

  base_sink_class->start = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_start);
  base_sink_class->stop = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_stop);
  base_sink_class->unlock = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock);
  base_sink_class->unlock_stop =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock_stop);
  base_sink_class->get_caps = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_get_caps);
  base_sink_class->query = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_query);
  base_sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_set_caps);
  base_sink_class->propose_allocation =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_propose_allocation);
  base_sink_class->event = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_event);
  base_sink_class->wait_event =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_wait_event);
  base_sink_class->render = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_render);
}
