/* SPDX-License-Identifier: MIT */
/*
 * A source of stamped frames, with memory of its own or from the pool that it
 * is offered.
 */
#ifndef FRAME_SRC_H
#define FRAME_SRC_H

#include <gst/base/gstpushsrc.h>

G_DECLARE_FINAL_TYPE (FrameSrc, frame_src, FRAME, SRC, GstPushSrc)

typedef struct {
  GstCaps *caps;
  gsize size;      /* bytes of a frame, at least a stamp's */
  guint64 count;   /* frames */
  guint64 warm_up; /* frames that are not measured */
  guint rate;      /* frames per second; 0 = as fast as they are taken */
  gboolean pool;   /* take memory from downstream's pool */
  gboolean touch;  /* write every byte */
} FrameSrcConfig;

GstElement *frame_src_new (const FrameSrcConfig *config);

/* Of this process, from the first frame that is measured to the end, seconds. */
gdouble frame_src_get_cpu (FrameSrc *src);

#endif
