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
#include "gstzerobufferevents.h"
#include "gstzerobufferfill.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermemory.h"
#include "gstzerobuffermetadata.h"
#include "gstzerobuffermetas.h"
#include "gstzerobuffernotice.h"
#include "gstzerobufferrecord.h"
#include "gstzerobufferstats.h"
#include "gstzerobuffertimeline.h"

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

/* What the way from process to process adds to a live stream's latency. */
#define OWN_LATENCY GST_MSECOND

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

struct _GstZeroBufferSrc {
  GstPushSrc parent;

  /* Guarded by the OBJECT_LOCK: properties, the pointers to what exists between
   * start and stop, counters, and what other threads ask for. */
  gchar *buffer_name;
  ZbReaderConfig config;
  GstCaps *caps;
  GstZeroBufferTimestamps timestamps;
  gboolean reconnect;
  ZbReader *reader;
  GstZeroBufferAllocator *allocator;
  guint64 sessions;         /* writers seen */
  guint64 copies;           /* buffers laid out anew */
  GstClockTime latency;     /* of the last buffer, or NONE */
  GstClockTime latency_max; /* the longest so far, or NONE */
  gboolean rebased;         /* this is a live source, as the producer is */
  GstZeroBufferClock clock; /* its latency */

  /* Of the streaming thread. */
  gboolean in_session;     /* this writer's first frame has come */
  gboolean had_session;    /* and another's before */
  guint64 peer_pid;        /* of the writer in session, or the last one */
  gboolean told;           /* that it is connected */
  gboolean started;        /* some stream was, by a stream-start */
  gboolean ended;          /* it has said that its stream is over */
  GstClockTime grow_since; /* when it asked for a larger ring, or NONE */
  gboolean continued;      /* so this session's start repeats what we know */
  gboolean discont;        /* the next buffer is the first of another writer */
  gint pushed;             /* buffers, for num-buffers */
  gboolean pushing_event;  /* one of ours, not of the base class */
  GstZeroBufferTimeline timeline;
  GstZeroBufferFill fill;
  GstZeroBufferFormat format;
  gboolean video_meta; /* downstream understands strides */
  GByteArray *bytes;   /* private copy of what is being read */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSrc, gst_zero_buffer_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersrc, "zerobuffersrc", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SRC)

/* ---- properties ---- */

/* The stream, and so its events, are the producer's.  The base class would start
 * one of its own before there is any; that is of use only if nothing but the end
 * follows. */
static GstPadProbeReturn
hold_back_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstZeroBufferSrc *self = user_data;
  GstEvent *eos;

  if (GST_EVENT_TYPE (info->data) != GST_EVENT_STREAM_START ||
      self->pushing_event)
    return GST_PAD_PROBE_OK;
  eos = gst_pad_get_sticky_event (pad, GST_EVENT_EOS, 0);
  if (!eos)
    return GST_PAD_PROBE_DROP;
  gst_event_unref (eos);
  return GST_PAD_PROBE_OK;
}

static void
gst_zero_buffer_src_init (GstZeroBufferSrc *self)
{
  static const ZbReaderConfig config = { DEFAULT_PAYLOAD_SIZE,
    DEFAULT_METADATA_SIZE, DEFAULT_PERMS, FEATURES, DEFAULT_MAX_PAYLOAD_SIZE };

  self->config = config;
  self->reconnect = DEFAULT_RECONNECT;
  self->bytes = g_byte_array_new ();
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_pad_add_probe (GST_BASE_SRC_PAD (self),
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold_back_event, self, NULL);
}

static void
gst_zero_buffer_src_finalize (GObject *object)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  g_free (self->buffer_name);
  gst_clear_caps (&self->caps);
  g_byte_array_unref (self->bytes);
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

/* With the OBJECT_LOCK. */
static GstStructure *
get_stats (GstZeroBufferSrc *self)
{
  ZbStats stats = { 0 };
  GstStructure *structure;
  guint64 moved = 0;

  if (self->reader) {
    zb_reader_get_stats (self->reader, &stats);
    moved = gst_zero_buffer_allocator_get_moved (self->allocator);
  }
  structure = gst_zero_buffer_stats_new ("zerobuffersrc-stats", &stats);
  /* clang-format off */
  gst_structure_set (structure,
      "sessions", G_TYPE_UINT64, self->sessions,
      "moved", G_TYPE_UINT64, moved,
      "copies", G_TYPE_UINT64, self->copies,
      "latency", G_TYPE_UINT64, self->latency,
      "latency-max", G_TYPE_UINT64, self->latency_max,
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

static gboolean
gst_zero_buffer_src_start (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  gboolean do_timestamp = gst_base_src_get_do_timestamp (src);
  ZbReaderConfig config;
  ZbReader *reader;
  ZbError error;
  gchar *name;
  ZbResult result;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->buffer_name);
  config = self->config;
  GST_OBJECT_UNLOCK (self);

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

  self->in_session = FALSE;
  self->had_session = FALSE;
  self->peer_pid = 0;
  self->told = FALSE;
  self->started = FALSE;
  self->ended = FALSE;
  self->grow_since = GST_CLOCK_TIME_NONE;
  self->continued = FALSE;
  self->discont = FALSE;
  self->pushed = 0;
  memset (&self->fill, 0, sizeof self->fill);
  GST_OBJECT_LOCK (self);
  self->timeline.wanted = self->timestamps;
  if (self->timestamps == GST_ZERO_BUFFER_TIMESTAMPS_AUTO && do_timestamp)
    self->timeline.wanted = GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL;
  self->rebased = FALSE;
  self->sessions = 0;
  self->copies = 0;
  self->latency = GST_CLOCK_TIME_NONE;
  self->latency_max = GST_CLOCK_TIME_NONE;
  self->allocator = gst_zero_buffer_allocator_new ();
  self->reader = reader;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* Once in a session.  A writer that was gone before it was seen, to have the ring
 * made larger, will be seen when it is back. */
static void
tell_connected (GstZeroBufferSrc *self)
{
  if (self->told)
    return;
  self->told = TRUE;
  gst_zero_buffer_notice_connected (GST_ELEMENT (self), self->peer_pid);
}

static void
tell_disconnected (GstZeroBufferSrc *self, const gchar *cause)
{
  tell_connected (self);
  gst_zero_buffer_notice_disconnected (
      GST_ELEMENT (self), self->peer_pid, cause);
}

static gboolean
gst_zero_buffer_src_stop (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  GstZeroBufferAllocator *allocator;
  GstStructure *stats;
  ZbReader *reader;

  GST_OBJECT_LOCK (self);
  stats = get_stats (self);
  reader = g_steal_pointer (&self->reader);
  allocator = g_steal_pointer (&self->allocator);
  GST_OBJECT_UNLOCK (self);

  if (self->in_session)
    tell_disconnected (self, GST_ZERO_BUFFER_CAUSE_STOPPED);
  GST_INFO_OBJECT (self, "In all: %" GST_PTR_FORMAT, stats);
  gst_structure_free (stats);
  zb_reader_close (reader);
  gst_clear_object (&allocator);
  gst_zero_buffer_timeline_reset (&self->timeline);
  return TRUE;
}

static void
set_interrupted (GstZeroBufferSrc *self, gboolean interrupted)
{
  GST_OBJECT_LOCK (self);
  if (self->reader)
    zb_reader_set_interrupted (self->reader, interrupted);
  GST_OBJECT_UNLOCK (self);
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

/* Frames come with memory of their own; all there is to ask is whether
 * downstream understands strides. */
static gboolean
gst_zero_buffer_src_decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);

  self->video_meta =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

/* ---- events ---- */

static void
use_caps (GstZeroBufferSrc *self, GstCaps *caps)
{
  GST_DEBUG_OBJECT (self, "Caps are %" GST_PTR_FORMAT, caps);
  gst_zero_buffer_format_set_caps (&self->format, caps);
  self->video_meta = FALSE;
  if (caps)
    gst_base_src_negotiate (GST_BASE_SRC (self));
}

static gboolean
push_event (GstZeroBufferSrc *self, GstEvent *event)
{
  GstCaps *caps = NULL;
  gboolean pushed;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_caps_ref (caps);
  }
  self->pushing_event = TRUE;
  pushed = gst_pad_push_event (GST_BASE_SRC_PAD (self), event);
  self->pushing_event = FALSE;
  if (pushed && caps)
    use_caps (self, caps);
  gst_clear_caps (&caps);
  return pushed;
}

/* Before what has a place in time. */
static void
push_segment (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  GstEvent *segment = gst_zero_buffer_timeline_update (
      &self->timeline, GST_ELEMENT (self), buffer);

  if (segment)
    push_event (self, segment);
}

/* A session that goes on with a larger ring begins as every one does. */
static gboolean
is_known (GstZeroBufferSrc *self, GstEvent *event)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  gboolean known = FALSE;
  GstEvent *old;

  if (!self->continued || !GST_EVENT_IS_STICKY (event))
    return FALSE;
  for (guint i = 0; !known; i++) {
    if (!(old = gst_pad_get_sticky_event (pad, GST_EVENT_TYPE (event), i)))
      break;
    known = gst_event_get_seqnum (old) == gst_event_get_seqnum (event) &&
            (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT ||
                GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START ||
                gst_structure_is_equal (gst_event_get_structure (old),
                    gst_event_get_structure (event)));
    gst_event_unref (old);
  }
  return known;
}

static gboolean
is_reconnecting (GstZeroBufferSrc *self)
{
  gboolean reconnect;

  GST_OBJECT_LOCK (self);
  reconnect = self->reconnect;
  GST_OBJECT_UNLOCK (self);
  return reconnect;
}

static void
push_stream_start (GstZeroBufferSrc *self)
{
  gchar *stream_id = gst_pad_create_stream_id (
      GST_BASE_SRC_PAD (self), GST_ELEMENT_CAST (self), NULL);
  GstEvent *event = gst_event_new_stream_start (stream_id);

  gst_event_set_group_id (event, gst_util_group_id_next ());
  push_event (self, event);
  self->started = TRUE;
  g_free (stream_id);
}

static void
set_default_segment (GstZeroBufferSrc *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_zero_buffer_timeline_set_segment (
      &self->timeline, gst_event_new_segment (&segment));
}

/* What is downstream is stale; what was in the ring has been passed on. */
static void
push_flush_start (GstZeroBufferSrc *self, GstEvent *stop)
{
  GstEvent *start = gst_event_new_flush_start ();

  gst_event_set_seqnum (start, gst_event_get_seqnum (stop));
  push_event (self, start);
}

/* Takes @event over. */
static void
forward_event (GstZeroBufferSrc *self, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  GST_LOG_OBJECT (self, "Got %" GST_PTR_FORMAT, event);
  if (is_known (self, event)) {
    gst_event_unref (event);
    return;
  }
  if (!GST_EVENT_IS_STICKY (event))
    self->continued = FALSE;
  if (!self->started && type != GST_EVENT_STREAM_START)
    push_stream_start (self);
  switch (type) {
    case GST_EVENT_SEGMENT:
      gst_zero_buffer_timeline_set_segment (&self->timeline, event);
      push_segment (self, NULL);
      return;
    case GST_EVENT_EOS:
      self->ended = TRUE;
      /* The stream of the next producer will follow. */
      if (is_reconnecting (self)) {
        gst_event_unref (event);
        return;
      }
      break;
    case GST_EVENT_FLUSH_STOP:
      self->ended = FALSE;
      push_flush_start (self, event);
      break;
    case GST_EVENT_STREAM_START:
      self->started = TRUE;
      self->ended = FALSE;
      break;
    default:
      break;
  }
  push_event (self, event);
}

/* ---- sessions ---- */

static gboolean
has_records (GstZeroBufferSrc *self)
{
  return (zb_reader_get_features (self->reader) & ZB_FEATURE_MEDIA) != 0;
}

/* A writer of protocol 1.0 says no more of its stream than the caps. */
static GstFlowReturn
begin_plain_stream (GstZeroBufferSrc *self)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  GstCaps *caps = NULL;
  gboolean set = TRUE;

  if (!find_caps (self, &caps))
    return GST_FLOW_ERROR;
  push_stream_start (self);
  if (caps)
    set = push_event (self, gst_event_new_caps (caps));
  else
    use_caps (self, NULL);
  gst_clear_caps (&caps);
  if (!set)
    return GST_PAD_IS_FLUSHING (pad) ? GST_FLOW_FLUSHING
                                     : GST_FLOW_NOT_NEGOTIATED;
  set_default_segment (self);
  return GST_FLOW_OK;
}

/* With the first frame of a writer. */
static GstFlowReturn
begin_session (GstZeroBufferSrc *self)
{
  guint64 before = self->peer_pid;
  ZbStats stats;

  zb_reader_get_stats (self->reader, &stats);
  /* 0 if it was gone before it was seen. */
  self->peer_pid = stats.peer_pid ? stats.peer_pid : before;
  self->continued = self->had_session &&
                    GST_CLOCK_TIME_IS_VALID (self->grow_since) &&
                    (before == 0 || self->peer_pid == before);
  self->grow_since = GST_CLOCK_TIME_NONE;
  self->ended = FALSE;
  self->in_session = TRUE;
  if (self->continued) {
    tell_connected (self);
    return GST_FLOW_OK;
  }

  self->discont = self->had_session;
  self->had_session = TRUE;
  gst_zero_buffer_timeline_reset (&self->timeline);
  GST_OBJECT_LOCK (self);
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
  self->told = FALSE;
  if (self->peer_pid != 0)
    tell_connected (self);
  return has_records (self) ? GST_FLOW_OK : begin_plain_stream (self);
}

static const gchar *
get_cause (GstZeroBufferSrc *self, const ZbError *end)
{
  if (self->ended)
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
  gboolean ended = self->ended || end->result == ZB_PEER_LEFT;

  GST_INFO_OBJECT (self, "%s", end->message);
  if (self->in_session)
    tell_disconnected (self, get_cause (self, end));
  self->in_session = FALSE;
  self->grow_since = GST_CLOCK_TIME_NONE;
  if (is_reconnecting (self))
    return renew (self);
  if (ended)
    return GST_FLOW_EOS;
  gst_zero_buffer_post_error (self, end,
      "Start it again, and this element too, or set its property reconnect.");
  return GST_FLOW_ERROR;
}

static GstFlowReturn
grow (GstZeroBufferSrc *self, const ZbError *end)
{
  GST_INFO_OBJECT (self, "%s", end->message);
  self->in_session = FALSE;
  self->grow_since = gst_util_get_timestamp ();
  return renew (self);
}

/* It went to come back, and did not. */
static gboolean
is_lost (GstZeroBufferSrc *self)
{
  return GST_CLOCK_TIME_IS_VALID (self->grow_since) &&
         gst_util_get_timestamp () - self->grow_since > GROW_PATIENCE;
}

static GstFlowReturn
lose (GstZeroBufferSrc *self)
{
  const ZbError end = { ZB_PEER_LEFT, 0,
    "The writer asked for a larger ring, and did not come back." };

  self->in_session = TRUE;
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

    gst_zero_buffer_allocator_make_room (self->allocator, limit);
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
count_copy (GstZeroBufferSrc *self)
{
  GST_OBJECT_LOCK (self);
  self->copies++;
  GST_OBJECT_UNLOCK (self);
}

/* For elements that do not understand strides; takes @buffer over.  NULL after
 * an error was posted. */
static GstBuffer *
unpack (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  GstBuffer *unpacked = gst_zero_buffer_format_unpack (&self->format, buffer);

  gst_buffer_unref (buffer);
  if (!unpacked)
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A frame could not be copied into the layout that the elements behind "
         "zerobuffersrc expect."),
        (NULL));
  count_copy (self);
  return unpacked;
}

/* Makes a buffer of the caps out of the bytes of a plain frame; takes @buffer
 * over.  NULL after an error was posted. */
static GstBuffer *
fit_buffer (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstZeroBufferFit fit = gst_zero_buffer_format_fit (&self->format, size);

  if (fit == GST_ZERO_BUFFER_FIT_WRONG) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The writer sent a raw frame of %" G_GSIZE_FORMAT " bytes, which does "
         "not fit its caps. Expected %" G_GSIZE_FORMAT " bytes, with rows "
         "packed, or %" G_GSIZE_FORMAT " as GStreamer lays them out, or whole "
         "samples of audio.",
            size, self->format.packed.size, self->format.native.size),
        (NULL));
    gst_buffer_unref (buffer);
    return NULL;
  }
  if (fit == GST_ZERO_BUFFER_FIT_PACKED && !self->video_meta)
    return unpack (self, buffer);
  gst_zero_buffer_format_add_metas (&self->format, buffer, fit);
  return buffer;
}

static void
measure_latency (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  GstClockTime latency =
      gst_zero_buffer_timeline_get_latency (&self->timeline, buffer);

  if (!GST_CLOCK_TIME_IS_VALID (latency))
    return;
  GST_OBJECT_LOCK (self);
  self->latency = latency;
  if (!GST_CLOCK_TIME_IS_VALID (self->latency_max) ||
      latency > self->latency_max)
    self->latency_max = latency;
  GST_OBJECT_UNLOCK (self);
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

/* Takes @buffer over. */
static GstFlowReturn
push_buffer (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  gint limit = GST_BASE_SRC (self)->num_buffers;
  GstFlowReturn flow;

  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  self->continued = FALSE;
  /* A writer need not be one that speaks well of its stream. */
  if (!self->started)
    push_stream_start (self);
  if (!self->timeline.segment)
    set_default_segment (self);
  push_segment (self, buffer);
  gst_zero_buffer_timeline_stamp (&self->timeline, GST_ELEMENT (self), buffer);
  measure_latency (self, buffer);
  flow = gst_pad_push (pad, buffer);
  if (flow == GST_FLOW_NOT_NEGOTIATED && gst_pad_needs_reconfigure (pad))
    flow = GST_FLOW_OK;
  if (flow == GST_FLOW_OK && limit >= 0 && ++self->pushed >= limit)
    flow = GST_FLOW_EOS;
  return flow;
}

static GstFlowReturn
forward_frame (GstZeroBufferSrc *self, ZbFrame *frame)
{
  GstBuffer *buffer = gst_buffer_new ();

  gst_buffer_append_memory (
      buffer, gst_zero_buffer_allocator_wrap (self->allocator, frame));
  buffer = fit_buffer (self, buffer);
  return buffer ? push_buffer (self, buffer) : GST_FLOW_ERROR;
}

/* ---- records ---- */

static GstFlowReturn
fail_record (GstZeroBufferSrc *self, const gchar *what)
{
  gchar *name;

  g_object_get (self, "buffer-name", &name, NULL);
  GST_ELEMENT_ERROR (self, RESOURCE, READ,
      ("Buffer \"%s\" is corrupt: %s. The other process, or a third one, wrote "
       "what it must not; restart both.",
          name, what),
      (NULL));
  g_free (name);
  return GST_FLOW_ERROR;
}

/* Nothing is parsed where others may change it. */
static void
copy_out (GstZeroBufferSrc *self, const guint8 *from, gsize size,
    GstByteReader *reader)
{
  g_byte_array_set_size (self->bytes, 0);
  g_byte_array_append (self->bytes, from, size);
  gst_byte_reader_init (reader, self->bytes->data, self->bytes->len);
}

static GstBuffer *
make_buffer (
    GstZeroBufferSrc *self, const GstZeroBufferRecord *record, ZbFrame *frame)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstMemory *memory;

  memory = gst_zero_buffer_allocator_wrap (self->allocator, frame);
  if (record->data_size > 0) {
    gst_memory_resize (
        memory, GST_ZERO_BUFFER_RECORD_HEADER_SIZE, record->data_size);
    gst_buffer_append_memory (buffer, memory);
  } else {
    gst_memory_unref (memory);
  }
  GST_BUFFER_FLAG_SET (buffer, record->flags & GST_ZERO_BUFFER_RECORD_FLAGS);
  GST_BUFFER_PTS (buffer) = record->pts;
  GST_BUFFER_DTS (buffer) = record->dts;
  GST_BUFFER_DURATION (buffer) = record->duration;
  return buffer;
}

static GstFlowReturn
forward_buffer (GstZeroBufferSrc *self, const GstZeroBufferRecord *record,
    const guint8 *payload, ZbFrame *frame)
{
  GstByteReader extras;
  GstBuffer *buffer;

  copy_out (self,
      payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE + record->data_size,
      record->extra_size, &extras);
  buffer = make_buffer (self, record, frame);
  if (!gst_zero_buffer_metas_read (buffer, &extras)) {
    gst_buffer_unref (buffer);
    return fail_record (self, "a record has impossible metas");
  }
  gst_zero_buffer_format_remove_wrong_metas (&self->format, buffer);
  if (gst_pad_check_reconfigure (GST_BASE_SRC_PAD (self)))
    gst_base_src_negotiate (GST_BASE_SRC (self));
  if (!self->video_meta &&
      gst_zero_buffer_format_needs_meta (&self->format, buffer) &&
      !(buffer = unpack (self, buffer)))
    return GST_FLOW_ERROR;
  return push_buffer (self, buffer);
}

/* The producer's latency is ours too, where its time is. */
static void
use_clock (GstZeroBufferSrc *self, const GstZeroBufferClock *clock)
{
  gboolean rebased, changed;

  gst_zero_buffer_timeline_set_clock (&self->timeline, clock);
  rebased = gst_zero_buffer_timeline_is_rebased (&self->timeline);
  GST_OBJECT_LOCK (self);
  changed = self->rebased != rebased ||
            self->clock.min_latency != clock->min_latency ||
            self->clock.max_latency != clock->max_latency;
  self->rebased = rebased;
  self->clock = *clock;
  GST_OBJECT_UNLOCK (self);
  if (changed && rebased)
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
}

/* A record that is no buffer, from its private copy. */
static GstFlowReturn
forward_other (GstZeroBufferSrc *self, const GstZeroBufferRecord *record,
    GstByteReader *data)
{
  GstZeroBufferClock clock;
  GstEvent *event;

  switch (record->kind) {
    case GST_ZERO_BUFFER_RECORD_EVENT:
      if ((event = gst_zero_buffer_event_read (data)))
        forward_event (self, event);
      else
        GST_WARNING_OBJECT (self, "An event that is not known was left out");
      return GST_FLOW_OK;
    case GST_ZERO_BUFFER_RECORD_CLOCK:
      if (!gst_zero_buffer_clock_read (&clock, record->flags, data))
        return fail_record (self, "a clock record is impossible");
      use_clock (self, &clock);
      return GST_FLOW_OK;
    default:
      GST_DEBUG_OBJECT (self, "A record of kind %u left out", record->kind);
      return GST_FLOW_OK;
  }
}

/* Takes @frame over. */
static GstFlowReturn
forward_record (GstZeroBufferSrc *self, ZbFrame *frame)
{
  const guint8 *payload = zb_frame_get_data (frame);
  GstZeroBufferRecord record;
  GstByteReader data;

  if (!gst_zero_buffer_record_read (
          &record, payload, zb_frame_get_size (frame))) {
    zb_frame_release (frame);
    return fail_record (self, "a record is larger than its frame");
  }
  if (record.kind == GST_ZERO_BUFFER_RECORD_BUFFER)
    return forward_buffer (self, &record, payload, frame);
  copy_out (self, payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE,
      record.data_size, &data);
  zb_frame_release (frame);
  return forward_other (self, &record, &data);
}

/* One record or frame. */
static GstFlowReturn
forward_next (GstZeroBufferSrc *self)
{
  GstFlowReturn flow;
  ZbFrame *frame;

  if ((flow = wait_for_frame (self, &frame)) != GST_FLOW_OK)
    return flow;
  warn_of_fill (self);
  if (!self->in_session && (flow = begin_session (self)) != GST_FLOW_OK) {
    zb_frame_release (frame);
    return flow;
  }
  return has_records (self) ? forward_record (self, frame)
                            : forward_frame (self, frame);
}

/* The base class has the thread, its states and the flow; what it pushes itself
 * would not be the producer's stream: it adds segments, flags and ends to it.
 * So everything is pushed here, and what is returned is how that ended. */
static GstFlowReturn
gst_zero_buffer_src_create (GstPushSrc *push_src, GstBuffer **buffer)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (push_src);
  GstFlowReturn flow;

  do
    flow = forward_next (self);
  while (flow == GST_FLOW_OK);
  return flow;
}

/* ---- from downstream ---- */

static gboolean
gst_zero_buffer_src_event (GstBaseSrc *src, GstEvent *event)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);

  if (!gst_video_event_is_force_key_unit (event))
    return GST_BASE_SRC_CLASS (gst_zero_buffer_src_parent_class)
        ->event (src, event);
  GST_OBJECT_LOCK (self);
  if (self->reader)
    zb_reader_request_key_unit (self->reader);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
answer_latency (GstZeroBufferSrc *self, GstQuery *query)
{
  GstClockTime min = OWN_LATENCY, max = GST_CLOCK_TIME_NONE;
  gboolean rebased;

  GST_OBJECT_LOCK (self);
  rebased = self->rebased;
  if (rebased) {
    min += self->clock.min_latency;
    if (GST_CLOCK_TIME_IS_VALID (self->clock.max_latency))
      max = self->clock.max_latency + OWN_LATENCY;
  }
  GST_OBJECT_UNLOCK (self);
  if (rebased)
    gst_query_set_latency (query, TRUE, min, max);
  return rebased;
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
   * Whether to act as a live source, as for a camera on the other side.
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
   *   whenever either pipeline was started
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
   * error if it crashed.  %TRUE: wait for the next one.
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
