/* SPDX-License-Identifier: MIT */
/*
 * How a buffer of given caps stands in a frame of protocol 1.0, which has room
 * for nothing but its bytes: video rows are packed without padding, planes of
 * audio follow one another.  Everything else stands as it is.
 */
#ifndef GST_ZERO_BUFFER_FORMAT_H
#define GST_ZERO_BUFFER_FORMAT_H

#include <gst/audio/audio.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_KIND_BYTES,
  GST_ZERO_BUFFER_KIND_VIDEO,
  GST_ZERO_BUFFER_KIND_PLANAR_AUDIO,
} GstZeroBufferKind;

typedef struct {
  GstZeroBufferKind kind;
  GstVideoInfo native; /* the layout that GStreamer gives such caps */
  GstVideoInfo packed; /* the same without padding */
  GstAudioInfo audio;
} GstZeroBufferFormat;

/* FALSE, and not a word in the log, for caps that are not raw video's. */
gboolean gst_zero_buffer_format_get_video_info (
    const GstCaps *caps, GstVideoInfo *info);

/* FALSE for caps that are not raw audio's, or of samples without channels or size,
 * which must not be divided by. */
gboolean gst_zero_buffer_format_get_audio_info (
    const GstCaps *caps, GstAudioInfo *info);

/* @caps may be NULL. */
void gst_zero_buffer_format_set_caps (
    GstZeroBufferFormat *format, GstCaps *caps);

/* Bytes that @buffer takes in a frame. */
gsize gst_zero_buffer_format_get_size (
    const GstZeroBufferFormat *format, GstBuffer *buffer);

/* Writes @buffer to the @size bytes at @data, which gst_..._get_size () has
 * found.  FALSE if the buffer cannot be read, or is no picture or sound of
 * these caps. */
gboolean gst_zero_buffer_format_write (const GstZeroBufferFormat *format,
    GstBuffer *buffer, guint8 *data, gsize size);

/* Whether a video buffer is a frame as it is. */
gboolean gst_zero_buffer_format_is_frame (
    const GstZeroBufferFormat *format, GstBuffer *buffer);

/* Bytes of such buffers, if those that GStreamer lays out by itself are some; else
 * 0. */
gsize gst_zero_buffer_format_get_plain_size (const GstZeroBufferFormat *format);

/* What to do with a buffer that was read. */
typedef enum {
  GST_ZERO_BUFFER_FIT_AS_IS,
  GST_ZERO_BUFFER_FIT_PACKED, /* rows have no padding where one is expected */
  GST_ZERO_BUFFER_FIT_WRONG,  /* no buffer of these caps has this size */
} GstZeroBufferFit;

GstZeroBufferFit gst_zero_buffer_format_fit (
    const GstZeroBufferFormat *format, gsize size);

/* Adds the metas that say how @buffer, which fits, is laid out. */
void gst_zero_buffer_format_add_metas (
    const GstZeroBufferFormat *format, GstBuffer *buffer, GstZeroBufferFit fit);

/* A copy of the packed @buffer in the native layout; NULL if that fails. */
GstBuffer *gst_zero_buffer_format_unpack (
    const GstZeroBufferFormat *format, GstBuffer *buffer);

/* Whether @buffer is laid out in another way than its caps say, as its
 * GstVideoMeta tells. */
gboolean gst_zero_buffer_format_needs_meta (
    const GstZeroBufferFormat *format, GstBuffer *buffer);

/* Removes a GstVideoMeta that has less than the caps promise, or another format,
 * and a crop that is not within the frame. */
void gst_zero_buffer_format_remove_wrong_metas (
    const GstZeroBufferFormat *format, GstBuffer *buffer);

/* Whether the planes that @meta describes, or every other row of them if that is
 * @one_field, lie within @buffer. */
gboolean gst_zero_buffer_format_has_planes (
    const GstVideoMeta *meta, gboolean one_field, GstBuffer *buffer);

/* Gives @meta that @alignment if its strides come of it.
 * gst_video_meta_set_alignment () warns of each frame for which they do not. */
void gst_zero_buffer_format_set_alignment (
    GstVideoMeta *meta, const GstVideoAlignment *alignment);

/* Whether @samples lie within @buffer, at @offsets for each channel if they are
 * not NULL, and without overlap. */
gboolean gst_zero_buffer_format_has_samples (const GstAudioInfo *info,
    guint64 samples, const gsize *offsets, guint planes, GstBuffer *buffer);

G_END_DECLS

#endif
