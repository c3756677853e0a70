/* SPDX-License-Identifier: MIT */
/* What both elements tell the application of the other side's coming and going,
 * as a signal and as a message. */
#ifndef GST_ZERO_BUFFER_NOTICE_H
#define GST_ZERO_BUFFER_NOTICE_H

#include <gst/gst.h>
#include <zerobuffer.h>

G_BEGIN_DECLS

void gst_zero_buffer_notice_install_signals (GstElementClass *klass);

/* Without locks held: handlers may do as they like, but change states.  The name
 * is that of the property buffer-name. */
void gst_zero_buffer_notice_connected (GstElement *element, guint64 pid);

/* @cause: one of those below. */
void gst_zero_buffer_notice_disconnected (
    GstElement *element, guint64 pid, const gchar *cause);

#define GST_ZERO_BUFFER_CAUSE_EOS "end-of-stream"
#define GST_ZERO_BUFFER_CAUSE_LEFT "left"
#define GST_ZERO_BUFFER_CAUSE_CRASHED "crashed"
#define GST_ZERO_BUFFER_CAUSE_STOPPED "stopped"

G_END_DECLS

#endif
