/* SPDX-License-Identifier: MIT */
#include "gstzerobufferevents.h"

#include <math.h>

#include "gstzerobufferstreams.h"

/* Like all that takes fields in pairs. */
/* clang-format off */

typedef struct {
  GstEventType type;
  /* NULL: the event's own structure says it all. */
  void (*write) (GstEvent *event, GByteArray *bytes);
  /* @fields: NULL if there are none.  Returns NULL if they do not make one. */
  GstEvent *(*read) (const GstStructure *fields, GstByteReader *more);
} EventKind;

/* ---- one by one ---- */

static void
write_stream_start (GstEvent *event, GByteArray *bytes)
{
  const gchar *stream_id;
  GstStreamFlags flags;
  guint group_id = GST_GROUP_ID_INVALID;
  GstStream *stream = NULL;

  gst_event_parse_stream_start (event, &stream_id);
  gst_event_parse_stream_flags (event, &flags);
  gst_event_parse_group_id (event, &group_id);
  gst_event_parse_stream (event, &stream);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("stream-start",
      "stream-id", G_TYPE_STRING, stream_id,
      "flags", G_TYPE_UINT, (guint) flags,
      "group-id", G_TYPE_UINT, group_id,
      NULL));
  if (stream) {
    gst_zero_buffer_stream_write (stream, bytes);
    gst_object_unref (stream);
  }
}

static GstEvent *
read_stream_start (const GstStructure *fields, GstByteReader *more)
{
  const gchar *stream_id = gst_structure_get_string (fields, "stream-id");
  guint flags, group_id;
  GstStream *stream;
  GstEvent *event;

  if (!stream_id || !gst_structure_get (fields,
          "flags", G_TYPE_UINT, &flags,
          "group-id", G_TYPE_UINT, &group_id, NULL))
    return NULL;
  event = gst_event_new_stream_start (stream_id);
  gst_event_set_stream_flags (event, flags);
  if (group_id != GST_GROUP_ID_INVALID)
    gst_event_set_group_id (event, group_id);
  if ((stream = gst_zero_buffer_stream_read (more))) {
    gst_event_set_stream (event, stream);
    gst_object_unref (stream);
  }
  return event;
}

static GstEvent *
read_caps (const GstStructure *fields, GstByteReader *more)
{
  GstEvent *event = NULL;
  GstCaps *caps;

  if (!gst_structure_get (fields, "caps", GST_TYPE_CAPS, &caps, NULL))
    return NULL;
  if (gst_caps_is_fixed (caps))
    event = gst_event_new_caps (caps);
  gst_caps_unref (caps);
  return event;
}

static void
write_segment (GstEvent *event, GByteArray *bytes)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("segment",
      "flags", G_TYPE_UINT, (guint) segment->flags,
      "rate", G_TYPE_DOUBLE, segment->rate,
      "applied-rate", G_TYPE_DOUBLE, segment->applied_rate,
      "format", GST_TYPE_FORMAT, segment->format,
      "base", G_TYPE_UINT64, segment->base,
      "offset", G_TYPE_UINT64, segment->offset,
      "start", G_TYPE_UINT64, segment->start,
      "stop", G_TYPE_UINT64, segment->stop,
      "time", G_TYPE_UINT64, segment->time,
      "position", G_TYPE_UINT64, segment->position,
      "duration", G_TYPE_UINT64, segment->duration,
      NULL));
}

/* No stream is played faster, or slower. */
#define MAX_RATE 1e6

static gboolean
is_valid_rate (gdouble rate)
{
  return isfinite (rate) && fabs (rate) <= MAX_RATE &&
         fabs (rate) >= 1.0 / MAX_RATE;
}

/* A stream that runs backwards begins at its stop. */
static gboolean
has_valid_bounds (const GstSegment *segment)
{
  const guint64 none = GST_CLOCK_TIME_NONE;

  if (segment->stop != none && segment->start > segment->stop)
    return FALSE;
  return segment->rate > 0.0 ||
         (segment->stop != none && segment->offset <= segment->stop);
}

static gboolean
is_valid_segment (const GstSegment *segment)
{
  const guint64 limit = G_MAXINT64 / 4;

  return is_valid_rate (segment->rate) &&
         is_valid_rate (segment->applied_rate) &&
         segment->format != GST_FORMAT_UNDEFINED && segment->base < limit &&
         segment->offset < limit && segment->start != GST_CLOCK_TIME_NONE &&
         has_valid_bounds (segment);
}

static GstEvent *
read_segment (const GstStructure *fields, GstByteReader *more)
{
  GstSegment segment;
  GstFormat format;
  guint flags;

  if (!gst_structure_get (fields, "format", GST_TYPE_FORMAT, &format, NULL))
    return NULL;
  gst_segment_init (&segment, format);
  if (!gst_structure_get (fields,
          "flags", G_TYPE_UINT, &flags,
          "rate", G_TYPE_DOUBLE, &segment.rate,
          "applied-rate", G_TYPE_DOUBLE, &segment.applied_rate,
          "base", G_TYPE_UINT64, &segment.base,
          "offset", G_TYPE_UINT64, &segment.offset,
          "start", G_TYPE_UINT64, &segment.start,
          "stop", G_TYPE_UINT64, &segment.stop,
          "time", G_TYPE_UINT64, &segment.time,
          "position", G_TYPE_UINT64, &segment.position,
          "duration", G_TYPE_UINT64, &segment.duration,
          NULL))
    return NULL;
  segment.flags = flags;
  return is_valid_segment (&segment) ? gst_event_new_segment (&segment) : NULL;
}

static void
write_tag (GstEvent *event, GByteArray *bytes)
{
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("tag",
      "tags", GST_TYPE_TAG_LIST, tags,
      "scope", G_TYPE_UINT, (guint) gst_tag_list_get_scope (tags),
      NULL));
}

static GstEvent *
read_tag (const GstStructure *fields, GstByteReader *more)
{
  GstTagList *tags;
  guint scope;

  if (!gst_structure_get (fields, "scope", G_TYPE_UINT, &scope,
          "tags", GST_TYPE_TAG_LIST, &tags, NULL))
    return NULL;
  tags = gst_tag_list_make_writable (tags);
  gst_tag_list_set_scope (tags,
      scope ? GST_TAG_SCOPE_GLOBAL : GST_TAG_SCOPE_STREAM);
  return gst_event_new_tag (tags);
}

static void
write_toc (GstEvent *event, GByteArray *bytes)
{
  gboolean updated;
  GstToc *toc;

  gst_event_parse_toc (event, &toc, &updated);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("toc",
      "updated", G_TYPE_BOOLEAN, updated, NULL));
  gst_zero_buffer_toc_write (toc, bytes);
  gst_toc_unref (toc);
}

static GstEvent *
read_toc (const GstStructure *fields, GstByteReader *more)
{
  gboolean updated;
  GstEvent *event;
  GstToc *toc;

  if (!gst_structure_get_boolean (fields, "updated", &updated) ||
      !(toc = gst_zero_buffer_toc_read (more)))
    return NULL;
  event = gst_event_new_toc (toc, updated);
  gst_toc_unref (toc);
  return event;
}

static void
write_protection (GstEvent *event, GByteArray *bytes)
{
  const gchar *system_id, *origin;
  GstBuffer *data;

  gst_event_parse_protection (event, &system_id, &data, &origin);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("protection",
      "system-id", G_TYPE_STRING, system_id,
      "data", GST_TYPE_BUFFER, data,
      "origin", G_TYPE_STRING, origin,
      NULL));
}

static GstEvent *
read_protection (const GstStructure *fields, GstByteReader *more)
{
  const gchar *system_id = gst_structure_get_string (fields, "system-id");
  const gchar *origin = gst_structure_get_string (fields, "origin");
  GstBuffer *data;
  GstEvent *event;

  if (!system_id ||
      !gst_structure_get (fields, "data", GST_TYPE_BUFFER, &data, NULL))
    return NULL;
  event = gst_event_new_protection (system_id, data, origin);
  gst_buffer_unref (data);
  return event;
}

static void
write_gap (GstEvent *event, GByteArray *bytes)
{
  GstClockTime timestamp, duration;
  GstGapFlags flags;

  gst_event_parse_gap (event, &timestamp, &duration);
  gst_event_parse_gap_flags (event, &flags);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("gap",
      "timestamp", G_TYPE_UINT64, timestamp,
      "duration", G_TYPE_UINT64, duration,
      "flags", G_TYPE_UINT, (guint) flags,
      NULL));
}

static GstEvent *
read_gap (const GstStructure *fields, GstByteReader *more)
{
  guint64 timestamp, duration;
  GstEvent *event;
  guint flags;

  if (!gst_structure_get (fields,
          "timestamp", G_TYPE_UINT64, &timestamp,
          "duration", G_TYPE_UINT64, &duration,
          "flags", G_TYPE_UINT, &flags, NULL) ||
      timestamp == GST_CLOCK_TIME_NONE)
    return NULL;
  event = gst_event_new_gap (timestamp, duration);
  if (flags)
    gst_event_set_gap_flags (event, flags);
  return event;
}

static void
write_segment_done (GstEvent *event, GByteArray *bytes)
{
  GstFormat format;
  gint64 position;

  gst_event_parse_segment_done (event, &format, &position);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("segment-done",
      "format", GST_TYPE_FORMAT, format,
      "position", G_TYPE_INT64, position,
      NULL));
}

static GstEvent *
read_segment_done (const GstStructure *fields, GstByteReader *more)
{
  GstFormat format;
  gint64 position;

  if (!gst_structure_get (fields,
          "format", GST_TYPE_FORMAT, &format,
          "position", G_TYPE_INT64, &position, NULL))
    return NULL;
  return gst_event_new_segment_done (format, position);
}

static void
write_instant_rate_change (GstEvent *event, GByteArray *bytes)
{
  gdouble multiplier;
  GstSegmentFlags flags;

  gst_event_parse_instant_rate_change (event, &multiplier, &flags);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("instant-rate-change",
      "multiplier", G_TYPE_DOUBLE, multiplier,
      "flags", G_TYPE_UINT, (guint) flags,
      NULL));
}

static GstEvent *
read_instant_rate_change (const GstStructure *fields, GstByteReader *more)
{
  gdouble multiplier;
  guint flags;

  if (!gst_structure_get (fields,
          "multiplier", G_TYPE_DOUBLE, &multiplier,
          "flags", G_TYPE_UINT, &flags, NULL) ||
      multiplier == 0.0)
    return NULL;
  return gst_event_new_instant_rate_change (multiplier, flags);
}

static void
write_stream_collection (GstEvent *event, GByteArray *bytes)
{
  GstStreamCollection *collection;
  guint count;

  gst_event_parse_stream_collection (event, &collection);
  count = gst_stream_collection_get_size (collection);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("stream-collection",
      "upstream-id", G_TYPE_STRING,
      gst_stream_collection_get_upstream_id (collection),
      NULL));
  for (guint i = 0; i < count; i++)
    gst_zero_buffer_stream_write (
        gst_stream_collection_get_stream (collection, i), bytes);
  gst_object_unref (collection);
}

static GstEvent *
read_stream_collection (const GstStructure *fields, GstByteReader *more)
{
  GstStreamCollection *collection = gst_stream_collection_new (
      gst_structure_get_string (fields, "upstream-id"));
  GstStream *stream;
  GstEvent *event;

  while ((stream = gst_zero_buffer_stream_read (more)))
    gst_stream_collection_add_stream (collection, stream);
  event = gst_event_new_stream_collection (collection);
  gst_object_unref (collection);
  return event;
}

static void
write_stream_group_done (GstEvent *event, GByteArray *bytes)
{
  guint group_id;

  gst_event_parse_stream_group_done (event, &group_id);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("stream-group-done",
      "group-id", G_TYPE_UINT, group_id, NULL));
}

static GstEvent *
read_stream_group_done (const GstStructure *fields, GstByteReader *more)
{
  guint group_id;

  if (!gst_structure_get_uint (fields, "group-id", &group_id) ||
      group_id == GST_GROUP_ID_INVALID)
    return NULL;
  return gst_event_new_stream_group_done (group_id);
}

static void
write_flush_stop (GstEvent *event, GByteArray *bytes)
{
  gboolean reset_time;

  gst_event_parse_flush_stop (event, &reset_time);
  gst_zero_buffer_take_structure (bytes, gst_structure_new ("flush-stop",
      "reset-time", G_TYPE_BOOLEAN, reset_time, NULL));
}

static GstEvent *
read_flush_stop (const GstStructure *fields, GstByteReader *more)
{
  gboolean reset_time;

  if (!gst_structure_get_boolean (fields, "reset-time", &reset_time))
    return NULL;
  return gst_event_new_flush_stop (reset_time);
}

static void
write_eos (GstEvent *event, GByteArray *bytes)
{
  gst_zero_buffer_take_structure (bytes, gst_structure_new_empty ("eos"));
}

static GstEvent *
read_eos (const GstStructure *fields, GstByteReader *more)
{
  return gst_event_new_eos ();
}

/* clang-format on */

/* ---- all of them ---- */

static const EventKind event_kinds[] = {
  { GST_EVENT_STREAM_START, write_stream_start, read_stream_start },
  { GST_EVENT_CAPS, NULL, read_caps },
  { GST_EVENT_SEGMENT, write_segment, read_segment },
  { GST_EVENT_STREAM_COLLECTION, write_stream_collection,
      read_stream_collection },
  { GST_EVENT_TAG, write_tag, read_tag },
  { GST_EVENT_TOC, write_toc, read_toc },
  { GST_EVENT_PROTECTION, write_protection, read_protection },
  { GST_EVENT_GAP, write_gap, read_gap },
  { GST_EVENT_SEGMENT_DONE, write_segment_done, read_segment_done },
  { GST_EVENT_INSTANT_RATE_CHANGE, write_instant_rate_change,
      read_instant_rate_change },
  { GST_EVENT_STREAM_GROUP_DONE, write_stream_group_done,
      read_stream_group_done },
  { GST_EVENT_FLUSH_STOP, write_flush_stop, read_flush_stop },
  { GST_EVENT_EOS, write_eos, read_eos },
  { GST_EVENT_CUSTOM_DOWNSTREAM, NULL, NULL },
  { GST_EVENT_CUSTOM_DOWNSTREAM_OOB, NULL, NULL },
  { GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, NULL, NULL },
  { GST_EVENT_CUSTOM_BOTH, NULL, NULL },
  { GST_EVENT_CUSTOM_BOTH_OOB, NULL, NULL },
};

static const EventKind *
find_kind (guint type)
{
  for (guint i = 0; i < G_N_ELEMENTS (event_kinds); i++) {
    if (event_kinds[i].type == type)
      return &event_kinds[i];
  }
  return NULL;
}

gboolean
gst_zero_buffer_event_is_carried (GstEvent *event)
{
  const EventKind *kind = find_kind (GST_EVENT_TYPE (event));

  return kind && (kind->write || gst_event_get_structure (event));
}

void
gst_zero_buffer_event_write (GstEvent *event, GByteArray *bytes)
{
  const EventKind *kind = find_kind (GST_EVENT_TYPE (event));

  gst_zero_buffer_put_u32 (bytes, GST_EVENT_TYPE (event));
  gst_zero_buffer_put_u32 (bytes, gst_event_get_seqnum (event));
  if (kind->write)
    kind->write (event, bytes);
  else
    gst_zero_buffer_put_structure (bytes, gst_event_get_structure (event));
}

GstEvent *
gst_zero_buffer_event_read (GstByteReader *data)
{
  guint32 type, seqnum;
  const EventKind *kind;
  GstStructure *fields;
  GstEvent *event;

  if (!gst_byte_reader_get_uint32_le (data, &type) ||
      !gst_byte_reader_get_uint32_le (data, &seqnum) ||
      !(kind = find_kind (type)) ||
      !(fields = gst_zero_buffer_get_structure (data)))
    return NULL;
  if (kind->read) {
    event = kind->read (fields, data);
    gst_structure_free (fields);
  } else {
    event = gst_event_new_custom (type, fields);
  }
  if (event && seqnum != GST_SEQNUM_INVALID)
    gst_event_set_seqnum (event, seqnum);
  return event;
}
