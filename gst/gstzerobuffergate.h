/* SPDX-License-Identifier: MIT */
/*
 * What may leave the source where the stream is not whole: at the start of a live
 * stream, after a pause, after a loss.
 *
 * Nothing passes that lies before the floor, a running time.  Where something that
 * stays out may be needed to decode what follows, nothing passes before the next
 * key unit, and nothing that is shown before it.  This is arithmetic alone.
 */
#ifndef GST_ZERO_BUFFER_GATE_H
#define GST_ZERO_BUFFER_GATE_H

#include "gstzerobufferclock.h"

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_GATE_OPEN,    /* everything passes */
  GST_ZERO_BUFFER_GATE_FLOOR,   /* what lies before the floor stays out */
  GST_ZERO_BUFFER_GATE_LOST,    /* as FLOOR, and something was lost */
  GST_ZERO_BUFFER_GATE_WAITING, /* for a key unit */
  GST_ZERO_BUFFER_GATE_LEADING, /* what is shown before the key unit stays out */
} GstZeroBufferGateState;

/* Zeroed, it is open. */
typedef struct {
  GstZeroBufferGateState state;
  gint64 floor;    /* running time, ns */
  gint64 key_time; /* running time of the key unit, in LEADING */
} GstZeroBufferGate;

typedef enum {
  GST_ZERO_BUFFER_GATE_PASS,
  GST_ZERO_BUFFER_GATE_CLIP, /* what lies before the floor stays out */
  GST_ZERO_BUFFER_GATE_DROP,
  GST_ZERO_BUFFER_GATE_DROP_AND_ASK, /* drop, and ask for a key unit */
} GstZeroBufferVerdict;

/* From now on nothing passes that lies before @floor. */
void gst_zero_buffer_gate_set_floor (GstZeroBufferGate *gate, gint64 floor);

/* Something is missing before the next buffer. */
void gst_zero_buffer_gate_lose (GstZeroBufferGate *gate);

/* What becomes of a buffer from @start to @end, with these GstBufferFlags;
 * @can_be_clipped: a part of it is of use. */
GstZeroBufferVerdict gst_zero_buffer_gate_judge (GstZeroBufferGate *gate,
    gint64 start, gint64 end, guint flags, gboolean can_be_clipped);

/* The same for a gap, which nothing depends on. */
GstZeroBufferVerdict gst_zero_buffer_gate_judge_gap (
    const GstZeroBufferGate *gate, gint64 start, gint64 end);

G_END_DECLS

#endif
