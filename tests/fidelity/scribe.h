/* SPDX-License-Identifier: MIT */
/* What goes through a pad, written down in words of our own, one line for each
 * event and buffer. */
#ifndef SCRIBE_H
#define SCRIBE_H

#include <gst/gst.h>
#include <stdio.h>

/* Writes down to @file all that goes downstream through @pad. */
void scribe_watch (GstPad *pad, FILE *file);

/* Has the stream that leaves @pad carry everything that there is: after some
 * buffers events, on some buffers flags and metas, ... */
void scribe_inject (GstPad *pad);

/* Metas that the injected ones are of; on both sides. */
void scribe_register_metas (void);

#endif
