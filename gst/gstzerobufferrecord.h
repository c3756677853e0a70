/* SPDX-License-Identifier: MIT */
/*
 * Media records: what the frames of protocol 1.1 (feature MEDIA) carry.
 *
 *   0           header, 48 bytes
 *   48          data
 *   48 + data   extra records {u32 kind; u32 size; bytes}
 *   ...         padding, so that frames stay aligned to 64 bytes
 *
 * Everything is little-endian.  docs/protocol.md has the details.
 */
#ifndef GST_ZERO_BUFFER_RECORD_H
#define GST_ZERO_BUFFER_RECORD_H

#include <gst/base/gstbytereader.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ZERO_BUFFER_RECORD_HEADER_SIZE 48

/* Of the frame that the record is in. */
#define GST_ZERO_BUFFER_FRAME_HEADER_SIZE 16

/* Of a buffer's flags those that concern it, and not how it is kept in memory. */
#define GST_ZERO_BUFFER_RECORD_FLAGS                                           \
  (~(guint32) (GST_MINI_OBJECT_FLAG_LAST - 1) & ~GST_BUFFER_FLAG_TAG_MEMORY)

typedef enum {
  GST_ZERO_BUFFER_RECORD_BUFFER = 1,
  GST_ZERO_BUFFER_RECORD_EVENT = 2,
  GST_ZERO_BUFFER_RECORD_CLOCK = 3,
} GstZeroBufferRecordKind;

typedef struct {
  guint kind;
  guint32 flags;
  guint64 data_size;
  guint64 pts, dts, duration;
  guint32 extra_size;
} GstZeroBufferRecord;

/* Bytes of a frame's payload; 0 if that is more than there can be. */
gsize gst_zero_buffer_record_get_size (const GstZeroBufferRecord *record);

/* Writes all but the data, for which the place is returned.  @place has as many
 * bytes as the record, @extra as the record says. */
guint8 *gst_zero_buffer_record_write (
    const GstZeroBufferRecord *record, guint8 *place, const guint8 *extra);

/* FALSE if the sizes in it do not fit a frame of @size bytes.  @payload may be
 * changed by others meanwhile: what counts is what @record gets. */
gboolean gst_zero_buffer_record_read (
    GstZeroBufferRecord *record, const guint8 *payload, gsize size);

/* ---- what is in the data and extra records ---- */

void gst_zero_buffer_put_u32 (GByteArray *bytes, guint32 value);
void gst_zero_buffer_put_u64 (GByteArray *bytes, guint64 value);

/* With its terminating NUL; NULL is as "". */
void gst_zero_buffer_put_string (GByteArray *bytes, const gchar *value);

/* Whether nothing was lost yet of @field of what is called @name.  What is in each
 * buffer is to be warned of once. */
gboolean gst_zero_buffer_is_first_loss (const gchar *name, const gchar *field);

/* What of @structure can be written down at all. */
void gst_zero_buffer_put_structure (
    GByteArray *bytes, const GstStructure *structure);

/* The same, and frees it. */
void gst_zero_buffer_take_structure (
    GByteArray *bytes, GstStructure *structure);

/* Begins an extra record; returns what the end needs. */
guint gst_zero_buffer_extra_begin (GByteArray *bytes, guint32 kind);
void gst_zero_buffer_extra_end (GByteArray *bytes, guint begin);

/* The next extra record, as a reader of its bytes.  FALSE at the end, or where
 * sizes do not fit; there *corrupt is set. */
gboolean gst_zero_buffer_extra_next (GstByteReader *extras, guint32 *kind,
    GstByteReader *extra, gboolean *corrupt);

/* NULL if it is none. */
GstStructure *gst_zero_buffer_get_structure (GstByteReader *reader);

G_END_DECLS

#endif
