/* SPDX-License-Identifier: MIT */
/* When to warn that a ring fills up: at two levels, each again only after the
 * ring has been clearly below it, and a second has passed. */
#ifndef GST_ZERO_BUFFER_FILL_H
#define GST_ZERO_BUFFER_FILL_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ZERO_BUFFER_FILL_LEVELS 2

/* Zeroed before its first use. */
typedef struct {
  struct {
    gboolean warned;
    GstClockTime next; /* not before this time */
  } levels[GST_ZERO_BUFFER_FILL_LEVELS];
} GstZeroBufferFill;

/* The highest level, in percent, to warn of now that the ring is @percent full;
 * 0 for none.  @now is a time of any one clock. */
guint gst_zero_buffer_fill_update (
    GstZeroBufferFill *self, guint percent, GstClockTime now);

/* Says so, as an element message of @element. */
void gst_zero_buffer_fill_post (
    GstElement *element, guint level, guint64 used, guint64 size);

G_END_DECLS

#endif
